"""Values of custom fields as people read them: on a card, in a cell of a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import streamlit as st

from cim import service
from cim.i18n import _, format_date, format_money, format_number, language
from cim.models.custom import CustomFieldView, FieldType, Noun
from cim.models.customer_view import CustomerView
from cim.service import custom_types
from cim.ui.panels import custom_inputs
from cim.ui.text import safe
from cim.work import Actor


def written(field: CustomFieldView, value: Any) -> str:
    """A value as text in the language of the visitor."""
    if value in (None, "", []) or value == custom_types.MASK:
        return str(value or "")
    match field.type:
        case FieldType.NUMBER:
            number = Decimal(str(value))
            return format_number(number, max(0, -int(number.as_tuple().exponent)))
        case FieldType.MONEY:
            return format_money(Decimal(str(value)))
        case FieldType.DATE:
            return format_date(date.fromisoformat(str(value)))
        case FieldType.YESNO:
            return _("yes") if value else _("no")
        case FieldType.CHOICES:
            return ", ".join(value)
    return str(value)


def card(me: Actor, view: CustomerView) -> None:
    """The filled fields of a customer, group by group."""
    if not view.custom:
        return
    groups: dict[str, list[str]] = {}
    for field in custom_inputs.fields(me):
        if field.key in view.custom:
            groups.setdefault(field.group, []).append(_line(field, view.custom[field.key]))
    for group, lines in groups.items():
        with st.container(gap="small"):
            if group:
                st.markdown(f"**{safe(group)}**")
            st.markdown("\n\n".join(lines))


def brief(fields: list[CustomFieldView], values: Mapping[str, Any]) -> str:
    """The values of a contact on one line, as Markdown."""
    return " · ".join(
        f":gray[{safe(field.named(language()))}] {_marked(field, values[field.key])}"
        for field in fields
        if field.key in values
    )


def revealed(me: Actor, view: CustomerView, seen: CustomerView) -> None:
    """The personal values that are masked on the card, in clear."""
    for field in service.custom.fields(me, Noun.CUSTOMER):
        if view.custom.get(field.key) == custom_types.MASK:
            value = written(field, seen.custom.get(field.key))
            st.markdown(f"{safe(field.named(language()))}: **{safe(value)}**")


def _line(field: CustomFieldView, value: Any) -> str:
    return f":gray[:small[{safe(field.named(language()))}]]  \n{_marked(field, value)}"


def _marked(field: CustomFieldView, value: Any) -> str:
    """As Markdown. The form of a link holds nothing that could end it early (custom_types)."""
    if field.type is FieldType.LINK and value != custom_types.MASK:
        return f"[{safe(unquote(str(value).split('://', 1)[1].rstrip('/')))}](<{value}>)"
    return safe(written(field, value))
