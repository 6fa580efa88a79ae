"""A simple model of what undo must do: every change is the difference of two pictures of the database, taken without the
audit log; an undo is predicted from those differences alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from cim import audit, crypto, db
from cim.models import (
    Activity,
    Contact,
    Customer,
    CustomerTag,
    CustomField,
    CustomValue,
    DuplicatePair,
    SubjectKey,
    Task,
)
from cim.models.undo import Undone

Key = tuple[str, int]
Row = dict[str, Any]
Picture = dict[Key, Row]
MODELS: tuple[Any, ...] = (Task, Activity, Contact, DuplicatePair, Customer)
ORDER = [str(model.__tablename__) for model in MODELS]
PAIRS = "duplicate_pair"
UNTOLD = {"id", "uid", "created_at"}


def picture() -> Picture:
    """Everything that counts, in clear, as the database has it now."""
    seen: Picture = {}
    with db.session(writing=False) as session:
        keys = crypto.keys()
        wrapped = dict(session.execute(select(SubjectKey.uid, SubjectKey.wrapped)).all())  # type: ignore[call-overload]
        ciphers = {uid: keys.open_subject(uid, bytes(value)) for uid, value in wrapped.items()}
        rows = {model: list(session.execute(select(model)).scalars()) for model in MODELS}
        uids = {row.id: row.uid for row in rows[Customer]}
        for model in MODELS:
            for row in rows[model]:
                told = seen[str(model.__tablename__), row.id] = {}
                for column in model.__table__.columns:
                    if column.info.get("derived") or column.name in UNTOLD:
                        continue
                    value = getattr(row, column.name)
                    if column.info.get("sealed") and value is not None:
                        subject = row.uid if model is Customer else uids[row.customer_id]
                        value = ciphers[subject].open(bytes(value), f"{model.__tablename__}.{column.name}.{row.uid}")
                    told[column.name] = audit.plain(value)
        for tag in session.execute(select(CustomerTag).order_by(CustomerTag.tag)).scalars():  # type: ignore[arg-type]
            seen["customer", tag.customer_id].setdefault("tags", []).append(tag.tag)
        fields = {row.id: row for row in session.execute(select(CustomField)).scalars()}
        people = {row.id: (row.uid, uids[row.customer_id]) for row in rows[Contact]}
        for value in session.execute(select(CustomValue)).scalars():
            own = fields[value.field_id]
            record = (uids[value.record_id],) * 2 if own.noun == "customer" else people[value.record_id]
            text = value.text
            if value.sealed is not None:
                place = f"custom_value.sealed.{own.id}.{record[0]}"
                text = json.loads(ciphers[record[1]].open(bytes(value.sealed), place))
            seen[own.noun.value, value.record_id][f"custom.{own.key}"] = text
    return seen


def same(a: Any, b: Any) -> bool:
    """Nothing, an empty text and no tags are the same."""
    return (a or None) == (b or None) if not isinstance(a, int) and not isinstance(b, int) else a == b


def differing(before: Picture, after: Picture) -> dict[Key, dict[str, tuple[Any, Any]]]:
    """What changed, by record and field."""
    found = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key, {}), after.get(key, {})
        fields = {n: (old.get(n), new.get(n)) for n in old.keys() | new.keys() if not same(old.get(n), new.get(n))}
        if fields or (key in before) != (key in after):
            found[key] = fields
    return found


@dataclass
class Change:
    """One change-set as it was seen from outside."""

    effect: dict[Key, dict[str, tuple[Any, Any]]]
    made: set[Key]
    gone: set[Key]
    undone_by: int | None = None
    undoes: bool = False
    merge: bool = False


@dataclass
class Model:
    """What the database must hold, and every change until now, by number."""

    now: Picture = field(default_factory=picture)
    changes: dict[int, Change] = field(default_factory=dict)

    def saw(self, number: int, after: Picture, *, undoes: int | None = None, merge: bool = False) -> None:
        """A change was made: remember its effect."""
        made, gone = after.keys() - self.now.keys(), self.now.keys() - after.keys()
        self.changes[number] = Change(differing(self.now, after), made, gone, undoes=undoes is not None, merge=merge)
        if undoes is not None:
            self.changes[undoes].undone_by = number
        self.now = after

    def undone(self, number: int | None) -> bool:
        """Whether a change is taken back now."""
        change = self.changes.get(number or 0)
        return change is not None and change.undone_by is not None and not self.undone(change.undone_by)

    def undo(self, number: int) -> tuple[Picture, Undone]:
        """What the database must hold after this change is taken back, and the counts. A moment of deletion that nobody can
        know is "now"."""
        change, told = self.changes[number], Undone()
        after = {key: dict(row) for key, row in self.now.items()}
        for key in sorted(change.effect, key=lambda key: (ORDER.index(key[0]), -key[1])):
            bucket = self._one(number, change, key, after)
            if key[0] != PAIRS:
                setattr(told, bucket, getattr(told, bucket) + 1)
        for key in change.made if change.merge else ():
            # what a merge put up for its winner to be compared with goes with it, unless somebody decided about it
            if key[0] == PAIRS and key in after and after[key]["status"] != "dismissed":
                del after[key]
        return after, told

    def _one(self, number: int, change: Change, key: Key, after: Picture) -> str:
        effect, row = change.effect[key], after.get(key)
        if key in change.gone:
            if row is not None:
                return "kept"
            after[key] = {name: before for name, (before, _now) in effect.items()}
            return "undone"
        if row is None:
            return "kept"
        if key in change.made:
            return self._unmake(number, effect, key, after)
        return self._put_back(effect, key, after)

    def _unmake(self, number: int, effect: dict[str, tuple[Any, Any]], key: Key, after: Picture) -> str:
        row = after[key]
        later = [n for n, other in self.changes.items() if n > number and key in other.effect]
        worked = [n for n in later if not self.undone(n) and not self.changes[n].undoes]
        made = {name: value for name, (_before, value) in effect.items()}
        touched = any(not same(row.get(name), made.get(name)) for name in row.keys() | made.keys())
        below = [
            other
            for other, held in after.items()
            if key[0] == "customer"
            and (
                (held.get("customer_id") == key[1] and not held.get("deleted_at"))
                or (other[0] == "customer" and held.get("merged_into_id") == key[1])
            )
        ]
        if row.get("deleted_at") or worked or (later and touched) or below:
            return "kept"
        if key[0] == PAIRS:
            del after[key]
        else:
            row["deleted_at"] = "now"
        return "undone"

    def _put_back(self, effect: dict[str, tuple[Any, Any]], key: Key, after: Picture) -> str:
        row = after[key]
        if row.get("deleted_at") and "deleted_at" not in effect:
            return "kept"
        back = {name: before for name, (before, now) in effect.items() if same(row.get(name), now)}
        stay = {n for n, (before, now) in effect.items() if n not in back and not same(row.get(n), before)}
        if not back and not stay:
            return "undone"
        if not back or {"deleted_at", "customer_id"} & stay:
            return "kept"
        if key[0] == "customer" and "deleted_at" in back and back["deleted_at"] is None:
            live = [held for other, held in after.items() if other[0] == "customer" and other != key]
            if any(held["code"] == row["code"] and not held["deleted_at"] for held in live):
                return "failed"
        row.update(back)
        return "kept" if stay else "undone"


def wrong(expected: Picture, found: Picture) -> dict[Key, dict[str, tuple[Any, Any]]]:
    """Where the database is not as the model says."""
    for key, row in expected.items():
        if row.get("deleted_at") == "now" and found.get(key, {}).get("deleted_at"):
            row["deleted_at"] = found[key]["deleted_at"]
    return differing(expected, found)
