"""The rules of the worklist: which facts about a customer say that somebody should be in touch, and how much each counts
(docs/decisions/0022-worklist.md). Pure: no session, `today` is part of the case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from cim.analytics import worklist_reasons as reasons
from cim.analytics.worklist_reasons import Case, Found
from cim.i18n import N_
from cim.permissions import Permission

CAP = 200
"""Most points one customer can gather, before the weight of its grade."""
PRIOR = 2
"""How many gaps of a customer's own weigh as much as its segment."""
CONTACT_DAYS = {"A": 14, "B": 30, "C": 60, "D": 90}


class Fact(NamedTuple):
    """One reason: the rule, its points, the values of its sentence, since when it holds, and what tells it from a later
    one of the same rule."""

    code: str
    points: int
    params: dict[str, Any]
    since: date
    of: str

    @property
    def name(self) -> str:
        return f"{self.code}:{self.of}"


@dataclass(frozen=True)
class Rule:
    """One line of the table. `label`, `about` (with {parameter}) and `sentence` (with the values found) are message ids;
    `unit` says what the parameter is: "days", "percent", "money" or "" for none. `permission` is what one needs to see it;
    a `personal` one shows only to who sees the customer in clear."""

    key: str
    label: str
    about: str
    sentence: str
    points: int
    find: Callable[[Case, Decimal], Found | None] | None = None
    parameter: int = 0
    unit: str = ""
    permission: Permission | None = None
    personal: bool = False
    weighs: bool = False


class Setting(NamedTuple):
    """How a rule is set."""

    points: int
    parameter: Decimal
    active: bool = True


_SALES, _DESK = Permission.SALES_READ, Permission.TICKET_READ
RULES: tuple[Rule, ...] = (
    Rule(
        "complaint",
        N_("Open complaint"),
        N_("A complaint is not closed."),
        N_("complaint open for {days} days ({count})"),
        40,
        reasons.several("complaints"),
        permission=_DESK,
    ),
    Rule(
        "pool",
        N_("Returns to the public pool"),
        N_("The owner was warned that the customer returns to the public pool."),
        N_("returns to the public pool unless you are in touch"),
        35,
        reasons.pool_warning,
    ),
    Rule(
        "contact",
        N_("Overdue for contact"),
        N_("No contact for more than {parameter} % of the days usual with this customer."),
        N_("usually in touch every {usual} days, {days} days without contact"),
        30,
        reasons.contact_overdue,
        100,
        "percent",
    ),
    Rule(
        "order",
        N_("Overdue for an order"),
        N_("No order for more than {parameter} % of the days usual with this customer."),
        N_("usually orders every {usual} days, {days} days without an order"),
        30,
        reasons.order_overdue,
        100,
        "percent",
        permission=_SALES,
    ),
    Rule(
        "new",
        N_("New and not contacted"),
        N_("Added less than {parameter} days ago, and nobody was in touch."),
        N_("added {days} days ago, not contacted yet"),
        30,
        reasons.not_contacted,
        7,
        "days",
    ),
    Rule(
        "low_score",
        N_("Low satisfaction"),
        N_("The last rating, at most {parameter} days ago, was low."),
        N_("gave a low rating on {day}"),
        30,
        reasons.low_score,
        90,
        "days",
        permission=_DESK,
    ),
    Rule(
        "task",
        N_("Task overdue"),
        N_("A planned step is past its day."),
        N_("the next step is {days} days overdue"),
        25,
        reasons.task_overdue,
    ),
    Rule(
        "promise",
        N_("Promised follow-up missed"),
        N_("The day agreed for the next follow-up is over, and nothing is planned."),
        N_("a follow-up was promised for {day}"),
        25,
        reasons.promise_missed,
    ),
    Rule(
        "contract",
        N_("Contract ends"),
        N_("A contract ends within {parameter} days."),
        N_("the contract ends in {days} days"),
        20,
        reasons.contract_ending,
        30,
        "days",
        permission=_SALES,
    ),
    Rule(
        "stuck",
        N_("Opportunity stuck"),
        N_("An opportunity is longer in its stage than the stage allows."),
        N_("opportunity stuck in its stage ({count})"),
        20,
        reasons.several("stuck"),
        permission=_SALES,
    ),
    Rule(
        "late_deal",
        N_("Opportunity past its date"),
        N_("The expected close of an open opportunity is over."),
        N_("opportunity {days} days past its expected close ({count})"),
        20,
        reasons.several("late_deals"),
        permission=_SALES,
    ),
    Rule(
        "unpaid",
        N_("Unpaid and overdue"),
        N_("An order is not paid {parameter} days after it was due."),
        N_("order unpaid, due {days} days ago ({count})"),
        20,
        reasons.unpaid,
        0,
        "days",
        permission=_SALES,
    ),
    Rule(
        "owed",
        N_("Owes more than the limit"),
        N_("What is owed exceeds the credit limit; without one, {parameter}."),
        N_("owes {amount}, the limit is {limit}"),
        20,
        reasons.owes_too_much,
        100_000,
        "money",
        permission=_SALES,
    ),
    Rule(
        "ticket",
        N_("Open request"),
        N_("A request or suggestion is not closed."),
        N_("request open for {days} days ({count})"),
        15,
        reasons.several("tickets"),
        permission=_DESK,
    ),
    Rule(
        "birthday",
        N_("Birthday"),
        N_("A birthday within {parameter} days."),
        N_("a birthday in {days} days"),
        15,
        reasons.birthday_soon,
        3,
        "days",
        personal=True,
    ),
    *(
        Rule(
            f"silent_{grade}",
            N_("Long without contact"),
            N_("A customer of this grade should not be without contact for more than {parameter} days."),
            N_("grade {grade} should be contacted every {limit} days, {days} days without contact"),
            15,
            reasons.silent(grade),
            days,
            "days",
        )
        for grade, days in CONTACT_DAYS.items()
    ),
    Rule(
        "no_next_step",
        N_("No next step"),
        N_("Nothing is planned with the customer."),
        N_("no next step"),
        10,
        reasons.no_next_step,
    ),
)
"""What speaks for contacting a customer. A code that is stored stays: it names facts and decisions."""
WEIGHTS: tuple[Rule, ...] = tuple(
    Rule(
        f"grade_{grade or 'none'}",
        N_("Weight of a grade"),
        N_("The points of customers of this grade count {parameter} %."),
        "",
        0,
        parameter=percent,
        unit="percent",
        weighs=True,
    )
    for grade, percent in (("A", 150), ("B", 120), ("C", 100), ("D", 80), ("", 100))
)
TABLE: dict[str, Rule] = {rule.key: rule for rule in (*RULES, *WEIGHTS)}
SHIPPED: dict[str, Setting] = {rule.key: Setting(rule.points, Decimal(rule.parameter)) for rule in TABLE.values()}


# ---- what follows from them
def facts(case: Case, settings: Mapping[str, Setting]) -> list[Fact]:
    """The facts of a customer, those with most points first."""
    found = list(_found(case, settings))
    found.sort(key=lambda fact: -fact.points)  # stable: equal ones stay in the order of the table
    return found


def _found(case: Case, settings: Mapping[str, Setting]) -> Iterator[Fact]:
    for rule in RULES:
        setting = settings[rule.key]
        if not setting.active or rule.find is None:
            continue
        hit = rule.find(case, setting.parameter)
        if hit is not None:
            params = {name: v.isoformat() if isinstance(v, date) else v for name, v in hit.params.items()}
            points = round(setting.points * hit.strength)
            yield Fact(rule.key, points, params, min(hit.since, case.today), hit.of)


def weight(grade: str, settings: Mapping[str, Setting]) -> int:
    """By how many percent the points of a grade count; 100 where the rule is off."""
    setting = settings[f"grade_{grade or 'none'}"]
    return int(setting.parameter) if setting.active else 100


def score(points: int, percent: int) -> int:
    """The rank of an entry: its points up to the cap, weighted, halves rounded up."""
    return (2 * min(points, CAP) * percent + 100) // 200


def expected_interval(days: Collection[date], usual: float) -> float:
    """The days after which the next one is to be expected, from the days so far: the median gap of this customer, drawn
    towards what is usual in its segment as if that had been seen twice. g = (x·m + 2·g0) / (x + 2) for x gaps."""
    found = gaps(days)
    if not found:
        return usual
    return (len(found) * median(found) + PRIOR * usual) / (len(found) + PRIOR)


def gaps(days: Collection[date]) -> list[int]:
    """The days between one of them and the next; several on one day are one."""
    return [(after - before).days for before, after in pairwise(sorted(set(days)))]


class Decision(NamedTuple):
    """What was decided about an entry: the state it was given, until when, on which local day, about which facts."""

    state: str
    until: date | None
    day: date
    about: frozenset[str]


class Standing(NamedTuple):
    state: str
    until: date | None
    since: date


def standing(found: Sequence[Fact], decision: Decision | None, case: Case) -> Standing:
    """Where an entry with these facts stands today: done by itself where somebody was in touch today; done or postponed
    until its day; dismissed or done until another fact appears; else open, since the first fact or its return."""
    first = min((fact.since for fact in found), default=case.today)
    if decision is not None and decision.state != "open":
        fresh = any(fact.name not in decision.about for fact in found)
        running = decision.until is None or decision.until > case.today
        if decision.state == "postponed" and running:
            return Standing("postponed", decision.until, decision.day)
        if decision.state == "dismissed" and not fresh:
            return Standing("dismissed", None, decision.day)
        if decision.state == "done" and running and not fresh:
            return Standing("done", decision.until, decision.day)
        if not fresh and decision.until is not None:
            first = max(first, decision.until)
    if case.last_contact is not None and case.last_contact >= case.today:
        return Standing("done", case.today + timedelta(days=1), case.today)
    return Standing("open", None, min(first, case.today))
