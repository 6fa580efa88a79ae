"""Tickets whose surroundings change: numbers from elsewhere, what they refer to, a customer in the recycle bin."""

from __future__ import annotations

import pytest

from cim import db, service
from cim.access import SYSTEM
from cim.errors import NotFound
from cim.models import Ticket
from cim.models.contact import ContactDraft
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft
from cim.models.product import ProductDraft
from cim.models.ticket import TicketDraft
from cim.service import ticket_after, ticket_escalation, tickets
from tests.factories import Personas
from tests.service.test_tickets import at, opened


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "2026-11-23T10:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def test_imported_numbers_never_stop_the_desk(people: Personas, firm: int) -> None:
    held = [opened(people.ann, firm, f"{number}") for number in range(3)]
    with db.session(writing=True) as session:
        for number, name in zip(held, ("T2026-99999", "T2026-A0001", "T2026-100001"), strict=True):
            ticket = session.get(Ticket, number)
            assert ticket is not None
            ticket.number = name
        session.commit()
    made = [tickets.get(people.ann, opened(people.ann, firm, "新")).number for _n in range(3)]
    assert made == ["T2026-100000", "T2026-100002", "T2026-100003"]


def test_what_a_ticket_refers_to_may_go(people: Personas, firm: int) -> None:
    contact = service.contacts.add(people.ann, firm, ContactDraft(name="王芳"))
    product = service.products.create(people.mei, ProductDraft(name="滤芯"))
    ticket = opened(people.ann, firm, contact_id=contact, product_id=product)
    service.contacts.remove(people.ann, contact)
    service.products.remove(people.mei, product)
    draft = TicketDraft(subject="滤芯漏水", contact_id=contact, product_id=product)
    assert tickets.update(people.ann, ticket, draft, version=tickets.get(people.ann, ticket).version)
    with pytest.raises(NotFound):
        opened(people.ann, firm, contact_id=contact)


def test_nobody_is_told_of_tickets_of_a_removed_customer(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(people.ann, firm)
    done = opened(people.ann, firm, "换滤芯")
    tickets.resolve(people.kai, done, "已更换")
    service.customers.remove(people.ann, firm, version=service.customers.get(people.ann, firm).version)
    at(monkeypatch, "2026-12-23T10:00")
    assert not ticket_escalation.anything_late(SYSTEM)
    assert (ticket_escalation.escalate_due(SYSTEM), ticket_after.close_due(SYSTEM)) == (0, 0)
    service.recycle.restore(people.ann, firm)
    assert (ticket_escalation.escalate_due(SYSTEM), ticket_after.close_due(SYSTEM)) == (1, 1)


def test_who_removes_tickets_brings_them_back(people: Personas, firm: int) -> None:
    ticket = opened(people.ann, firm)
    tickets.remove(people.mei, ticket)
    assert [row.id for row in service.recycle.records(people.mei, Noun.TICKET).rows] == [ticket]
    assert service.recycle.restore_record(people.mei, Noun.TICKET, ticket)
    assert service.customers.get(people.ann, firm).open_tickets == 1
