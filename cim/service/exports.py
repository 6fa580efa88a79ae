"""Exports: rows leave as CSV or XLSX, masked and capped as the role demands, each with an entry in the audit log."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select

from cim import clock, normalize, search_text, tabular
from cim.errors import Invalid
from cim.i18n import N_, _
from cim.models import Activity, Contact, Customer, CustomerTag, User
from cim.models.activity import ActivityType, Outcome
from cim.models.base import View
from cim.models.custom import Noun
from cim.models.customer import Gender, Kind
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter, Order
from cim.permissions import EXPORT_CAP, Permission
from cim.service import budget, conditions, custom_values, regions, search, views
from cim.service.importing import mapping, own_fields
from cim.work import LARGEST_ID, Work, query

Format = Literal["csv", "xlsx"]
CHUNK = 1000
_WORDS: dict[Any, str] = {
    Kind.COMPANY: "公司",
    Kind.PERSON: "个人",
    Gender.MALE: "男",
    Gender.FEMALE: "女",
    ActivityType.CALL: "电话",
    ActivityType.VISIT: "拜访",
    ActivityType.EMAIL: "邮件",
    ActivityType.WECHAT: "微信",
    ActivityType.MEETING: "会议",
    ActivityType.NOTE: "备注",
    Outcome.NO_ANSWER: "无人接听",
    Outcome.NO_NEED: "暂无需求",
    Outcome.PENDING: "待跟进",
    Outcome.INTERESTED: "有意向",
    Outcome.DEAL: "已成交",
}
"""The words that an import reads back."""
SHEETS = {
    ImportKind.CUSTOMERS: N_("Customers"),
    ImportKind.CONTACTS: N_("Contacts"),
    ImportKind.ACTIVITIES: N_("Follow-ups"),
}


PERSONAL = frozenset({*Customer.SEALED, "birthday"})
"""Columns whose values are masked for most people: exporting them in clear counts against the day's budget."""


class Exported(bytes):
    """The file, with the number of its rows and the reference under which the audit log knows it."""

    rows: int = 0
    reference: str = ""


class ExportColumn(View):
    """One column on offer: its name for `fields`, and the header that the file gets."""

    name: str
    header: str


@query(Permission.EXPORT, recorded=True)
def customers(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The customers that the filter lets through, as this actor may see them, in the columns that an import reads.

    `ids` takes these customers instead, as far as the actor reaches them. `fields` picks canonical columns (CONTRACT:
    import columns), custom fields as `custom.KEY`. Raises Invalid("reason") without a reason, Invalid("rows") over the cap
    of the role, Invalid("fields"), Invalid("format"), and Denied beyond the day's budget of personal data.
    """
    asked = Asked(ImportKind.CUSTOMERS, narrowed or CustomerFilter(), ids, reason, fields, format)
    return _export(work, asked, _customer_rows)


@query(Permission.EXPORT, recorded=True)
def contacts(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The contacts of the customers that the filter lets through; otherwise as `customers`."""
    asked = Asked(ImportKind.CONTACTS, narrowed or CustomerFilter(), ids, reason, fields, format)
    return _export(work, asked, _contact_rows)


@query(Permission.EXPORT, recorded=True)
def activities(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The follow-ups of the customers that the filter lets through; otherwise as `customers`."""
    asked = Asked(ImportKind.ACTIVITIES, narrowed or CustomerFilter(), ids, reason, fields, format)
    return _export(work, asked, _activity_rows)


@query(Permission.EXPORT)
def choices(work: Work, kind: ImportKind) -> list[ExportColumn]:
    """The columns that an export of this kind can have, in their order."""
    own = own_fields.columns(own_fields.fields(work, kind))
    names = _fields(kind, None, own)
    return [ExportColumn(name=name, header=mapping.header_of(kind, name, own)) for name in names]


@query(Permission.EXPORT)
def used_today(work: Work) -> budget.Budget:
    """How many customers' personal data the actor has looked up or taken out today, and what is allowed."""
    return budget.today(work)


@dataclass(frozen=True)
class Asked:
    """What an export is to hold."""

    kind: ImportKind
    narrowed: CustomerFilter
    ids: Sequence[int] | None
    reason: str
    fields: Sequence[str] | None
    format: str


Rows = Callable[[Work, list[int], list[str]], Iterator[dict[str, Any]]]
"""Rows of these customers; the names of the columns say which custom fields are wanted."""


def _export(work: Work, asked: Asked, rows: Rows) -> Exported:
    if not asked.reason.strip():
        raise Invalid("reason", "Say what the export is for: it is recorded.")
    if asked.format not in ("csv", "xlsx"):
        raise Invalid("format", "Choose CSV or XLSX.")
    held = own_fields.fields(work, asked.kind)
    own = own_fields.columns(held)
    names = _fields(asked.kind, asked.fields, own)
    found = _found(work, asked)
    tells = {*PERSONAL, *(f"{custom_values.PREFIX}{field.key}" for field in held if field.personal)}
    clear = sum(work.may_see_clear(owner_id) for _id, owner_id in found) if tells & set(names) else 0
    budget.take(work, clear)
    facts: dict[str, Any] = {
        "rows": 0,
        "filters": _shown(asked),
        "format": asked.format,
        "reference": secrets.token_hex(4),
        "clear": clear,
    }
    ids = [number for number, _owner in found]
    if asked.kind is ImportKind.CUSTOMERS:
        _check_cap(work, len(ids))
    cells = _counted(work, facts, _cells(work, ids, names, rows))
    made = Exported(_file(work, asked, [mapping.header_of(asked.kind, name, own) for name in names], cells, facts))
    work.record(reason=asked.reason.strip()[:500], **facts)
    made.rows, made.reference = facts["rows"], str(facts["reference"])
    return made


def _cells(work: Work, ids: list[int], names: list[str], rows: Rows) -> Iterator[list[str]]:
    """Row by row, so that an export holds its file and not its rows."""
    for start in range(0, len(ids), CHUNK):
        for row in rows(work, ids[start : start + CHUNK], names):
            yield [_text(row.get(name)) for name in names]
        work.forget_ciphers()


def _counted(work: Work, facts: dict[str, Any], cells: Iterator[list[str]]) -> Iterator[list[str]]:
    for facts["rows"], row in enumerate(cells, 1):
        _check_cap(work, facts["rows"])
        yield row


def _check_cap(work: Work, count: int) -> None:
    cap = EXPORT_CAP.get(work.actor.role) if work.actor.role else None
    if cap is not None and count > cap:
        raise Invalid(
            "rows", "{count} rows are more than the {cap} your role may export. Narrow it.", count=count, cap=cap
        )


def _file(work: Work, asked: Asked, headers: list[str], cells: Iterator[list[str]], facts: dict[str, Any]) -> bytes:
    """The rows in the format asked for; a workbook also says who took it out, when, why, and where the log has it."""
    if asked.format == "csv":
        return tabular.write_csv(headers, cells)

    def about() -> Iterator[tuple[str, str]]:  # read after the rows: only then is their number known
        yield _("Exported by"), f"{work.actor.name} ({work.actor.username})"
        yield _("Time"), clock.local(work.now).isoformat(sep=" ", timespec="seconds")
        yield _("Filter"), facts["filters"]
        yield _("Reason"), asked.reason.strip()[:500]
        yield _("Rows"), str(facts["rows"])
        yield _("Audit reference"), facts["reference"]

    return tabular.write_xlsx(headers, cells, sheet=_(SHEETS[asked.kind]), about=about(), about_sheet=_("About"))


def _fields(kind: ImportKind, fields: Sequence[str] | None, own: Sequence[mapping.Column]) -> list[str]:
    known = [column.name for column in (*mapping.COLUMNS[kind], *own) if column.written]
    if unknown := [name for name in fields or () if name not in known]:
        raise Invalid("fields", "There is no column {name}.", name=unknown[0])
    if fields is not None and not fields:
        raise Invalid("fields", "Choose at least one column.")
    return [name for name in known if fields is None or name in fields]


def _found(work: Work, asked: Asked) -> list[tuple[int, int | None]]:
    """(id, owner) of the customers that are wanted and in the actor's reach."""
    c: Any = Customer
    shown = select(c.id, c.owner_id).order_by(c.id)
    wanted = asked.ids
    if wanted is None and not asked.narrowed.q.strip():
        where = conditions.customers(work, asked.narrowed)
        return [tuple(row) for row in work.session.execute(shown.where(*where))]
    wanted = _searched(work, asked.narrowed) if wanted is None else sorted(set(wanted))
    found: list[tuple[int, int | None]] = []
    for start in range(0, len(wanted), CHUNK):
        part = [number for number in wanted[start : start + CHUNK] if 0 < number <= LARGEST_ID]
        found += [tuple(row) for row in work.session.execute(shown.where(c.id.in_(part), work.visible(Customer)))]
    return found


def _searched(work: Work, narrowed: CustomerFilter) -> list[int]:
    ids: list[int] = []
    page, more = 1, True
    while more:
        found = search.customers(work, narrowed, order=Order.NEWEST, page=page, size=200)
        ids += [row.id for row in found.rows]
        more, page = len(found.rows) == 200, page + 1
    return ids


def _shown(asked: Asked) -> str:
    """The filter for the log and the file. A phone number, e-mail or ID in it stays out: the log is no place for it."""
    if asked.ids is not None:
        return json.dumps({"selected": len(set(asked.ids))})
    narrowed = asked.narrowed
    given = narrowed.model_dump(mode="json", exclude_defaults=True)
    if search_text.query(narrowed.q).kind in ("phone", "email", "identity"):
        given["q"] = "•••"
    return json.dumps(given, ensure_ascii=False)


def _customer_rows(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    c: Any = Customer
    tag: Any = CustomerTag
    found = work.session.execute(views.listed().where(c.id.in_(ids)).order_by(c.id)).all()
    work.load_ciphers(item[0].uid for item in found)
    tags: dict[int, list[str]] = {}
    for customer_id, word in work.session.execute(
        select(tag.customer_id, tag.tag).where(tag.customer_id.in_(ids)).order_by(tag.tag)
    ):
        tags.setdefault(customer_id, []).append(word)
    seen_of = {item[0].id: work.may_see_clear(item[0].owner_id) for item in found}
    own = own_fields.cells(work, Noun.CUSTOMER, seen_of, asked)
    names = ("code", "kind", "name", "contact", "gender", "uscc", "industry", "source", "grade", "preference", "notes")
    for row, owner, region, level, above in found:
        seen = work.may_see_clear(row.owner_id)
        place = regions.label(region, level, above)
        yield {
            **{name: getattr(row, name) for name in names},
            **_personal(views.opened(work, row), seen, region or ""),
            "birthday": row.birthday if seen else None,
            "region": place,
            "owner": owner,
            "tags": ";".join(tags.get(row.id, ())),
            "created_at": row.created_at,
            **own.get(row.id, {}),
        }


def _personal(values: dict[str, str], seen: bool, region: str) -> dict[str, str]:
    if not seen:
        return views.masked(values, region=region)
    return values | {name: normalize.phone_display(values[name]) for name in ("phone", "phone2") if values[name]}


def _contact_rows(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    t: Any = Contact
    c: Any = Customer
    statement = (
        select(t, c.code, c.name, c.owner_id, c.uid)
        .join(Customer, c.id == t.customer_id)
        .where(t.customer_id.in_(ids), t.deleted_at.is_(None))
        .order_by(t.customer_id, t.id)
    )
    found = work.session.execute(statement).all()
    work.load_ciphers(item[4] for item in found)
    seen_of = {item[0].id: work.may_see_clear(item[3]) for item in found}
    own = own_fields.cells(work, Noun.CONTACT, seen_of, asked)
    for row, code, name, owner_id, uid in found:
        cipher = work.cipher(uid)
        seen = work.may_see_clear(owner_id)
        values = {
            part: cipher.open(bytes(sealed), f"contact.{part}.{row.uid}") if sealed and cipher else ""
            for part, sealed in (("phone", row.phone), ("email", row.email))
        }
        yield {
            "customer": code,
            "customer_name": name,
            "birthday": row.birthday if seen else None,
            **{part: getattr(row, part) for part in ("name", "title", "role")},
            **_personal(values | {"phone2": ""}, seen, ""),
            **own.get(row.id, {}),
        }


def _activity_rows(work: Work, ids: list[int], _asked: list[str]) -> Iterator[dict[str, Any]]:
    t: Any = Activity
    c: Any = Customer
    user: Any = User
    statement = (
        select(t, c.code, c.name, user.name)
        .join(Customer, c.id == t.customer_id)
        .outerjoin(User, user.id == t.author_id)
        .where(t.customer_id.in_(ids), t.deleted_at.is_(None))
        .order_by(t.customer_id, t.at, t.id)
    )
    names = ("type", "at", "contact", "content", "outcome", "place", "next_at")
    for row, code, name, author in work.session.execute(statement):
        values = {part: getattr(row, part) for part in names}
        yield {"customer": code, "customer_name": name, "by": row.author or author, **values}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            local = clock.local(value)
            return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
    return value if type(value) is str else _WORDS.get(value, str(value))
