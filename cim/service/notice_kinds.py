"""What people are told about: the kinds of notices, what is shipped as switched on, and what one person wishes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import select

from cim import clock
from cim.i18n import N_
from cim.models import Preference
from cim.models.base import columns
from cim.models.notice_view import NoticeWishes
from cim.work import Work

PREFERENCES = columns(Preference)
PREFERENCE = "notices"
APP = "app"
"""The destination that everybody has: the list in the app."""
DIGEST = "digest"
"""The daily message, chosen for each channel as a kind of its own."""


@dataclass(frozen=True)
class Group:
    """Kinds that a person switches together: those that begin with its name. `leaves`: shipped as sent to channels;
    `team`: also told, once, where the team has a channel."""

    label: str
    leaves: bool = True
    team: bool = False


GROUPS: dict[str, Group] = {
    "task": Group(N_("Tasks that are due or were given to me")),
    "anniversary": Group(N_("Birthdays and anniversaries"), leaves=False),
    "comment": Group(N_("Comments on my customers and work")),
    "customer": Group(N_("Customers that were assigned, handed over or taken back")),
    "worklist": Group(N_("Whom to contact today"), leaves=False),
    "opportunity": Group(N_("Opportunities that are stuck, won or lost")),
    "order": Group(N_("Orders and payments"), leaves=False),
    "contract": Group(N_("Contracts that end soon")),
    "ticket": Group(N_("Tickets that are mine, due or escalated"), team=True),
    "survey": Group(N_("Answers of customers to surveys")),
    "job": Group(N_("Background work that failed")),
    "other": Group(N_("Everything else"), leaves=False),
}
"""What there is. A kind ("task.due") belongs to the group before its dot."""


def group_of(kind: str) -> str:
    """The group of a kind; "other" for one that has none."""
    name = kind.partition(".")[0]
    return name if name in GROUPS else "other"


def wishes_of(work: Work, user_ids: Iterable[int]) -> dict[int, NoticeWishes]:
    """What each of these users wishes; what is shipped for those who chose nothing. One query."""
    wanted = sorted(set(user_ids))
    held = select(PREFERENCES.user_id, PREFERENCES.value).where(
        PREFERENCES.user_id.in_(wanted), PREFERENCES.name == PREFERENCE
    )
    found = dict(work.session.execute(held).all()) if wanted else {}
    return {user_id: _read(found.get(user_id)) for user_id in wanted}


def goes_to(wishes: NoticeWishes, destination: str, kind: str) -> bool:
    """Whether a kind is wanted at a destination (APP, or the number of a channel)."""
    group = DIGEST if kind == DIGEST else group_of(kind)
    shipped = destination == APP or group == DIGEST or GROUPS[group].leaves
    return wishes.chosen.get(destination, {}).get(group, shipped)


def quiet_until(wishes: NoticeWishes, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` lies in; None outside of them."""
    first, last = wishes.quiet_from, wishes.quiet_until
    if first is None or last is None or first == last:
        return None
    here = clock.local(now)
    if not is_quiet(first, last, here.hour):
        return None
    day = here.date() if here.hour < last else here.date() + timedelta(days=1)
    return clock.start_of(day) + timedelta(hours=last)


def is_quiet(first: int, last: int, hour: int) -> bool:
    """Whether an hour lies in the quiet ones from `first` to `last`, which may pass midnight."""
    return first <= hour < last if first < last else hour >= first or hour < last


def _read(value: object) -> NoticeWishes:
    try:
        return NoticeWishes.model_validate(value or {})
    except ValidationError:  # a choice of another version
        return NoticeWishes()
