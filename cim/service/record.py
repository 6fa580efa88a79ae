"""What follows from a customer's values: search and matching, the order of its name, quality, tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from cim.models import Customer, CustomerTag
from cim.models.base import columns
from cim.models.custom import Noun
from cim.normalize import pinyin
from cim.service import custom_values, index, judging, views, worklist_stale
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
    judging.judge(work, row)
    reindex(work, row)


def reindex(work: Work, row: Customer) -> None:
    """Bring search and matching up to date after a change of the customer or of its contacts."""
    contacts = index.contacts_of(work, row.id or 0, work.cipher(row.uid))
    found_by = values(work, row) | {"custom": custom_values.texts(work, row)}
    index.write(work, [index.Entry(row.id or 0, index.facts(found_by, contacts))], new=False)
    worklist_stale.stale(work, [row.id or 0])


def refresh_all(work: Work, rows: Sequence[Customer], *, found: bool) -> None:
    """As `refresh`, for some hundred customers at the price of one; `found` where what they are found by changed too.
    Names are not expected to change here."""
    ids = [row.id or 0 for row in rows]
    work.load_ciphers(row.uid for row in rows)
    judging.judge_all(work, rows)
    worklist_stale.stale(work, ids)
    if not found:
        return
    with work.session.no_autoflush:
        people = index.contacts_of_all(work, rows)
        fields = custom_values.live(work, Noun.CUSTOMER)
        held = custom_values.values(work, Noun.CUSTOMER, ids) if fields else {}
    entries = []
    for row in rows:
        words = custom_values.searched(fields, held.get(row.id or 0, {}))
        known = values(work, row) | {"custom": words}
        entries.append(index.Entry(row.id or 0, index.facts(known, people.get(row.id or 0, []))))
    index.write(work, entries, new=False)


def name_order(name: str) -> str:
    """What a list sorted by name compares: pinyin, so that 安 comes before 波."""
    return " ".join(pinyin(name))[:200]


def tags(work: Work, row: Customer) -> list[str]:
    """The tags of a customer, sorted."""
    held = select(TAGS.tag).where(TAGS.customer_id == row.id).order_by(TAGS.tag)
    return list(work.session.execute(held).scalars())


def retag(work: Work, row: Customer, wanted: list[str]) -> bool:
    """Give a customer exactly these tags (sorted), with history; False when it had them."""
    before = tags(work, row)
    if before == wanted:
        return False
    work.session.execute(delete(CustomerTag).where(TAGS.customer_id == row.id))
    work.session.add_all([CustomerTag(customer_id=row.id or 0, tag=tag) for tag in wanted])
    work.note(row, "tags", before, wanted)
    return True
