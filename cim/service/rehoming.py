"""Hanging a row under another customer and back: its personal values are sealed under the key of whoever it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from cim import crypto
from cim.history import place
from cim.models import Customer, CustomField, CustomValue, StoredFile, nouns
from cim.models.base import columns
from cim.service import custom_values, files
from cim.work import Work

FIELDS = columns(CustomField)
VALUES = columns(CustomValue)


def move(work: Work, row: Any, to: Customer) -> dict[str, str]:
    """Hang a contact, order, file or whatever else belongs to a customer under another one. Returns its sealed values as
    they were stored before, hexadecimal, by name: what `back` needs."""
    if isinstance(row, StoredFile):
        files.rehome(work, row, to)
        return {}
    old, new = work.cipher(work.subject_of(row.customer_id)), work.cipher(to.uid)
    kept: dict[str, str] = {}
    for held, column, where, name in list(_sealed(work, row)):
        value = bytes(getattr(held, column))
        kept[name] = value.hex()
        setattr(held, column, new.seal(old.open(value, where), where) if old and new else None)
    row.customer_id = to.id or 0
    return kept


def back(work: Work, row: Any, to: Customer, kept: Mapping[str, str]) -> None:
    """Hang a row under the customer it came from. A sealed value that nobody changed since gets the very bytes back that
    `kept` holds."""
    old, new = work.cipher(work.subject_of(row.customer_id)), work.cipher(to.uid)
    for held, column, where, name in list(_sealed(work, row)):
        text = old.open(bytes(getattr(held, column)), where) if old else ""
        setattr(held, column, stored(new, text, where, kept.get(name)))
    row.customer_id = to.id or 0


def stored(cipher: crypto.Cipher | None, text: str, where: str, kept: str | None) -> bytes | None:
    """A text sealed: the bytes that were kept where they say the same, else new ones."""
    if cipher is None or not text:
        return None
    if kept:
        try:
            if cipher.open(bytes.fromhex(kept), where) == text:
                return bytes.fromhex(kept)
        except crypto.Unreadable:
            pass  # the key is another one since: what was kept is of no use
    return cipher.seal(text, where)


def own(work: Work, row: Any) -> list[tuple[CustomValue, str, str]]:
    """The sealed values of a record's custom fields: (stored value, where it is sealed, name under which it is kept)."""
    noun = nouns.of(row)
    if noun is None or not custom_values.personal(work, noun):
        return []
    found = select(CustomValue).join(CustomField, FIELDS.id == VALUES.field_id)
    found = found.where(FIELDS.noun == noun, VALUES.record_id == row.id, VALUES.sealed.is_not(None))
    return [
        (held, custom_values.place(held.field_id, row.uid), f"custom_value.{held.field_id}.{row.id}.{held.slot}")
        for held in work.session.execute(found).scalars()
    ]


def _sealed(work: Work, row: Any) -> Iterator[tuple[Any, str, str, str]]:
    """Every sealed value of a row: (what holds it, column, where it is sealed, name under which it is kept)."""
    for column in getattr(type(row), "SEALED", ()):
        if getattr(row, column):
            yield row, column, place(row, column), f"{row.__tablename__}.{row.id}.{column}"
    for held, where, name in own(work, row):
        yield held, "sealed", where, name
