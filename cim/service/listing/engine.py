"""The one engine behind the lists of all nouns: conditions of a filter, one page of rows, what can be chosen. Its number of
queries does not depend on the number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, false, func, not_, null, or_, select

from cim import clock, search_text
from cim.analytics import periods
from cim.errors import Invalid
from cim.i18n import _, language
from cim.models import CustomerSearch, CustomField, CustomValue, User
from cim.models.base import columns
from cim.models.custom import CustomFieldView, FieldType
from cim.models.record_list import CellKind, RecordColumn, RecordFacet, RecordFilter, RecordRow
from cim.service import currency, custom_filters, custom_values
from cim.service.custom_values import PREFIX
from cim.service.listing.deals import CONTRACT, OPPORTUNITY, PRODUCT
from cim.service.listing.kinds import CUSTOMER, Column, Facet, Kind, Settable, told, yes_or_no
from cim.service.listing.orders import ORDER
from cim.service.listing.tickets import TICKET
from cim.work import LARGEST_ID, Work

KINDS = {kind.noun: kind for kind in (OPPORTUNITY, ORDER, CONTRACT, PRODUCT, TICKET)}
"""Every noun that can be listed."""

EMPTY = "-"
MOST_WORDS = 100
"""Most words of a free facet on offer."""
DOCUMENTS = columns(CustomerSearch)
USERS = columns(User)
FIELDS = columns(CustomField)
VALUES = columns(CustomValue)
_SEARCHED = (FieldType.TEXT, FieldType.CHOICE, FieldType.CHOICES)
_CELLS = {
    FieldType.NUMBER: CellKind.NUMBER,
    FieldType.MONEY: CellKind.NUMBER,
    FieldType.DATE: CellKind.DATE,
    FieldType.YESNO: CellKind.YESNO,
}


# ---- conditions
def conditions(work: Work, kind: Kind, asked: RecordFilter) -> list[ColumnElement[bool]]:
    """All conditions of a filter, scope first. Raises Invalid("facets") for a facet or code that the noun has not."""
    table = kind.table
    where: list[ColumnElement[bool]] = [work.visible(table), *_whose(work, kind, asked), *_dates(kind, asked)]
    if asked.ids:
        where.append(table.id.in_([number for number in asked.ids if number <= LARGEST_ID]))
    if asked.customer is not None and "customer_id" in table.model_fields:
        where.append(table.customer_id == asked.customer)
    if asked.batch is not None and "batch_id" in table.model_fields:
        where.append(table.batch_id == asked.batch)
    if kind.amount is not None:
        where += [kind.amount >= asked.amount_from] if asked.amount_from is not None else []
        where += [kind.amount <= asked.amount_to] if asked.amount_to is not None else []
    for name, raw in asked.facets.items():
        where += _facet(work, kind, name, raw)
    where += custom_filters.conditions(work, asked.custom, kind.noun)
    return where + words(work, kind, asked.q, customers=True)


def words(work: Work, kind: Kind, text: str, *, customers: bool) -> list[ColumnElement[bool]]:
    """Every word stands in the name, the number or a custom field of the record, or names its customer."""
    found: list[ColumnElement[bool]] = []
    for word in search_text.fold(text).split():
        like = search_text.pattern(word)
        # lower() in SQL takes most of the time: a folded column needs none, and Chinese has no small letters
        plain = [*kind.searched, *(() if word.isascii() else kind.numbers)]
        each = [column.like(like, escape="\\") for column in plain]
        each += [
            column.ilike(like, escape="\\") for column in (*kind.titles, *(kind.numbers if word.isascii() else ()))
        ]
        if any(_is_searched(field) for field in custom_values.live(work, kind.noun)):
            each.append(_in_custom(kind, like))
        if customers and "customer_id" in kind.table.model_fields and (named := search_text.compact(word)):
            document = DOCUMENTS.document.like(search_text.pattern(named), escape="\\")
            each.append(kind.table.customer_id.in_(select(DOCUMENTS.customer_id).where(document)))
        found.append(or_(*each, false()))
    return found


def _is_searched(field: CustomFieldView) -> bool:
    return field.type in _SEARCHED and not field.personal


def _in_custom(kind: Kind, like: str) -> ColumnElement[bool]:
    of_noun = [FIELDS.noun == kind.noun, FIELDS.retired.is_(False), FIELDS.personal.is_(False)]
    held = select(VALUES.record_id).join(CustomField, FIELDS.id == VALUES.field_id)
    held = held.where(*of_noun, FIELDS.type.in_(_SEARCHED), VALUES.text.ilike(like, escape="\\"))
    among: ColumnElement[bool] = kind.table.id.in_(held)
    return among


def _whose(work: Work, kind: Kind, asked: RecordFilter) -> list[ColumnElement[bool]]:
    own, me = kind.own, work.actor.user_id or 0
    if own is None:
        return []
    where: list[ColumnElement[bool]] = []
    if asked.owner is not None:
        where.append(own.is_(None) if asked.owner == 0 else own == asked.owner)
    if asked.mine is not None:
        where.append(own == me if asked.mine else or_(own.is_(None), own != me))
    if asked.team is not None:
        ours = or_(own == me, own.in_(_team(work)))
        where.append(ours if asked.team else or_(own.is_(None), not_(ours)))
    return where


def _team(work: Work) -> Any:
    """Who is in the actor's team: with the teams below for those who lead some, else the team itself."""
    if work.actor.team_user_ids:
        return sorted(work.actor.team_user_ids)
    return select(USERS.id).where(USERS.team_id == work.actor.team_id) if work.actor.team_id is not None else []


def _dates(kind: Kind, asked: RecordFilter) -> list[ColumnElement[bool]]:
    first, last = [asked.date_from], [asked.date_to]
    if asked.within:
        period = periods.within(asked.within, clock.today())
        first, last = [*first, period.first], [*last, period.last]
    where: list[ColumnElement[bool]] = []
    for day in filter(None, first):
        where.append(kind.main >= (clock.start_of(day) if kind.main_is_moment else day))
    for day in filter(None, last):
        after = day + timedelta(days=1)
        where.append(kind.main < (clock.start_of(after) if kind.main_is_moment else after))
    return where


def _facet(work: Work, kind: Kind, name: str, raw: str) -> list[ColumnElement[bool]]:
    facet = kind.facet(name)
    if facet is None:
        raise Invalid("facets", "There is no filter {name}.", name=name)
    codes = [code for code in raw.split(";") if code]
    if not codes:
        return []
    if facet.holds is not None:
        if codes not in (["true"], ["false"]):
            raise _unknown(facet, raw)
        holds = facet.holds(work)
        # what is unknown, such as a date that is not there, does not hold
        return [holds if codes == ["true"] else not_(func.coalesce(holds, False))]
    return [_among(facet, codes)]


def _among(facet: Facet, codes: Sequence[str]) -> ColumnElement[bool]:
    """It has one of these codes; EMPTY is nothing."""
    given = [code for code in codes if code != EMPTY]
    if facet.words and not set(given) <= set(told(facet.words)):
        raise _unknown(facet, given[0])
    if facet.number or facet.among is not None:
        if not all(code.isdecimal() and int(code) <= LARGEST_ID for code in given):
            raise _unknown(facet, given[0])
        numbers = [int(code) for code in given]
        if facet.among is not None:
            return facet.among(numbers)
        each = [facet.sql.in_(numbers)] if numbers else []
        return or_(*each, *([facet.sql.is_(None)] if EMPTY in codes else []))
    wanted: ColumnElement[bool] = facet.sql.in_([*given, *([""] if EMPTY in codes else [])])
    return wanted


def _unknown(facet: Facet, code: str) -> Invalid:
    return Invalid("facets", "{name} cannot be {value}.", name=_(facet.label), value=code[:40])


# ---- rows
def base(kind: Kind, *what: Any) -> Select[Any]:
    """A query on the records of a noun, with the tables that its columns read."""
    asked = select(*what).select_from(kind.table)
    for table, on in kind.joins:
        asked = asked.outerjoin(table, on)
    return asked


def count(work: Work, kind: Kind, where: Sequence[ColumnElement[bool]]) -> tuple[int, Decimal | None]:
    """How many records there are, and what they sum up to in the base currency."""
    total = func.coalesce(func.sum(kind.amount), 0) if kind.amount is not None else null()
    found = work.session.execute(base(kind, func.count(), total).where(*where)).one()
    return found[0], None if kind.amount is None else Decimal(str(found[1])).quantize(Decimal("0.01"))


def ordered(work: Work, kind: Kind, order: str) -> list[Any]:
    """What a list is ordered by, with what is empty behind; "-NAME" is the other way round. Raises Invalid("order")."""
    name, falls = order.removeprefix("-"), order.startswith("-")
    column = kind.column(name)
    if column is None:
        raise Invalid("order", "There is no order {name}.", name=order[:20])
    by = column.sql if column.order is None else column.order
    return [by.is_(None), by.desc() if falls else by, kind.table.id.desc()]


def page(
    work: Work, kind: Kind, where: Sequence[ColumnElement[bool]], order: str, *, first: int, size: int
) -> list[tuple[Any, ...]]:
    """The rows of one page: (record, owner of its customer, value of each column...). Ordered and cut before the columns
    are read."""
    by = ordered(work, kind, order)
    wanted = base(kind, kind.table.id).where(*where).order_by(*by).limit(size).offset(first)
    chosen = base(kind, kind.table, _customer_owner(kind), *(column.sql for column in kind.columns))
    chosen = chosen.where(kind.table.id.in_(wanted)).order_by(*by)
    return [tuple(row) for row in work.session.execute(chosen)]


def ids(work: Work, kind: Kind, where: Sequence[ColumnElement[bool]], *, most: int) -> list[int]:
    """The records, oldest first, at most so many."""
    wanted = base(kind, kind.table.id).where(*where).order_by(kind.table.id).limit(most)
    return list(work.session.execute(wanted).scalars())


def rows(work: Work, kind: Kind, found: Sequence[tuple[Any, ...]], own: Sequence[str]) -> list[RecordRow]:
    """Rows as they leave the service; `own` are the custom fields that are wanted, by key."""
    seen = {row.id: kind.noun.value == "product" or work.may_see_clear(owner) for row, owner, *_cells in found}
    custom = custom_values.shown(work, kind.noun, seen, only=own) if own else {}
    return [
        RecordRow(
            id=row.id,
            version=row.version,
            customer_id=getattr(row, "customer_id", None),
            owner_id=getattr(row, kind.own.key) if kind.own is not None else None,
            name=getattr(row, kind.name.key),
            currency=getattr(row, "currency", ""),
            values={column.name: _cell(column, value) for column, value in zip(kind.columns, cells, strict=True)},
            custom=custom.get(row.id, {}),
        )
        for row, _owner, *cells in found
    ]


def _cell(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.named is not None:
        return column.named(value)
    if column.kind in (CellKind.MONEY, CellKind.PERCENT) and not isinstance(value, Decimal):
        return Decimal(str(value))
    return str(value) if column.kind is CellKind.CHOICE else value


def _customer_owner(kind: Kind) -> Any:
    return CUSTOMER.owner_id if "customer_id" in kind.table.model_fields else null()


# ---- what can be chosen
def offered(work: Work, kind: Kind) -> list[RecordColumn]:
    """The columns of a noun in the reader's language, its custom fields behind."""
    made = [
        RecordColumn(
            name=column.name,
            label=_(column.label),
            kind=column.kind,
            width=column.width,
            shown=column.shown,
            opens=column.opens,
            choices=told(column.words) if column.words else {},
        )
        for column in kind.columns
    ]
    own = [
        RecordColumn(
            name=PREFIX + field.key,
            label=field.named(language()),
            kind=cell_kind(field),
            width=110,
            sortable=False,
        )
        for field in custom_values.live(work, kind.noun)
    ]
    return made + own


def choices(work: Work, kind: Kind, facet: Facet) -> RecordFacet:
    """The codes of a facet; of a free one the words that are in use among what the actor sees."""
    if facet.holds is not None:
        found = yes_or_no()
    elif facet.words:
        found = told(facet.words)
    elif facet.choices is not None:
        found = facet.choices(work)
    else:
        used = base(kind, facet.sql).where(work.visible(kind.table), facet.sql != "").distinct()
        found = {
            str(word): str(word) for word in work.session.execute(used.order_by(facet.sql).limit(MOST_WORDS)).scalars()
        }
        found |= {EMPTY: _("Not filled in")} if facet.name != "currency" else {}
    return RecordFacet(name=facet.name, label=_(facet.label), choices=found)


def day_of(value: Any) -> date | None:
    """The local day of a date or moment."""
    return clock.local(value).date() if isinstance(value, datetime) else value


def customer_of(kind: Kind) -> Any:
    """The name of the customer of a record; nothing for what belongs to none."""
    return CUSTOMER.name if "customer_id" in kind.table.model_fields else null()


def currency_of(kind: Kind) -> str:
    """The currency that sums are in."""
    return currency.base() if kind.amount is not None else ""


def cell_kind(field: CustomFieldView) -> CellKind:
    """How a value of a custom field is written."""
    return _CELLS.get(field.type, CellKind.TEXT)


def label(described: Facet | Settable) -> str:
    """What a facet or field is called, in the reader's language."""
    return _(described.label)


def main_label(kind: Kind) -> str:
    """What the main date is called, in the reader's language."""
    return _(kind.main_label)


def matches(work: Work, kind: Kind, text: str, limit: int) -> list[tuple[Any, ...]]:
    """(id, name, number, customer, state, date) of records that a text finds, those whose number begins with it first."""
    state = kind.column(kind.state)
    wanted = base(
        kind,
        kind.table.id,
        kind.name,
        kind.number if kind.number is not None else null(),
        customer_of(kind),
        state.sql if state is not None else null(),
        kind.main,
    )
    begins = or_(*(number.istartswith(text.strip(), autoescape=True) for number in kind.numbers), false())
    held = words(work, kind, text, customers=False)
    wanted = wanted.where(work.visible(kind.table), *held)
    wanted = wanted.order_by(case((begins, 0), else_=1), kind.table.id.desc()).limit(limit)
    return [tuple(row) for row in work.session.execute(wanted)]
