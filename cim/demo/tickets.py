"""Tickets of the demo company: a year of complaints, requests and suggestions, solved and rated, and some that are late."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cim import clock, working_time
from cim.demo.chance import by_lot
from cim.demo.loading import Stored
from cim.models import ServiceRule, Skill, SurveyAnswer, Ticket
from cim.models.survey import SurveyKind
from cim.models.ticket import Priority, TicketSource, TicketStatus, TicketType
from cim.service import service_rules, ticket_clock, totals, working_days
from cim.work import Work

COUNT = 150
"""So many tickets over the last twelve months."""
SEED = 20260
DAYS = 360
RECENT, RUNNING = 26, 9
"""So many of them are of the last days: what the desk works on."""
_TOPICS: tuple[tuple[TicketType, str, str, str, str], ...] = (
    (TicketType.COMPLAINT, "漏水", "设备接口漏水", "接口处持续渗水，地面有积水。", "上门更换密封圈并试压两小时，未再渗漏。"),
    (TicketType.COMPLAINT, "漏水", "新换的水泵漏水", "上月更换的水泵底座漏水。", "重新紧固底座并更换垫片，已交客户验收。"),
    (TicketType.COMPLAINT, "噪音", "风机运行噪音大", "夜间噪音明显，员工有意见。", "更换轴承并加装减震垫，现场测量达标。"),
    (TicketType.COMPLAINT, "交货", "到货数量与订单不符", "少收两箱，送货单已签注。", "核对库房记录后补发两箱，顺丰次日达。"),
    (TicketType.COMPLAINT, "交货", "交货比约定晚了五天", "影响了我们的安装计划。", "已致歉并调整后续排产，下批提前发货。"),
    (TicketType.COMPLAINT, "质量", "外壳有划痕", "开箱发现外壳有明显划痕。", "寄送新外壳，由当地服务商更换。"),
    (TicketType.REQUEST, "发票", "发票抬头需要更正", "抬头少了“有限”二字，请重开。", "红冲原发票并重开，电子发票已发邮箱。"),
    (TicketType.REQUEST, "发票", "申请补开增值税专用发票", "上季度三单需要专票。", "核对税号后开具三张专票，已快递。"),
    (TicketType.REQUEST, "安装", "预约上门安装", "设备已到货，请安排安装。", "工程师已完成安装调试并培训操作人员。"),
    (TicketType.REQUEST, "配件", "咨询滤芯型号和价格", "需要更换滤芯，请提供型号。", "确认型号后发送报价，客户已下单。"),
    (TicketType.REQUEST, "合同", "索取盖章合同扫描件", "财务入账需要。", "扫描件已发送至对方财务邮箱。"),
    (TicketType.SUGGESTION, "说明书", "建议说明书增加接线图", "现在的接线说明看不明白。", "已转技术部，新版说明书加入接线图。"),
    (TicketType.SUGGESTION, "服务", "建议增加周末值班电话", "周末出故障找不到人。", "已试行周末值班，号码通知客户。"),
)  # fmt: skip
_PRIORITIES = {Priority.NORMAL: 55, Priority.HIGH: 22, Priority.LOW: 15, Priority.URGENT: 8}
_SOURCES = {TicketSource.PHONE: 50, TicketSource.WECHAT: 25, TicketSource.EMAIL: 20, TicketSource.PAGE: 5}
_SCORES = {5: 42, 4: 34, 3: 14, 2: 6, 1: 4}
_COMMENTS = {
    5: "处理很快，满意。",
    4: "问题解决了。",
    3: "还可以，希望再快一点。",
    2: "等了太久。",
    1: "打了三次电话才有人来。",
}
_SKILLS = {"发票": 2, "漏水": 3, "安装": 1}


def load(work: Work, stored: Sequence[Stored], staff: Mapping[str, int]) -> int:
    """Put in the tickets, the service desk's skills, and the ratings; returns how many tickets. `staff` are user ids by
    user name."""
    chance = random.Random(SEED)
    customers = [customer for customer in stored if customer.party.draft.created_at is not None]
    if not customers:
        return 0
    for name, level in {"": 1, **_SKILLS}.items():
        work.session.add(Skill(user_id=staff["kai"], name=name, level=level, capacity=40 if not name else 0))
    calendar, rules = working_days.calendar(work), service_rules.active(work)
    days = [chance.uniform(0, RUNNING) for _one in range(RECENT)]
    days += [chance.triangular(RUNNING, DAYS, 40) for _one in range(COUNT - RECENT)]
    rows = [
        _ticket(work, chance, chance.choice(customers), ago, staff, calendar, rules)
        for ago in sorted(days, reverse=True)
    ]
    _number(rows)
    for row in rows:
        work.session.add(row)
    work.session.flush()
    for row in rows:
        if row.satisfaction is not None:
            work.session.add(_answer(row))
    totals.touch(work, [row.customer_id for row in rows])
    return len(rows)


def _ticket(
    work: Work,
    chance: random.Random,
    customer: Stored,
    ago: float,
    staff: Mapping[str, int],
    calendar: working_time.Calendar,
    rules: Sequence[ServiceRule],
) -> Ticket:
    kind, category, subject, content, resolution = chance.choice(_TOPICS)
    priority = by_lot(chance, _PRIORITIES)
    begin = max(work.now - timedelta(days=ago), customer.party.draft.created_at or work.now)
    opened = min(working_time.add_minutes(begin, chance.randint(0, 400), calendar), work.now)
    owner = customer.party.owner
    row = Ticket(
        number="",
        customer_id=customer.id,
        type=kind,
        subject=subject,
        content=content,
        priority=priority,
        category=category,
        source=by_lot(chance, _SOURCES),
        opened_at=opened,
        opened_by_id=staff[owner] if owner and chance.random() < 0.4 else staff["kai"],
        handler_id=staff["kai"],
        assigned_at=opened,
        status=TicketStatus.OPEN,
        created_at=opened,
        updated_at=opened,
    )
    row.assigned_why = {"rule": None, "skill": "", "level": 0, "open": chance.randint(0, 6), "others": []}
    _ruled(work, chance, row, rules, resolution, calendar)
    return row


def _ruled(
    work: Work,
    chance: random.Random,
    row: Ticket,
    rules: Sequence[ServiceRule],
    resolution: str,
    calendar: working_time.Calendar,
) -> None:
    """Due times by the rule that fits, and what became of the ticket."""
    rule = service_rules.first_fitting(rules, type=row.type, priority=row.priority, category=row.category)
    if rule is not None:
        found = ticket_clock.due(rule, row.opened_at, 0, calendar)
        row.respond_by, row.due_at = found["respond_by"], found["due_at"]
        row.due_why = ticket_clock.facts(rule, row.opened_at, 0, found, calendar)
        row.assigned_why = row.assigned_why | {"rule": rule.id}
        _story(work, chance, row, rule, resolution, calendar)


def _story(
    work: Work, chance: random.Random, row: Ticket, rule: ServiceRule, resolution: str, calendar: working_time.Calendar
) -> None:
    """What became of it: most are answered and solved within their time, some late; the newest are still open."""
    answered = working_time.add_minutes(row.opened_at, rule.respond_minutes * chance.uniform(0.1, 1.2), calendar)
    solved = working_time.add_minutes(row.opened_at, rule.resolve_minutes * chance.triangular(0.1, 1.8, 0.5), calendar)
    row.responded_at = answered if answered < work.now else None
    forgotten = row.opened_at > work.now - timedelta(days=RUNNING) and chance.random() < 0.35
    if solved >= work.now or forgotten:
        if chance.random() < 0.2:
            row.handler_id, row.assigned_at, row.status, row.responded_at = None, None, TicketStatus.NEW, None
            row.assigned_why = {"rule": rule.id, "skill": "", "nobody": True}
        elif chance.random() < 0.2:
            row.status, row.waiting_since = TicketStatus.WAITING, row.responded_at or row.opened_at
        return
    row.resolution, row.resolved_at, row.status, row.updated_at = resolution, solved, TicketStatus.RESOLVED, solved
    row.responded_at = min(answered, solved)
    closed = solved + timedelta(days=5)
    if closed < work.now:
        row.status, row.closed_at, row.updated_at = TicketStatus.CLOSED, closed, closed
    if chance.random() < 0.62:
        row.satisfaction = by_lot(chance, _SCORES)
        row.rating_comment = _COMMENTS[row.satisfaction] if chance.random() < 0.5 else ""
        row.rated_at = min(solved + timedelta(hours=chance.randint(1, 60)), work.now)


def _number(rows: Sequence[Ticket]) -> None:
    """Numbers in the order of opening, anew each year."""
    given: dict[int, int] = {}
    for row in sorted(rows, key=lambda one: one.opened_at):
        year = clock.local(row.opened_at).year
        given[year] = given.get(year, 0) + 1
        row.number = f"T{year}-{given[year]:05d}"


def _answer(row: Ticket) -> SurveyAnswer:
    at: datetime = row.rated_at or row.updated_at
    values: dict[str, Any] = {"kind": SurveyKind.CSAT, "score": row.satisfaction or 0, "comment": row.rating_comment}
    return SurveyAnswer(customer_id=row.customer_id, ticket_id=row.id, at=at, recorded_by_id=row.handler_id, **values)
