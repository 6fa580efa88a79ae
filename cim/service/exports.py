"""Exports: rows leave as CSV or XLSX, masked and capped as the role demands, each with an entry in the audit log."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select

from cim import clock, normalize, search_text, tabular
from cim.errors import Invalid
from cim.i18n import N_, _
from cim.models import Activity, Contact, Customer, CustomerTag, User
from cim.models.activity import ActivityType, Outcome
from cim.models.customer import Gender, Kind
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter, Order
from cim.permissions import EXPORT_CAP, Permission
from cim.service import conditions, regions, search, views
from cim.service.importing import mapping
from cim.work import Work, query

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


class Exported(bytes):
    """The file, with the number of its rows and the reference under which the audit log knows it."""

    rows: int = 0
    reference: str = ""


@query(Permission.EXPORT, recorded=True)
def customers(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
) -> Exported:
    """The customers that the filter lets through, as this actor may see them, in the columns that an import reads.

    `fields` picks canonical columns (CONTRACT: import columns). Raises Invalid("reason") without a reason,
    Invalid("rows") over the cap of the role, Invalid("fields"), Invalid("format").
    """
    return _export(work, ImportKind.CUSTOMERS, narrowed, _customer_rows, reason=reason, fields=fields, format=format)


@query(Permission.EXPORT, recorded=True)
def contacts(work: Work, narrowed: CustomerFilter | None = None, *, reason: str, format: Format = "csv") -> Exported:
    """The contacts of the customers that the filter lets through; otherwise as `customers`."""
    return _export(work, ImportKind.CONTACTS, narrowed, _contact_rows, reason=reason, fields=None, format=format)


@query(Permission.EXPORT, recorded=True)
def activities(work: Work, narrowed: CustomerFilter | None = None, *, reason: str, format: Format = "csv") -> Exported:
    """The follow-ups of the customers that the filter lets through; otherwise as `customers`."""
    return _export(work, ImportKind.ACTIVITIES, narrowed, _activity_rows, reason=reason, fields=None, format=format)


Rows = Callable[[Work, list[int]], Iterator[dict[str, Any]]]


def _export(
    work: Work,
    kind: ImportKind,
    narrowed: CustomerFilter | None,
    rows: Rows,
    *,
    reason: str,
    fields: Sequence[str] | None,
    format: str,
) -> Exported:
    if not reason.strip():
        raise Invalid("reason", "Say what the export is for: it is recorded.")
    if format not in ("csv", "xlsx"):
        raise Invalid("format", "Choose CSV or XLSX.")
    names = _fields(kind, fields)
    narrowed = narrowed or CustomerFilter()
    ids = _ids(work, narrowed)
    found: list[list[str]] = []
    cap = EXPORT_CAP.get(work.actor.role) if work.actor.role else None
    for part in _parts(ids):
        found += [[_text(row.get(name)) for name in names] for row in rows(work, part)]
        if cap is not None and len(found) > cap:
            count = len(ids) if kind is ImportKind.CUSTOMERS else len(found)
            raise Invalid(
                "rows", "{count} rows are more than the {cap} your role may export. Narrow it.", count=count, cap=cap
            )
    facts: dict[str, Any] = {
        "rows": len(found),
        "filters": _shown(narrowed),
        "format": format,
        "reference": secrets.token_hex(4),
    }
    work.record(reason=reason.strip()[:500], **facts)
    made = Exported(_file(work, kind, [mapping.header_of(kind, name) for name in names], found, facts, reason))
    made.rows, made.reference = len(found), str(facts["reference"])
    return made


def _file(
    work: Work, kind: ImportKind, headers: list[str], found: list[list[str]], facts: dict[str, Any], reason: str
) -> bytes:
    """The rows in the format asked for; a workbook also says who took it out, when, why, and where the log has it."""
    if facts["format"] == "csv":
        return tabular.write_csv(headers, found)
    about = [
        (_("Exported by"), f"{work.actor.name} ({work.actor.username})"),
        (_("Time"), clock.local(work.now).isoformat(sep=" ", timespec="seconds")),
        (_("Filter"), facts["filters"]),
        (_("Reason"), reason.strip()[:500]),
        (_("Rows"), str(len(found))),
        (_("Audit reference"), facts["reference"]),
    ]
    return tabular.write_xlsx(headers, found, sheet=_(SHEETS[kind]), about=about, about_sheet=_("About"))


def _fields(kind: ImportKind, fields: Sequence[str] | None) -> list[str]:
    known = [column.name for column in mapping.COLUMNS[kind]]
    if unknown := [name for name in fields or () if name not in known]:
        raise Invalid("fields", "There is no column {name}.", name=unknown[0])
    return [name for name in known if fields is None or name in fields]


def _ids(work: Work, narrowed: CustomerFilter) -> list[int]:
    if not narrowed.q.strip():
        column: Any = Customer.id
        where = conditions.customers(work, narrowed)
        return list(work.session.execute(select(column).where(*where).order_by(column)).scalars())
    ids: list[int] = []
    page, more = 1, True
    while more:
        found = search.customers(work, narrowed, order=Order.NEWEST, page=page, size=200)
        ids += [row.id for row in found.rows]
        more, page = len(found.rows) == 200, page + 1
    return ids


def _shown(narrowed: CustomerFilter) -> str:
    """The filter for the log and the file. A phone number, e-mail or ID in it stays out: the log is no place for it."""
    given = narrowed.model_dump(mode="json", exclude_defaults=True)
    if search_text.query(narrowed.q).kind in ("phone", "email", "identity"):
        given["q"] = "•••"
    return json.dumps(given, ensure_ascii=False)


def _customer_rows(work: Work, ids: list[int]) -> Iterator[dict[str, Any]]:
    c: Any = Customer
    tag: Any = CustomerTag
    found = work.session.execute(views.listed().where(c.id.in_(ids)).order_by(c.id)).all()
    work.load_ciphers(item[0].uid for item in found)
    tags: dict[int, list[str]] = {}
    for customer_id, word in work.session.execute(
        select(tag.customer_id, tag.tag).where(tag.customer_id.in_(ids)).order_by(tag.tag)
    ):
        tags.setdefault(customer_id, []).append(word)
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
        }


def _personal(values: dict[str, str], seen: bool, region: str) -> dict[str, str]:
    if not seen:
        return views.masked(values, region=region)
    return values | {name: normalize.phone_display(values[name]) for name in ("phone", "phone2") if values[name]}


def _contact_rows(work: Work, ids: list[int]) -> Iterator[dict[str, Any]]:
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
        }


def _activity_rows(work: Work, ids: list[int]) -> Iterator[dict[str, Any]]:
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


def _parts(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
