"""Tickets through the service: from arrival to rating, who may, what they leave behind, undo, merge, figures."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cim import service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, FieldType, Noun
from cim.models.customer import CustomerDraft
from cim.models.ticket import TicketDraft, TicketStatus, TicketType
from cim.models.ticket_view import TicketFilter
from cim.service import ticket_advice, ticket_after, ticket_desk, ticket_figures, tickets
from tests.factories import Personas, history, queries, recorded


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "2026-11-23T10:00")


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setenv("CIM_NOW", f"{moment}:00+08:00")


def customer(me: Actor, name: str, **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}))


@pytest.fixture
def firm(people: Personas) -> int:
    return customer(people.ann, "南京信诺环保科技有限公司", email="buyer@xinnuo.cn")


def opened(me: Actor, firm: int, subject: str = "净水机漏水", **values: object) -> int:
    return tickets.open(me, firm, TicketDraft.model_validate({"subject": subject, **values}))


def test_a_complaint_from_arrival_to_rating(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded("tickets.open", by=people.ann):
        ticket = opened(people.ann, firm, content="地上都是水", priority="high")
    seen = tickets.get(people.ann, ticket)
    assert (seen.number, seen.status, seen.handler, seen.opened_by) == (
        "T2026-00001", TicketStatus.OPEN, "凯思远", "安晓然"
    )  # fmt: skip
    assert service.customers.get(people.ann, firm).id == firm
    at(monkeypatch, "2026-11-23T10:20")
    tickets.respond(people.kai, ticket, "今天下午上门", token="a")
    tickets.respond(people.kai, ticket, "今天下午上门", token="a")
    [note] = service.comments.of(people.ann, "ticket", [ticket])[ticket]
    assert (note.text, note.internal) == ("今天下午上门", False)
    with pytest.raises(Conflict):
        tickets.rate(people.ann, ticket, 5)
    with pytest.raises(Conflict):
        tickets.close(people.kai, ticket)
    with pytest.raises(Invalid):
        tickets.resolve(people.kai, ticket, "  ")
    with recorded("tickets.resolve", by=people.kai):
        assert tickets.resolve(people.kai, ticket, "换了密封圈")
    assert not tickets.resolve(people.kai, ticket, "换了密封圈")
    assert tickets.close(people.kai, ticket)
    assert not tickets.close(people.kai, ticket)
    with recorded("tickets.rate", by=people.ann):
        assert tickets.rate(people.ann, ticket, 4, "来得快")
    assert not tickets.rate(people.ann, ticket, 4, "来得快")
    done = tickets.get(people.kai, ticket)
    assert (done.status, done.satisfaction, done.rating_comment) == (TicketStatus.CLOSED, 4, "来得快")
    assert done.responded_at == datetime(2026, 11, 23, 2, 20, tzinfo=UTC)


def test_closing_plans_a_return_visit_in_working_days(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2026-09-29T10:00")
    ticket = opened(people.ann, firm)
    tickets.resolve(people.kai, ticket, "换了密封圈", close=True)
    [visit] = ticket_desk.return_visits(people.ann, mine=True)
    assert (visit.ticket.id, visit.assignee, visit.may_finish) == (ticket, "安晓然", True)
    assert visit.due_at == datetime(2026, 10, 8, 1, tzinfo=UTC), "30 September, then 8 October at 9"
    assert ticket_desk.return_visits(people.kai, mine=True) == []
    assert [v.may_finish for v in ticket_desk.return_visits(people.kai)] == [False]
    assert service.customers.get(people.ann, firm).next_due_at == visit.due_at
    tickets.reopen(people.kai, ticket, "客户说还在漏")
    assert ticket_desk.return_visits(people.ann) == []
    tickets.resolve(people.kai, ticket, "换了管子", close=True)
    [again] = ticket_desk.return_visits(people.ann)
    service.tasks.done(people.ann, again.task_id)
    assert ticket_desk.return_visits(people.ann) == []


def test_what_stays_resolved_is_closed_by_itself(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = opened(people.ann, firm)
    tickets.resolve(people.kai, ticket, "换了密封圈")
    at(monkeypatch, "2026-11-28T09:00")
    assert ticket_after.close_due(SYSTEM) == 0
    at(monkeypatch, "2026-11-28T11:00")
    assert ticket_after.close_due(SYSTEM) == 1
    assert tickets.get(people.kai, ticket).status is TicketStatus.CLOSED
    assert len(ticket_desk.return_visits(people.kai)) == 1


def test_reopening_begins_the_clock_anew(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = opened(people.ann, firm, priority="urgent")
    with pytest.raises(Conflict):
        tickets.reopen(people.ann, ticket, "还漏")
    tickets.resolve(people.kai, ticket, "换了密封圈")
    at(monkeypatch, "2026-11-24T09:00")
    with pytest.raises(Invalid):
        tickets.reopen(people.ann, ticket, " ")
    with recorded("tickets.reopen", by=people.ann):
        tickets.reopen(people.ann, ticket, "还漏")
    seen = tickets.get(people.ann, ticket)
    assert (seen.status, seen.reopened, seen.resolved_at, seen.handler) == (TicketStatus.OPEN, 1, None, "凯思远")
    assert seen.due_at == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert "还漏" in [note.text for note in service.comments.of(people.kai, "ticket", [ticket])[ticket]]


def test_ratings_of_customers_are_not_changed_by_staff(people: Personas, firm: int) -> None:
    ticket = opened(people.ann, firm)
    tickets.resolve(people.kai, ticket, "换了密封圈")
    for score in (0, 6, True):
        with pytest.raises(Invalid):
            tickets.rate(people.ann, ticket, score)
    tickets.rate(people.ann, ticket, 5)
    assert tickets.rate(people.ann, ticket, 3, "听错了")
    tickets.rate(SYSTEM, ticket, 1, "其实很糟")
    with pytest.raises(Conflict):
        tickets.rate(people.ann, ticket, 5)
    assert tickets.get(people.mei, ticket).satisfaction == 1
    kinds = [notice.kind for notice in service.notices.mine(people.mei)]
    assert "ticket.rated" in kinds


def test_reach(people: Personas, firm: int) -> None:
    ticket = opened(people.kai, firm)
    for attempt in (
        lambda: tickets.get(people.bo, ticket),
        lambda: tickets.of_customer(people.bo, firm),
        lambda: tickets.open(people.bo, firm, TicketDraft(subject="x")),
        lambda: tickets.escalate(people.bo, ticket, "急"),
        lambda: ticket_advice.beside(people.bo, ticket),
        lambda: ticket_advice.similar(people.bo, ticket),
        lambda: tickets.get(people.ann, 2**40),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert ticket_desk.desk(people.bo).total == 0
    assert ticket_desk.desk(people.bo).counts["open"] == 0
    for me in (people.ann, people.mei, people.audrey):
        with pytest.raises(Denied):
            tickets.resolve(me, ticket, "好了")
        with pytest.raises(Denied):
            tickets.take(me, ticket)
    with pytest.raises(Denied):
        tickets.assign(people.ann, ticket)
    with pytest.raises(Denied):
        tickets.update(people.audrey, ticket, TicketDraft(subject="x"), version=1)
    assert tickets.get(people.audrey, ticket).may_edit is False
    mine = tickets.get(people.ann, ticket)
    assert (mine.may_edit, mine.may_handle, mine.may_assign, mine.may_comment) == (True, False, False, True)
    service.customers.assign(people.mei, firm, None)
    with pytest.raises(Denied):
        tickets.open(people.bo, firm, TicketDraft(subject="公海客户"))


def test_refusals_name_the_field(people: Personas, firm: int) -> None:
    other = customer(people.ann, "苏州恒远机械有限公司")
    person = service.contacts.add(people.ann, other, ContactDraft(name="李四"))
    for field, values in (
        ("subject", {"subject": " "}),
        ("subject", {"subject": "长" * 201}),
        ("contact_id", {"contact_id": person}),
        ("opened_at", {"opened_at": datetime(2026, 11, 24)}),
    ):
        with pytest.raises(Invalid) as refused:
            opened(people.ann, firm, **{"subject": "x", **values})
        assert refused.value.field == field
    ticket = opened(people.ann, firm)
    with pytest.raises(Invalid) as refused:
        tickets.assign(people.kai, ticket, people.ann.user_id)
    assert refused.value.field == "handler_id"
    tickets.resolve(people.kai, ticket, "好了")
    with pytest.raises(Conflict):
        tickets.wait(people.kai, ticket)
    with pytest.raises(Conflict):
        tickets.resolve(people.kai, ticket, "又好了", version=1)


def test_double_pressed_save_is_one_ticket(people: Personas, firm: int) -> None:
    draft = TicketDraft(subject="净水机漏水")
    assert tickets.open(people.ann, firm, draft, token="t") == tickets.open(people.ann, firm, draft, token="t")
    assert [row.number for row in tickets.of_customer(people.ann, firm)] == ["T2026-00001"]


def test_numbers_are_never_given_twice(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = opened(people.ann, firm), opened(people.ann, firm)
    tickets.remove(people.kai, second, reason="重复")
    assert tickets.get(people.ann, opened(people.ann, firm)).number == "T2026-00003"
    at(monkeypatch, "2027-01-04T09:00")
    assert tickets.get(people.ann, opened(people.ann, firm)).number == "T2027-00001"
    assert first


def test_desk_is_one_list_by_due_time(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    low = opened(people.ann, firm, "慢", priority="low")
    urgent = opened(people.ann, firm, "急", priority="urgent", type=TicketType.REQUEST.value)
    waits = opened(people.ann, firm, "等", priority="urgent")
    solved = opened(people.ann, firm, "完", priority="urgent")
    tickets.wait(people.kai, waits)
    tickets.resolve(people.kai, solved, "好了")
    at(monkeypatch, "2026-11-23T15:00")
    desk = ticket_desk.desk(people.kai)
    assert [row.id for row in desk.rows] == [urgent, low, waits]
    assert [row.overdue for row in desk.rows] == [True, False, False]
    assert desk.counts == {
        "open": 3, "new": 0, "waiting": 1, "resolved": 1, "overdue": 1, "late_answer": 1, "mine": 3, "unassigned": 0
    }  # fmt: skip
    for narrowed, wanted in (
        (TicketFilter(overdue=True), [urgent]),
        (TicketFilter(type=TicketType.REQUEST), [urgent]),
        (TicketFilter(status=TicketStatus.RESOLVED), [solved]),
        (TicketFilter(unassigned=True), []),
        (TicketFilter(mine=True, priority="low"), [low]),
    ):
        found = ticket_desk.desk(people.kai, narrowed)
        assert ([row.id for row in found.rows], found.total) == (wanted, len(wanted))
    with queries(4):
        ticket_desk.desk(people.kai)
    assert ticket_desk.desk(people.mei).total == 3
    assert len(ticket_desk.found(people.kai, TicketFilter(customer_id=firm))) == 4


def test_similar_tickets_say_why(people: Personas, firm: int) -> None:
    other = customer(people.bo, "广州泰禾电器有限公司")
    past = opened(people.bo, other, "净水机接口漏水严重", category="漏水")
    tickets.resolve(people.kai, past, "换了密封圈")
    opened(people.bo, other, "发票抬头写错了", category="发票")
    asked = opened(people.kai, firm, "净水机漏水", category="漏水")
    [found] = ticket_advice.similar(people.kai, asked)
    assert (found.ticket.id, found.ticket.resolution) == (past, "换了密封圈")
    assert found.reasons == [("words", "净水机"), ("words", "漏水"), ("category", "漏水")]
    assert [s.ticket.id for s in ticket_advice.similar(people.kai, "漏水的净水机", firm)] == [asked, past]
    assert ticket_advice.similar(people.ann, asked) == [], "bo's customers are out of ann's reach"
    assert [row.id for row in ticket_advice.beside(people.kai, past).last] == [past + 1]


def test_repeated_problems_and_satisfaction_count_what_they_list(people: Personas, firm: int) -> None:
    other = customer(people.bo, "广州泰禾电器有限公司")
    made = [opened(people.kai, each, category="漏水") for each in (firm, firm, other)]
    opened(people.kai, firm, "开票", category="发票", type=TicketType.REQUEST.value)
    for ticket, score in zip(made, (5, 2, 4), strict=True):
        tickets.resolve(people.kai, ticket, "好了")
        tickets.rate(people.kai, ticket, score)
    [problem] = ticket_figures.repeated(people.kai, 30)
    assert (problem.category, problem.count, problem.customers, problem.complaints, problem.open) == (
        "漏水",
        3,
        2,
        3,
        0,
    )
    narrowed = TicketFilter(category="漏水", without_product=True, since=ticket_figures.since(30))
    assert len(ticket_desk.found(people.kai, narrowed)) == problem.count
    told = ticket_figures.satisfaction(people.kai)
    assert (told.whole.tickets, told.whole.rated, told.whole.average, told.scores[5]) == (4, 3, 3.67, 1)
    assert round(told.whole.good or 0, 4) == 0.6667
    assert [(one.group, one.rated) for one in told.by_handler] == [("凯思远", 3)]
    assert [(one.group, one.tickets, one.rated) for one in told.by_type] == [("complaint", 3, 3), ("request", 1, 0)]
    assert ticket_figures.satisfaction(people.ann).whole.rated == 2, "only ann's customers"
    assert ticket_figures.satisfaction(people.bo).by_month[0].group == "2026-11"


# ---- history: undo, recycle bin, merge
VERBS = {
    "take": lambda p, t: tickets.assign(p.kai, t, p.root.user_id),
    "respond": lambda p, t: tickets.respond(p.kai, t, "马上来"),
    "wait": lambda p, t: tickets.wait(p.kai, t),
    "update": lambda p, t: tickets.update(
        p.kai, t, TicketDraft(subject="别的", priority="low"), version=tickets.get(p.kai, t).version
    ),
    "resolve": lambda p, t: tickets.resolve(p.kai, t, "好了", close=True),
    "remove": lambda p, t: tickets.remove(p.kai, t),
    "escalate": lambda p, t: tickets.escalate(p.ann, t, "急"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_can_be_taken_back(people: Personas, firm: int, verb: str) -> None:
    ticket = opened(people.ann, firm)
    keys = (
        "status",
        "subject",
        "priority",
        "due_at",
        "handler_id",
        "responded_at",
        "resolution",
        "escalation",
        "closed_at",
    )
    before = tickets.get(people.ann, ticket).model_dump(include=set(keys))
    VERBS[verb](people, ticket)
    after = history()[-1].change_set_id
    service.undo.change_set(people.root, after)
    seen = tickets.get(people.ann, ticket)
    assert seen.model_dump(include=set(keys)) == before
    assert seen.due_why["since"] == "2026-11-23T02:00:00+00:00"
    assert ticket_desk.return_visits(people.kai) == []
    assert service.comments.of(people.kai, "ticket", [ticket]) == {}
    assert service.customers.get(people.ann, firm).next_due_at is None


def test_opening_is_taken_back_and_counted(people: Personas, firm: int) -> None:
    ticket = opened(people.ann, firm)
    service.undo.change_set(people.ann, history()[-1].change_set_id)
    with pytest.raises(NotFound):
        tickets.get(people.ann, ticket)


def test_removed_ticket_comes_back_from_the_recycle_bin(people: Personas, firm: int) -> None:
    ticket = opened(people.ann, firm)
    tickets.remove(people.kai, ticket, reason="重复")
    with pytest.raises(NotFound):
        tickets.get(people.kai, ticket)
    assert ticket_desk.desk(people.kai).total == 0
    assert service.recycle.restore_record(people.kai, Noun.TICKET, ticket)
    assert tickets.get(people.kai, ticket).handler == "凯思远"


def test_merged_customers_tickets_stand_under_the_winner_and_go_back(people: Personas, firm: int) -> None:
    other = customer(people.ann, "南京信诺环保公司")
    ticket = opened(people.ann, other)
    tickets.resolve(people.kai, ticket, "好了", close=True)
    tickets.rate(people.ann, ticket, 5)
    service.customers.merge(people.ann, firm, [other])
    assert [row.id for row in tickets.of_customer(people.ann, firm)] == [ticket]
    assert tickets.get(people.ann, ticket).customer == "南京信诺环保科技有限公司"
    service.customers.unmerge(people.ann, other)
    assert [row.id for row in tickets.of_customer(people.ann, other)] == [ticket]
    assert tickets.of_customer(people.ann, firm) == []


# ---- custom fields and files
def test_custom_fields_of_tickets(people: Personas, firm: int) -> None:
    service.custom.define(people.root, CustomFieldDraft(noun=Noun.TICKET, label="机器编号", type=FieldType.TEXT))
    [made] = service.custom.fields(people.root, Noun.TICKET)
    ticket = opened(people.ann, firm, custom={made.key: "M-17"})
    seen = tickets.get(people.kai, ticket)
    assert seen.custom == {made.key: "M-17"}
    draft = TicketDraft(subject=seen.subject, custom={made.key: "M-18"})
    assert tickets.update(people.kai, ticket, draft, version=seen.version)
    assert tickets.get(people.ann, ticket).custom == {made.key: "M-18"}
    with pytest.raises(Invalid):
        opened(people.ann, firm, custom={"unknown": "x"})


def test_files_of_a_ticket_are_its_customers(people: Personas, firm: int) -> None:
    ticket = opened(people.ann, firm)
    made = service.ticket_files.attach(people.ann, ticket, "现场.txt", "地上有水".encode(), token="f")
    assert service.ticket_files.attach(people.ann, ticket, "现场.txt", "地上有水".encode(), token="f") == made
    [file] = service.ticket_files.list(people.kai, ticket)
    assert (file.id, file.customer_id) == (made, firm)
    assert [f.id for f in service.files.list(people.ann, firm)] == [made]
    with pytest.raises(NotFound):
        service.ticket_files.list(people.bo, ticket)
