"""Settings that an administrator changes in the app: what there is, its default, its bounds; and users' own preferences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Preference, Setting
from cim.models.base import View
from cim.permissions import Permission
from cim.work import Work, command, query


@dataclass(frozen=True)
class Known:
    """One setting: message ids for people, default, and bounds (both included) of a whole number."""

    label: str
    hint: str
    default: int
    least: int = 0
    most: int = 100_000


KNOWN: dict[str, Known] = {
    "undo.days": Known(N_("Undo is possible for (days)"), N_("Imports, bulk edits, merges and edits."), 90, 1, 3650),
    "known.per_hour": Known(
        N_("“Do we know this company?” per person and hour"),
        N_("More questions are refused and recorded."),
        30,
        1,
        1000,
    ),
    "duplicates.accept_score": Known(
        N_("Bulk merge from (points)"), N_("Pairs below this score are only merged one by one."), 85, 60, 99
    ),
    "pool.days.A": Known(N_("Grade A returns after (days)"), N_("Days without contact; 0 is never."), 0, 0, 3650),
    "pool.days.B": Known(N_("Grade B returns after (days)"), N_("Days without contact; 0 is never."), 0, 0, 3650),
    "pool.days.C": Known(N_("Grade C returns after (days)"), N_("Days without contact; 0 is never."), 0, 0, 3650),
    "pool.days.D": Known(N_("Grade D returns after (days)"), N_("Days without contact; 0 is never."), 0, 0, 3650),
    "pool.days.none": Known(N_("No grade returns after (days)"), N_("Days without contact; 0 is never."), 0, 0, 3650),
    "pool.warn_days": Known(N_("Warn the owner (days before)"), N_("Days before a customer returns."), 7, 0, 365),
    "pool.most_owned": Known(N_("Most customers of one rep"), N_("Claims beyond it are refused; 0 is no limit."), 0),
    "pool.claims_a_day": Known(N_("Claims per rep and day"), N_("0 is no limit."), 0),
    "quality.fresh_days": Known(N_("Data is fresh for (days)"), N_("Since it was confirmed or changed."), 180, 1, 3650),
    "quality.stale_days": Known(
        N_("Data is stale after (days)"), N_("Nothing is left of the points by then."), 730, 2, 7300
    ),
    "exports.warn_a_day": Known(
        N_("Tell the auditor from (customers)"),
        N_("Whose personal data one person looks up or exports in a day; 0 is never."),
        500,
    ),
    "exports.most_a_day": Known(
        N_("Stop at (customers)"),
        N_("Whose personal data one person looks up or exports in a day; 0 is no limit."),
        20_000,
        0,
        1_000_000,
    ),
    "tickets.return_days": Known(
        N_("Return visit after (working days)"), N_("From the day a ticket is closed; 0 plans none."), 2, 0, 60
    ),
    "tickets.close_days": Known(
        N_("Close resolved tickets after (days)"), N_("When nobody reopens them; 0 is never."), 5, 0, 365
    ),
    "birthdays.lead_days": Known(
        N_("Remind of birthdays (days before)"), N_("Of customers and contacts; 0 is on the day."), 3, 0, 60
    ),
    "files.megabytes": Known(N_("Largest file (MB)"), N_("Of one file of a customer."), 20, 1, 20),
}
"""What there is. A name that is not here is no setting."""


class SettingView(View):
    """`label` and `hint` are message ids."""

    name: str
    label: str
    hint: str
    value: int
    default: int
    least: int
    most: int


def value(work: Work, name: str) -> int:
    """The setting in force."""
    row = work.session.get(Setting, name)
    return int(row.value) if row is not None else KNOWN[name].default


def values(work: Work, beginning: str) -> dict[str, int]:
    """The settings in force whose name has this beginning, by the rest of their name. One query."""
    row: Any = Setting
    changed = select(row.name, row.value).where(row.name.startswith(beginning, autoescape=True))
    held = {name: int(value) for name, value in work.session.execute(changed)}
    return {
        name.removeprefix(beginning): held.get(name, known.default)
        for name, known in KNOWN.items()
        if name.startswith(beginning)
    }


@query(Permission.SETTINGS_MANAGE)
def everything(work: Work, *, beginning: str = "") -> list[SettingView]:
    """Every setting whose name has this beginning, with its value."""
    return [
        SettingView(
            name=name,
            label=known.label,
            hint=known.hint,
            value=value(work, name),
            default=known.default,
            least=known.least,
            most=known.most,
        )
        for name, known in KNOWN.items()
        if name.startswith(beginning)
    ]


@command(Permission.SETTINGS_MANAGE)
def change(work: Work, name: str, to: int) -> bool:
    """Change a setting; False when it is so already. Raises Invalid naming the bounds."""
    changed = _put(work, name, to, at="value")
    _agree(work)
    return changed


@command(Permission.SETTINGS_MANAGE)
def change_all(work: Work, to: Mapping[str, int]) -> int:
    """Change many settings at once or none; returns how many differed. Raises Invalid at the name of the setting."""
    changed = sum(_put(work, name, value, at=name) for name, value in to.items())
    _agree(work)
    return changed


def _put(work: Work, name: str, to: int, *, at: str) -> bool:
    known = KNOWN.get(name)
    if known is None:
        raise Invalid("name", "There is no setting {name}.", name=name)
    if isinstance(to, bool) or not isinstance(to, int) or not known.least <= to <= known.most:
        raise Invalid(at, "Enter a whole number from {least} to {most}.", least=known.least, most=known.most)
    row = work.session.get(Setting, name)
    if to == (known.default if row is None else row.value):
        return False
    if row is None:
        work.add(Setting(name=name, value=to))
    else:
        row.value = to
        row.updated_at = work.now
    return True


def _agree(work: Work) -> None:
    """Settings that only make sense together."""
    if value(work, "quality.fresh_days") >= value(work, "quality.stale_days"):
        raise Invalid("quality.stale_days", "Data must be fresh for fewer days than it takes to be stale.")


@query(Permission.ACCOUNT)
def preference(work: Work, name: str) -> Any:
    """What the actor prefers under this name; None when nothing was chosen."""
    if work.actor.user_id is None:
        return None
    row = work.session.get(Preference, (work.actor.user_id, name))
    return row.value if row is not None else None


@command(Permission.ACCOUNT)
def prefer(work: Work, name: str, to: Any) -> None:
    """Remember a choice of the actor (JSON); None forgets it. Leaves no history: it concerns nobody else."""
    if work.actor.user_id is None:
        return
    row = work.session.get(Preference, (work.actor.user_id, name))
    if row is None and to is not None:
        work.session.add(Preference(user_id=work.actor.user_id, name=name, value=to))
    elif row is not None and to is None:
        work.session.delete(row)
    elif row is not None:
        row.value = to
