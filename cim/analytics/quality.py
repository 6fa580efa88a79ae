"""Data quality of one customer: 0 to 100 points, every lost point with its reason (docs/decisions/0017-data-quality.md).

40 for completeness, 30 for validity (with consistency), 15 for uniqueness, 15 for freshness.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as made_by
from datetime import date
from enum import StrEnum
from math import floor
from typing import Any

from cim import divisions, normalize
from cim.analytics.area_codes import province_of_phone
from cim.i18n import N_


class Part(StrEnum):
    """What points are given for."""

    COMPLETE = "complete"
    VALID = "valid"
    UNIQUE = "unique"
    FRESH = "fresh"


POINTS = {Part.COMPLETE: 40, Part.VALID: 30, Part.UNIQUE: 15, Part.FRESH: 15}
WEIGHTS = {"name": 3, "reach": 3, "region": 1, "industry": 1, "owner": 1, "source": 1}
"""What completeness counts. `reach` is any phone, e-mail or WeChat; an industry is asked of companies only."""
REACH = ("phone", "phone2", "email", "wechat")
SURE, POSSIBLE = 70, 45
"""Scores of an open pair of duplicates from which all, or half, of the points for uniqueness are lost."""

_MOBILE = re.compile(r"\+861[3-9]\d{9}")
_MISSING = {
    "name": N_("No name"),
    "reach": N_("No phone, e-mail or WeChat"),
    "region": N_("No region"),
    "industry": N_("No industry"),
    "owner": N_("Nobody looks after it"),
    "source": N_("No source"),
}


@dataclass(frozen=True)
class Reason:
    """Why points are lost: in which part, at which field, a message id with parameters (never a personal value)."""

    part: Part
    field: str
    msgid: str
    points: float
    params: dict[str, Any] = made_by(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """Points by part, and what was lost, most first."""

    parts: dict[Part, float]
    reasons: list[Reason]

    @property
    def points(self) -> int:
        """All points, rounded half up."""
        return floor(sum(self.parts.values()) + 0.5)


def score(
    values: Mapping[str, Any],
    *,
    pair: int = 0,
    idle_days: int = 0,
    fresh_days: int = 180,
    stale_days: int = 730,
    confirmed: bool = False,
    trusted: bool = False,
    today: date | None = None,
) -> Score:
    """The score of a customer. `values` are its fields in clear and canonical, `pair` the highest score of an open pair of
    duplicates, `idle_days` the days since the data was changed or confirmed or somebody was in contact. `confirmed`:
    somebody looked at these very values and said that they are right, which settles doubts, not errors. `trusted`: the
    forms were checked a moment ago, so only the doubts are looked for."""
    reasons = [*_missing(values), *_invalid(values, confirmed, trusted, today)]
    reasons += [*_double(pair), *_stale(idle_days, fresh_days, stale_days)]
    parts = {part: float(most) for part, most in POINTS.items()}
    for reason in reasons:
        parts[reason.part] -= reason.points
    parts = {part: max(0.0, points) for part, points in parts.items()}
    return Score(parts, sorted(reasons, key=lambda reason: -reason.points))


def freshness(idle_days: int, fresh_days: int, stale_days: int) -> float:
    """1 up to `fresh_days` without a change, 0 from `stale_days` on, a straight line between."""
    if idle_days <= fresh_days:
        return 1.0
    return max(0.0, (stale_days - idle_days) / (stale_days - fresh_days)) if stale_days > fresh_days else 0.0


def completeness(values: Mapping[str, Any]) -> int:
    """Share of the fields that matter which are filled, 0 to 100."""
    return 10 * sum(weight for name, weight in WEIGHTS.items() if _filled(values, name))


def _filled(values: Mapping[str, Any], name: str) -> bool:
    match name:
        case "reach":
            return any(values.get(key) for key in REACH)
        case "region":
            return bool(values.get("region_code"))
        case "industry":
            return values.get("kind") == "person" or bool(values.get("industry"))
        case "owner":
            return values.get("owner_id") is not None
    return bool(values.get(name))


def _missing(values: Mapping[str, Any]) -> list[Reason]:
    worth = POINTS[Part.COMPLETE] / sum(WEIGHTS.values())
    return [
        Reason(Part.COMPLETE, name, _MISSING[name], weight * worth)
        for name, weight in WEIGHTS.items()
        if not _filled(values, name)
    ]


def _invalid(values: Mapping[str, Any], confirmed: bool, trusted: bool, today: date | None) -> list[Reason]:
    """Each checked field that is filled has an equal share of the points."""
    filled = [name for name in _CHECKS if values.get(name)]
    if not filled:
        return [Reason(Part.VALID, "phone", N_("Nothing is filled in that can be checked"), POINTS[Part.VALID])]
    share = POINTS[Part.VALID] / len(filled)
    wrong = {} if trusted else {name: msgid for name in filled if (msgid := _CHECKS[name](values, today))}
    if not confirmed:
        wrong |= {name: msgid for name, msgid in _doubts(values).items() if name not in wrong}
    return [Reason(Part.VALID, name.removesuffix("_code"), wrong[name], share) for name in filled if name in wrong]


def _double(pair: int) -> list[Reason]:
    if pair >= SURE:
        return [Reason(Part.UNIQUE, "duplicates", N_("Probably stored twice"), POINTS[Part.UNIQUE])]
    if pair >= POSSIBLE:
        return [Reason(Part.UNIQUE, "duplicates", N_("Possibly stored twice"), POINTS[Part.UNIQUE] / 2)]
    return []


def _stale(idle_days: int, fresh_days: int, stale_days: int) -> list[Reason]:
    lost = POINTS[Part.FRESH] * (1 - freshness(idle_days, fresh_days, stale_days))
    msgid = N_("Not changed, confirmed or spoken about for {days} days")
    return [Reason(Part.FRESH, "confirmed_at", msgid, lost, {"days": idle_days})] if lost else []


# ---- forms: wrong whatever anybody says
def _phone(name: str) -> Callable[[Mapping[str, Any], date | None], str]:
    def check(values: Mapping[str, Any], _today: date | None) -> str:
        value = str(values[name])
        fits = _MOBILE.fullmatch(value) or _accepted(normalize.phone, value)
        return "" if fits else N_("The phone number is not valid")

    return check


def _accepted(form: Callable[[str], Any], value: str) -> bool:
    try:
        return bool(form(value))
    except normalize.Bad:
        return False


def _birthday(values: Mapping[str, Any], today: date | None) -> str:
    day = values["birthday"]
    wrong = day.year < 1900 or (today is not None and day > today)
    return N_("The birthday cannot be right") if wrong else ""


def _uscc(values: Mapping[str, Any], _today: date | None) -> str:
    if values.get("kind") == "person":
        return N_("A person has no credit code")
    return "" if _accepted(normalize.uscc, values["uscc"]) else N_("The credit code is not valid")


def _id_number(values: Mapping[str, Any], _today: date | None) -> str:
    if values.get("kind") == "company":
        return N_("A company has no identity number")
    return "" if _accepted(normalize.id_number, values["id_number"]) else N_("The identity number is not valid")


def _email(values: Mapping[str, Any], _today: date | None) -> str:
    return "" if _accepted(normalize.email, values["email"]) else N_("The e-mail address is not valid")


def _always_right(_values: Mapping[str, Any], _today: date | None) -> str:
    """A region is chosen from a table: whatever is filled in is known. Doubts are looked for below."""
    return ""


_CHECKS: dict[str, Callable[[Mapping[str, Any], date | None], str]] = {
    "phone": _phone("phone"),
    "phone2": _phone("phone2"),
    "email": _email,
    "uscc": _uscc,
    "id_number": _id_number,
    "birthday": _birthday,
    "region_code": _always_right,
}


# ---- doubts: two values that hardly belong together
def _doubts(values: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    if not _one_place(values):
        found["region_code"] = N_("Region and address name different places")
    if values.get("kind") == "person" and values.get("id_number"):
        found |= _against_identity_card(values)
    for name in ("phone", "phone2"):
        if not _rings_there(str(values.get(name) or ""), str(values.get("region_code") or "")):
            found[name] = N_("The area code belongs to another province than the region")
    return found


def _one_place(values: Mapping[str, Any]) -> bool:
    code, address = str(values.get("region_code") or ""), str(values.get("address") or "")
    if not code or not address or divisions.name_of(code) in address:
        return True
    place = divisions.parse(address)
    said = (place.city or place.province) if place else ""
    known = divisions.lineage(code)
    return not said or not known or code in divisions.lineage(said) or said in known


def _against_identity_card(values: Mapping[str, Any]) -> dict[str, str]:
    number = str(values["id_number"])
    if not (len(number) == 18 and number[:17].isdigit()):
        return {}
    found = {}
    birthday = values.get("birthday")
    if birthday is not None and f"{birthday:%Y%m%d}" != number[6:14]:
        found["birthday"] = N_("Birthday and identity number differ")
    gender = str(values.get("gender") or "")
    if gender and gender != ("male" if int(number[16]) % 2 else "female"):
        found["id_number"] = N_("Gender and identity number differ")
    return found


def _rings_there(phone: str, region: str) -> bool:
    province = province_of_phone(phone)
    known = divisions.lineage(region)
    return not province or len(known) < 2 or known[1] == province
