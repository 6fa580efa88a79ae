"""The columns that a list of customers can have: their names, widths, and what stands in a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import clock, words
from cim.config import settings
from cim.i18n import N_, _, format_date, format_money, format_relative
from cim.models.customer_view import CustomerRow

IDLE_DAYS = 30
OWN = "custom."
DEFAULT = ("starred", "name", "grade", "phone", "owner", "region", "last", "next", "complete")
ASKED = {"starred", "tags"}
"""Columns whose values the service fetches only where they are shown."""


@dataclass(frozen=True)
class Column:
    """`label` is a message id, or a field of cim/words.py; `width` is in pixels; `kind` chooses the drawing."""

    label: str
    width: int
    value: Callable[[Cells, CustomerRow], Any]
    kind: str = "text"

    def name(self) -> str:
        return words.field(self.label) if self.label in words.FIELDS else _(self.label)


class Cells:
    """What cells are made with: today, and days that were already written out, for all rows of a list."""

    def __init__(self) -> None:
        self.now, self.today = clock.now(), clock.today()
        self._zone: tzinfo = settings().zone
        self._currency = settings().currency
        self._midnight = clock.start_of(self.today)
        self._idle = self.now - timedelta(days=IDLE_DAYS - 1)
        self._written: dict[tuple[date, bool], str] = {}

    def day(self, moment: datetime, *, relative: bool = False) -> str:
        """A moment as its local day: the date, or how long ago that is."""
        day = moment.astimezone(self._zone).date()
        if (day, relative) not in self._written:
            self._written[day, relative] = format_relative(day, self.today) if relative else format_date(day)
        return self._written[day, relative]

    def money(self, amount: Decimal) -> str:
        """An amount in the base currency; nothing where there is none."""
        return format_money(amount, self._currency) if amount else ""

    def last(self, row: CustomerRow) -> str:
        if row.last_contact_at is None:
            return "⚠ " + _("never")
        shown = self.day(row.last_contact_at, relative=True)
        return f"⚠ {shown}" if row.last_contact_at <= self._idle else shown

    def next(self, row: CustomerRow) -> str:
        if row.next_due_at is None:
            return "—"
        shown = self.day(row.next_due_at)
        return f"⚠ {shown}" if row.next_due_at < self._midnight else shown


COLUMNS: dict[str, Column] = {
    "starred": Column(N_("Followed"), 40, lambda _c, row: "★" if row.starred else "☆", "star"),
    "name": Column("name", 0, lambda _c, row: row.name, "open"),
    "grade": Column("grade", 60, lambda _c, row: row.grade.value),
    "phone": Column("phone", 115, lambda _c, row: row.phone),
    "owner": Column("owner", 80, lambda _c, row: row.owner or _("Public pool")),
    "region": Column("region", 125, lambda _c, row: row.region),
    "last": Column(N_("Last contact"), 95, lambda c, row: c.last(row)),
    "next": Column(N_("Next follow-up"), 135, lambda c, row: c.next(row)),
    "complete": Column(N_("Completeness"), 95, lambda _c, row: row.completeness, "percent"),
    "quality": Column(N_("Data quality"), 95, lambda _c, row: row.quality, "percent"),
    "code": Column("code", 80, lambda _c, row: row.code),
    "lifecycle": Column("lifecycle", 80, lambda _c, row: words.value("lifecycle", row.lifecycle)),
    "party": Column("party", 80, lambda _c, row: words.value("party", row.party)),
    "kind": Column("kind", 60, lambda _c, row: words.value("kind", row.kind)),
    "contact": Column("contact", 90, lambda _c, row: row.contact),
    "industry": Column("industry", 110, lambda _c, row: row.industry),
    "source": Column("source", 100, lambda _c, row: row.source),
    "tags": Column("tags", 150, lambda _c, row: row.tags, "tags"),
    "preference": Column("preference", 160, lambda _c, row: row.preference),
    "order_total": Column(N_("Bought for"), 110, lambda c, row: c.money(row.order_total)),
    "last_order": Column(N_("Last order"), 110, lambda _c, row: format_date(row.last_order_on)),
    "owed": Column(N_("Owed"), 110, lambda c, row: c.money(row.owed)),
    "open_amount": Column(N_("Open opportunities"), 120, lambda c, row: c.money(row.open_amount)),
    "created": Column("created_at", 110, lambda c, row: c.day(row.created_at)),
}


def chosen(names: Iterable[str]) -> list[str]:
    """The columns to be shown, in order: those asked for that are there, with the name first among them; else DEFAULT."""
    found = [name for name in names if name in COLUMNS or name.startswith(OWN)]
    if not found:
        return list(DEFAULT)
    return found if "name" in found else ["name", *found]


def values(rows: Sequence[CustomerRow], names: Sequence[str]) -> dict[str, list[Any]]:
    """The cells of a list, by column."""
    cells, made = Cells(), dict[str, list[Any]]()
    for name in names:
        if name in COLUMNS:
            value = COLUMNS[name].value
            made[name] = [value(cells, row) for row in rows]
        else:
            made[name] = [_own(row.custom.get(name.removeprefix(OWN))) for row in rows]
    return made


def config(names: Sequence[str], labels: dict[str, str], buttons: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How the columns are drawn. `labels` name custom fields, `buttons` says what a press in the columns of kind "open"
    and "star" does."""
    made: dict[str, Any] = {}
    for name in names:
        column = COLUMNS.get(name)
        if column is None:
            made[name] = {"label": labels.get(name, name.removeprefix(OWN)), "width": 110}
        elif column.kind == "open":
            made[name] = st.column_config.ButtonColumn(
                column.name(), type="tertiary", alignment="left", pinned=True, **buttons["open"]
            )
        elif column.kind == "star":
            made[name] = st.column_config.ButtonColumn(
                "★", type="tertiary", width=column.width, pinned=True, help=column.name(), **buttons["star"]
            )
        elif column.kind == "percent":
            made[name] = st.column_config.ProgressColumn(
                column.name(), min_value=0, max_value=100, format="%d%%", width=column.width
            )
        else:
            made[name] = {"label": column.name(), "width": column.width}
    return made


def _own(value: Any) -> str:
    """The value of a custom field as one line."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(value) if isinstance(value, list) else str(value or "")
