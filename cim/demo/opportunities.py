"""The pipeline of the demo: deals of about a third of the customers over the last twelve months, won, lost and on their way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from cim import search_text
from cim.demo.chance import by_lot
from cim.demo.days import Days
from cim.demo.loading import Stored
from cim.history import Change
from cim.models import Opportunity, OpportunityLine, OpportunityStep, Product, Stage, StageChange
from cim.models.activity import Outcome
from cim.models.base import Model, columns, new_uid
from cim.models.opportunity import StageKind
from cim.service import stages, totals
from cim.work import Work

SEED = 2027
SHARE = 0.34
YEAR = 365
NAMES = (
    "年度框架采购", "设备更新", "产线改造", "首批试单", "备件储备", "二期扩容", "节能改造", "软件升级", "新厂配套",
    "维保服务续签", "仓储系统", "样机采购", "分公司推广", "定制开发",
)  # fmt: skip
COMPETITORS = ("", "", "", "某上市同行", "本地经销商", "客户自建团队", "进口品牌", "低价小厂")
SOURCES = ("客户转介绍", "电话销售", "展会", "网站", "老客户复购")
STEPS = (
    "现场勘查需求",
    "提交方案与报价",
    "安排样机试用",
    "拜访决策人",
    "技术澄清会",
    "确认付款条件",
    "合同评审",
    "确认交付计划",
)
WON = {"最符合需求": 5, "合作中的信任": 4, "价格": 3, "交付时间": 2, "服务": 2}
LOST = {
    "价格太高": 6,
    "选择了竞争对手": 5,
    "没有预算": 4,
    "需求取消": 3,
    "产品不匹配": 2,
    "客户迟迟未决定": 3,
    "联系不上": 1,
}
FATES = {StageKind.OPEN: 46, StageKind.WON: 26, StageKind.LOST: 28}
SIZES = {"A": 320_000, "B": 140_000, "C": 60_000, "D": 25_000}


@dataclass
class Deal:
    """One opportunity before it is in a database: its stages with the moment it entered each, the last one first closed."""

    customer: Stored
    owner: int | None
    name: str
    amount: Decimal
    passed: list[tuple[Stage, datetime]]
    reason: str = ""
    expected: date | None = None
    competitors: str = ""
    source: str = ""
    lines: list[tuple[int | None, str, Decimal, Decimal]] = field(default_factory=list)
    steps: list[tuple[str, date, datetime | None]] = field(default_factory=list)


def load(work: Work, stored: Sequence[Stored], staff: dict[str, int]) -> int:
    """Insert the pipeline with its history and bring the customers' figures up to date; returns how many opportunities."""
    chance = random.Random(SEED)
    teller = _Teller(work, chance, staff)
    deals = [deal for customer in stored for deal in teller.of(customer)]
    deals.sort(key=lambda deal: deal.passed[0][1])
    ids = list(work.next_ids(Opportunity, len(deals)))
    _insert(work, Opportunity, [(deal, _row(number, deal)) for number, deal in zip(ids, deals, strict=True)])
    numbered = list(zip(ids, deals, strict=True))
    _insert(work, StageChange, [(deal, row) for number, deal in numbered for row in _passed(number, deal)])
    _insert(work, OpportunityLine, [(deal, row) for number, deal in numbered for row in _lines(number, deal)])
    _insert(work, OpportunityStep, [(deal, row) for number, deal in numbered for row in _steps(number, deal)])
    totals.touch(work, [deal.customer.id for deal in deals])
    return len(deals)


class _Teller:
    """Makes up the deals of a customer from its story."""

    def __init__(self, work: Work, chance: random.Random, staff: dict[str, int]) -> None:
        known = [row for row in stages.rows(work) if not row.retired]
        self._open = [row for row in known if row.kind is StageKind.OPEN]
        self._end = {kind: stages.first(work, kind) for kind in (StageKind.WON, StageKind.LOST)}
        product: Any = Product
        wanted = select(Product).where(product.deleted_at.is_(None), product.price > 0).order_by(product.id).limit(60)
        self._products = list(work.session.execute(wanted).scalars())
        self._chance, self._staff, self._days = chance, staff, Days(chance)

    def of(self, customer: Stored) -> list[Deal]:
        """The deals of a customer; most have none."""
        party, chance = customer.party, self._chance
        if party.double_of is not None or chance.random() > SHARE:
            return []
        sold = [f.day for f in party.story if f.outcome is Outcome.DEAL and f.day > self._days.ago(YEAR)]
        made = [self._closed(customer, StageKind.WON, day) for day in sold[-2:]]
        fate = by_lot(chance, FATES)
        if fate is StageKind.LOST or (fate is StageKind.WON and not sold):
            earliest = max(party.day + timedelta(days=8), self._days.ago(YEAR - 20))
            if earliest < self._days.ago(2):
                day = earliest + timedelta(days=chance.randrange((self._days.ago(1) - earliest).days))
                made.append(self._closed(customer, StageKind.LOST, self._days.working(day)))
        elif party.owner is not None:
            made.append(self._on_its_way(customer))
        return made

    def _closed(self, customer: Stored, kind: StageKind, day: date) -> Deal:
        chance = self._chance
        through = self._open if kind is StageKind.WON else self._open[: chance.randint(1, len(self._open))]
        days = [day]
        for _stage in through:
            days.append(max(customer.party.day, days[-1] - timedelta(days=chance.randint(3, 24))))
        deal = self._deal(customer, self._staff[customer.party.seller], [*through, self._end[kind]], days[::-1])
        deal.reason = by_lot(chance, WON if kind is StageKind.WON else LOST)
        deal.expected = self._days.working(day) + timedelta(days=chance.randint(-12, 9))
        return deal

    def _on_its_way(self, customer: Stored) -> Deal:
        chance, party = self._chance, customer.party
        reached = self._open[: chance.choices(range(1, len(self._open) + 1), (34, 29, 22, 15)[: len(self._open)])[0]]
        days = [self._days.ago(int(chance.triangular(0, 45, 8)))]
        for _stage in reached[1:]:
            days.append(days[-1] - timedelta(days=chance.randint(3, 24)))
        days = [max(party.day, day) for day in days]
        deal = self._deal(customer, self._staff[party.owner or party.seller], reached, days[::-1])
        deal.expected = self._days.today + timedelta(
            days=chance.randint(-9, 100) + 20 * (len(self._open) - len(reached))
        )
        if len(reached) > 1 and chance.random() < 0.7:
            deal.steps = self._plan(deal)
        return deal

    def _deal(self, customer: Stored, owner: int, through: Sequence[Stage], days: Sequence[date]) -> Deal:
        chance = self._chance
        moments = [self._days.at(self._days.working(day)) for day in days]
        passed = [(stage, max(moments[: place + 1])) for place, stage in enumerate(through)]
        if customer.party.draft.created_at is not None:
            passed = [(stage, max(at, customer.party.draft.created_at)) for stage, at in passed]
        usual = SIZES.get(str(customer.party.draft.grade.value), 45_000)
        amount = Decimal(round(usual * chance.lognormvariate(0, 0.6), -2) or 1000)
        deal = Deal(customer, owner, chance.choice(NAMES), amount, passed)
        deal.competitors, deal.source = chance.choice(COMPETITORS), chance.choice(SOURCES)
        if self._products and chance.random() < 0.5:
            deal.lines = self._bought(amount)
            deal.amount = sum((quantity * price for _id, _name, quantity, price in deal.lines), Decimal(0))
        return deal

    def _bought(self, about: Decimal) -> list[tuple[int | None, str, Decimal, Decimal]]:
        chosen = self._chance.sample(self._products, min(len(self._products), self._chance.randint(1, 3)))
        each = about / len(chosen)
        return [
            (row.id, row.name, Decimal(max(1, int(each / row.price))), row.price.quantize(Decimal("0.01")))
            for row in chosen
        ]

    def _plan(self, deal: Deal) -> list[tuple[str, date, datetime | None]]:
        chance, begun = self._chance, deal.passed[0][1].date()
        titles = [title for title in STEPS if chance.random() < 0.5][:5] or [STEPS[0]]
        span = max(6, ((deal.expected or self._days.today) - begun).days)
        planned = []
        for place, title in enumerate(titles, 1):
            due = self._days.working(begun + timedelta(days=span * place // (len(titles) + 1)))
            if begun + timedelta(days=span * place // (len(titles) + 1)) > self._days.today:
                due = begun + timedelta(days=span * place // (len(titles) + 1))
            done = self._days.at(due) if due < self._days.today and chance.random() < 0.85 else None
            planned.append((title, due, done))
        return planned


def _row(number: int, deal: Deal) -> dict[str, Any]:
    stage, since = deal.passed[-1]
    made = deal.passed[0][1]
    return {
        "id": number,
        "uid": new_uid(),
        "name": deal.name,
        "amount": deal.amount,
        "base_amount": deal.amount,
        "currency": "CNY",
        "expected_close": deal.expected,
        "source": deal.source,
        "competitors": deal.competitors,
        "notes": "",
        "reason": deal.reason,
        "owner_id": deal.owner,
        "created_by_id": deal.owner,
        "stage_id": stage.id,
        "stage_since": since,
        "closed_at": None if stage.kind is StageKind.OPEN else since,
        "created_at": made,
        "updated_at": since,
        "version": 1,
    }


def _passed(number: int, deal: Deal) -> Iterable[dict[str, Any]]:
    before = None
    for stage, at in deal.passed:
        yield {
            "opportunity_id": number,
            "from_stage_id": before,
            "to_stage_id": stage.id,
            "at": at,
            "actor_id": deal.owner,
            "amount": deal.amount,
            "reason": deal.reason if stage.kind is not StageKind.OPEN else "",
        }
        before = stage.id


def _lines(number: int, deal: Deal) -> Iterable[dict[str, Any]]:
    for position, (product_id, name, quantity, price) in enumerate(deal.lines):
        told = {"opportunity_id": number, "product_id": product_id, "name": name, "position": position}
        yield told | {"quantity": quantity, "unit_price": price}


def _steps(number: int, deal: Deal) -> Iterable[dict[str, Any]]:
    for position, (title, due, done) in enumerate(deal.steps):
        told = {"opportunity_id": number, "title": title, "due_on": due, "owner_id": deal.owner, "position": position}
        yield told | {"done_at": done, "done_by_id": deal.owner if done else None, "version": 1}


def _insert(work: Work, model: type[Model], told: Sequence[tuple[Deal, dict[str, Any]]]) -> None:
    """Insert rows that belong to the customers of deals, each with its history."""
    table: Any = columns(model).__table__
    rows, changes = [], []
    numbers = work.next_ids(model, len(told)) if told and "id" not in told[0][1] else [row["id"] for _deal, row in told]
    for number, (deal, values) in zip(numbers, told, strict=True):
        row = dict.fromkeys((column.name for column in table.columns), None) | values
        row |= {"id": number, "customer_id": deal.customer.id}
        if "name_folded" in row:
            row["name_folded"] = search_text.fold(str(row["name"]))
        stored = {column.name: row[column.name] for column in table.columns if not column.info.get("derived")}
        values = {name: value for name, value in stored.items() if name not in ("id", "uid", "created_at")}
        changes.append(Change(number, values, deal.customer.uid, deal.customer.cipher, stored))
        rows.append(row)
    work.bulk(model, rows, changes=changes)
