"""Surveys, their answers, and public links: asked of whom one may ask, answered once, counted in scope."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cim import clock, db, public_forms, service
from cim.errors import CimError, Conflict, Denied, Invalid, NotFound
from cim.models import AuditEntry, Notice, PublicLink, SurveyAnswer, Ticket
from cim.models.customer import CustomerDraft
from cim.models.survey import SurveyDraft, SurveyKind
from cim.models.ticket import TicketDraft
from cim.service import public_links, surveys
from cim.service.sessions import VISITOR
from tests.factories import Personas, queries, recorded


@pytest.fixture
def customer(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


@pytest.fixture
def nps(people: Personas) -> int:
    return surveys.add(people.root, SurveyDraft(name="推荐度", kind=SurveyKind.NPS, question="您会推荐我们吗？"))


def resolved(people: Personas, customer_id: int) -> int:
    number = service.tickets.open(people.kai, customer_id, TicketDraft(subject="水泵有异响"))
    service.tickets.assign(people.kai, number, handler_id=people.kai.user_id)
    service.tickets.resolve(people.kai, number, "更换轴承")
    return number


def answers() -> list[SurveyAnswer]:
    with db.session(writing=False) as session:
        return list(session.execute(select(SurveyAnswer)).scalars())


def test_shipped_surveys_and_what_a_survey_refuses(people: Personas) -> None:
    assert surveys.take_shipped(people.root) == 3
    assert surveys.take_shipped(people.root) == 0
    with pytest.raises(Invalid) as refused:
        surveys.add(people.root, SurveyDraft(name="", question="?"))
    assert refused.value.field == "name"
    with pytest.raises(Denied):
        surveys.add(people.mei, SurveyDraft(name="x", question="?"))


def test_a_kind_with_answers_stays(people: Personas, customer: int, nps: int) -> None:
    surveys.record(people.ann, customer, nps, 9)
    [held] = surveys.everything(people.root)
    with pytest.raises(Invalid) as refused:
        surveys.change(people.root, nps, SurveyDraft(name="推荐度", question="?"), version=held.version)
    assert refused.value.field == "kind"
    draft = SurveyDraft(name="推荐度", kind=SurveyKind.NPS, question="您会推荐我们吗？")
    assert not surveys.change(people.root, nps, draft, version=held.version)


def test_what_was_told_is_written_down_and_counted_in_scope(people: Personas, customer: int, nps: int) -> None:
    with recorded("surveys.record", by=people.ann):
        first = surveys.record(people.ann, customer, nps, 9, comment="服务好", token="t")
    assert surveys.record(people.ann, customer, nps, 9, token="t") == first
    other = service.customers.create(people.bo, CustomerDraft(name="广州山海贸易有限公司"))
    surveys.record(people.bo, other, nps, 2)
    for score in (11, -1):
        with pytest.raises(Invalid):
            surveys.record(people.ann, customer, nps, score)
    with pytest.raises((Denied, NotFound)):
        surveys.record(people.bo, customer, nps, 5)
    with queries(4):
        seen = surveys.overview(people.mei)
    assert {f.kind: (f.value, f.n) for f in seen.figures}[SurveyKind.NPS] == (0.0, 2)
    assert [f.n for f in surveys.overview(people.ann).figures if f.kind is SurveyKind.NPS] == [1]
    assert [a.comment for a in surveys.answers(people.ann)] == ["服务好"]
    assert len(surveys.answers(people.kai)) == 2
    surveys.remove(people.ann, first, reason="写错了")
    assert surveys.answers(people.ann) == []


def test_a_customer_answers_a_survey_by_link_once(people: Personas, customer: int, nps: int) -> None:
    with recorded("public_links.for_survey", by=people.ann):
        token = public_links.for_survey(people.ann, customer, nps)
    asked = public_links.look(VISITOR, token)
    assert asked is not None
    assert (asked.state, asked.kind, asked.question) == ("open", SurveyKind.NPS, "您会推荐我们吗？")
    with pytest.raises(Invalid):
        public_links.answer(VISITOR, token, 11)
    with recorded("public_links.answer", by=VISITOR):
        public_links.answer(VISITOR, token, 10, "很好")
    [given] = answers()
    assert (given.score, given.comment, given.customer_id, given.recorded_by_id) == (10, "很好", customer, None)
    with pytest.raises(Conflict):
        public_links.answer(VISITOR, token, 0)
    assert [link.state for link in public_links.of_customer(people.ann, customer)] == ["used"]
    with db.session(writing=False) as session:
        told = session.execute(select(Notice.user_id).where(Notice.kind == "survey.answered")).scalars().all()  # type: ignore[call-overload]
    assert told == [people.ann.user_id]
    with pytest.raises(Denied):
        surveys.remove(people.ann, given.id or 0)


def test_a_rating_of_a_ticket_by_link(people: Personas, customer: int) -> None:
    number = resolved(people, customer)
    first = public_links.for_ticket(people.kai, number)
    token = public_links.for_ticket(people.ann, number)
    assert public_links.look(VISITOR, first) is None  # the second one replaces it
    public_links.answer(VISITOR, token, 2, "太慢")
    with db.session(writing=False) as session:
        ticket = session.get_one(Ticket, number)
    assert (ticket.satisfaction, ticket.rating_comment) == (2, "太慢")
    assert {f.kind: f.n for f in surveys.overview(people.kai).figures}[SurveyKind.CSAT] == 1
    again = service.tickets.open(people.kai, customer, TicketDraft(subject="未解决"))
    with pytest.raises(Conflict):
        public_links.for_ticket(people.kai, again)


def test_guessing_replaying_and_waiting_too_long_lead_nowhere(
    people: Personas, customer: int, nps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = public_links.for_survey(people.ann, customer, nps, days=3)
    for guess in ("", "x", token[:-1], token + "x", token.swapcase(), "\u0000", "é" * 500):
        assert public_links.look(VISITOR, guess) is None
        with pytest.raises(NotFound):
            public_links.answer(VISITOR, guess, 5)
    with db.session(writing=False) as session:
        [stored] = session.execute(select(PublicLink.digest)).scalars()  # type: ignore[call-overload]
        log = session.execute(select(AuditEntry.changes)).scalars().all()  # type: ignore[call-overload]
    assert token not in stored
    assert not any(
        token.encode() in bytes(entry or b"") if isinstance(entry, bytes) else token in str(entry) for entry in log
    )
    late = clock.now() + timedelta(days=3, seconds=1)
    monkeypatch.setenv("CIM_NOW", late.isoformat())
    form = public_links.look(VISITOR, token)
    assert form is not None
    assert form.state == "expired"
    with pytest.raises(Conflict):
        public_links.answer(VISITOR, token, 5)
    assert answers() == []


def test_a_withdrawn_link_and_one_of_a_removed_customer_are_none(people: Personas, customer: int, nps: int) -> None:
    tokens = [public_links.for_survey(people.ann, customer, nps) for _n in range(2)]
    [second, first] = public_links.of_customer(people.ann, customer)
    assert public_links.revoke(people.ann, first.id)
    assert not public_links.revoke(people.ann, first.id)
    with pytest.raises((Denied, NotFound)):
        public_links.revoke(people.bo, second.id)
    assert public_links.look(VISITOR, tokens[0]) is None
    view = service.customers.get(people.ann, customer)
    service.customers.remove(people.ann, customer, version=view.version, reason="测试")
    assert public_links.look(VISITOR, tokens[1]) is None


def test_a_link_follows_its_customer_through_a_merge(people: Personas, customer: int, nps: int) -> None:
    token = public_links.for_survey(people.ann, customer, nps)
    winner = service.customers.create(people.ann, CustomerDraft(name="成都远山食品有限公司"))
    service.customers.merge(people.ann, winner, [customer])
    public_links.answer(VISITOR, token, 7)
    assert [a.customer_id for a in surveys.answers(people.ann)] == [winner]


def test_two_answers_at_once_become_one(people: Personas, customer: int, nps: int) -> None:
    token = public_links.for_survey(people.ann, customer, nps)
    outcomes: list[str] = []

    def press() -> None:
        try:
            public_links.answer(VISITOR, token, 8)
            outcomes.append("taken")
        except CimError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=press) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Conflict"] * 3 + ["taken"]
    assert len(answers()) == 1


@pytest.mark.parametrize("body", ["a=1&b=2&c=3&d=4&e=5&f=6&score=9", "score=%00&comment=%ff", "=&=", "score=99999"])
def test_a_form_with_nonsense_is_asked_again(people: Personas, customer: int, nps: int, body: str) -> None:
    token = public_links.for_survey(people.ann, customer, nps)
    visitor = TestClient(Starlette(routes=public_forms.ROUTES))
    assert visitor.post(f"{public_forms.PLACE}{token}", content=body).status_code == 422
    assert answers() == []
    assert visitor.post(f"{public_forms.PLACE}{token}", content="score=9&comment=<b>").status_code == 200
