"""Option lists (数据字典): the words offered for industry, source and tags. Renaming or merging a word takes every
customer that uses it along, in the same transaction and with history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from cim.errors import Conflict, Invalid, NotFound
from cim.i18n import N_, _
from cim.models import Customer, CustomerTag, Option
from cim.models.base import columns
from cim.models.option import OptionDraft, OptionView
from cim.permissions import Permission
from cim.service import typed, wording
from cim.work import Work, command, query

OPTIONS = columns(Option)
CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)

LISTS = {"industry": 60, "source": 60, "tags": 40}
"""The fields that have a list, and the longest word of each."""
COLORS = ("", "red", "orange", "yellow", "green", "blue", "violet", "gray")
SHIPPED: dict[str, tuple[str, ...]] = {
    # the sections of GB/T 4754, shortened and with those that a sales team meets
    "industry": (
        N_("Manufacturing"),
        N_("Construction"),
        N_("Wholesale and retail"),
        N_("Transport and logistics"),
        N_("Software and information technology"),
        N_("Finance"),
        N_("Real estate"),
        N_("Leasing and business services"),
        N_("Science and technical services"),
        N_("Hotels and catering"),
        N_("Education"),
        N_("Health and social work"),
        N_("Culture, sports and entertainment"),
        N_("Agriculture"),
        N_("Mining"),
        N_("Electricity, heat, gas and water"),
        N_("Environment and public facilities"),
        N_("Residential services and repair"),
        N_("Government and social organisations"),
    ),
    "source": (
        N_("Referral"),
        N_("Website"),
        N_("Trade fair"),
        N_("Telephone sales"),
        N_("WeChat official account"),
        N_("Search engine"),
        N_("Online shop"),
        N_("Advertising"),
        N_("Partner channel"),
        N_("Walk-in"),
        N_("Other source"),
    ),
    "tags": (N_("Key account"), N_("Needs care"), N_("Repeat buyer"), N_("Slow payer"), N_("Do not disturb")),
}


@query(Permission.CUSTOMER_READ)
def of(work: Work, list: str, *, retired: bool = False, counted: bool = False) -> list[OptionView]:
    """The words of a list in their order; `retired` ones too when asked. `counted` says how many of the customers in the
    actor's reach use each (else 0)."""
    _known(list)
    wanted = select(Option).where(OPTIONS.list == list).order_by(OPTIONS.position, OPTIONS.id)
    rows = work.session.execute(wanted if retired else wanted.where(OPTIONS.retired.is_(False))).scalars().all()
    used = in_use(work, list) if counted else {}
    shown = [name for name in OptionView.model_fields if name != "used"]
    return [OptionView(**{name: getattr(row, name) for name in shown}, used=used.get(row.value, 0)) for row in rows]


@query(Permission.CUSTOMER_READ)
def colors(work: Work) -> dict[str, dict[str, str]]:
    """The colour of each word that has one, by list."""
    found: dict[str, dict[str, str]] = {name: {} for name in LISTS}
    for row in work.session.execute(select(OPTIONS.list, OPTIONS.value, OPTIONS.color).where(OPTIONS.color != "")):
        found.setdefault(row.list, {})[row.value] = row.color
    return found


@query(Permission.SETTINGS_MANAGE)
def unlisted(work: Work, list: str) -> dict[str, int]:
    """The words that customers use and the list does not have, most used first, with the number of customers."""
    _known(list)
    listed = set(work.session.execute(select(OPTIONS.value).where(OPTIONS.list == list)).scalars())
    return {value: used for value, used in in_use(work, list).items() if value not in listed}


@command(Permission.SETTINGS_MANAGE)
def add(work: Work, draft: OptionDraft) -> int:
    """Put a word at the end of a list and return its id. Invalid at the word when it is there already."""
    work.serialise("options")
    value = _free(work, draft.list, draft.value)
    row = Option(list=draft.list, value=value, color=_color(draft.color), position=_end(work, draft.list))
    row.retired = draft.retired
    return work.add(row).id or 0


@command(Permission.SETTINGS_MANAGE)
def change(
    work: Work,
    option_id: int,
    *,
    version: int,
    value: str | None = None,
    color: str | None = None,
    retired: bool | None = None,
) -> int:
    """Rename, colour, retire or bring back a word. Every customer (and saved view) that uses a renamed word follows;
    returns how many customers did. A retired word stays where it is used and is offered no more.

    Raises Invalid at the word when another has the new name (then merge them), Conflict when somebody was faster."""
    work.serialise("options")
    row = _row(work, option_id, version)
    if color is not None:
        row.color = _color(color)
    if retired is not None:
        row.retired = retired
    wanted = row.value if value is None else typed.line("value", value, LISTS[row.list])
    if wanted == row.value:
        return 0
    before, row.value = row.value, _free(work, row.list, wanted, but=option_id)
    work.session.flush()
    return _follow(work, row.list, before, row.value)


@command(Permission.SETTINGS_MANAGE)
def arrange(work: Work, list: str, ids: Sequence[int]) -> bool:
    """Put the words of a list into this order; those not named come after, as they stood. False when nothing moves."""
    work.serialise("options")
    _known(list)
    rows = work.session.execute(select(Option).where(OPTIONS.list == list).order_by(OPTIONS.position, OPTIONS.id))
    held = {row.id: row for row in rows.scalars()}
    order = [i for i in dict.fromkeys([*ids, *held]) if i in held]
    moved = False
    for position, option_id in enumerate(order):
        moved |= held[option_id].position != position
        held[option_id].position = position
    return moved


@command(Permission.SETTINGS_MANAGE)
def merge(work: Work, list: str, from_value: str, into_value: str, *, reason: str = "") -> int:
    """Let one word become another: its customers and saved views follow, and the list has it no more. Returns how many
    customers followed. The word need not be listed (a misspelling that came with a file); the other must be."""
    work.serialise("options")
    _known(list)
    if from_value == into_value or not from_value:
        raise Invalid("from_value", "Choose two different words.")
    if _called(work, list, into_value) is None:
        raise Invalid("into_value", "The list has no word {value}.", value=into_value[:60])
    work.reason = reason.strip()[:500]
    followed = _follow(work, list, from_value, into_value)
    if (gone := _called(work, list, from_value)) is not None:
        work.session.delete(gone)
    elif not followed:
        raise Invalid("from_value", "The list has no word {value}.", value=from_value[:60])
    return followed


@command(Permission.SETTINGS_MANAGE)
def remove(work: Work, option_id: int, *, version: int) -> None:
    """Take a word that nobody uses off its list. Invalid while customers use it: retire it, or merge it into another."""
    row = _row(work, option_id, version)
    if used := wording.count(work, _using(row.list, row.value)):
        raise Invalid(
            "value", "{count} customers use {value}: retire it, or merge it into another.", count=used, value=row.value
        )
    work.session.delete(row)


@command(Permission.SETTINGS_MANAGE)
def adopt(work: Work, list: str) -> int:
    """Take the words that customers use and the list lacks into it, most used first. Returns how many."""
    return _append(work, list, [*unlisted(work, list)])


@command(Permission.SETTINGS_MANAGE)
def take_shipped(work: Work, list: str) -> int:
    """Put the words that we ship for a list into it, in the language of the actor. Returns how many were missing."""
    _known(list)
    return _append(work, list, [_(word) for word in SHIPPED[list]])


def choices(work: Work, name: str, *, retired: bool = False, limit: int = 100) -> list[str]:
    """What is offered for a field: the words of its list in order, then others in use, most used first. Retired words
    are offered only where one looks for records (`retired`)."""
    rows = work.session.execute(
        select(OPTIONS.value, OPTIONS.retired).where(OPTIONS.list == name).order_by(OPTIONS.position, OPTIONS.id)
    ).all()
    hidden = set() if retired else {row.value for row in rows if row.retired}
    offered = {row.value: None for row in rows if row.value not in hidden}
    others = [value for value in in_use(work, name, limit=limit) if value not in hidden]
    return [*offered, *(value for value in others if value not in offered)]


def words(work: Work, name: str) -> frozenset[str]:
    """The words of a list that may be chosen now."""
    wanted = select(OPTIONS.value).where(OPTIONS.list == name, OPTIONS.retired.is_(False))
    return frozenset(work.session.execute(wanted).scalars())


def in_use(work: Work, name: str, *, limit: int = 500) -> dict[str, int]:
    """The words that the customers in the actor's reach use, with their number, most used first."""
    counted = func.count()
    if name == "tags":
        column = TAGS.tag
        wanted = select(column, counted).join(Customer, CUSTOMERS.id == TAGS.customer_id)
    else:
        column = getattr(CUSTOMERS, name)
        wanted = select(column, counted).where(column != "")
    found = wanted.where(work.visible(Customer)).group_by(column).order_by(counted.desc(), column).limit(limit)
    return {value: int(used) for value, used in work.session.execute(found)}


def _follow(work: Work, list: str, before: str, after: str) -> int:
    wording.in_views(work, (list, list.removesuffix("s")), before, after)
    if list == "tags":
        return wording.in_tags(work, before, after)
    return wording.in_customers(work, _using(list, before), list, after)


def _using(list: str, value: str) -> ColumnElement[bool]:
    column: Any = getattr(CUSTOMERS, list, None)
    return wording.tagged(value) if list == "tags" else column == value


def _append(work: Work, list: str, values: Sequence[str]) -> int:
    work.serialise("options")
    held = set(work.session.execute(select(OPTIONS.value).where(OPTIONS.list == list)).scalars())
    missing = [value for value in values if value not in held]
    for position, value in enumerate(missing, _end(work, list)):
        work.session.add(Option(list=list, value=value, position=position))
    work.session.flush()
    return len(missing)


def _end(work: Work, list: str) -> int:
    last = work.session.execute(select(func.max(OPTIONS.position)).where(OPTIONS.list == list)).scalar_one()
    return 0 if last is None else int(last) + 1


def _row(work: Work, option_id: int, version: int) -> Option:
    row = work.find(Option, option_id)
    if row is None:
        raise NotFound("This word is no longer in the list.")
    if row.version != version:
        raise Conflict("Somebody changed this word while you were editing it.")
    return row


def _called(work: Work, list: str, value: str) -> Option | None:
    return work.session.execute(select(Option).where(OPTIONS.list == list, OPTIONS.value == value)).scalar_one_or_none()


def _free(work: Work, list: str, raw: str, *, but: int = 0) -> str:
    _known(list)
    value = typed.line("value", raw, LISTS[list])
    if not value:
        raise Invalid("value", "Enter the word.")
    held = _called(work, list, value)
    if held is not None and held.id != but:
        raise Invalid("value", "The list has {value} already: merge the two instead.", value=value)
    return value


def _known(list: str) -> None:
    if list not in LISTS:
        raise Invalid("list", "There is no list {name}.", name=list[:60])


def _color(color: str) -> str:
    if color not in COLORS:
        raise Invalid("color", "Choose one of the colours offered.")
    return color
