"""Values between the history and a row: as the log tells them, and as the row stores them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Date, DateTime, LargeBinary, Numeric, inspect, select

from cim import audit
from cim.history import place
from cim.models import Customer, CustomerTag, nouns
from cim.models.base import TextEnum, columns
from cim.service import custom_values, record, rehoming
from cim.work import Work

TAGS = columns(CustomerTag)


def table_columns(row: Any) -> Mapping[str, Any]:
    """The columns of a row's table by name."""
    return inspect(row).mapper.columns  # type: ignore[no-any-return]


def known(work: Work, row: Any, name: str) -> bool:
    """Whether a name of the history can be written: a column, the tags, a custom field that is there."""
    if name in table_columns(row):
        return True
    if name == "tags":
        return isinstance(row, Customer)
    if not name.startswith(custom_values.PREFIX) or (noun := nouns.of(row)) is None:
        return False
    return name.removeprefix(custom_values.PREFIX) in custom_values.catalogue(work, noun)


def present(work: Work, row: Any, name: str) -> Any:
    """What the row has now, as the log would tell it. Raises Unreadable."""
    column = table_columns(row).get(name)
    if column is None:
        return _pseudo(work, row, name)
    value = getattr(row, name)
    if column.info.get("sealed"):
        cipher = work.cipher(_subject(work, row))
        return cipher.open(bytes(value), place(row, name)) if value and cipher else None
    return audit.plain(value)


def same(now: Any, told: Any) -> bool:
    """Whether two values as the log tells them are one. Nothing, an empty text and an empty list are."""
    empty: tuple[Any, ...] = (None, "", [])
    if now in empty and told in empty:
        return True
    return bool(now == told)


def put(work: Work, row: Any, name: str, told: Any, kept: Mapping[str, str]) -> None:
    """Give the row a value of the history. A sealed one gets the very bytes of `kept` back where they say the same."""
    column = table_columns(row).get(name)
    if column is None:
        _put_pseudo(work, row, name, told, kept)
    elif column.info.get("sealed"):
        cipher = work.cipher(_subject(work, row))
        value = rehoming.stored(cipher, told or "", place(row, name), kept.get(f"{row.__tablename__}.{row.id}.{name}"))
        setattr(row, name, value)
    else:
        setattr(row, name, stored(column, told))


def stored(column: Any, told: Any) -> Any:
    """A plain value of the log as a column of this type holds it."""
    kind = column.type
    base = getattr(kind, "impl", kind)
    if told is None:
        return None if column.nullable or column.default is None or not column.default.is_scalar else column.default.arg
    if isinstance(kind, TextEnum):
        return kind.kind(told)
    if isinstance(base, JSON):
        return told
    if isinstance(base, LargeBinary):
        return bytes.fromhex(told)
    if isinstance(base, DateTime):
        return datetime.fromisoformat(told)
    if isinstance(base, Date):
        return date.fromisoformat(told)
    return Decimal(told) if isinstance(base, Numeric) else told


def needs_key(row: Any, names: Mapping[str, Any]) -> bool:
    """Whether one of these values can only be kept under the key of a customer."""
    return any(name in table_columns(row) and table_columns(row)[name].info.get("sealed") for name in names)


def readable(work: Work, row: Any) -> bool:
    """Whether the key of the customer that the row belongs to is there."""
    return work.cipher(_subject(work, row)) is not None


def _subject(work: Work, row: Any) -> str:
    return str(row.uid) if isinstance(row, Customer) else work.subject_of(row.customer_id)


def _pseudo(work: Work, row: Any, name: str) -> Any:
    if name == "tags":
        held = select(TAGS.tag).where(TAGS.customer_id == row.id).order_by(TAGS.tag)
        return list(work.session.execute(held).scalars())
    noun = nouns.of(row)
    found = custom_values.values(work, noun, [row.id]).get(row.id, {}) if noun else {}
    return audit.plain(found.get(name.removeprefix(custom_values.PREFIX)))


def _put_pseudo(work: Work, row: Any, name: str, told: Any, kept: Mapping[str, str]) -> None:
    if name == "tags":
        record.retag(work, row, told or [])
        return
    custom_values.write(work, row, name.removeprefix(custom_values.PREFIX), told)
    if not kept or ("customer_id" not in table_columns(row) and not isinstance(row, Customer)):
        return
    cipher = work.cipher(_subject(work, row))
    for held, where, called in rehoming.own(work, row):
        if cipher is not None and called in kept:
            held.sealed = rehoming.stored(cipher, cipher.open(bytes(held.sealed or b""), where), where, kept[called])
