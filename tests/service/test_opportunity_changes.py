"""Opportunities whose surroundings change: a currency that went, a bulk edit that is refused, two people at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from cim import clock, service
from cim.errors import Conflict, Invalid
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft
from cim.models.record_list import RecordSelection
from tests.factories import Personas
from tests.service.deals import deal

deals = service.opportunities


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def test_a_currency_that_is_offered_no_more_ties_nobody(people: Personas, firm: int) -> None:
    service.currency.set_rate(people.root, "USD", Decimal(7))
    made = deals.create(people.ann, firm, deal(amount=Decimal(100), currency="USD"))
    service.currency.remove_rate(people.root, "USD")
    version = deals.get(people.ann, made).version
    with pytest.raises(Invalid) as refused:
        deals.update(people.ann, made, OpportunityDraft(name="x", amount=Decimal(200)), version=version)
    assert refused.value.field == "currency"
    assert deals.update(people.ann, made, OpportunityDraft(name="改名"), version=version)
    deals.lose(people.ann, made, "没有预算")
    assert deals.get(people.ann, made).base_amount == 700
    deals.remove(people.ann, made)


def test_what_is_refused_for_many_changes_none_of_them(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    chosen = RecordSelection(ids=[made])
    told = service.record_edit.assign(
        people.mei, Noun.OPPORTUNITY, chosen, people.mei.user_id or 0, reason="很长" * 150
    )
    assert (told.done, len(told.skipped)) == (0, 1)
    assert deals.get(people.ann, made).owner_id == people.ann.user_id


def test_two_conversions_at_once_become_one_order(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    deals.win(people.ann, made)
    outcomes: list[str] = []

    def press(token: str) -> None:
        try:
            deals.convert_to_order(people.ann, made, token=token)
            outcomes.append("made")
        except Conflict:
            outcomes.append("Conflict")

    threads = [threading.Thread(target=press, args=(f"t{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Conflict", "Conflict", "made"]
    assert len(deals.ordered(people.ann, made)) == 1


def test_what_is_expected_is_the_sum_of_what_each_is_expected_to_bring(people: Personas, firm: int) -> None:
    soon = clock.today() + timedelta(days=40)
    for amount in ("0.01", "0.01", "33.33"):
        deals.create(people.ann, firm, deal(amount=Decimal(amount), probability=50, expected_close=soon))
    cards = [card for column in service.pipeline.board(people.mei).columns for card in column.cards]
    each = sum(deals.get(people.mei, card.id).weighted for card in cards)
    assert each == Decimal("16.69")
    assert sum(column.weighted for column in service.pipeline.board(people.mei).columns) == each
    assert sum(month.weighted for month in service.pipeline.forecast(people.mei).months) == each
    assert sum(row.weighted for row in service.team.potential(people.mei, month=soon)) == each
