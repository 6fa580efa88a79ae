"""One customer of the demo with everything about it, before it is in a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft, Kind, Lifecycle

DEALT = frozenset({Lifecycle.NEW, Lifecycle.ESTABLISHED, Lifecycle.AT_RISK, Lifecycle.LOST})
"""The stages of those who bought."""


@dataclass
class FollowUp:
    """One activity: on which day, by whom. `draft` is written when all days are settled."""

    day: date
    by: str
    outcome: Outcome
    first: bool = False
    after_sale: bool = False
    type: ActivityType = ActivityType.CALL
    draft: ActivityDraft = field(default_factory=ActivityDraft)


@dataclass
class Plan:
    """One task. `done_at` is empty while it is open."""

    title: str
    due_at: datetime
    made_at: datetime
    by: str
    done_at: datetime | None = None


@dataclass
class Party:
    """A customer, the stage its story leads to, and the story. `owner` is a user name, None in the public pool;
    `seller` is who worked on it, also where it went to the pool since."""

    draft: CustomerDraft
    day: date
    seller: str
    owner: str | None
    stage: Lifecycle
    who: str = ""
    people: list[ContactDraft] = field(default_factory=list)
    story: list[FollowUp] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    double_of: Party | None = None

    @property
    def company(self) -> bool:
        return self.draft.kind is Kind.COMPANY
