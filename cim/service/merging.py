"""Merging: several records of one customer become one, and nothing of those that go is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import or_, select

from cim import db
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.history import place
from cim.models import (
    Activity,
    Anniversary,
    Comment,
    Contact,
    Contract,
    Customer,
    CustomerTag,
    DuplicatePair,
    Merge,
    Opportunity,
    OpportunityLine,
    OpportunityStep,
    OrderLine,
    Payment,
    PublicLink,
    SalesOrder,
    StageChange,
    Star,
    StoredFile,
    SurveyAnswer,
    Task,
    Ticket,
    WorklistDecision,
)
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.search import PairStatus
from cim.models.undo import Undone
from cim.permissions import Permission
from cim.service import activities, custom_values, index, record, rehoming, settings, tasks, totals, undo, views
from cim.service.undoing import entries
from cim.service.undoing import merges as undoing
from cim.work import LARGEST_ID, Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
PAIRS = columns(DuplicatePair)
STARS = columns(Star)
MERGES = columns(Merge)

MOST = 20
"""Records that one merge takes together."""
JOINED = {"preference": 500, "notes": 5000}
"""Texts that are put one under the other unless one is chosen, and how long they may get."""
PLAIN = ("kind", "party", "name", "contact", "gender", "birthday", "uscc", "industry", "region_code", "source", "grade")
FIELDS = (*PLAIN, *Customer.SEALED, "owner_id", "imported_owner", *JOINED, "tags")
"""What the record that stands can take from any of them, beside custom fields."""
MOVED: tuple[Any, ...] = (
    *(Contact, Activity, Task, StoredFile, Comment, Anniversary, WorklistDecision),
    *(Opportunity, OpportunityLine, OpportunityStep, StageChange),
    *(SalesOrder, OrderLine, Payment, Contract, Ticket, SurveyAnswer, PublicLink),
)
"""What belongs to a customer and goes with it, also from the recycle bin."""


@dataclass
class Group:
    """The records of one merge: the one that stands, and those that go into it. `kept` is what `Merge.kept` will hold."""

    winner: Customer
    losers: list[Customer]
    choices: Mapping[str, int]
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def all(self) -> list[Customer]:
        return [self.winner, *self.losers]

    def chosen(self, name: str) -> Customer | None:
        """The record whose value was chosen for a field."""
        return next((row for row in self.all if row.id == self.choices.get(name)), None)

    def keep(self, loser: Customer, values: Mapping[str, Any]) -> None:
        """Put something into the loser's `Merge.kept`."""
        self.kept.setdefault(loser.id or 0, {}).update(values)


def merge(
    work: Work, winner_id: int, loser_ids: Sequence[int], choices: Mapping[str, int], versions: Mapping[int, int]
) -> int:
    """Merge records into the first one; returns how many went. Everything below them moves; they are kept, deleted, with
    what `unmerge` needs. Raises NotFound, Denied, Conflict for a record at another version, Invalid("choices")."""
    group = _group(work, winner_id, loser_ids, choices, versions)
    _hand_over(work, group)
    _fields(work, group)
    _custom(work, group)
    _tags(work, group)
    for loser in group.losers:
        _move(work, group, loser)
        _stars(work, group, loser)
    _pairs(work, group)
    for loser in group.losers:
        loser.deleted_at, loser.merged_into_id = work.now, winner_id
        known: dict[str, Any] = {"winner_id": winner_id, "loser_id": loser.id or 0, "change_set_id": work.change_set()}
        work.session.add(Merge(**known, kept=group.kept[loser.id or 0], at=work.now))
    group.winner.updated_at = work.now
    work.session.flush()
    settle(work, [group.winner], [row.id or 0 for row in group.losers])
    return len(group.losers)


def unmerge(work: Work, loser_id: int) -> Undone:
    """Take the merge apart by which a record went into another one, with all records of that merge: what nobody changed
    since is as it was before, to the byte. Other merges of the same action stand.

    Raises NotFound, Denied, Conflict when the winner is merged or deleted by now, Invalid when it is too long ago."""
    row = work.find(Customer, loser_id)
    if row is None or row.merged_into_id is None or not _known(work, row):
        raise NotFound("This record does not exist or is not yours to see.")
    winner = _standing(work, row.merged_into_id)
    made = work.session.execute(
        select(Merge).where(MERGES.loser_id == loser_id, MERGES.undone_at.is_(None)).order_by(MERGES.id.desc()).limit(1)
    ).scalar_one_or_none()
    if made is None:
        raise Conflict("This merge was taken apart already.")
    whole = select(Merge).where(MERGES.change_set_id == made.change_set_id, MERGES.undone_at.is_(None))
    merges = list(work.session.execute(whole).scalars())
    group = [merge for merge in merges if merge.winner_id == winner.id]
    for merge in group:
        went = work.session.get_one(Customer, merge.loser_id)
        if not may_change(work, went.owner_id):
            raise Denied("This customer is looked after by somebody else.")
    days = settings.value(work, "undo.days")
    if made.at.replace(tzinfo=made.at.tzinfo or UTC) < work.now - timedelta(days=days):
        raise Invalid("id", "This was more than {days} days ago and can no longer be taken back.", days=days)
    number = made.change_set_id or 0
    if len(group) == len(merges) and not entries.undone(work, [number]):
        return undo.take_back(work, number)
    result = undo.take_back(work, number, only=_part(work, group))
    undoing.taken_back(work, number, winner_id=winner.id)
    return result


def _known(work: Work, row: Customer) -> bool:
    return row.owner_id is None or work.owns(Permission.CUSTOMER_READ, row.owner_id)


def _standing(work: Work, winner_id: int) -> Customer:
    """The customer that a merge led to, if the actor may change it and it is still there."""
    winner = work.session.get_one(Customer, winner_id)
    if not may_change(work, winner.owner_id):  # first: what follows tells its name
        raise Denied("This customer is looked after by somebody else.")
    if winner.merged_into_id is not None:
        raise Conflict("{name} was merged itself since: take that merge apart first.", name=winner.name)
    if winner.deleted_at is not None:
        raise Conflict("{name} is in the recycle bin: restore it first.", name=winner.name)
    return winner


def _part(work: Work, group: Sequence[Merge]) -> set[tuple[str, str]]:
    """What one merge of several in an action changed: (table, id)."""
    ids = {group[0].winner_id, *(merge.loser_id for merge in group)}
    moved = [name.partition(".") for merge in group for name in merge.kept.get("moved", [])]
    pairs = {int(number) for merge in group for number in merge.kept.get("pairs", [])}
    records = {("customer", str(i)) for i in ids} | {("duplicate_pair", str(i)) for i in pairs}
    return records | {(table, number) for table, _dot, number in moved}


def may_change(work: Work, owner_id: int | None) -> bool:
    """Whether the actor may merge a customer of this owner. Who gives customers to others may do so with the public pool's."""
    return undoing.may_change(work, owner_id)


def settle(work: Work, standing: Sequence[Customer], gone: Sequence[int] = ()) -> None:
    """Bring what follows from a merge or its undoing up to date: search, matching, last contact, completeness."""
    activities.touch(work, [*(row.id or 0 for row in standing), *gone])
    totals.touch(work, [*(row.id or 0 for row in standing), *gone])
    index.drop(work, gone)
    for row in standing:
        record.refresh(work, row)


def combined(group: Group, name: str, values: Mapping[int, Any]) -> Any:
    """The value the merged record gets: the chosen one, else joined texts, else the first that is filled in."""
    chosen = group.chosen(name)
    if chosen is not None:
        return values[chosen.id or 0]
    each = [values[row.id or 0] for row in group.all]
    if name in JOINED:
        return "\n".join(dict.fromkeys(text for text in each if text))[: JOINED[name]]
    return next((value for value in each if value not in (None, "")), each[0])


# ---- steps of a merge
def _group(
    work: Work, winner_id: int, loser_ids: Sequence[int], choices: Mapping[str, int], versions: Mapping[int, int]
) -> Group:
    others = [i for i in dict.fromkeys(loser_ids) if i != winner_id]
    if not others or len(others) >= MOST:
        raise Invalid("ids", "Choose from 2 to {most} customers.", most=MOST)
    ids = [winner_id, *others]
    if not all(0 < i <= LARGEST_ID for i in ids):
        raise NotFound("This record does not exist or is not yours to see.")
    for name, source in choices.items():
        if source not in ids or not (name in FIELDS or name.startswith("custom.")):
            raise Invalid("choices", "{name} cannot be taken from there.", name=name)
    if not db.is_sqlite(work.session):
        # whoever is adding to one of these records right now holds a lock on it: wait, so that what they add moves too
        work.session.execute(select(CUSTOMERS.id).where(CUSTOMERS.id.in_(ids)).order_by(CUSTOMERS.id).with_for_update())
    rows = [work.get(Customer, i, version=versions.get(i), held=True) for i in ids]
    if not all(may_change(work, row.owner_id) for row in rows):
        raise Denied("This customer is looked after by somebody else.")
    work.load_ciphers(row.uid for row in rows)
    return Group(rows[0], rows[1:], choices)


def _hand_over(work: Work, group: Group) -> None:
    """The record has one owner afterwards, and the open tasks of the others' owners go to that one."""
    source = group.chosen("owner_id") or next((row for row in group.all if row.owner_id is not None), group.winner)
    for row in group.all:
        if source.owner_id is not None and row.owner_id not in (None, source.owner_id):
            tasks.hand_over(work, row.id or 0, giver=row.owner_id or 0, taker=source.owner_id)
    if group.winner.owner_id != source.owner_id:
        group.winner.owner_id, group.winner.owned_since = source.owner_id, source.owned_since


def _fields(work: Work, group: Group) -> None:
    """Give the winner its values; what it had sealed is kept as it was stored."""
    winner = group.winner
    for name in (*PLAIN, "imported_owner", *JOINED):
        value = combined(group, name, {row.id or 0: getattr(row, name) for row in group.all})
        if getattr(winner, name) != value:
            setattr(winner, name, value)
    opened = {row.id or 0: views.opened(work, row) for row in group.all}
    before = opened[winner.id or 0]
    after = {name: combined(group, name, {i: values[name] for i, values in opened.items()}) for name in Customer.SEALED}
    if not after["phone2"] and "phone2" not in group.choices:
        numbers = [values[name] for values in opened.values() for name in ("phone", "phone2")]
        after["phone2"] = next((number for number in numbers if number and number != after["phone"]), "")
    cipher = work.cipher(winner.uid)
    for name, text in after.items():
        if text != before[name] and cipher is not None:
            if held := getattr(winner, name):
                group.keep(group.losers[0], {f"customer.{winner.id}.{name}": bytes(held).hex()})
            setattr(winner, name, cipher.seal(text, place(winner, name)) if text else None)


def _tags(work: Work, group: Group) -> None:
    chosen = group.chosen("tags")
    ids = [chosen.id] if chosen else [row.id for row in group.all]
    held = select(TAGS.tag).where(TAGS.customer_id.in_(ids)).distinct()
    record.retag(work, group.winner, sorted(work.session.execute(held).scalars()))


def _custom(work: Work, group: Group) -> None:
    """Custom fields as the built-in ones."""
    winner = group.winner.id or 0
    held = custom_values.values(work, Noun.CUSTOMER, [row.id or 0 for row in group.all])
    stored = {
        name: (value.field_id, bytes(value.sealed or b"")) for value, _place, name in rehoming.own(work, group.winner)
    }
    keys = {key: None for row in group.all for key in held.get(row.id or 0, {})}
    for key in keys:
        each = {row.id or 0: held.get(row.id or 0, {}).get(key) for row in group.all}
        if custom_values.write(work, group.winner, key, combined(group, f"custom.{key}", each)) and each[winner]:
            field_id = custom_values.catalogue(work, Noun.CUSTOMER)[key].id
            group.keep(group.losers[0], {name: value.hex() for name, (of, value) in stored.items() if of == field_id})


def _move(work: Work, group: Group, loser: Customer) -> None:
    """Hang what belongs to a record under the winner."""
    moved: list[str] = []
    for model in MOVED:
        below = select(model).where(model.customer_id == loser.id).order_by(model.id)
        for row in work.session.execute(below).scalars():
            group.keep(loser, rehoming.move(work, row, group.winner))
            moved.append(f"{model.__tablename__}.{row.id}")
    work.session.flush()
    group.keep(loser, {"moved": moved})


def _stars(work: Work, group: Group, loser: Customer) -> None:
    """Who follows a record follows the merged one."""
    held = {
        i: list(work.session.execute(select(STARS.user_id).where(STARS.customer_id == i)).scalars())
        for i in (group.winner.id or 0, loser.id or 0)
    }
    new = [user for user in held[loser.id or 0] if user not in held[group.winner.id or 0]]
    work.session.add_all(Star(user_id=user, customer_id=group.winner.id or 0, created_at=work.now) for user in new)
    work.session.flush()
    group.keep(loser, {"starred": new})


def _pairs(work: Work, group: Group) -> None:
    """Pairs within the group are settled. With whom else a record was compared, the winner is compared now: by pairs of
    its own, so that merges which share a pair can be taken apart in any order."""
    ids, winner = {row.id or 0 for row in group.all}, group.winner.id or 0
    found = select(DuplicatePair).where(or_(PAIRS.a_id.in_(ids), PAIRS.b_id.in_(ids))).order_by(PAIRS.id)
    rows = list(work.session.execute(found).scalars())
    standing = {(pair.a_id, pair.b_id) for pair in rows if winner in (pair.a_id, pair.b_id)}
    made: list[int | None] = []
    for pair in sorted(rows, key=lambda pair: pair.status is PairStatus.DISMISSED):
        inside, others = {pair.a_id, pair.b_id} <= ids, {pair.a_id, pair.b_id} - ids
        if not inside and winner not in (pair.a_id, pair.b_id) and pair.status is not PairStatus.MERGED:
            a, b = sorted((winner, *others))
            if (a, b) not in standing:
                standing.add((a, b))
                made.append(work.add(_copied(pair, a, b)).id)
        if inside or (pair.status is PairStatus.OPEN and winner not in (pair.a_id, pair.b_id)):
            pair.status = PairStatus.MERGED
    group.keep(group.losers[0], {"pairs": [*(pair.id for pair in rows), *made], "made": made})


def _copied(pair: DuplicatePair, a: int, b: int) -> DuplicatePair:
    told: dict[str, Any] = {
        "score": pair.score,
        "reasons": pair.reasons,
        "status": pair.status,
        "found_at": pair.found_at,
    }
    return DuplicatePair(a_id=a, b_id=b, **told)
