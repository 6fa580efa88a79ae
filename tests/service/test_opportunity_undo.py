"""Opportunities follow their customer through hand-over, pool, merge and unmerge, and every verb can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from cim import service
from cim.errors import NotFound
from cim.models.customer import CustomerDraft
from cim.models.opportunity_view import LineDraft, StepDraft
from tests.factories import Personas
from tests.service.deals import deal, holds, last_change, open_amount, product, stored

deals = service.opportunities
lines = service.opportunity_lines
steps = service.opportunity_steps


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


@pytest.fixture
def at(people: Personas) -> dict[str, int]:
    """Stages by key."""
    return {row.key: row.id for row in service.stages.everything(people.root)}


# ---- following the customer
def test_open_ones_go_with_the_customer_stage_plan_and_history_stay(
    people: Personas, firm: int, at: dict[str, int]
) -> None:
    going = deals.create(people.ann, firm, deal(stage_id=at["proposal"]))
    step = steps.add(people.ann, going, StepDraft(title="演示"))
    steps.done(people.ann, steps.add(people.ann, going, StepDraft(title="做过的")))
    managers = deals.create(people.mei, firm, deal("经理的", owner_id=people.mei.user_id))
    lost = deals.create(people.ann, firm, deal("输掉的"))
    deals.lose(people.ann, lost, "太贵")
    before = {number: stored(number) for number in (going, managers, lost)}
    service.customers.assign(people.mei, firm, people.bo.user_id)
    assert [deals.get(people.bo, number).owner for number in (going, managers, lost)] == ["薄文博", "梅若华", "安晓然"]
    assert next((s.id, s.owner) for s in steps.of(people.bo, going)) == (step, "薄文博")
    assert [s.owner for s in steps.of(people.bo, going)][1] == "安晓然", "who did it did it"
    view = deals.get(people.bo, going)
    assert (view.stage_id, view.days, len(deals.stage_history(people.bo, going))) == (at["proposal"], 0, 1)
    service.undo.change_set(people.mei, last_change())
    assert {number: stored(number) for number in before} == before
    holds(people)


def test_merge_and_unmerge_take_everything_along(people: Personas, firm: int, at: dict[str, int]) -> None:
    twin = service.customers.create(people.ann, CustomerDraft(name="苏州汇能机电有限公司"))
    made = deals.create(people.ann, twin, deal(stage_id=at["proposal"]))
    lines.put(people.ann, made, [LineDraft(product_id=product())])
    steps.add(people.ann, made, StepDraft(title="演示"))
    before = stored(made)
    service.customers.merge(people.ann, firm, [twin])
    assert {values["customer_id"] for _name, values in stored(made)} == {firm}
    assert deals.get(people.ann, made).customer_id == firm
    assert [card.id for card in deals.of_customer(people.ann, firm)] == [made]
    assert open_amount(people, firm) == 120_000
    service.customers.unmerge(people.ann, twin)
    assert stored(made) == before
    assert (open_amount(people, firm), open_amount(people, twin)) == (0, 120_000)
    holds(people)


# ---- taken back
def test_each_verb_can_be_taken_back_and_done_again(people: Personas, firm: int, at: dict[str, int]) -> None:
    made = deals.create(people.ann, firm, deal(probability=35))
    step = steps.add(people.ann, made, StepDraft(title="演示"))
    pump = product()
    lines.put(people.ann, made, [LineDraft(product_id=pump), LineDraft(name="安装", unit_price=Decimal(5))])

    def now() -> int:
        return deals.get(people.ann, made).version

    verbs: dict[str, Callable[[], object]] = {
        "update": lambda: deals.update(people.ann, made, deal("改名", 5, competitors="甲"), version=now()),
        "advance": lambda: deals.advance(people.ann, made, at["proposal"]),
        "win": lambda: deals.win(people.ann, made, amount=Decimal(7), reason="价格"),
        "lose": lambda: deals.lose(people.ann, made, "太贵"),
        "put": lambda: lines.put(people.ann, made, [LineDraft(product_id=pump, quantity=Decimal(4))]),
        "change": lambda: steps.change(people.ann, step, StepDraft(title="终审"), version=1),
        "done": lambda: steps.done(people.ann, step),
        "assign": lambda: deals.assign(people.mei, made, people.mei.user_id or 0),
    }
    for name, verb in verbs.items():
        before, figure = stored(made), open_amount(people, firm)
        verb()
        after, number = stored(made), last_change()
        assert after != before, name
        result = service.undo.change_set(people.mei, number)
        assert (result.kept, result.failed) == (0, 0), name
        assert stored(made) == before, name
        assert open_amount(people, firm) == figure, name
        if name in ("advance", "put"):
            service.undo.change_set(people.mei, last_change())
            assert stored(made) == after, name
            service.undo.change_set(people.mei, last_change())
    holds(people)


def test_reopening_is_taken_back_too(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    deals.lose(people.ann, made, "太贵")
    before = stored(made)
    deals.reopen(people.ann, made)
    service.undo.change_set(people.ann, last_change())
    assert stored(made) == before
    assert open_amount(people, firm) == 0


def test_a_new_one_is_taken_back_and_comes_again(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    number, before = last_change(), stored(made)
    service.undo.change_set(people.ann, number)
    with pytest.raises(NotFound):
        deals.get(people.ann, made)
    assert open_amount(people, firm) == 0
    assert [name for name, _values in stored(made)] == ["Opportunity"], "its history goes with it"
    service.undo.change_set(people.ann, last_change())
    assert stored(made) == before
    assert open_amount(people, firm) == 120_000
    deals.remove(people.ann, made, reason="录错了")
    assert open_amount(people, firm) == 0
    service.undo.change_set(people.ann, last_change())
    assert stored(made) == before
    holds(people)
