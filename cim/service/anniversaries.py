"""Birthdays and anniversaries of customers and their people: what is stored of them, which come, and reminding of them.

Birthdays, and whatever is stored of a person, are personal: only who sees the customer in clear sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, exists, extract, func, or_, select

from cim import access, anniversaries, clock
from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Anniversary, Contact, Customer, Job, User
from cim.models.anniversary import AnniversaryDraft, AnniversaryView, DayCalendar, Remembered
from cim.models.base import columns
from cim.models.customer import Kind
from cim.models.job import JobStatus
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import notices, settings, typed
from cim.work import Work, command, query

DAYS = columns(Anniversary)
CUSTOMERS = columns(Customer)
CONTACTS = columns(Contact)
USERS = columns(User)
JOBS = columns(Job)
LONGEST_LEAD, LONGEST_VIEW = 60, 400
LATE = timedelta(days=31)
"""How far back reminders are made up for when the server was not running."""
CHORE = "chore.anniversaries.remind_due"
TEXTS = {
    "birthday": N_("Birthday of {name} on {day}"),
    "contact": N_("Birthday of {contact} ({name}) on {day}"),
    "label": N_("{label} ({name}) on {day}"),
}


# ---- what is stored
@command(Permission.CUSTOMER_WRITE)
def add(work: Work, customer_id: int, draft: AnniversaryDraft, *, token: str | None = None) -> int:
    """Store a day of a customer or of one of its people and return its id. Raises Invalid at the field, NotFound outside
    the actor's scope, Denied for a customer of somebody else."""
    if (done := work.replayed(token)) is not None:
        return done
    work.get(Customer, customer_id, to=Permission.CUSTOMER_WRITE)
    values = _values(work, customer_id, draft)
    row = work.add(Anniversary(**values, customer_id=customer_id, created_at=work.now, updated_at=work.now))
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.CUSTOMER_WRITE)
def update(work: Work, anniversary_id: int, draft: AnniversaryDraft, *, version: int) -> bool:
    """Store a day as the draft has it; False when nothing differed. Raises what `add` does, Conflict at another version."""
    row = work.get(Anniversary, anniversary_id, version=version)
    work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    values = _values(work, row.customer_id, draft, but=row.id)
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    if differing:
        row.updated_at = work.now
    return bool(differing)


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, anniversary_id: int, *, version: int | None = None) -> None:
    """Take a day off the customer. The row is kept."""
    row = work.get(Anniversary, anniversary_id, version=version)
    work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    row.deleted_at = row.updated_at = work.now


@query(Permission.CUSTOMER_READ)
def of(work: Work, customer_id: int) -> list[AnniversaryView]:
    """The days stored of a customer and its people, the next to come first. Personal ones only for who sees the customer
    in clear. NotFound outside the actor's scope."""
    customer = work.get(Customer, customer_id)
    clear = work.may_see_clear(customer.owner_id)
    if not clear and customer.kind is Kind.PERSON:
        return []
    wanted = select(Anniversary, CONTACTS.name).outerjoin(Contact, CONTACTS.id == DAYS.contact_id)
    wanted = wanted.where(work.visible(Anniversary, few=True), DAYS.customer_id == customer_id, _standing())
    if not clear:
        wanted = wanted.where(~_personal())
    found = [_view(row, contact or "") for row, contact in work.session.execute(wanted)]
    return sorted(found, key=lambda view: (view.next_on or date.max, view.id))


# ---- what comes
@query(Permission.CUSTOMER_READ)
def upcoming(work: Work, days: int = 14, *, owner: int | None = None) -> list[Remembered]:
    """Birthdays and anniversaries from today on, the next first: of the customers in reach, or of those of one owner."""
    today = clock.today()
    return falling(work, today, today + timedelta(days=max(0, min(days, LONGEST_VIEW))), owner=owner)


@command(Permission.SETTINGS_MANAGE)
def remind_due(work: Work) -> int:
    """Tell the owners of customers of the days to come within each one's lead, once for each person, day and year. What
    fell while the server was not running is told late, as far back as a month. Returns how many were told."""
    work.serialise("anniversaries.remind_due")
    today = clock.today()
    active = set(work.session.execute(select(USERS.id).where(USERS.status == UserStatus.ACTIVE)).scalars())
    told = 0
    for one in falling(work, _since(work, today), today + timedelta(days=LONGEST_LEAD)):
        if one.owner_id in active and one.on <= today + timedelta(days=one.lead_days):
            told += notices.tell(
                work,
                [one.owner_id],
                kind="anniversary.coming",
                key=f"anniversary:{one.record}:{one.on.isoformat()}",
                title=TEXTS["label" if not one.birthday else "contact" if one.contact else "birthday"],
                params={
                    "name": one.customer,
                    "contact": one.contact,
                    "label": one.label,
                    "day": one.on.isoformat(),
                },
                link=f"/customer?id={one.customer_id}",
                customer_id=one.customer_id,
            )
    return told


def _since(work: Work, today: date) -> date:
    """The day of the last turn, today at the latest: a clock that was set back makes nothing come again."""
    ran = select(func.max(JOBS.started_at)).where(JOBS.kind == CHORE, JOBS.status == JobStatus.DONE)
    last = work.session.execute(ran).scalar_one()
    return today if last is None else min(today, max(clock.local(last).date(), today - LATE))


# ---- below the doors
def falling(work: Work, first: date, last: date, *, owner: int | None = None) -> list[Remembered]:
    """What falls between two days, both included, in order. A birthday that is stored as a day of its own stands for the
    one in the record, which has no calendar."""
    found: dict[tuple[Any, ...], Remembered] = {}
    codes = {name: sorted(100 * m + d for m, d in held) for name, held in _candidates(first, last).items()}
    for one in (*_stored(work, first, last, codes, owner), *_in_records(work, first, last, codes, owner)):
        found.setdefault((one.customer_id, one.record if not one.birthday else one.contact_id, one.on), one)
    return sorted(found.values(), key=lambda one: (one.on, not one.birthday, one.customer, one.record))


def _candidates(first: date, last: date) -> dict[str, set[tuple[int, int]]]:
    return anniversaries.candidates(first, min(last, first + timedelta(days=LONGEST_VIEW)))


def _stored(
    work: Work, first: date, last: date, codes: dict[str, list[int]], owner: int | None
) -> Iterator[Remembered]:
    code = DAYS.month * 100 + DAYS.day
    falls = or_(*(and_(DAYS.calendar == name, code.in_(held)) for name, held in codes.items()))
    wanted = select(Anniversary, CUSTOMERS.name, CUSTOMERS.owner_id, CONTACTS.name)
    wanted = wanted.join(Customer, CUSTOMERS.id == DAYS.customer_id).outerjoin(Contact, CONTACTS.id == DAYS.contact_id)
    open_to_all = and_(~_personal(), CUSTOMERS.kind == Kind.COMPANY)
    wanted = wanted.where(
        work.visible(Customer), DAYS.deleted_at.is_(None), _standing(), or_(open_to_all, _clear(work)), falls
    )
    for row, customer, owner_id, contact in work.session.execute(_owned(wanted, owner).order_by(DAYS.id)):
        for day in anniversaries.between(first, last, row.calendar, row.month, row.day, row.leap):
            yield Remembered(
                **row.model_dump(include={"birthday", "label", "calendar", "customer_id", "contact_id", "lead_days"}),
                record=f"anniversary:{row.id}",
                on=day,
                years=anniversaries.years_between(row.year, row.calendar, day) if row.year else None,
                customer=customer,
                contact=contact or "",
                owner_id=owner_id,
            )


def _in_records(
    work: Work, first: date, last: date, codes: dict[str, list[int]], owner: int | None
) -> Iterator[Remembered]:
    """The birthdays in the fields of customers and contacts, by the sun."""
    lead = settings.value(work, "birthdays.lead_days")
    of_customer = select(CUSTOMERS.id, CUSTOMERS.birthday, CUSTOMERS.id, CUSTOMERS.name, CUSTOMERS.owner_id)
    of_contact = select(CONTACTS.id, CONTACTS.birthday, CUSTOMERS.id, CUSTOMERS.name, CUSTOMERS.owner_id, CONTACTS.name)
    of_contact = of_contact.join(Customer, CUSTOMERS.id == CONTACTS.customer_id).where(CONTACTS.deleted_at.is_(None))
    kinds: list[tuple[str, Any, Any, Any]] = [
        (
            "customer",
            of_customer,
            CUSTOMERS.birthday,
            and_(DAYS.customer_id == CUSTOMERS.id, DAYS.contact_id.is_(None)),
        ),
        ("contact", of_contact, CONTACTS.birthday, DAYS.contact_id == CONTACTS.id),
    ]
    for kind, wanted, column, same in kinds:
        code = extract("month", column) * 100 + extract("day", column)
        own = exists().where(same, DAYS.birthday, DAYS.deleted_at.is_(None))
        wanted = wanted.where(work.visible(Customer), _clear(work), column.is_not(None), code.in_(codes["solar"]), ~own)
        for number, born, customer_id, customer, owner_id, *person in work.session.execute(_owned(wanted, owner)):
            for day in anniversaries.between(first, last, "solar", born.month, born.day):
                yield Remembered(
                    record=f"{kind}:{number}",
                    on=day,
                    birthday=True,
                    label="",
                    calendar=DayCalendar.SOLAR,
                    years=day.year - born.year if day.year > born.year else None,
                    customer_id=customer_id,
                    customer=customer,
                    contact=person[0] if person else "",
                    contact_id=number if person else None,
                    owner_id=owner_id,
                    lead_days=lead,
                )


def _owned(wanted: Any, owner: int | None) -> Any:
    return wanted if owner is None else wanted.where(CUSTOMERS.owner_id == owner)


def _clear(work: Work) -> Any:
    """`work.may_see_clear` of a customer's owner, as SQL."""
    ids = access.reached_users(work.actor, Permission.CUSTOMER_UNMASK)
    return CUSTOMERS.id.is_not(None) if ids is None else CUSTOMERS.owner_id.in_(sorted(ids))


def _personal() -> Any:
    return or_(DAYS.birthday, DAYS.contact_id.is_not(None))


def _standing() -> Any:
    """Not of a contact that was removed."""
    return or_(DAYS.contact_id.is_(None), CONTACTS.deleted_at.is_(None))


def _values(work: Work, customer_id: int, draft: AnniversaryDraft, *, but: int | None = None) -> dict[str, Any]:
    """The columns of a draft. Raises Invalid at the field."""
    values = draft.model_dump()
    values["label"] = typed.line("label", draft.label, 60)
    values["leap"] = draft.leap and draft.calendar is DayCalendar.LUNAR
    if draft.contact_id is not None and work.get(Contact, draft.contact_id).customer_id != customer_id:
        raise Invalid("contact_id", "This belongs to another customer.")
    if not values["label"] and not draft.birthday:
        raise Invalid("label", "Say what this day is.")
    if not anniversaries.is_date(draft.calendar, draft.month, draft.day):
        raise Invalid("day", "There is no such day in this calendar.")
    if draft.year is not None and not anniversaries.FIRST_YEAR <= draft.year <= clock.today().year:
        raise Invalid("year", "Check the year of this date.")
    if not 0 <= draft.lead_days <= LONGEST_LEAD:
        raise Invalid("lead_days", "Enter a whole number from {least} to {most}.", least=0, most=LONGEST_LEAD)
    if draft.birthday:
        same = DAYS.contact_id.is_(None) if draft.contact_id is None else DAYS.contact_id == draft.contact_id
        held = select(DAYS.id).where(DAYS.customer_id == customer_id, same, DAYS.birthday, DAYS.deleted_at.is_(None))
        if set(work.session.execute(held).scalars()) - {but}:
            raise Invalid("birthday", "A birthday is stored already. Change that one.")
    return values


def _view(row: Anniversary, contact: str) -> AnniversaryView:
    known = row.model_dump(include=set(AnniversaryView.model_fields))
    coming = anniversaries.next_on_or_after(clock.today(), row.calendar, row.month, row.day, row.leap)
    return AnniversaryView(**known, contact=contact, next_on=coming)
