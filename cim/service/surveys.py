"""Surveys: what customers are asked, and what they answered, by link or told to one of us."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from cim import clock
from cim.analytics import satisfaction
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import N_, _
from cim.models import Contact, Customer, Survey, SurveyAnswer, Ticket, User
from cim.models.base import columns
from cim.models.survey import (
    AnswerView,
    FigureView,
    SatisfactionView,
    SurveyDraft,
    SurveyKind,
    SurveyView,
    TrendPoint,
)
from cim.permissions import Permission
from cim.service import typed
from cim.work import Work, command, query

ANSWERS, SURVEYS = columns(SurveyAnswer), columns(Survey)
SCALES = {SurveyKind.CSAT: range(1, 6), SurveyKind.NPS: range(11), SurveyKind.CES: range(1, 8)}
"""The scores that each kind knows."""
FIGURES = {SurveyKind.CSAT: satisfaction.csat, SurveyKind.NPS: satisfaction.nps, SurveyKind.CES: satisfaction.ces}
SHOWN, MOST = 500, 50
SHIPPED: tuple[tuple[str, SurveyKind, str], ...] = (
    (N_("Satisfaction"), SurveyKind.CSAT, N_("How satisfied are you with us?")),
    (N_("Recommendation"), SurveyKind.NPS, N_("How likely is it that you would recommend us to others?")),
    (N_("Effort"), SurveyKind.CES, N_("How easy was it to get your matter settled?")),
)


# ---- what is asked
@query(Permission.TICKET_READ)
def everything(work: Work, *, active: bool = False) -> list[SurveyView]:
    """The surveys by name, or only those in use, each with the number of answers in the actor's reach."""
    counted = select(ANSWERS.survey_id, func.count()).where(work.visible(SurveyAnswer)).group_by(ANSWERS.survey_id)
    held = {survey_id: int(count) for survey_id, count in work.session.execute(counted)}
    wanted = select(Survey).order_by(SURVEYS.name, SURVEYS.id)
    rows = work.session.execute(wanted.where(SURVEYS.active) if active else wanted).scalars()
    shown = set(SurveyView.model_fields) - {"answers"}
    return [SurveyView(**row.model_dump(include=shown), answers=held.get(row.id, 0)) for row in rows]


@command(Permission.SETTINGS_MANAGE)
def add(work: Work, draft: SurveyDraft) -> int:
    """Make a survey and return its id. Raises Invalid at the field; at most fifty."""
    if work.session.execute(select(func.count()).select_from(Survey)).scalar_one() >= MOST:
        raise Invalid("name", "There are {count} surveys already.", count=MOST)
    return work.add(Survey(**_values(draft), created_at=work.now, updated_at=work.now)).id or 0


@command(Permission.SETTINGS_MANAGE)
def change(work: Work, survey_id: int, draft: SurveyDraft, *, version: int) -> bool:
    """Change a survey; False when nothing differs. Raises Invalid at the field, also for another kind once there are
    answers: their scores would mean something else. Conflict when somebody was faster."""
    row = _row(work, survey_id)
    if row.version != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    values = _values(draft)
    asked = select(func.count()).select_from(SurveyAnswer).where(ANSWERS.survey_id == survey_id)
    if values["kind"] is not row.kind and work.session.execute(asked).scalar_one():
        raise Invalid("kind", "There are answers already: add another survey instead.")
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    if differing:
        row.updated_at = work.now
    return bool(differing)


@command(Permission.SETTINGS_MANAGE)
def take_shipped(work: Work) -> int:
    """Add the surveys we ship whose name is missing, in the actor's language; returns how many."""
    held = set(work.session.execute(select(SURVEYS.name)).scalars())
    missing = [(name, kind, question) for name, kind, question in SHIPPED if _(name) not in held]
    for name, kind, question in missing:
        row = Survey(name=_(name), kind=kind, question=_(question), created_at=work.now, updated_at=work.now)
        work.session.add(row)
    return len(missing)


# ---- what was answered
@command(Permission.SURVEY_SEND)
def record(
    work: Work,
    customer_id: int,
    survey_id: int,
    score: int,
    *,
    comment: str = "",
    contact_id: int | None = None,
    token: str | None = None,
) -> int:
    """Write down what a customer said and return the answer's id. Raises Invalid at the field, NotFound, Denied."""
    if (done := work.replayed(token)) is not None:
        return done
    customer = work.get(Customer, customer_id, to=Permission.SURVEY_SEND)
    made = answered(work, _row(work, survey_id), customer, score, comment, contact_id=contact_id)
    work.remember(token, made)
    return made


@command(Permission.SURVEY_SEND)
def remove(work: Work, answer_id: int, *, reason: str = "") -> None:
    """Take an answer out that one of us wrote down. Raises Denied for what a customer answered himself."""
    row = work.get(SurveyAnswer, answer_id)
    if row.recorded_by_id is None or row.ticket_id is not None:
        raise Denied("What a customer answered stands.")
    work.get(Customer, row.customer_id, to=Permission.SURVEY_SEND)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now


@query(Permission.TICKET_READ)
def answers(
    work: Work,
    *,
    customer_id: int | None = None,
    survey_id: int | None = None,
    kind: SurveyKind | None = None,
    first: date | None = None,
    last: date | None = None,
    limit: int = SHOWN,
) -> list[AnswerView]:
    """Answers in the actor's reach, newest first; days are local, both included."""
    contact: Any = aliased(Contact)
    wanted: Select[Any] = (
        select(SurveyAnswer, columns(Customer).name, contact.name, SURVEYS.name, columns(Ticket).number)
        .add_columns(columns(User).name)
        .join(Customer, columns(Customer).id == ANSWERS.customer_id)
        .outerjoin(contact, contact.id == ANSWERS.contact_id)
        .outerjoin(Survey, SURVEYS.id == ANSWERS.survey_id)
        .outerjoin(Ticket, columns(Ticket).id == ANSWERS.ticket_id)
        .outerjoin(User, columns(User).id == ANSWERS.recorded_by_id)
        .where(work.visible(SurveyAnswer), *_within(first, last))
        .order_by(ANSWERS.at.desc(), ANSWERS.id.desc())
        .limit(max(1, min(limit, SHOWN)))
    )
    for column, value in ((ANSWERS.customer_id, customer_id), (ANSWERS.survey_id, survey_id), (ANSWERS.kind, kind)):
        wanted = wanted if value is None else wanted.where(column == value)
    plain = ("id", "customer_id", "ticket_id", "kind", "score", "comment", "at")
    return [
        AnswerView(
            **{name: getattr(row, name) for name in plain},
            customer=customer,
            contact=person or "",
            survey=survey or "",
            ticket=number or "",
            recorded_by=by or "",
        )
        for row, customer, person, survey, number, by in work.session.execute(wanted)
    ]


@query(Permission.TICKET_READ)
def overview(
    work: Work, *, first: date | None = None, last: date | None = None, survey_id: int | None = None
) -> SatisfactionView:
    """The figures of each kind over the answers in the actor's reach, and by month. Ratings of tickets count as CSAT. One
    query, grouped by month and score."""
    wanted = select(ANSWERS.kind, ANSWERS.at, ANSWERS.score).where(work.visible(SurveyAnswer), *_within(first, last))
    if survey_id is not None:
        wanted = wanted.where(ANSWERS.survey_id == survey_id)
    scores: dict[SurveyKind, list[int]] = {}
    months: dict[date, dict[SurveyKind, list[int]]] = {}
    for kind, at, score in work.session.execute(wanted):
        scores.setdefault(kind, []).append(score)
        month = clock.local(at).date().replace(day=1)
        months.setdefault(month, {}).setdefault(kind, []).append(score)
    trend = [TrendPoint(month=month, figures=_figures(months[month])) for month in sorted(months)]
    return SatisfactionView(figures=_figures(scores), trend=trend)


# ---- below the doors
def answered(
    work: Work, survey: Survey, customer: Customer, score: int, comment: str, *, contact_id: int | None = None
) -> int:
    """Write an answer, by one of us or (system actor) by the customer; returns its id. The caller answers for the right.
    Raises Invalid at the field."""
    if isinstance(score, bool) or score not in SCALES[survey.kind]:
        scale = SCALES[survey.kind]
        raise Invalid("score", "Choose a number from {least} to {most}.", least=scale[0], most=scale[-1])
    if contact_id is not None:
        contact = work.session.get(Contact, contact_id)
        if contact is None or contact.customer_id != customer.id:
            raise Invalid("contact_id", "This person belongs to another customer.")
    row = SurveyAnswer(
        survey_id=survey.id,
        customer_id=customer.id or 0,
        contact_id=contact_id,
        kind=survey.kind,
        score=score,
        comment=typed.lines("comment", comment, 2000),
        at=work.now,
        recorded_by_id=work.actor.user_id,
    )
    return work.add(row).id or 0


def _figures(scores: dict[SurveyKind, list[int]]) -> list[FigureView]:
    made = []
    for kind, figure in FIGURES.items():
        found = figure(scores.get(kind, []))
        made.append(FigureView(kind=kind, value=found.value, n=found.n, low=found.low, high=found.high))
    return made


def _within(first: date | None, last: date | None) -> list[Any]:
    """Local days, both included."""
    found: list[Any] = [] if first is None else [ANSWERS.at >= clock.start_of(first)]
    return found if last is None else [*found, ANSWERS.at < clock.start_of(date.fromordinal(last.toordinal() + 1))]


def _row(work: Work, survey_id: int) -> Survey:
    row = work.find(Survey, survey_id)
    if row is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return row


def _values(draft: SurveyDraft) -> dict[str, Any]:
    values = {
        "name": typed.line("name", draft.name, 60),
        "question": typed.line("question", draft.question, 300),
        "thanks": typed.line("thanks", draft.thanks, 300),
        "kind": draft.kind,
        "active": draft.active,
    }
    if not values["name"]:
        raise Invalid("name", "Enter the name.")
    if not values["question"]:
        raise Invalid("question", "Enter the question.")
    return values
