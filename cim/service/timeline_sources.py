"""Where the timeline comes from: a table of sources, each a narrow query for when something happened to a customer, and the
one statement made of them. A source of its own is one line in SOURCES and one reader in cim/service/timeline_readers.py."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from cim import access, clock
from cim.config import settings
from cim.models import (
    Activity,
    ChangeSet,
    Comment,
    Contract,
    Customer,
    ImportBatch,
    Merge,
    Opportunity,
    Payment,
    SalesOrder,
    StageChange,
    StoredFile,
    SurveyAnswer,
    Task,
    Ticket,
)
from cim.models.base import Model, columns
from cim.models.contract import ContractStatus
from cim.models.timeline import EventKind
from cim.permissions import Permission
from cim.work import Actor, Work

READ, SALES, DESK = Permission.CUSTOMER_READ, Permission.SALES_READ, Permission.TICKET_READ
RANK = {kind: place for place, kind in enumerate(EventKind)}
RANK[EventKind.HANDOVER] = RANK[EventKind.CHANGE]
"""The order of what happened at the same moment. A hand-over is an edit too: both are read from the same log."""
NEVER, EVER = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

activity, task, comment, file = columns(Activity), columns(Task), columns(Comment), columns(StoredFile)
order, payment, contract = columns(SalesOrder), columns(Payment), columns(Contract)
opportunity, stage = columns(Opportunity), columns(StageChange)
ticket, answer = columns(Ticket), columns(SurveyAnswer)
customer, batch, merge, change = columns(Customer), columns(ImportBatch), columns(Merge), columns(ChangeSet)
AT: Any = activity.at.type


class Day:
    """A moment of which only the local day is known: told of at noon."""

    def __init__(self, column: Any) -> None:
        self.column = column


@dataclass(frozen=True)
class Source:
    """One kind of entry: who may read it, when it happened, whose it is, by whom, and which texts a search looks at."""

    kind: EventKind
    permission: Permission
    model: type[Model]
    at: Any
    person: Any
    words: tuple[Any, ...] = ()
    where: tuple[Any, ...] = ()
    joins: tuple[tuple[type[Model], Any], ...] = ()
    of: Any = None
    """The column that names the customer, unless it is `customer_id`."""
    reach: Callable[[Actor], ColumnElement[bool]] | None = field(default=None)
    """What the actor must reach besides the customer."""


def _tasks(actor: Actor) -> ColumnElement[bool]:
    return access.visible(actor, Task)


def _commented(actor: Actor) -> ColumnElement[bool]:
    """Comments on records that are there and that the actor may know of."""
    may = [(comment.noun == "customer")]
    kinds: dict[str, tuple[type[Model], Permission]] = {
        "activity": (Activity, READ),
        "opportunity": (Opportunity, SALES),
        "sales_order": (SalesOrder, SALES),
        "contract": (Contract, SALES),
        "ticket": (Ticket, DESK),
    }
    for noun, (model, permission) in kinds.items():
        if actor.can(permission):
            record = columns(model)
            there = exists().where(record.id == comment.record_id, record.deleted_at.is_(None))
            may.append(and_(comment.noun == noun, there))
    mine = exists().where(task.id == comment.record_id, access.visible(actor, Task))
    return or_(*may, and_(comment.noun == "task", mine))


def _alive(model: Any) -> tuple[Any, ...]:
    return (model.deleted_at.is_(None),)


SOURCES: tuple[Source, ...] = (
    Source(
        EventKind.ACTIVITY,
        READ,
        Activity,
        activity.at,
        activity.author_id,
        (activity.content, activity.contact, activity.place, activity.purpose, activity.author),
        _alive(activity),
    ),
    Source(
        EventKind.TASK,
        READ,
        Task,
        task.done_at,
        task.done_by_id,
        (task.title, task.notes),
        (*_alive(task), task.done_at.is_not(None)),
        reach=_tasks,
    ),
    Source(
        EventKind.STAGE,
        SALES,
        StageChange,
        stage.at,
        stage.actor_id,
        (opportunity.name, stage.reason),
        _alive(opportunity),
        ((Opportunity, opportunity.id == stage.opportunity_id),),
    ),
    Source(
        EventKind.ORDER,
        SALES,
        SalesOrder,
        Day(order.ordered_on),
        func.coalesce(order.created_by_id, order.owner_id),
        (order.order_no, order.notes),
        _alive(order),
    ),
    Source(
        EventKind.DELIVERY,
        SALES,
        SalesOrder,
        Day(order.delivered_on),
        order.owner_id,
        (order.order_no,),
        _alive(order),
    ),
    Source(
        EventKind.PAYMENT,
        SALES,
        Payment,
        Day(payment.paid_on),
        payment.created_by_id,
        (order.order_no, payment.method, payment.note),
        (*_alive(payment), *_alive(order)),
        ((SalesOrder, order.id == payment.order_id),),
    ),
    Source(
        EventKind.CONTRACT,
        SALES,
        Contract,
        Day(func.coalesce(contract.signed_on, contract.starts_on)),
        func.coalesce(contract.created_by_id, contract.owner_id),
        (contract.number, contract.title, contract.notes),
        _alive(contract),
    ),
    Source(
        EventKind.CONTRACT_END,
        SALES,
        Contract,
        Day(contract.ends_on),
        contract.owner_id,
        (contract.number, contract.title),
        (*_alive(contract), contract.status.in_((ContractStatus.ACTIVE, ContractStatus.ENDED))),
    ),
    Source(
        EventKind.TICKET,
        DESK,
        Ticket,
        ticket.opened_at,
        ticket.opened_by_id,
        (ticket.number, ticket.subject, ticket.content, ticket.category),
        _alive(ticket),
    ),
    Source(
        EventKind.RESOLVED,
        DESK,
        Ticket,
        ticket.resolved_at,
        ticket.handler_id,
        (ticket.number, ticket.subject, ticket.resolution),
        (*_alive(ticket), ticket.resolved_at.is_not(None)),
    ),
    Source(
        EventKind.RATED,
        DESK,
        Ticket,
        ticket.rated_at,
        null(),
        (ticket.number, ticket.rating_comment),
        (
            *_alive(ticket),
            ticket.rated_at.is_not(None),
            ~exists().where(answer.ticket_id == ticket.id, answer.deleted_at.is_(None)),
        ),
    ),
    Source(EventKind.ANSWER, DESK, SurveyAnswer, answer.at, answer.recorded_by_id, (answer.comment,), _alive(answer)),
    Source(
        EventKind.COMMENT,
        READ,
        Comment,
        comment.created_at,
        comment.author_id,
        (comment.text,),
        _alive(comment),
        reach=_commented,
    ),
    Source(
        EventKind.FILE,
        READ,
        StoredFile,
        file.created_at,
        file.created_by_id,
        (file.name, file.note),
        (*_alive(file), file.activity_id.is_(None)),
    ),
    Source(
        EventKind.IMPORT,
        READ,
        ImportBatch,
        batch.at,
        batch.actor_id,
        (batch.filename,),
        (),
        ((Customer, customer.batch_id == batch.id),),
        of=customer.id,
    ),
    Source(
        EventKind.MERGE,
        READ,
        Merge,
        merge.at,
        change.actor_id,
        (customer.name, customer.code),
        (merge.undone_at.is_(None),),
        ((Customer, customer.id == merge.loser_id), (ChangeSet, change.id == merge.change_set_id)),
        of=merge.winner_id,
    ),
)
"""What the timeline tells of, besides the edits of the customer itself (cim/service/edits.py)."""


def statement(work: Work, kinds: Collection[EventKind], *, sqlite: bool, person: bool, words: bool) -> Any:
    """The newest (at, rank, id[, words]) of a customer after a mark, over these kinds, for what the actor may read;
    None when that is nothing. Takes the parameters of `parameters`."""
    wanted = tuple(sorted({*kinds}, key=RANK.__getitem__))
    # team members decide which tasks are seen; all else is the same for everybody of a role
    return _statement(_reach_of(work.actor), wanted, sqlite, person, words, _noon())


def parameters(
    customer_id: int,
    *,
    before: tuple[datetime, EventKind, int] | None,
    since: datetime | None,
    until: datetime | None,
    person: int | None,
    size: int,
) -> dict[str, Any]:
    """What `statement` asks for."""
    at, kind, number = before or (EVER, None, 0)
    given: dict[str, Any] = {"customer": customer_id, "at": at, "number": number, "size": size, "today": clock.today()}
    given |= {"rank": -1 if kind is None else RANK[kind], "since": since or NEVER, "until": until or EVER}
    return given | ({"person": person} if person is not None else {})


def noon_of(day: date) -> datetime:
    """The moment at which something of this local day stands in the timeline."""
    return datetime(day.year, day.month, day.day, _noon(), tzinfo=UTC)


def _reach_of(actor: Actor) -> Actor:
    """What of an actor the statement depends on, so that it is built once and not in every session."""
    return Actor(actor.user_id, "", "", actor.role, actor.team_id, team_user_ids=actor.team_user_ids)


@lru_cache(maxsize=256)
def _statement(actor: Actor, kinds: tuple[EventKind, ...], sqlite: bool, person: bool, words: bool, noon: int) -> Any:
    parts = [
        _narrow(source, actor, sqlite, person, words, noon)
        for source in SOURCES
        if source.kind in kinds and actor.can(source.permission)
    ]
    if not parts:
        return None
    whole = union_all(*parts).subquery()
    found = select(*whole.c).order_by(whole.c.at.desc(), whole.c.rank.desc(), whole.c.id.desc())
    return found.limit(bindparam("size", type_=Integer()))


def _narrow(source: Source, actor: Actor, sqlite: bool, person: bool, words: bool, noon: int) -> Select[Any]:
    table = columns(source.model)
    at = _moment(source.at, sqlite, noon)
    rank = literal(RANK[source.kind], Integer())
    chosen: Select[Any] = select(at.label("at"), rank.label("rank"), table.id.label("id")).select_from(source.model)
    for model, condition in source.joins:
        chosen = chosen.join(model, condition)
    of = table.customer_id if source.of is None else source.of
    chosen = chosen.where(of == bindparam("customer", type_=Integer()), *source.where, _after(at, source, table))
    if isinstance(source.at, Day):  # a day that is to come is a plan
        chosen = chosen.where(source.at.column <= bindparam("today", type_=Date()))
    chosen = chosen.where(at >= bindparam("since", type_=AT), at < bindparam("until", type_=AT))
    if source.reach is not None:
        chosen = chosen.where(source.reach(actor))
    if person:
        chosen = chosen.where(source.person == bindparam("person", type_=Integer()))
    if words:
        chosen = chosen.add_columns(_words(source.words).label("words"))
    newest = chosen.order_by(at.desc(), table.id.desc()).limit(bindparam("size", type_=Integer())).subquery()
    return select(*newest.c)


def _after(at: Any, source: Source, table: Any) -> ColumnElement[bool]:
    """What comes after the mark (:at, :rank, :number); its first part alone lets an index begin at the right place."""
    mark = bindparam("at", type_=AT)
    rank, number = bindparam("rank", type_=Integer()), bindparam("number", type_=Integer())
    own = literal(RANK[source.kind])
    return and_(at <= mark, or_(at < mark, own < rank, and_(own == rank, table.id < number)))


def _moment(at: Any, sqlite: bool, noon: int) -> Any:
    if not isinstance(at, Day):
        return at
    if sqlite:
        return type_coerce(cast(at.column, String) + f" {noon:02}:00:00.000000", AT)
    return type_coerce(cast(cast(at.column, String) + f" {noon:02}:00:00+00", AT.impl), AT)


def _words(texts: tuple[Any, ...]) -> Any:
    joined: Any = literal("")
    for text in texts:
        joined = joined + " " + func.coalesce(text, "")
    return joined


def _noon() -> int:
    """The hour, UTC, that lies on the same local day everywhere: noon where the team works, as near as a day allows."""
    offset = clock.now().astimezone(settings().zone).utcoffset()
    return max(0, min(23, 12 - round((offset.total_seconds() if offset else 0) / 3600)))
