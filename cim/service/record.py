"""What follows from a customer's values: search and matching, the order of its name, completeness, tags."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from cim.models import Customer, CustomerTag
from cim.models.base import columns
from cim.normalize import pinyin
from cim.service import index, standards, views
from cim.work import Work

TAGS = columns(CustomerTag)


def values(work: Work, row: Customer) -> dict[str, Any]:
    """What is compared and judged: plain and sealed values, in clear. Never leaves the service."""
    plain = {
        n: getattr(row, n) for n in ("kind", "name", "contact", "uscc", "region_code", "owner_id", "source", "industry")
    }
    return plain | views.opened(work, row)


def refresh(work: Work, row: Customer) -> None:
    """Bring everything that follows from the values up to date after they changed."""
    row.name_order = name_order(row.name)
    row.completeness = standards.completeness(values(work, row))
    reindex(work, row)


def reindex(work: Work, row: Customer) -> None:
    """Bring search and matching up to date after a change of the customer or of its contacts."""
    contacts = index.contacts_of(work, row.id or 0, work.cipher(row.uid))
    index.write(work, [index.Entry(row.id or 0, index.facts(values(work, row), contacts))], new=False)


def name_order(name: str) -> str:
    """What a list sorted by name compares: pinyin, so that 安 comes before 波."""
    return " ".join(pinyin(name))[:200]


def retag(work: Work, row: Customer, tags: list[str]) -> bool:
    """Give a customer exactly these tags (sorted), with history; False when it had them."""
    held = select(TAGS.tag).where(TAGS.customer_id == row.id).order_by(TAGS.tag)
    before = list(work.session.execute(held).scalars())
    if before == tags:
        return False
    work.session.execute(delete(CustomerTag).where(TAGS.customer_id == row.id))
    work.session.add_all([CustomerTag(customer_id=row.id or 0, tag=tag) for tag in tags])
    work.note(row, "tags", before, tags)
    return True
