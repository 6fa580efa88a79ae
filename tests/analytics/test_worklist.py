"""The rules of the worklist by hand-worked cases: what fits, how much it counts, what is usual, where an entry stands."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cim.analytics import worklist
from cim.analytics.worklist import Decision, Fact, Setting, Standing
from cim.analytics.worklist_reasons import Case, Thing

TODAY = date(2026, 11, 18)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def case(**known: Any) -> Case:
    """A customer with nothing to be done: contacted yesterday, something planned for tomorrow."""
    calm = {"created": ago(400), "last_contact": ago(1), "next_due": ago(-1), "last_order": ago(1)}
    return Case(today=TODAY, **(calm | known))


def found(one: Case, **changed: Setting) -> dict[str, Fact]:
    return {fact.code: fact for fact in worklist.facts(one, {**worklist.SHIPPED, **changed})}


def test_nothing_speaks_for_contacting_a_calm_customer() -> None:
    assert found(case()) == {}
    assert {rule.key for rule in worklist.RULES} == set(worklist.SHIPPED) - {rule.key for rule in worklist.WEIGHTS}


@pytest.mark.parametrize(
    ("code", "known", "params", "points", "since"),
    [
        ("contact", {"last_contact": ago(37), "contact_usual": 21}, {"days": 37, "usual": 21}, 53, ago(15)),
        ("contact", {"last_contact": ago(90), "contact_usual": 21}, {"days": 90, "usual": 21}, 60, ago(68)),
        ("order", {"last_order": ago(37), "order_usual": 21}, {"days": 37, "usual": 21}, 53, ago(15)),
        ("silent_A", {"grade": "A", "last_contact": ago(15)}, {"days": 15, "grade": "A", "limit": 14}, 16, TODAY),
        ("silent_D", {"grade": "D", "last_contact": ago(180)}, {"days": 180, "grade": "D", "limit": 90}, 30, ago(89)),
        ("no_next_step", {"next_due": None}, {}, 10, ago(1)),
        ("task", {"next_due": ago(3)}, {"days": 3}, 25, ago(2)),
        ("new", {"created": ago(2), "last_contact": None}, {"days": 2}, 30, ago(2)),
        ("promise", {"next_due": None, "promised": Thing(7, ago(4))}, {"day": ago(4).isoformat()}, 25, ago(3)),
        ("complaint", {"complaints": [Thing(1, ago(9))]}, {"count": 1, "days": 9}, 40, ago(9)),
        ("complaint", {"complaints": [Thing(n, ago(n)) for n in (1, 2, 3)]}, {"count": 3, "days": 3}, 80, ago(3)),
        ("ticket", {"tickets": [Thing(1, TODAY)]}, {"count": 1, "days": 0}, 15, TODAY),
        ("contract", {"contracts": [Thing(1, ago(-12)), Thing(2, ago(-40))]}, {"days": 12}, 20, ago(18)),
        ("stuck", {"stuck": [Thing(1, ago(5))]}, {"count": 1, "days": 5}, 20, ago(5)),
        ("late_deal", {"late_deals": [Thing(1, ago(5))]}, {"count": 1, "days": 5}, 20, ago(5)),
        ("birthday", {"birthdays": [ago(-3), ago(-200)]}, {"days": 3}, 15, TODAY),
        ("unpaid", {"unpaid": [Thing(1, ago(10)), Thing(2, TODAY)]}, {"count": 1, "days": 10}, 20, ago(9)),
        (
            "owed",
            {"owed": Decimal("100000.01")},
            {"amount": "100000.01", "limit": "100000"},
            20,
            ago(1),
        ),
        (
            "owed",
            {"owed": Decimal(60), "credit_limit": Decimal(50)},
            {"amount": "60", "limit": "50"},
            20,
            ago(1),
        ),
        ("low_score", {"low_score": Thing(3, ago(90))}, {"day": ago(90).isoformat()}, 30, ago(90)),
        ("pool", {"pool_warned": ago(2)}, {}, 35, ago(2)),
    ],
)
def test_each_rule_by_hand(code: str, known: dict[str, Any], params: dict[str, Any], points: int, since: date) -> None:
    fact = found(case(**known))[code]
    assert (fact.params, fact.points, fact.since) == (params, points, since)


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("contact", {"last_contact": ago(21), "contact_usual": 21}),
        ("order", {"last_order": ago(21), "order_usual": 21}),
        ("order", {"last_order": None}),
        ("silent_A", {"grade": "A", "last_contact": ago(14)}),
        ("silent_A", {"grade": "B", "last_contact": ago(25)}),
        ("task", {"next_due": TODAY}),
        ("new", {"created": ago(7), "last_contact": None}),
        ("new", {"created": ago(1), "last_contact": TODAY}),
        ("promise", {"promised": Thing(7, ago(4))}),
        ("contract", {"contracts": [Thing(1, ago(-31))]}),
        ("birthday", {"birthdays": [ago(-4)]}),
        ("unpaid", {"unpaid": [Thing(1, TODAY)]}),
        ("owed", {"owed": Decimal(50), "credit_limit": Decimal(50)}),
        ("owed", {"owed": Decimal(0), "credit_limit": Decimal(-1)}),
        ("low_score", {"low_score": Thing(3, ago(91))}),
    ],
)
def test_the_edge_of_each_rule_is_outside(code: str, known: dict[str, Any]) -> None:
    assert code not in found(case(**known))


def test_a_rule_is_set_by_its_row() -> None:
    late = case(last_contact=ago(37), contact_usual=21)
    assert found(late, contact=Setting(100, Decimal(100)))["contact"].points == 176
    assert "contact" not in found(late, contact=Setting(30, Decimal(177)))
    assert "contact" not in found(late, contact=Setting(30, Decimal(100), active=False))


def test_facts_with_most_points_come_first_and_equal_ones_in_the_order_of_the_table() -> None:
    one = case(next_due=None, complaints=[Thing(1, ago(9))], stuck=[Thing(1, ago(5))], late_deals=[Thing(2, ago(5))])
    assert list(found(one)) == ["complaint", "stuck", "late_deal", "no_next_step"]


@pytest.mark.parametrize(
    ("points", "grade", "score"),
    [(40, "A", 60), (40, "B", 48), (41, "", 41), (40, "D", 32), (999, "A", 300), (5, "A", 8)],
)
def test_the_score_is_capped_and_weighted(points: int, grade: str, score: int) -> None:
    assert worklist.score(points, worklist.weight(grade, worklist.SHIPPED)) == score


def test_a_weight_that_is_off_counts_as_it_is() -> None:
    assert worklist.weight("A", {**worklist.SHIPPED, "grade_A": Setting(0, Decimal(150), active=False)}) == 100


@pytest.mark.parametrize(
    ("gaps", "usual", "expected"),
    [
        ([], 30, 30),
        ([10], 40, 30),  # (1*10 + 2*40) / 3
        ([10, 10], 40, 25),  # (2*10 + 2*40) / 4
        ([7, 7, 7, 7, 7, 7, 7, 7], 14, 8.4),  # (8*7 + 2*14) / 10
        ([5, 5, 300], 20, 11),  # the median does not follow one long silence: (3*5 + 2*20) / 5
    ],
)
def test_expected_interval_by_hand(gaps: list[int], usual: float, expected: float) -> None:
    days = [ago(0)]
    for gap in gaps:
        days.append(days[-1] - timedelta(days=gap))
    assert worklist.expected_interval(days, usual) == pytest.approx(expected)
    assert worklist.expected_interval([*days, *days], usual) == pytest.approx(expected), "a day counts once"


LATE = Fact("contact", 30, {}, ago(10), "x")
OTHER = Fact("complaint", 40, {}, ago(2), "5")
KNOWN = frozenset({LATE.name})


@pytest.mark.parametrize(
    ("facts", "decision", "last", "expected"),
    [
        ([LATE], None, ago(30), Standing("open", None, ago(10))),
        ([LATE, OTHER], None, ago(30), Standing("open", None, ago(10))),
        ([LATE], None, TODAY, Standing("done", ago(-1), TODAY)),
        ([LATE], Decision("done", ago(-5), ago(1), KNOWN), ago(30), Standing("done", ago(-5), ago(1))),
        ([LATE, OTHER], Decision("done", ago(-5), ago(1), KNOWN), ago(30), Standing("open", None, ago(10))),
        ([LATE], Decision("done", TODAY, ago(5), KNOWN), ago(30), Standing("open", None, TODAY)),
        ([LATE, OTHER], Decision("postponed", ago(-1), ago(5), KNOWN), ago(30), Standing("postponed", ago(-1), ago(5))),
        ([LATE], Decision("postponed", ago(3), ago(5), KNOWN), ago(30), Standing("open", None, ago(3))),
        ([LATE], Decision("dismissed", None, ago(90), KNOWN), ago(100), Standing("dismissed", None, ago(90))),
        ([OTHER], Decision("dismissed", None, ago(90), KNOWN), ago(100), Standing("open", None, ago(2))),
        ([LATE], Decision("open", None, ago(1), KNOWN), ago(30), Standing("open", None, ago(10))),
    ],
)
def test_where_an_entry_stands(facts: list[Fact], decision: Decision | None, last: date, expected: Standing) -> None:
    assert worklist.standing(facts, decision, case(last_contact=last)) == expected
