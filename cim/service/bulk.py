"""Many new customers at once: sealed, numbered, indexed and recorded like single ones, one statement a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any

from cim import crypto
from cim.history import Change
from cim.models import Customer, CustomerTag, CustomValue, SubjectKey
from cim.models.base import new_uid
from cim.models.custom import Noun
from cim.service import codes, custom_values, index, judging, record, standards, worklist_stale
from cim.work import Work

CHUNK = 1000
"""Customers between two reports of progress; also the most values in one IN list."""

_STORED = [c.name for c in Customer.__table__.columns if not c.info.get("derived")]  # type: ignore[attr-defined]
_RECORDED = [name for name in _STORED if name not in {"id", "uid", "created_at"}]


@dataclass
class NewCustomer:
    """A customer ready to be inserted. Sealing and indexing happen on construction, so that they need not wait for a
    transaction; `facts` are what it is found by, where they are known already. `custom` are canonical values of custom
    fields by key, `words` those of them that it is found by; `people` are contacts that are inserted with it."""

    standard: standards.Standard
    code: str = ""
    owner_id: int | None = None
    imported_owner: str = ""
    created_at: datetime | None = None
    owned_since: datetime | None = None
    uid: str = field(default_factory=new_uid)
    keys: InitVar[crypto.Keys | None] = None
    facts: index.Facts | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    words: Sequence[str] = ()
    people: Sequence[index.Person] = ()
    cipher: crypto.Cipher = field(init=False)
    wrapped: bytes = field(init=False)
    sealed: dict[str, bytes | None] = field(init=False)

    def __post_init__(self, keys: crypto.Keys | None) -> None:
        keys = keys or crypto.keys()
        self.facts = self.facts or index.facts(_clear(self) | {"custom": self.words}, self.people, secret=keys)
        self.cipher, self.wrapped = keys.new_subject(self.uid)
        self.sealed = {
            name: self.cipher.seal(value, f"customer.{name}.{self.uid}") if value else None
            for name, value in self.standard.sealed.items()
        }


def insert(
    work: Work,
    rows: Sequence[NewCustomer],
    *,
    batch_id: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[int]:
    """Insert customers with keys, tags, index and history, in the transaction of `work`; returns their ids in order.

    Rows without a code get the next free ones. `progress` is called with (done, all) after each chunk; what it raises
    undoes everything. Raises Invalid("code") for a code that is taken or stands twice.
    """
    ids = list(work.next_ids(Customer, len(rows)))
    numbers = codes.allocate(work, ids, [row.code for row in rows])
    done = 0
    for part in _parts(list(zip(ids, numbers, rows, strict=True))):
        _insert(work, part, batch_id)
        done += len(part)
        if progress:
            progress(done, len(rows))
    return ids


def _insert(work: Work, part: Sequence[tuple[int, str, NewCustomer]], batch_id: int | None) -> None:
    keys = [{"uid": new.uid, "wrapped": new.wrapped, "created_at": work.now} for _id, _code, new in part]
    stored = [_row(work, number, code, new, batch_id) for number, code, new in part]
    changes = [_change(row, new) for row, (_id, _code, new) in zip(stored, part, strict=True)]
    tags = [{"customer_id": number, "tag": tag} for number, _code, new in part for tag in new.standard.tags]
    work.bulk(SubjectKey, keys)
    work.bulk(Customer, stored, changes=changes)
    work.bulk(CustomerTag, tags)
    own = [
        cell
        for number, _code, new in part
        for cell in custom_values.stored(work, Noun.CUSTOMER, number, new.uid, new.custom, new.cipher)
    ]
    work.bulk(CustomValue, own)
    index.write(work, [index.Entry(number, new.facts) for number, _code, new in part if new.facts], new=True)
    worklist_stale.stale(work, [number for number, _code, _new in part])


def _row(work: Work, number: int, code: str, new: NewCustomer, batch_id: int | None) -> dict[str, Any]:
    plain = new.standard.plain
    return {
        **plain,
        **new.sealed,
        "id": number,
        "uid": new.uid,
        "code": code,
        "owner_id": new.owner_id,
        "imported_owner": new.imported_owner,
        "created_by_id": work.actor.user_id,
        "batch_id": batch_id,
        "created_at": new.created_at or work.now,
        "updated_at": work.now,
        "deleted_at": None,
        "merged_into_id": None,
        "credit_limit": None,
        "confirmed_at": None,
        "owned_since": (new.owned_since or work.now) if new.owner_id is not None else None,
        "version": 1,
        "name_order": record.name_order(plain["name"]),
        "completeness": standards.completeness(_clear(new)),
        "deal_count": 0,
        "order_count": 0,
        "order_total": 0,
        "owed": 0,
        "open_amount": 0,
        "open_tickets": 0,
        "quality": judging.of_new(_clear(new)),
    }


def _change(row: dict[str, Any], new: NewCustomer) -> Change:
    """The history of one row: values in clear, which the log seals again under the customer's key."""
    clear = row | new.standard.sealed
    values = {name: clear[name] for name in _RECORDED} | {"tags": new.standard.tags} | custom_values.named(new.custom)
    return Change(row["id"], values, new.uid, new.cipher, {name: row[name] for name in _STORED})


def _clear(new: NewCustomer) -> dict[str, Any]:
    return {**new.standard.plain, **new.standard.sealed, "owner_id": new.owner_id}


def _parts(rows: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
