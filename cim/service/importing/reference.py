"""The customer that a row of a file means: by code, else by exact normalised name, else by phone. Never a guess."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from cim import crypto, normalize, search_text
from cim.i18n import N_
from cim.models import Customer, LookupKey
from cim.permissions import Permission
from cim.service.importing.lines import Line, Notes
from cim.work import Work

UNKNOWN = N_("No customer is called {value}, and none has this code or phone.")
AMBIGUOUS = N_("{count} customers fit {value}: write the customer code.")
OF_SOMEBODY_ELSE = N_("This customer is looked after by somebody else.")
IN_POOL = N_("This customer is in the public pool: claim it first.")
_CHUNK = 500
_CUSTOMER: Any = Customer
_COLUMNS = (_CUSTOMER.id, _CUSTOMER.uid, _CUSTOMER.code, _CUSTOMER.owner_id)


class Known(NamedTuple):
    """A customer that rows refer to."""

    id: int
    uid: str
    code: str
    owner_id: int | None


def resolve(
    work: Work,
    lines: Sequence[Line],
    notes: Notes,
    *,
    to: Permission | None = None,
    unknown: list[Line] | None = None,
) -> dict[int, Known]:
    """The customer of each line by row number; what is unknown, ambiguous or out of reach of the permission
    `to` (None: whatever the actor sees is in reach) is in `notes`. With a list `unknown`, lines whose customer nobody
    knows go there instead."""
    found: dict[int, Known] = {}
    words = {word for line in lines for word in _words(line)}
    tables = [by_code(work, words), by_name(work, words), by_phone(work, words)]
    for line in lines:
        column, value, hits = _first(line, tables)
        params = {"value": value[:60], "count": len(hits)}
        if not hits and unknown is not None:
            unknown.append(line)
        elif not hits:
            notes.fail(line, column, UNKNOWN, **params)
        elif len(hits) > 1:
            notes.fail(line, column, AMBIGUOUS, **params)
        elif to is not None and not work.owns(to, hits[0].owner_id):
            notes.fail(line, column, IN_POOL if hits[0].owner_id is None else OF_SOMEBODY_ELSE)
        else:
            found[line.number] = hits[0]
    return found


def by_code(work: Work, codes: Iterable[str]) -> dict[str, list[Known]]:
    """Visible customers by code."""
    found: dict[str, list[Known]] = {}
    for part in _parts(codes):
        statement = select(*_COLUMNS).where(_CUSTOMER.code.in_(part), work.visible(Customer))
        for row in work.session.execute(statement):
            found[row.code] = [Known(*row)]
    return found


def by_name(work: Work, names: Iterable[str]) -> dict[str, list[Known]]:
    """Visible customers by name, equal when folded (width, case, traditional characters, spaces)."""
    return _by_digest(work, names, "find.name", search_text.fold)


def by_phone(work: Work, numbers: Iterable[str]) -> dict[str, list[Known]]:
    """Visible customers by phone, theirs or a contact's."""
    return _by_digest(work, numbers, "find.phone", _phone)


def by_email(work: Work, addresses: Iterable[str]) -> dict[str, list[Known]]:
    """Visible customers by e-mail address, theirs or a contact's."""
    return _by_digest(work, addresses, "find.email", _email)


def _by_digest(work: Work, words: Iterable[str], kind: str, form: Callable[[str], str]) -> dict[str, list[Known]]:
    blind = crypto.keys().blind
    wanted: dict[bytes, list[str]] = {}
    for word in set(words):
        if value := form(word):
            wanted.setdefault(blind(kind, value), []).append(word)
    found: dict[str, dict[int, Known]] = {}
    key: Any = LookupKey
    for part in _parts(wanted):
        statement = (
            select(key.digest, *_COLUMNS)
            .join(Customer, _CUSTOMER.id == key.customer_id)
            .where(key.digest.in_(part), work.visible(Customer))
        )
        for digest, *rest in work.session.execute(statement):
            for word in wanted[bytes(digest)]:
                found.setdefault(word, {})[rest[0]] = Known(*rest)
    return {word: list(hits.values()) for word, hits in found.items()}


def _words(line: Line) -> list[str]:
    return [line.cells[name].strip() for name in ("customer", "customer_name") if line.cells.get(name, "").strip()]


def _first(line: Line, tables: Sequence[dict[str, list[Known]]]) -> tuple[str, str, list[Known]]:
    """The first hits in order code, name, phone; the name column helps only where the customer column is empty."""
    column = "customer" if line.cells.get("customer", "").strip() else "customer_name"
    value = line.cells[column].strip()
    return column, value, next((table[value] for table in tables if table.get(value)), [])


def _phone(word: str) -> str:
    if not any(character.isdigit() for character in word):
        return ""
    try:
        return normalize.phone(word).partition(";")[0]
    except normalize.Bad:
        return ""


def _email(word: str) -> str:
    try:
        return normalize.email(word)
    except normalize.Bad:
        return ""


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _CHUNK):
        yield wanted[start : start + _CHUNK]
