"""What a filter by a custom field means in SQL: contains, has, between, yes or no, empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, not_, select

from cim import normalize, search_text
from cim.errors import Invalid
from cim.models import CustomValue, nouns
from cim.models.base import columns
from cim.models.custom import CustomFieldView, FieldType, Noun
from cim.service import custom_types, custom_values
from cim.work import Work

VALUES = columns(CustomValue)
EMPTY = "-"
"""How a filter says "not filled in"."""
_BETWEEN = re.compile(r"(?P<low>.*?)\.\.(?P<high>.*)")
_WORDS = (FieldType.CHOICE, FieldType.CHOICES)


def conditions(work: Work, asked: Mapping[str, str], noun: Noun = Noun.CUSTOMER) -> list[ColumnElement[bool]]:
    """All conditions of a filter by custom fields of a noun, {key: what is asked}."""
    return [condition(work, key, raw, noun) for key, raw in asked.items() if raw.strip()]


def condition(work: Work, key: str, raw: str, noun: Noun = Noun.CUSTOMER) -> ColumnElement[bool]:
    """One condition on records of a noun. Texts: contains; choices: has one of "a;b"; numbers and days: "a..b", ">=a", "<=b" or
    "a"; yes/no: "yes" or "no"; "-" is empty. Raises Invalid("custom.KEY") for what the field cannot be asked."""
    field = custom_values.catalogue(work, noun).get(key)
    name = custom_values.PREFIX + key
    if field is None:
        raise Invalid(name, custom_values.NO_FIELD, key=key)
    number = nouns.TABLES[noun].id
    of_field = VALUES.field_id == field.id
    if raw.strip() == EMPTY:
        return not_(exists().where(of_field, VALUES.record_id == number))
    if field.personal:
        raise Invalid(name, "Personal data cannot be filtered by.")
    try:
        wanted = _wanted(field, raw.strip())
    except normalize.Bad as bad:
        raise Invalid(name, bad.msgid, **bad.params) from bad
    among: ColumnElement[bool] = number.in_(select(VALUES.record_id).where(of_field, *wanted))
    return among


def _wanted(field: CustomFieldView, raw: str) -> list[Any]:
    match field.type:
        case FieldType.NUMBER | FieldType.MONEY:
            return _range(VALUES.number, raw, normalize.decimal)
        case FieldType.DATE:
            return _range(VALUES.day, raw, normalize.day)
        case FieldType.CHOICE | FieldType.CHOICES:
            words = [custom_types.canonical(field, word) for word in raw.split(";")]
            return [VALUES.text.in_([each for word in words for each in custom_types.words_of(word)])]
        case FieldType.YESNO:
            return [VALUES.text == ("yes" if custom_types.canonical(field, raw) else "no")]
    return [VALUES.text.ilike(search_text.pattern(raw), escape="\\")]


def _range(column: Any, raw: str, read: Any) -> list[Any]:
    """Both ends belong to it, and either may be left out."""
    low, high = raw, raw
    if raw.startswith(">="):
        low, high = raw[2:], ""
    elif raw.startswith("<="):
        low, high = "", raw[2:]
    elif found := _BETWEEN.fullmatch(raw):
        low, high = found["low"], found["high"]
    where = [column >= read(low)] if low.strip() else []
    return where + ([column <= read(high)] if high.strip() else []) or [column.is_not(None)]
