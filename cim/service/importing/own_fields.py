"""Custom fields as columns of a file: their headers, how their cells are read, and what an export writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from cim.models.custom import CustomFieldView, Noun
from cim.models.imports import ImportKind
from cim.service import custom_types, custom_values
from cim.service.importing import mapping
from cim.service.importing.columns import Column
from cim.work import Work

NOUNS = {
    ImportKind.CUSTOMERS: Noun.CUSTOMER,
    ImportKind.CONTACTS: Noun.CONTACT,
    ImportKind.PRODUCTS: Noun.PRODUCT,
    ImportKind.ORDERS: Noun.ORDER,
    ImportKind.OPPORTUNITIES: Noun.OPPORTUNITY,
    ImportKind.TICKETS: Noun.TICKET,
}


def built_in(noun: Noun) -> tuple[Column, ...]:
    """The columns that files of this noun have of themselves."""
    return next((mapping.COLUMNS.get(kind, ()) for kind, of in NOUNS.items() if of is noun), ())


def meanings(noun: Noun) -> frozenset[str]:
    """Every header that a file of this noun could mean a column of its own by: no custom field may be called so."""
    return next((mapping.meanings(kind) for kind, of in NOUNS.items() if of is noun and built_in(noun)), frozenset())


def fields(work: Work, kind: ImportKind) -> list[CustomFieldView]:
    """The custom fields that a file of this kind may have, in order."""
    return custom_values.live(work, NOUNS[kind]) if kind in NOUNS else []


def columns(own: Iterable[CustomFieldView]) -> tuple[Column, ...]:
    """Their columns: named by label, English label or key."""
    return tuple(Column(custom_values.PREFIX + f.key, f.label, f"{f.label_en},{f.key}") for f in own)


def readers(own: Iterable[CustomFieldView]) -> dict[str, Callable[[str], Any]]:
    """What brings a cell of each into canonical form, by column; raises normalize.Bad."""
    return {custom_values.PREFIX + field.key: partial(custom_types.canonical, field) for field in own}


def gathered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by column, those of custom fields together under `custom`, by key."""
    prefix = custom_values.PREFIX
    own = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    rest = {name: value for name, value in values.items() if not name.startswith(prefix)}
    return rest | {"custom": own} if own else rest


def cells(work: Work, noun: Noun, seen: Mapping[int, bool], names: Iterable[str]) -> dict[int, dict[str, str]]:
    """What an export writes for these records into the columns `names`, masked where `seen` says so."""
    keys = [name.removeprefix(custom_values.PREFIX) for name in names if name.startswith(custom_values.PREFIX)]
    if not keys:
        return {}
    shown = custom_values.shown(work, noun, seen, only=keys)
    return {
        number: {custom_values.PREFIX + key: custom_types.written(value) for key, value in held.items()}
        for number, held in shown.items()
    }
