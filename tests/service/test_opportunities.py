"""Opportunities through the service: stages with their history, closing, products, plan, becoming an order, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cim import clock, db, service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import User
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, FieldType, Noun
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft, StageDraft, StageKind
from cim.models.opportunity_view import LineDraft, StepDraft
from cim.models.user import UserStatus
from tests.factories import Personas, history, queries, recorded
from tests.service.deals import deal, last_change, open_amount, product, stored

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


# ---- making and changing
def test_created_in_the_first_stage_and_of_who_sells(people: Personas, firm: int, at: dict[str, int]) -> None:
    with recorded("opportunities.create", by=people.ann, times=2):  # the opportunity, and its first line of history
        made = deals.create(
            people.ann, firm, deal(expected_close=date(2026, 12, 20), competitors=" 某某环保 "), token="t"
        )
    assert deals.create(people.ann, firm, deal("又一次"), token="t") == made
    view = deals.get(people.ann, made)
    assert (view.stage_id, view.owner, view.chance, view.competitors) == (at["lead"], "安晓然", 10, "某某环保")
    assert (view.amount, view.currency, view.weighted) == (Decimal("120000.00"), "CNY", Decimal("12000.00"))
    assert (view.customer, view.created_by, view.kind, view.closed_at) == (
        "南京信诺环保科技有限公司",
        "安晓然",
        StageKind.OPEN,
        None,
    )
    assert open_amount(people, firm) == 120_000
    assert [(c.before, c.stage, c.amount) for c in deals.stage_history(people.ann, made)] == [
        ("", view.stage, Decimal("120000.00"))
    ]
    theirs = deals.create(people.mei, firm, deal("经理加的"))
    assert deals.get(people.mei, theirs).owner == "安晓然", (
        "who does not sell gives it to whoever looks after the customer"
    )


def test_refusals_name_the_field(people: Personas, firm: int, at: dict[str, int]) -> None:
    other = service.customers.create(people.ann, CustomerDraft(name="成都远山食品有限公司"))
    stranger = service.contacts.add(people.ann, other, ContactDraft(name="王五"))
    made = deals.create(people.ann, firm, deal())
    for field, draft in (
        ("name", deal("  ")),
        ("amount", deal(amount=-1)),
        ("amount", deal(amount="1e13")),
        ("currency", deal(currency="XAU")),
        ("probability", deal(probability=101)),
        ("expected_close", deal(expected_close=date(1026, 1, 1))),
        ("contact_id", deal(contact_id=stranger)),
        ("stage_id", deal(stage_id=at["won"])),
        ("stage_id", deal(stage_id=999)),
        ("amount", deal(amount=0, stage_id=at["proposal"])),
        ("owner_id", deal(owner_id=people.bo.user_id)),
        ("owner_id", deal(owner_id=people.kai.user_id)),
    ):
        with pytest.raises(Invalid) as refused:
            deals.create(people.ann, firm, draft)
        assert refused.value.field == field, draft
    for field, attempt in (
        ("reason", lambda: deals.lose(people.ann, made, " ")),
        ("closed_on", lambda: deals.win(people.ann, made, closed_on=date(2026, 11, 19))),
        ("closed_on", lambda: deals.lose(people.ann, made, "太贵", closed_on=date(2026, 11, 17))),
        ("amount", lambda: deals.win(people.ann, made, amount=Decimal(-5))),
        ("owner_id", lambda: deals.assign(people.mei, made, people.bo.user_id or 0)),
        ("owner_id", lambda: deals.assign(people.mei, made, people.audrey.user_id or 0)),
        ("quantity", lambda: lines.put(people.ann, made, [LineDraft(name="x", quantity=Decimal(0))])),
        ("unit_price", lambda: lines.put(people.ann, made, [LineDraft(name="x", unit_price=Decimal("1e13"))])),
        ("product_id", lambda: lines.put(people.ann, made, [LineDraft(product_id=99)])),
        ("lines", lambda: lines.put(people.ann, made, [LineDraft()])),
        ("title", lambda: steps.add(people.ann, made, StepDraft(title=" "))),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.field == field
    assert stored(made)[0][1]["closed_at"] is None


def test_update_writes_what_differs_and_tells_who_was_faster(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    before = len(history())
    assert not deals.update(people.ann, made, deal(amount="120000.0"), version=1)
    assert len(history()) == before, "nothing changed, nothing recorded"
    with recorded("opportunities.update", by=people.ann, times=1):
        assert deals.update(people.ann, made, OpportunityDraft(name="污水站改造", amount=Decimal(150_000)), version=1)
    assert open_amount(people, firm) == 150_000
    with pytest.raises(Conflict) as faster:
        deals.update(people.ann, made, deal(amount=1), version=1)
    assert faster.value.current["amount"] == Decimal("150000.00")


def test_stages_forwards_and_back_with_days_in_each(
    people: Personas, firm: int, at: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deals.create(people.ann, firm, deal(probability=35))
    assert deals.get(people.ann, made).chance == 35
    monkeypatch.setenv("CIM_NOW", "2026-11-21T09:00:00+08:00")
    with recorded("opportunities.advance", by=people.ann, times=2):
        assert deals.advance(people.ann, made, at["proposal"], reason="需求明确", version=1)
    assert not deals.advance(people.ann, made, at["proposal"])
    view = deals.get(people.ann, made)
    assert (view.chance, view.probability, view.days) == (50, None, 0), "the stage's chance holds from here on"
    monkeypatch.setenv("CIM_NOW", "2026-12-01T09:00:00+08:00")
    assert deals.advance(people.ann, made, at["lead"])
    monkeypatch.setenv("CIM_NOW", "2026-12-03T09:00:00+08:00")
    passed = deals.stage_history(people.ann, made)
    assert [(c.stage == view.stage, c.days, c.reason, c.actor) for c in passed] == [
        (False, 2, "", "安晓然"),
        (True, 10, "需求明确", "安晓然"),
        (False, 3, "", "安晓然"),
    ]


def test_a_stage_asks_for_its_fields_and_takes_them_in_the_same_breath(
    people: Personas, firm: int, at: dict[str, int]
) -> None:
    made = deals.create(people.ann, firm, deal(amount=0))
    assert deals.lacking(people.ann, made, at["negotiation"]) == ["amount", "expected_close"]
    with pytest.raises(Invalid) as refused:
        deals.advance(people.ann, made, at["negotiation"])
    assert refused.value.field == "amount"
    assert stored(made)[0][1]["stage_id"] == at["lead"]
    filled = OpportunityDraft(name="污水站改造", amount=Decimal(9), expected_close=date(2026, 12, 1))
    assert deals.advance(people.ann, made, at["negotiation"], draft=filled)
    assert deals.get(people.ann, made).chance == 80
    service.stages.change(
        people.root,
        at["lead"],
        StageDraft(name="线索池", required=["lines", "steps"]),
        version=1,
    )
    with pytest.raises(Invalid) as refused:
        deals.advance(people.ann, made, at["lead"])
    assert refused.value.field == "lines"
    lines.put(people.ann, made, [LineDraft(product_id=product())])
    steps.add(people.ann, made, StepDraft(title="拜访"))
    assert deals.advance(people.ann, made, at["lead"])


def test_won_with_the_final_amount_on_an_earlier_day_and_reopened(
    people: Personas, firm: int, at: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deals.create(people.ann, firm, deal())
    monkeypatch.setenv("CIM_NOW", "2026-11-25T09:00:00+08:00")
    with recorded("opportunities.win", by=people.ann, times=2):
        deals.win(people.ann, made, amount=Decimal("98000.5"), reason="价格合适", closed_on=date(2026, 11, 20))
    view = deals.get(people.ann, made)
    assert (view.kind, view.chance, view.amount, view.reason) == (StageKind.WON, 100, Decimal("98000.50"), "价格合适")
    assert view.closed_at is not None
    assert clock.local(view.closed_at).date() == date(2026, 11, 20)
    assert open_amount(people, firm) == 0
    for attempt in (
        lambda: deals.win(people.ann, made),
        lambda: deals.lose(people.ann, made, "太贵"),
        lambda: deals.advance(people.ann, made, at["proposal"]),
    ):
        with pytest.raises(Conflict):
            attempt()
    assert deals.reasons(people.ann, StageKind.WON)[0] == "价格合适"
    assert deals.reopen(people.ann, made, reason="合同没签成")
    assert not deals.reopen(people.ann, made)
    view = deals.get(people.ann, made)
    assert (view.stage_id, view.closed_at, view.reason) == (at["lead"], None, "")
    assert open_amount(people, firm) == Decimal("98000.50")
    deals.lose(people.ann, made, "选了同行", version=view.version)
    assert deals.get(people.ann, made).stage_id == at["lost"]
    assert [card.id for card in deals.of_customer(people.ann, firm)] == [made]


def test_warnings_say_why(people: Personas, firm: int, at: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    made = deals.create(people.ann, firm, deal(stage_id=at["negotiation"], expected_close=date(2026, 11, 30)))
    monkeypatch.setenv("CIM_NOW", "2026-12-02T00:00:01+08:00")  # 14 local days: the limit itself is not over it
    [warning] = deals.get(people.ann, made).warnings
    assert "2" in warning
    monkeypatch.setenv("CIM_NOW", "2026-12-03T00:00:01+08:00")
    stuck, overdue = deals.get(people.ann, made).warnings
    assert "15" in stuck
    assert "14" in stuck
    assert "3" in overdue
    assert [card.id for card in service.pipeline.stuck(people.ann)] == [made]
    deals.win(people.ann, made)
    assert deals.get(people.ann, made).warnings == []


def test_fields_of_ones_own_are_kept_and_taken_back(people: Personas, firm: int) -> None:
    draft = CustomFieldDraft(noun=Noun.OPPORTUNITY, key="tender", label="招标编号", type=FieldType.TEXT)
    service.custom.define(people.root, draft)
    made = deals.create(people.ann, firm, deal(custom={"tender": "T-1"}))
    before = deals.get(people.ann, made)
    assert before.custom == {"tender": "T-1"}
    changed = OpportunityDraft(name=before.name, custom={"tender": "T-2"})
    with recorded("opportunities.update", by=people.ann, times=1):
        assert deals.update(people.ann, made, changed, version=before.version)
    service.undo.change_set(people.ann, last_change())
    assert deals.get(people.ann, made).custom == {"tender": "T-1"}


# ---- products and plan
def test_the_amount_follows_the_products_until_somebody_types_one(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal(amount=0))
    pump = product("P1", "1999.5")
    assert lines.put(people.ann, made, [LineDraft(product_id=pump, quantity=Decimal(3))])
    assert deals.get(people.ann, made).amount == Decimal("5998.50")
    wanted = [LineDraft(product_id=pump, quantity=Decimal(2)), LineDraft(name="安装", unit_price=Decimal("0.335"))]
    with recorded("opportunity_lines.put", by=people.ann, times=3):  # one line changed, one is there, and the amount
        assert lines.put(people.ann, made, wanted)
    assert not lines.put(people.ann, made, wanted)
    told = [(line.name, line.amount) for line in lines.of(people.ann, made)]
    assert told == [("产品P1", Decimal("3999.00")), ("安装", Decimal("0.34"))]
    assert deals.get(people.ann, made).amount == Decimal("3999.34")
    deals.update(people.ann, made, deal(amount=3800), version=deals.get(people.ann, made).version)
    assert lines.put(people.ann, made, wanted[:1])
    assert deals.get(people.ann, made).amount == 3800, "an amount that was agreed stays"
    assert open_amount(people, firm) == 3800
    abroad = product("P2", 9, "USD")
    with pytest.raises(Invalid) as refused:
        lines.put(people.ann, made, [LineDraft(product_id=abroad)])
    assert refused.value.field == "currency", "no rate is known"


def test_the_plan(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    first = steps.add(people.ann, made, StepDraft(title="现场勘查", due_on=date(2026, 11, 17)), token="t")
    assert steps.add(people.ann, made, StepDraft(title="两次"), token="t") == first
    second = steps.add(people.ann, made, StepDraft(title="方案评审", owner_id=people.mei.user_id))
    assert [(s.title, s.owner, s.late) for s in steps.of(people.ann, made)] == [
        ("现场勘查", "安晓然", True),
        ("方案评审", "梅若华", False),
    ]
    with recorded("opportunity_steps.done", by=people.ann, times=1):
        assert steps.done(people.ann, first)
        assert not steps.done(people.ann, first)
    assert next((s.done_by, s.late) for s in steps.of(people.ann, made)) == ("安晓然", False)
    assert steps.undo_done(people.ann, first)
    assert steps.arrange(people.ann, made, [second])
    assert not steps.arrange(people.ann, made, [second, first])
    version = steps.of(people.ann, made)[0].version
    assert steps.change(people.ann, second, StepDraft(title="方案终审"), version=version)
    with pytest.raises(Conflict):
        steps.change(people.ann, second, StepDraft(title="x"), version=version)
    steps.remove(people.ann, first)
    assert [s.title for s in steps.of(people.ann, made)] == ["方案终审"]


def test_an_order_with_its_products_comes_of_it_once(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal(amount=0))
    pump = product("P1", 1000)
    lines.put(
        people.ann,
        made,
        [LineDraft(product_id=pump, quantity=Decimal(3)), LineDraft(name="安装", unit_price=Decimal(500))],
    )
    deals.update(people.ann, made, deal(amount=3300), version=deals.get(people.ann, made).version)
    with recorded("opportunities.convert_to_order", by=people.ann):
        order = deals.convert_to_order(people.ann, made, token="t")
    assert deals.convert_to_order(people.ann, made, token="t") == order
    assert deals.get(people.ann, made).kind is StageKind.WON
    [brief] = deals.ordered(people.ann, made)
    assert (brief.id, brief.amount) == (order, Decimal("3300.00"))
    shown = service.orders.get(people.ann, order)
    assert [(line.name, line.amount) for line in shown.lines] == [
        ("产品P1", Decimal("3000.00")),
        ("安装", Decimal("500.00")),
        (shown.lines[2].name, Decimal("-200.00")),
    ]
    with pytest.raises(Conflict):
        deals.convert_to_order(people.ann, made)
    service.undo.change_set(people.ann, last_change())
    assert deals.get(people.ann, made).kind is StageKind.OPEN
    assert deals.ordered(people.ann, made) == []
    deals.lose(people.ann, made, "太贵")
    with pytest.raises(Conflict):
        deals.convert_to_order(people.ann, made)


# ---- reach
def test_reach(people: Personas, firm: int, at: dict[str, int]) -> None:
    made = deals.create(people.ann, firm, deal())
    step = steps.add(people.ann, made, StepDraft(title="拜访"))
    writes: list[Callable[[Any], object]] = [
        lambda me: deals.update(me, made, deal("改名"), version=1),
        lambda me: deals.advance(me, made, at["proposal"]),
        lambda me: deals.win(me, made),
        lambda me: deals.lose(me, made, "太贵"),
        lambda me: deals.reopen(me, made),
        lambda me: deals.assign(me, made, people.mei.user_id or 0),
        lambda me: deals.convert_to_order(me, made),
        lambda me: deals.remove(me, made),
        lambda me: lines.put(me, made, [LineDraft(name="x")]),
        lambda me: steps.add(me, made, StepDraft(title="x")),
        lambda me: steps.done(me, step),
        lambda me: steps.remove(me, step),
    ]
    reads: list[Callable[[Any], object]] = [
        lambda me: deals.get(me, made),
        lambda me: deals.stage_history(me, made),
        lambda me: deals.lacking(me, made, at["proposal"]),
        lambda me: deals.of_customer(me, firm),
        lambda me: deals.ordered(me, made),
        lambda me: lines.of(me, made),
        lambda me: steps.of(me, made),
    ]
    for function in (*writes, *reads, lambda me: deals.create(me, firm, deal())):
        with pytest.raises(NotFound):
            function(people.bo)
    for function in writes:
        for reader in (people.kai, people.audrey):
            with pytest.raises(Denied):
                function(reader)
    for function in reads:
        for reader in (people.mei, people.kai, people.audrey, people.root):
            function(reader)
    may = [card.may_edit for me in people if me is not people.bo for card in deals.of_customer(me, firm)]
    assert may == [True, True, False, False, True], "ann, mei, kai, audrey, root"


def test_a_colleague_in_the_same_pool_reads_and_does_not_write(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    theirs = deals.create(people.ann, firm, deal("不动的"))
    deals.win(people.ann, theirs)
    service.customers.assign(people.mei, firm, None)
    assert deals.get(people.bo, made).owner == "", "waits for whoever takes the customer next"
    assert deals.get(people.bo, theirs).owner == "安晓然", "what was won stays with whoever won it"
    for mine in (made, theirs):
        assert not deals.get(people.bo, mine).may_edit
        with pytest.raises(Denied):
            deals.update(people.bo, mine, deal("改"), version=1)
    service.customers.claim(people.bo, firm)
    assert deals.get(people.bo, made).owner == "薄文博"
    assert deals.get(people.bo, theirs).may_edit, "who looks after the customer writes what belongs to it"


def test_assigned_to_who_sells_and_sees_the_customer(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    with recorded("opportunities.assign", by=people.mei, times=1):
        assert deals.assign(people.mei, made, people.mei.user_id or 0, reason="大项目")
    assert not deals.assign(people.mei, made, people.mei.user_id or 0)
    assert deals.get(people.ann, made).may_edit, "the customer is hers"
    assert deals.assign(people.ann, made, people.ann.user_id or 0)


def test_gone_with_the_customer(people: Personas, firm: int) -> None:
    made = deals.create(people.ann, firm, deal())
    service.customers.remove(people.ann, firm, version=service.customers.get(people.ann, firm).version)
    for me in (people.ann, people.root):
        with pytest.raises(NotFound):
            deals.get(me, made)
    assert service.pipeline.board(people.root).count == 0


def test_who_left_gets_none(people: Personas, firm: int) -> None:
    with db.session(writing=True) as session:
        user = session.get(User, people.mei.user_id)
        assert user is not None
        user.status = UserStatus.DISABLED
        session.commit()
    with pytest.raises(Invalid):
        deals.create(people.root, firm, deal(owner_id=people.mei.user_id))


@pytest.mark.parametrize("count", [1, 12])
def test_lists_count_their_queries(people: Personas, firm: int, count: int) -> None:
    for number in range(count):
        deals.create(people.ann, firm, deal(f"第{number}个"))
    with queries(4):
        assert len(deals.of_customer(people.ann, firm)) == count
    with queries(5):
        assert service.pipeline.board(people.ann).count == count
