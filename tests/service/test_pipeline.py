"""The pipeline by hand: sums of the board, the forecast by month, what is stuck, and that nobody counts what he cannot see."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cim import clock, db, service
from cim.models import Opportunity
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft
from cim.models.opportunity_view import Expected, PipelineFilter
from tests.factories import Personas, queries

create, pipeline = service.opportunities.create, service.pipeline


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def at(people: Personas) -> dict[str, int]:
    return {row.key: row.id for row in service.stages.everything(people.root)}


@pytest.fixture
def firms(people: Personas) -> dict[str, int]:
    """A customer of ann, one of bo, one in the public pool."""
    drafts = {
        "ann": (people.ann, CustomerDraft(name="安的公司")),
        "bo": (people.bo, CustomerDraft(name="博的公司")),
        "pool": (people.root, CustomerDraft(name="公海公司")),
    }
    return {name: service.customers.create(me, draft) for name, (me, draft) in drafts.items()}


def deal(amount: object, stage: int | None = None, close: str | None = None, **values: object) -> OpportunityDraft:
    given = {"name": f"商机{amount}", "amount": amount, "stage_id": stage, "expected_close": close, **values}
    return OpportunityDraft.model_validate(given)


def figures(me: Any, **asked: Any) -> dict[str, tuple[int, Decimal, Decimal]]:
    board = pipeline.board(me, PipelineFilter(**asked))
    return {c.stage.key: (c.count, c.amount, c.weighted) for c in board.columns if c.count}


def test_sums_of_the_board_by_hand(people: Personas, firms: dict[str, int], at: dict[str, int]) -> None:
    create(people.ann, firms["ann"], deal("100.10"))
    create(people.ann, firms["ann"], deal("0.33", probability=33))
    create(people.ann, firms["ann"], deal(9000, at["proposal"]))
    create(people.bo, firms["bo"], deal(5000, at["proposal"], probability=90))
    gone = create(people.bo, firms["bo"], deal(7777, at["proposal"]))
    service.opportunities.remove(people.bo, gone)
    service.opportunities.win(people.bo, create(people.bo, firms["bo"], deal(8888)))
    assert figures(people.ann) == {
        "lead": (2, Decimal("100.43"), Decimal("10.12")),  # 10.01 + 0.1089
        "proposal": (1, Decimal("9000.00"), Decimal("4500.00")),
    }
    assert figures(people.mei)["proposal"] == (2, Decimal("14000.00"), Decimal("9000.00"))
    board = pipeline.board(people.mei)
    assert (board.count, board.amount, board.currency) == (4, Decimal("14100.43"), "CNY")
    assert [c.stage.key for c in board.columns] == ["lead", "qualified", "proposal", "negotiation"]
    assert [card.amount for card in board.columns[2].cards] == [9000, 5000], "the largest on top"
    assert [card.chance for card in board.columns[2].cards] == [50, 90]


def test_filters(people: Personas, firms: dict[str, int], at: dict[str, int]) -> None:
    create(people.ann, firms["ann"], deal(1, close="2026-12-01"))
    create(people.bo, firms["bo"], deal(2, at["proposal"], close="2027-01-31"))
    create(people.mei, firms["bo"], deal(4, close="2026-11-01", owner_id=people.mei.user_id))
    teams = {team.name: team.id for team in service.users.teams(people.mei)}

    def total(**asked: Any) -> Decimal:
        return pipeline.board(people.mei, PipelineFilter(**asked)).amount

    assert total() == 7
    assert total(owner_id=people.bo.user_id) == 2
    assert total(team_id=teams["华东组"]) == 1
    assert total(team_id=teams["销售部"]) == 7
    assert total(stage_id=at["lead"]) == 5
    assert total(expected_from=date(2026, 12, 1), expected_until=date(2026, 12, 1)) == 1
    assert total(warned=True) == 4
    assert [column.stage.key for column in pipeline.board(people.mei, PipelineFilter(stage_id=at["lead"])).columns] == [
        "lead"
    ]


def test_forecast_by_hand(people: Personas, firms: dict[str, int], at: dict[str, int]) -> None:
    for amount, stage, close, more in (
        (1000, "lead", "2026-11-17", {}),  # yesterday: overdue, though of this month
        (2000, "lead", "2026-11-18", {}),
        (4000, "negotiation", "2026-11-30", {}),
        (500, "lead", "2026-12-01", {"probability": 80}),
        (700, "proposal", "2027-01-31", {}),
        (60, "lead", "2027-02-01", {}),
        (90, "lead", None, {}),
    ):
        create(people.ann, firms["ann"], deal(amount, at[stage], close, **more))
    for amount, when in ((300, date(2026, 11, 18)), (11, None)):
        won = create(people.ann, firms["ann"], deal(amount, close="2026-12-24"))
        service.opportunities.win(people.ann, won, closed_on=when)
    told = pipeline.forecast(people.ann)
    assert [(m.month, m.count, m.best, m.weighted, m.committed, m.won) for m in told.months] == [
        (date(2026, 11, 1), 2, 6000, 3400, 4000, 311),
        (date(2026, 12, 1), 1, 500, 400, 500, 0),
        (date(2027, 1, 1), 1, 700, 350, 0, 0),
    ]
    assert told.overdue == Expected(count=1, best=Decimal(1000), weighted=Decimal(100), committed=Decimal(0))
    assert (told.later.best, told.later.weighted) == (60, 6)
    assert (told.undated.best, told.undated.weighted) == (90, 9)
    assert [m.month.isoformat() for m in pipeline.forecast(people.ann, months=99).months][-1] == "2027-10-01"
    assert (
        pipeline.forecast(people.ann, months=1, narrowed=PipelineFilter(stage_id=at["negotiation"])).months[0].best
        == 4000
    )


def test_stuck_and_the_board_agree_on_the_local_day(
    people: Personas, firms: dict[str, int], at: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T23:30:00+08:00")
    late = create(people.ann, firms["ann"], deal(5, at["negotiation"], "2026-12-31"))
    monkeypatch.setenv("CIM_NOW", "2026-11-19T00:30:00+08:00")
    create(people.ann, firms["ann"], deal(6, at["negotiation"], "2026-12-31"))
    monkeypatch.setenv("CIM_NOW", "2026-12-03T00:10:00+08:00")
    found = pipeline.stuck(people.ann)
    assert [(card.id, card.days, len(card.warnings)) for card in found] == [(late, 15, 1)]
    warned = [card.id for column in pipeline.board(people.ann).columns for card in column.cards if card.warnings]
    assert warned == [late]


def test_nobody_counts_what_he_cannot_see(people: Personas, firms: dict[str, int]) -> None:
    create(people.ann, firms["ann"], deal(1, close="2026-11-20"))
    create(people.bo, firms["bo"], deal(10, close="2026-11-20"))
    create(people.root, firms["pool"], deal(100, close="2026-11-01"))
    sees = {"ann": 101, "bo": 110, "mei": 111, "kai": 111, "audrey": 111, "root": 111}
    for who, total in sees.items():
        me = getattr(people, who)
        told = pipeline.forecast(me)
        assert pipeline.board(me).amount == total
        assert told.months[0].best + told.overdue.best == total
        assert sum(card.base_amount for card in pipeline.stuck(me)) == 100
        assert {card.may_edit for card in pipeline.stuck(me)} == {who == "root"}


def test_a_column_shows_fifty_and_counts_all(people: Personas, firms: dict[str, int], at: dict[str, int]) -> None:
    with db.session(writing=True) as session:
        for number in range(1, pipeline.CARDS + 3):
            given = {"name": f"第{number}个", "customer_id": firms["ann"], "owner_id": people.ann.user_id}
            money = {"amount": Decimal(number), "base_amount": Decimal(number)}
            session.add(Opportunity(**given, **money, stage_id=at["lead"], stage_since=clock.now()))
        session.commit()
    with queries(5):
        [column, *_rest] = pipeline.board(people.ann).columns
    assert (column.count, len(column.cards), column.cards[0].amount) == (52, 50, 52)
    with queries(4):
        pipeline.forecast(people.ann)
    with queries(4):
        pipeline.stuck(people.ann)
