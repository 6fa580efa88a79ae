"""Saved views (场景) of every list: shipped ones, one's own, and those that colleagues share; which one opens first, and
list preferences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from cim import search_text
from cim.errors import Denied, Invalid, NotFound
from cim.i18n import N_
from cim.models import Preference, SavedView, User
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.listing import CustomerFilter, Order
from cim.models.record_list import RecordFilter
from cim.models.saved_view import SavedViewDraft, SavedViewView, Shelf
from cim.permissions import Permission, Scope
from cim.service import settings, typed
from cim.service.listing.engine import KINDS
from cim.work import Work, command, query

VIEWS = columns(SavedView)
USERS = columns(User)
PREFERENCES = columns(Preference)

DEFAULT = "default_view."
LISTING = "list."
"""Preferences, with the noun behind: the key of the view that opens first; {"columns": [...], "size": N} of the list."""
SIZES = (20, 50, 100)
MOST_VIEWS, MOST_COLUMNS, IDLE_DAYS = 100, 40, 30
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,39}|custom\.[a-z0-9_]{1,40}")

SHIPPED: dict[str, tuple[str, dict[str, Any]]] = {
    "all": (N_("All customers"), {}),
    "mine": (N_("Mine"), {"mine": True}),
    "team": (N_("My team's"), {"team": True}),
    "starred": (N_("Followed by me"), {"starred": True}),
    "pool": (N_("Public pool"), {"owner": 0}),
    "forgotten": (N_("Forgotten customers"), {"forgotten": True}),
    "no_next_step": (N_("No next step"), {"no_next_step": True}),
    "overdue": (N_("Follow-up overdue"), {"overdue": True}),
    "new": (N_("New this week, not contacted"), {"created_within": "this_week", "contacted": "never"}),
    "idle": (N_("Long without contact"), {"idle_days": IDLE_DAYS}),
}
"""Views that everybody has: message id and filter. Those about work are narrowed to the actor's own customers, or to his
team's where he leads one: the pool has no next step by its nature."""
_WORK = ("forgotten", "no_next_step", "overdue", "new", "idle")


_ME: Any = aliased(User)
_FIRST: Any = aliased(Preference)
_LIST: Any = aliased(Preference)
_SHELF: Any = (  # one row even for somebody without a view, for the sake of the preferences
    select(SavedView, USERS.name, _FIRST.value, _LIST.value)
    .select_from(_ME)
    .outerjoin(_FIRST, and_(_FIRST.user_id == _ME.id, _FIRST.name == bindparam("first")))
    .outerjoin(_LIST, and_(_LIST.user_id == _ME.id, _LIST.name == bindparam("listing")))
    .outerjoin(
        SavedView,
        and_(
            or_(VIEWS.user_id == _ME.id, VIEWS.shared),
            VIEWS.deleted_at.is_(None),
            func.coalesce(VIEWS.noun, Noun.CUSTOMER.value) == bindparam("noun"),
        ),
    )
    .outerjoin(User, USERS.id == VIEWS.user_id)
    .where(_ME.id == bindparam("me"))
    .order_by(VIEWS.name, VIEWS.id)
)


@query(Permission.CUSTOMER_READ)
def everything(work: Work, noun: Noun = Noun.CUSTOMER) -> Shelf:
    """The views of a noun that the actor may use, shipped ones first, then by name; his columns and page size. One
    query."""
    asked = _SHELF.where(or_(VIEWS.id.is_(None), work.visible(SavedView)))
    named = {"first": _named(DEFAULT, noun), "listing": _named(LISTING, noun), "noun": noun.value}
    found = work.session.execute(asked, {"me": work.actor.user_id, **named}).all()
    default = str(found[0][2] or "") if found else ""
    prefers = found[0][3] if found and isinstance(found[0][3], dict) else {}
    views = _shipped(work, noun) + [
        _view(work, row, name or "") for row, name, _first, _listing in found if row is not None
    ]
    for view in views:
        view.default = view.key == default
    size = prefers.get("size")
    return Shelf(views=views, columns=_columns(prefers.get("columns") or []), size=size if size in SIZES else 50)


@command(Permission.CUSTOMER_READ)
def save(work: Work, draft: SavedViewDraft, *, noun: Noun = Noun.CUSTOMER) -> int:
    """Keep a filter of a noun with its columns and order under a name; returns the id. Raises Invalid for the name, a
    filter that means nothing or holds personal data, unknown columns, or too many views."""
    held = select(func.count()).where(VIEWS.user_id == work.actor.user_id, VIEWS.deleted_at.is_(None))
    if work.session.execute(held).scalar_one() >= MOST_VIEWS:
        raise Invalid("name", "You have {count} views. Remove one first.", count=MOST_VIEWS)
    row = SavedView(user_id=work.actor.user_id or 0, name="", noun=None if noun is Noun.CUSTOMER else noun.value)
    _apply(work, row, draft)
    return work.add(row).id or 0


@command(Permission.CUSTOMER_READ)
def change(work: Work, view_id: int, draft: SavedViewDraft, *, version: int) -> bool:
    """Replace a view; False when nothing differed. For its owner, and for administrators where it is shared. Raises as
    `save`, NotFound for private views of others, Conflict when somebody changed it since."""
    row = _own(work, view_id, version)
    before = row.model_dump(exclude={"version"})
    _apply(work, row, draft)
    return row.model_dump(exclude={"version"}) != before


@command(Permission.CUSTOMER_READ)
def share(work: Work, view_id: int, *, on: bool = True) -> bool:
    """Show a view to everybody, or to its owner alone again; False when that is so already."""
    row = _own(work, view_id)
    changed = row.shared is not on
    row.shared = on
    return changed


@command(Permission.CUSTOMER_READ)
def remove(work: Work, view_id: int, *, version: int) -> None:
    """Take a view away. Whoever had it as first view begins with all customers again."""
    _own(work, view_id, version).deleted_at = work.now


@command(Permission.CUSTOMER_READ)
def make_default(work: Work, key: str | None, *, noun: Noun = Noun.CUSTOMER) -> None:
    """Open the list with this view from now on: a shipped one's key, or the id of one that the actor may use; None for
    all records."""
    if key is not None and key not in _views(noun):
        if not key.isdecimal():
            raise NotFound("This record does not exist or is not yours to see.")
        if _noun(work.get(SavedView, int(key))) is not noun:
            raise NotFound("This record does not exist or is not yours to see.")
    settings.prefer(work, _named(DEFAULT, noun), None if key == "all" else key)


@command(Permission.CUSTOMER_READ)
def prefer(
    work: Work, *, columns: Iterable[str] | None = None, size: int | None = None, noun: Noun = Noun.CUSTOMER
) -> None:
    """Remember the columns, in order, and the page size of one's list; None leaves what is."""
    held = settings.preference(work, _named(LISTING, noun))
    kept: dict[str, Any] = dict(held) if isinstance(held, dict) else {}
    if columns is not None:
        kept["columns"] = _columns(columns, strict=True)
    if size is not None:
        if size not in SIZES:
            raise Invalid("size", "Choose 20, 50 or 100 rows.")
        kept["size"] = size
    settings.prefer(work, _named(LISTING, noun), kept)


def _own(work: Work, view_id: int, version: int | None = None) -> SavedView:
    row = work.get(SavedView, view_id, version=version)
    if row.user_id != work.actor.user_id and not work.actor.can(Permission.SETTINGS_MANAGE):
        raise Denied("This view belongs to somebody else. Save a copy of your own.")
    return row


def _apply(work: Work, row: SavedView, draft: SavedViewDraft) -> None:
    name = typed.line("name", draft.name, 60)
    if not name:
        raise Invalid("name", "Enter the name.")
    noun = _noun(row)
    same = select(VIEWS.id).where(
        VIEWS.user_id == row.user_id,
        VIEWS.name == name,
        VIEWS.deleted_at.is_(None),
        VIEWS.id != (row.id or 0),
        func.coalesce(VIEWS.noun, Noun.CUSTOMER.value) == noun.value,
    )
    if work.session.execute(same).first():
        raise Invalid("name", "You have a view of this name already.")
    form: type[CustomerFilter | RecordFilter] = CustomerFilter if noun is Noun.CUSTOMER else RecordFilter
    try:
        narrowed = form.model_validate(draft.filter)
    except ValidationError as error:
        wrong = sorted({str(problem["loc"][0]) for problem in error.errors()})
        raise Invalid("filter", "The view holds filters that mean nothing: {names}", names=", ".join(wrong)) from error
    if isinstance(narrowed, RecordFilter):
        strange = [facet for facet in narrowed.facets if KINDS[noun].facet(facet) is None]
        if strange:
            raise Invalid("filter", "The view holds filters that mean nothing: {names}", names=", ".join(strange))
    if search_text.query(narrowed.q).kind in ("phone", "email", "identity"):
        raise Invalid("filter", "A view cannot keep a phone number, e-mail or ID. Clear the search box first.")
    if draft.order and not _is_order(noun, draft.order):
        raise Invalid("order", "There is no order {name}.", name=draft.order[:20])
    row.name = name
    row.filter = narrowed.model_dump(mode="json", exclude_defaults=True)
    row.columns = list(_columns(draft.columns, strict=True))
    row.order = "" if draft.order == (Order.NEWEST if noun is Noun.CUSTOMER else KINDS[noun].order) else draft.order
    row.shared = draft.shared


def _columns(names: Iterable[Any], *, strict: bool = False) -> list[str]:
    """Names of columns, each once. What is no name is left out, or Invalid where somebody has just asked for it."""
    found = list(dict.fromkeys(str(name) for name in names))
    good = [name for name in found if _COLUMN.fullmatch(name)][:MOST_COLUMNS]
    if strict and good != found:
        raise Invalid("columns", "There is no column {name}.", name=next((n for n in found if n not in good), "")[:40])
    return good


def _shipped(work: Work, noun: Noun) -> list[SavedViewView]:
    offered = _views(noun)
    reach = work.actor.scope(Permission.CUSTOMER_UNMASK if noun is Noun.CUSTOMER else KINDS[noun].writes)
    own = {Scope.OWN: {"mine": True}, Scope.TEAM: {"team": True}}.get(reach, {}) if reach else {}
    hidden: tuple[str, ...] = {None: ("mine", "team"), Scope.OWN: ("team",)}.get(reach, ())
    if noun is not Noun.CUSTOMER and reach is Scope.ALL:
        hidden = ("team",)  # who works for everybody has records of his own all the same
    return [
        SavedViewView(
            id=-number,
            key=key,
            name=name,
            filter=narrowed | (own if noun is Noun.CUSTOMER and key in _WORK else {}),
            columns=[],
            order="",
            shared=True,
            mine=False,
            owner="",
            default=False,
            version=0,
        )
        for number, (key, (name, narrowed)) in enumerate(offered.items())
        if key not in hidden
    ]


def _view(work: Work, row: SavedView, owner: str) -> SavedViewView:
    mine = row.user_id == work.actor.user_id
    values = row.model_dump(include={"name", "filter", "order", "shared", "version"})
    return SavedViewView(
        **values, id=row.id or 0, key=str(row.id), columns=_columns(row.columns), mine=mine, owner=owner, default=False
    )


def _views(noun: Noun) -> Mapping[str, tuple[str, dict[str, Any]]]:
    """The shipped views of a noun. Raises Invalid for one that is not listed."""
    if noun is Noun.CUSTOMER:
        return SHIPPED
    if noun not in KINDS:
        raise Invalid("noun", "There is no list of {noun}.", noun=str(noun))
    return KINDS[noun].views


def _noun(row: SavedView) -> Noun:
    return Noun(row.noun or Noun.CUSTOMER)


def _named(preference: str, noun: Noun) -> str:
    return f"{preference}{noun.value}s"


def _is_order(noun: Noun, order: str) -> bool:
    if noun is Noun.CUSTOMER:
        return order in set(Order)
    return KINDS[noun].column(order.removeprefix("-")) is not None
