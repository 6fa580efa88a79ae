"""The rules of the service desk as tables: by when a ticket is due, who gets it, and when those who lead are told."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from cim import db, service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Notice
from cim.models.customer import CustomerDraft
from cim.models.ticket import Priority, RuleDraft, ServiceRule, TicketDraft, TicketStatus, TicketType
from cim.models.user import UserDraft
from cim.permissions import Role
from cim.service import service_rules, skills, ticket_escalation, tickets
from cim.service.ticket_assigning import Candidate, choose
from tests.factories import Personas, history, recorded

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONG_AGO, YESTERDAY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "2026-11-23T10:00")


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setenv("CIM_NOW", f"{moment}:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def colleague(people: Personas, username: str, role: Role = Role.SERVICE) -> int:
    draft = UserDraft(username=username, name=username.title(), role=role)
    return service.users.add(people.root, draft, password="visit-every-day-26", must_change=False).user_id


def opened(me: Actor, firm: int, **values: object) -> int:
    return tickets.open(me, firm, TicketDraft.model_validate({"subject": "设备漏水", **values}))


def local(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(SHANGHAI).isoformat()[:16]


def told(user_id: int | None, kind: str) -> list[Notice]:
    with db.session(writing=False) as session:
        wanted = select(Notice).where(Notice.user_id == user_id, Notice.kind == kind)  # type: ignore[arg-type]
        return list(session.execute(wanted).scalars())


# ---- due times
DUE = [
    # opened, priority, respond by, due: with the shipped rules and Monday to Friday, 9 to 18
    ("2026-11-23T10:00", "urgent", "2026-11-23T10:30", "2026-11-23T14:00"),
    ("2026-11-23T10:00", "high", "2026-11-23T12:00", "2026-11-24T10:00"),
    ("2026-11-23T10:00", "normal", "2026-11-23T14:00", "2026-11-26T10:00"),
    ("2026-11-23T10:00", "low", "2026-11-24T10:00", "2026-11-30T10:00"),
    ("2026-11-20T17:45", "urgent", "2026-11-23T09:15", "2026-11-23T12:45"),
    ("2026-11-21T22:00", "urgent", "2026-11-23T09:30", "2026-11-23T13:00"),
    ("2025-09-30T17:00", "urgent", "2025-09-30T17:30", "2025-10-09T12:00"),
    ("2025-09-27T09:00", "urgent", "2025-09-28T09:30", "2025-09-28T13:00"),
    ("2025-09-26T16:00", "high", "2025-09-26T18:00", "2025-09-28T16:00"),
    ("2026-09-30T17:00", "high", "2026-10-08T10:00", "2026-10-08T17:00"),
    ("2026-10-09T17:00", "high", "2026-10-10T10:00", "2026-10-10T17:00"),
    ("2025-12-31T16:00", "high", "2025-12-31T18:00", "2026-01-04T16:00"),
    ("2026-02-13T17:00", "normal", "2026-02-14T12:00", "2026-02-25T17:00"),
]


@pytest.mark.parametrize(("moment", "priority", "respond", "due"), DUE, ids=[f"{c[0]} {c[1]}" for c in DUE])
def test_due_times(
    people: Personas, monkeypatch: pytest.MonkeyPatch, moment: str, priority: str, respond: str, due: str
) -> None:
    at(monkeypatch, moment)
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    ticket = tickets.get(people.kai, opened(people.kai, firm, priority=priority))
    assert (local(ticket.respond_by), local(ticket.due_at)) == (respond, due)
    assert ticket.due_why["priority"] == priority
    assert ticket.due_why["off_count"] == len(ticket.due_why["off"])


FITS = [
    ({"type": "complaint", "priority": "high", "category": "漏水"}, 1),
    ({"type": "complaint", "priority": "high", "category": "发票"}, 2),
    ({"type": "complaint", "priority": "low", "category": ""}, 2),
    ({"type": "request", "priority": "low", "category": "漏水"}, 3),
    ({"type": "request", "priority": "normal", "category": ""}, None),
]
RULES = [
    {"type": "complaint", "category": "漏水"},
    {"type": "complaint"},
    {"priority": "low"},
    {"priority": "urgent", "type": "suggestion"},
]


@pytest.mark.parametrize(("asked", "place"), FITS)
def test_first_rule_that_fits_decides(asked: dict[str, str], place: int | None) -> None:
    rules = [ServiceRule(id=number, **rule) for number, rule in enumerate(RULES, 1)]
    found = service_rules.first_fitting(rules, **asked)
    assert (found.id if found else None) == place


def test_clock_stands_still_while_the_customer_is_asked(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = opened(people.kai, firm, priority="high")
    at(monkeypatch, "2026-11-23T12:00")
    assert tickets.wait(people.kai, ticket)
    assert not tickets.wait(people.kai, ticket)
    at(monkeypatch, "2026-11-24T11:00")  # 6 hours of Monday, 2 of Tuesday
    assert not tickets.get(people.kai, ticket).overdue
    assert tickets.resume(people.kai, ticket)
    seen = tickets.get(people.kai, ticket)
    assert seen.waited_minutes == 8 * 60
    assert local(seen.due_at) == "2026-11-24T18:00"
    assert seen.due_why["waited"] == 8 * 60


def test_another_priority_counts_anew_from_the_same_beginning(people: Personas, firm: int) -> None:
    ticket = opened(people.kai, firm, priority="low")
    draft = TicketDraft(subject="设备漏水", priority=Priority.URGENT)
    with recorded("tickets.update", by=people.kai):
        assert tickets.update(people.kai, ticket, draft, version=tickets.get(people.kai, ticket).version)
    assert local(tickets.get(people.kai, ticket).due_at) == "2026-11-23T14:00"
    before = len(history())
    assert not tickets.update(people.kai, ticket, draft, version=tickets.get(people.kai, ticket).version)
    assert len(history()) == before


# ---- who gets it
CHOOSE = [
    ("nobody is there", [], "", None),
    ("fewest open", [Candidate(1, "a", open=3), Candidate(2, "b", open=1)], "", 2),
    ("last ticket longest ago", [Candidate(1, "a", last=YESTERDAY), Candidate(2, "b", last=LONG_AGO)], "", 2),
    ("never had one", [Candidate(1, "a", last=LONG_AGO), Candidate(2, "b")], "", 2),
    ("the lower number", [Candidate(2, "b"), Candidate(1, "a")], "", 1),
    ("level before load", [Candidate(1, "a", 1, open=0), Candidate(2, "b", 3, open=9)], "x", 2),
    ("load within a level", [Candidate(1, "a", 3, open=5), Candidate(2, "b", 3, open=4)], "x", 2),
    ("who lacks the skill never", [Candidate(1, "a"), Candidate(2, "b", 1, open=9)], "x", 2),
    ("nobody has it", [Candidate(1, "a"), Candidate(2, "b")], "x", None),
    ("a level means nothing without a skill", [Candidate(1, "a", 3, open=2), Candidate(2, "b", open=1)], "", 2),
    ("full", [Candidate(1, "a", 3, open=5, capacity=5), Candidate(2, "b", 1, open=4, capacity=5)], "x", 2),
    ("all are full", [Candidate(1, "a", open=5, capacity=5)], "", None),
    ("no capacity is no limit", [Candidate(1, "a", open=500)], "", 1),
]


@pytest.mark.parametrize(("candidates", "skill", "chosen"), [c[1:] for c in CHOOSE], ids=[c[0] for c in CHOOSE])
def test_who_gets_it(candidates: list[Candidate], skill: str, chosen: int | None) -> None:
    found, others = choose(candidates, skill)
    assert (found.user_id if found else None) == chosen
    assert chosen not in [one.user_id for one in others]


def test_assignment_keeps_its_reason_and_tells(people: Personas, firm: int) -> None:
    lin = colleague(people, "lin")
    skills.set_person(people.root, lin, {"漏水": 3}, capacity=2)
    skills.set_person(people.root, people.kai.user_id or 0, {"漏水": 1})
    rule = service_rules.add(people.root, RuleDraft(category="漏水", skill="漏水"))
    service_rules.arrange(people.root, [rule])
    made = [opened(people.ann, firm, category="漏水") for _ in range(3)]
    first, third = tickets.get(people.kai, made[0]), tickets.get(people.kai, made[2])
    assert (first.handler, first.status) == ("Lin", TicketStatus.OPEN)
    assert first.assigned_why == {
        "rule": rule, "skill": "漏水", "level": 3, "open": 0, "capacity": 2,
        "others": [{"name": "凯思远", "level": 1, "open": 0}],
    }  # fmt: skip
    assert third.handler == "凯思远", "Lin has two and may have no more"
    assert len(told(lin, "ticket.assigned")) == 2
    [notice] = told(people.kai.user_id, "ticket.assigned")
    assert (notice.link, notice.params) == (
        f"/ticket?id={third.id}", {"number": third.number, "customer": "南京信诺环保科技有限公司"}
    )  # fmt: skip


def test_who_is_away_or_gone_gets_none(people: Personas, firm: int) -> None:
    skills.away(people.kai, datetime(2026, 11, 24).date())
    ticket = opened(people.ann, firm)
    seen = tickets.get(people.ann, ticket)
    assert (seen.handler_id, seen.status, seen.assigned_why["nobody"]) == (None, TicketStatus.NEW, True)
    assert len(told(people.mei.user_id, "ticket.unassigned")) == 1
    with pytest.raises(Conflict):
        tickets.assign(people.mei, ticket)
    skills.away(people.kai, None)
    with recorded("tickets.assign", by=people.mei):
        assert tickets.assign(people.mei, ticket)
    assert tickets.get(people.ann, ticket).handler == "凯思远"
    with pytest.raises(Invalid):
        skills.away(people.kai, datetime(2026, 11, 22).date())


def test_administrators_get_tickets_only_with_a_skill(people: Personas, firm: int) -> None:
    assert [one.name for one in skills.everyone(people.kai) if one.drawn] == ["凯思远"]
    skills.set_person(people.root, people.root.user_id or 0, {"合同": 2})
    assert {one.name for one in skills.everyone(people.kai) if one.drawn} == {"凯思远", "管理员"}
    with pytest.raises(NotFound):
        skills.set_person(people.root, people.ann.user_id or 0, {"合同": 2})


def test_open_tickets_of_a_leaver_go_to_whom_the_rule_chooses(people: Personas, firm: int) -> None:
    lin = colleague(people, "lin")
    for number in range(4):
        opened(people.ann, firm, subject=f"第{number}个")
    mine = [t.id for t in tickets.of_customer(people.kai, firm) if t.handler_id == lin]
    assert len(mine) == 2
    with recorded("users.disable", by=people.root):
        service.users.disable(people.root, lin)
    rows = tickets.of_customer(people.kai, firm)
    assert {row.handler for row in rows} == {"凯思远"}
    assert tickets.get(people.kai, mine[0]).assigned_why["from"] == "Lin"
    service.users.disable(people.root, people.kai.user_id or 0)
    rows = tickets.of_customer(people.ann, firm)
    assert {(row.handler_id, row.status) for row in rows} == {(None, TicketStatus.NEW)}


def test_hand_over_within_the_desk(people: Personas, firm: int) -> None:
    opened(people.ann, firm)
    lin = colleague(people, "lin")
    with pytest.raises(Invalid):
        ticket_escalation.hand_over(people.kai, people.kai.user_id or 0, people.ann.user_id, reason="休假")
    with recorded("ticket_escalation.hand_over", by=people.kai):
        assert ticket_escalation.hand_over(people.kai, people.kai.user_id or 0, lin, reason="休假") == 1
    assert [row.handler for row in tickets.of_customer(people.kai, firm)] == ["Lin"]


# ---- escalation
def test_escalation_once_per_level(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = opened(people.ann, firm, priority="urgent")  # escalates after 2 hours, due after 4
    for moment, rose, level in (
        ("2026-11-23T11:59", 0, 0),
        ("2026-11-23T12:01", 1, 1),
        ("2026-11-23T12:06", 0, 1),
        ("2026-11-23T14:01", 1, 2),
        ("2026-11-24T09:00", 0, 2),
    ):
        at(monkeypatch, moment)
        assert ticket_escalation.escalate_due(SYSTEM) == rose
        assert tickets.get(people.ann, ticket).escalation == level
    assert len(told(people.mei.user_id, "ticket.escalated")) == 2
    assert len(told(people.kai.user_id, "ticket.escalated")) == 2
    assert len(told(people.kai.user_id, "ticket.silent")) == 1
    assert told(people.bo.user_id, "ticket.escalated") == []


def test_what_waits_or_is_resolved_does_not_rise(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, solved = opened(people.ann, firm, priority="urgent"), opened(people.ann, firm, priority="urgent")
    tickets.wait(people.kai, waiting)
    tickets.resolve(people.kai, solved, "换了密封圈")
    at(monkeypatch, "2026-12-23T12:01")
    assert not ticket_escalation.anything_late(SYSTEM)
    assert ticket_escalation.escalate_due(SYSTEM) == 0
    tickets.reopen(people.ann, solved, "又漏了")
    at(monkeypatch, "2026-12-24T12:01")
    assert ticket_escalation.anything_late(SYSTEM)
    assert ticket_escalation.escalate_due(SYSTEM) == 1


def test_calling_for_help_by_hand(people: Personas, firm: int) -> None:
    ticket = opened(people.ann, firm)
    with pytest.raises(Invalid):
        tickets.escalate(people.ann, ticket, " ")
    assert tickets.escalate(people.ann, ticket, "客户很生气") == 1
    assert tickets.get(people.ann, ticket).escalation == 1
    assert [note.text for note in service.comments.of(people.kai, "ticket", [ticket])[ticket]] == ["客户很生气"]
    assert len(told(people.mei.user_id, "ticket.escalated")) == 1


# ---- rules and skills as data
def test_rules_are_kept_in_order_and_checked(people: Personas) -> None:
    before = service_rules.everything(people.kai)
    assert [rule.priority for rule in before] == ["urgent", "high", "normal", "low"]
    made = service_rules.add(people.root, RuleDraft(type=TicketType.COMPLAINT.value, respond_minutes=60), token="t")
    assert service_rules.add(people.root, RuleDraft(), token="t") == made
    with recorded("service_rules.arrange", by=people.root):
        assert service_rules.arrange(people.root, [made])
    assert not service_rules.arrange(people.root, [made])
    rules = service_rules.everything(people.kai)
    assert [rule.id for rule in rules] == [made, *(rule.id for rule in before)]
    assert service_rules.change(people.root, made, RuleDraft(respond_minutes=90), version=rules[0].version)
    assert service_rules.everything(people.kai)[0].type == "complaint", "what is not named stays"
    with pytest.raises(Conflict):
        service_rules.change(people.root, made, RuleDraft(respond_minutes=91), version=rules[0].version)
    for field, draft in (
        ("type", RuleDraft(type="x")),
        ("priority", RuleDraft(priority="x")),
        ("respond_minutes", RuleDraft(respond_minutes=0)),
        ("resolve_minutes", RuleDraft(resolve_minutes=10**9)),
    ):
        with pytest.raises(Invalid) as refused:
            service_rules.add(people.root, draft)
        assert refused.value.field == field
    service_rules.remove(people.root, made, version=service_rules.everything(people.kai)[0].version)
    assert len(service_rules.everything(people.kai)) == len(before)


def test_skills_of_a_person(people: Personas) -> None:
    kai = people.kai.user_id or 0
    with recorded("skills.set_person", by=people.root):
        assert skills.set_person(people.root, kai, {"漏水": 2, " 发票 ": 1}, capacity=5)
    assert not skills.set_person(people.root, kai, {"漏水": 2, "发票": 1}, capacity=5)
    [mate] = [one for one in skills.everyone(people.kai) if one.user_id == kai]
    assert (mate.skills, mate.capacity, skills.names(people.kai)) == ({"漏水": 2, "发票": 1}, 5, ["发票", "漏水"])
    for field, levels, capacity in (("level", {"漏水": 4}, 0), ("capacity", {}, -1)):
        with pytest.raises(Invalid) as refused:
            skills.set_person(people.root, kai, levels, capacity=capacity)
        assert refused.value.field == field
    assert skills.set_person(people.root, kai, {})
    assert skills.names(people.kai) == []
    [change] = [c for c in service.undo.recent(people.root) if c.action == "skills.set_person"][:1]
    service.undo.change_set(people.root, change.id)
    assert skills.names(people.kai) == ["发票", "漏水"]
