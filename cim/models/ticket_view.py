"""Tickets as they leave the service: a line of the desk, the whole ticket, what stands beside it, and its figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field

from cim.models.base import View
from cim.models.ticket import Priority, TicketDraft, TicketSource, TicketStatus, TicketType


class TicketFilter(View):
    """What a desk shows. Without `status` the ones that are not finished."""

    mine: bool = False
    unassigned: bool = False
    overdue: bool = False
    type: TicketType | None = None
    priority: Priority | None = None
    status: TicketStatus | None = None
    everything: bool = False
    customer_id: int | None = None
    product_id: int | None = None
    without_product: bool = False
    category: str | None = None
    handler_id: int | None = None
    since: datetime | None = None


class TicketRow(View):
    """One line. `overdue` and `late_answer` are as of now; a ticket that waits for the customer is neither."""

    id: int
    number: str
    subject: str
    customer_id: int
    customer: str
    type: TicketType
    priority: Priority
    status: TicketStatus
    category: str
    handler_id: int | None
    handler: str
    opened_at: datetime
    respond_by: datetime | None
    responded_at: datetime | None
    due_at: datetime | None
    overdue: bool
    late_answer: bool
    escalation: int
    resolution: str
    resolved_at: datetime | None
    closed_at: datetime | None
    satisfaction: int | None
    version: int


class TicketView(TicketRow):
    """The whole ticket. `assigned_why` and `due_why` are the facts of the rules; `waited_minutes` is working time. `owner`
    looks after the customer. The last five say what the actor may do with it."""

    content: str
    source: TicketSource
    contact_id: int | None
    contact: str
    product_id: int | None
    product: str
    order_id: int | None
    order: str
    owner: str
    opened_by: str
    assigned_at: datetime | None
    assigned_why: dict[str, Any]
    due_why: dict[str, Any]
    waiting_since: datetime | None
    waited_minutes: int
    escalated_at: datetime | None
    reopened: int
    rating_comment: str
    rated_at: datetime | None
    custom: dict[str, Any] = Field(default_factory=dict)
    may_edit: bool
    may_handle: bool
    may_assign: bool
    may_comment: bool = True


class Desk(View):
    """One list sorted by due time. `rows` are at most the first 200 of `total`; `counts` covers all that is not finished in
    the actor's reach: open, new, waiting, resolved, overdue, mine, unassigned, late_answer."""

    rows: list[TicketRow]
    total: int
    counts: dict[str, int]


class SimilarTicket(View):
    """A past ticket like another one. `reasons` are (code, text): words with what both say, product, category, customer."""

    ticket: TicketRow
    score: int
    reasons: list[tuple[str, str]]


class Beside(View):
    """What is known when a ticket is worked on: what was done in similar cases, and this customer's last tickets."""

    similar: list[SimilarTicket]
    last: list[TicketRow]


class ReturnVisit(View):
    """A closed ticket whose customer is to be asked how it went."""

    ticket: TicketRow
    task_id: int
    task_version: int
    due_at: datetime
    assignee_id: int | None
    assignee: str
    overdue: bool
    may_finish: bool


class Repeated(View):
    """A problem that came up more than once: how often, for how many customers, and the average rating."""

    product_id: int | None
    product: str
    category: str
    count: int
    customers: int
    complaints: int
    open: int
    satisfaction: float | None


class Rated(View):
    """Ratings of one group (a handler, a type, a month; "" for all): how many, their average, and the share of 4 and 5."""

    group: str
    tickets: int
    rated: int
    average: float | None
    good: float | None


class Satisfaction(View):
    whole: Rated
    by_handler: list[Rated]
    by_type: list[Rated]
    by_month: list[Rated]
    scores: dict[int, int]


class RuleView(View):
    id: int
    position: int
    type: str
    priority: str
    category: str
    respond_minutes: int
    resolve_minutes: int
    escalate_minutes: int
    skill: str
    active: bool
    version: int


class Deskmate(View):
    """Somebody who may be given tickets: what they can do (level by word), how many they may have, have, and until when they are
    away. `drawn` says whether automatic assignment considers them."""

    user_id: int
    name: str
    skills: dict[str, int]
    capacity: int
    open: int
    away_until: date | None
    drawn: bool


class MailDraft(View):
    """What an e-mail became: a ticket to look over. Without `customer_id` nobody in reach has the sender's address, or
    several have: `candidates` are those (id, name)."""

    draft: TicketDraft
    sender: str
    customer_id: int | None
    customer: str
    candidates: list[tuple[int, str]]
    attachments: int
    shortened: bool
