"""The rows of exported customers, and of their contacts and follow-ups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from cim import normalize
from cim.models import Activity, Contact, Customer, CustomerTag, User
from cim.models.custom import Noun
from cim.service import regions, views
from cim.service.importing import own_fields
from cim.work import Work


def customers(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
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


def contacts(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
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


def activities(work: Work, ids: list[int], _asked: list[str]) -> Iterator[dict[str, Any]]:
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
