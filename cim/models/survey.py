"""Surveys by link (CSAT, NPS, CES), their answers, and the one-time links that let a customer speak without an account."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, View, new_uid, text_enum


class SurveyKind(StrEnum):
    """CSAT 1-5, NPS 0-10, CES 1-7."""

    CSAT = "csat"
    NPS = "nps"
    CES = "ces"


class LinkKind(StrEnum):
    TICKET_RATING = "ticket_rating"
    SURVEY = "survey"


class SurveyFields(SQLModel):
    name: str = Field(max_length=60)
    kind: SurveyKind = text_enum(SurveyKind.CSAT)
    question: str = Field(max_length=300)
    thanks: str = Field(default="", max_length=300)
    active: bool = True


class SurveyDraft(SurveyFields, Draft):
    name: str
    question: str
    thanks: str = ""


class Survey(SurveyFields, Timestamped, Versioned, Model, table=True):
    __tablename__ = "survey"
    id: int | None = Field(default=None, primary_key=True)


class SurveyAnswer(SoftDeleted, Model, table=True):
    """One answer. A rating of a ticket has no survey; its score is on the ticket as well."""

    __tablename__ = "survey_answer"
    __table_args__ = (Index("ix_survey_answer_customer_at", "customer_id", "at"), Index("ix_survey_answer_at", "at"))
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    survey_id: int | None = Field(default=None, foreign_key="survey.id", index=True)
    customer_id: int = Field(foreign_key="customer.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    kind: SurveyKind = text_enum(SurveyKind.CSAT)
    score: int
    comment: str = Field(default="", max_length=2000)
    at: datetime
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id")


class PublicLink(Model, table=True):
    """A link for somebody without an account: good once, until `expires_at`. Only the digest of its token is stored."""

    __tablename__ = "public_link"
    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(max_length=64, unique=True)
    kind: LinkKind = text_enum(LinkKind.SURVEY)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    survey_id: int | None = Field(default=None, foreign_key="survey.id", index=True)
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class SurveyView(View):
    """`answers` counts those in the actor's reach."""

    id: int
    name: str
    kind: SurveyKind
    question: str
    thanks: str
    active: bool
    answers: int
    version: int


class AnswerView(View):
    """One answer. `survey` is "" for the rating of a ticket; `recorded_by` "" when the customer gave it by link."""

    id: int
    customer_id: int
    customer: str
    contact: str
    survey: str
    ticket_id: int | None
    ticket: str
    kind: SurveyKind
    score: int
    comment: str
    at: datetime
    recorded_by: str


class FigureView(View):
    """A figure with the number of answers behind it; None when there are none. CSAT is a fraction, NPS from -100 to 100."""

    kind: SurveyKind
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


class TrendPoint(View):
    """The figures of one month (its first day)."""

    month: date
    figures: list[FigureView]


class SatisfactionView(View):
    figures: list[FigureView]
    trend: list[TrendPoint]


class LinkView(View):
    """A public link as its maker sees it; the link itself is shown once. `state` is open, used, expired or withdrawn."""

    id: int
    kind: LinkKind
    customer_id: int
    survey: str
    ticket: str
    contact: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    state: str


class FormView(View):
    """What somebody with a link is asked. `state` as of a LinkView; only an open one takes an answer."""

    state: str
    kind: SurveyKind
    question: str
    thanks: str
    about: str = ""
