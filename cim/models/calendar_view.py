"""What stands on the calendar: one entry per thing and day."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from cim.models.base import View


class EntryKind(StrEnum):
    """What an entry is about, in the order in which all-day ones stand on a day."""

    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    CONTRACT = "contract"
    CLOSE = "close"
    STEP = "step"
    VISIT = "visit"
    CALL = "call"
    MEETING = "meeting"
    RETURN_VISIT = "return_visit"
    TODO = "todo"


class CalendarEntry(View):
    """`key` is the same for the same thing whenever it is asked for. `at` None is all day. `title` is what people wrote, ""
    where the kind says it all; `person` the contact of a birthday, `assignee` who is to do it. `expected` is a task of a
    series that is not made yet."""

    key: str
    kind: EntryKind
    day: date
    at: datetime | None = None
    until: datetime | None = None
    title: str = ""
    customer_id: int | None = None
    customer: str = ""
    person: str = ""
    assignee: str = ""
    place: str = ""
    years: int | None = None
    task_id: int | None = None
    opportunity_id: int | None = None
    done: bool = False
    overdue: bool = False
    expected: bool = False
