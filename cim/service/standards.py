"""What a customer or contact draft becomes: every value canonical, or Invalid naming the field. No database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cim import normalize
from cim.analytics import quality
from cim.errors import Invalid
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft, Kind
from cim.service import typed
from cim.service.places import SHIPPED, Places


@dataclass
class Standard:
    """Canonical values: `plain` by column, `sealed` (still clear text) by sealed column."""

    plain: dict[str, Any] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def customer(draft: CustomerDraft, places: Places = SHIPPED) -> Standard:
    """All of a customer draft, canonical; `places` are the team's own regions. Raises Invalid at the first field that
    cannot be."""
    made = Standard(tags=_each_tag(draft.tags))
    phones = _value("phone", draft.phone, normalize.phones) or []
    second = _value("phone2", draft.phone2, normalize.phone) or (phones[1] if len(phones) > 1 else "")
    made.sealed = {
        "phone": phones[0] if phones else "",
        "phone2": second,
        "email": _value("email", draft.email, normalize.email) or "",
        "wechat": _value("wechat", draft.wechat, normalize.wechat) or "",
        "id_number": _value("id_number", draft.id_number, normalize.id_number) or "",
        "address": typed.line("address", draft.address, 200),
    }
    birthday = draft.birthday
    if birthday is None and made.sealed["id_number"] and draft.kind is Kind.PERSON:
        birthday = normalize.id_birthday(made.sealed["id_number"])
    made.plain = {
        "kind": draft.kind,
        "party": draft.party,
        "name": _required("name", draft.name, 120),
        "contact": typed.line("contact", draft.contact, 60),
        "gender": draft.gender,
        "birthday": birthday,
        "uscc": _value("uscc", draft.uscc, normalize.uscc) or "",
        "industry": typed.line("industry", draft.industry, 60),
        "source": typed.line("source", draft.source, 60),
        "grade": draft.grade,
        "preference": typed.lines("preference", draft.preference, 500),
        "notes": typed.lines("notes", draft.notes, 5000),
        "region_code": region(draft.region, draft.address, places),
    }
    return made


def contact(draft: ContactDraft) -> Standard:
    """All of a contact draft, canonical. Raises Invalid at the first field that cannot be."""
    return Standard(
        plain={
            "name": _required("name", draft.name, 60),
            "title": typed.line("title", draft.title, 60),
            "role": typed.line("role", draft.role, 60),
            "birthday": draft.birthday,
        },
        sealed={
            "phone": _value("phone", draft.phone, normalize.phone) or "",
            "email": _value("email", draft.email, normalize.email) or "",
        },
    )


def region(name: str, address: str = "", places: Places = SHIPPED) -> str | None:
    """The code of a region given by code or name, else the city that the address begins with; None when both are empty or silent."""
    name = name.strip()
    if not name:
        return places.of_address(address)
    code = places.find(name)
    if code is None:
        raise Invalid(
            "region", "Region {value} is not known: give province and city, such as 江苏省南京市.", value=name[:40]
        )
    return code


def completeness(values: dict[str, Any]) -> int:
    """Share of the fields that matter which are filled, 0 to 100 (DATA: data-quality score, completeness part)."""
    return quality.completeness(values)


def checked(
    draft: CustomerDraft, places: Places = SHIPPED
) -> tuple[dict[str, str], dict[str, tuple[str, dict[str, Any]]]]:
    """Each typed value by itself: what it becomes where that differs, and what is wrong with the others
    (message id and parameters)."""
    shown: dict[str, str] = {}
    wrong: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, canonical in _TYPED.items():
        raw = getattr(draft, name)
        try:
            value = _value(name, raw, canonical) or ""
        except Invalid as invalid:
            wrong[name] = (invalid.msgid, invalid.params)
            continue
        if value and value != raw:
            shown[name] = value
    try:
        region(draft.region, draft.address, places)
    except Invalid as invalid:
        wrong["region"] = (invalid.msgid, invalid.params)
    return shown, wrong


def _value(name: str, raw: str, form: Callable[[str], Any]) -> Any:
    """Nothing for a field left empty, else its canonical form."""
    return typed.canonical(name, raw, form) if raw and raw.strip() else None


def _required(name: str, raw: str, limit: int) -> str:
    value = typed.line(name, raw, limit)
    if not value:
        raise Invalid(name, "Enter the name.")
    return value


def _each_tag(raw: list[str]) -> list[str]:
    """Each tag once, and none with a separator in it: a file, where they stand in one cell, must give them back."""
    return sorted(typed.canonical("tags", "\n".join(raw), normalize.tags))


_TYPED: dict[str, Callable[[str], str]] = {
    "name": lambda raw: normalize.text(raw, limit=120),
    "contact": lambda raw: normalize.text(raw, limit=60),
    "phone": lambda raw: ", ".join(normalize.phone_display(p) for p in normalize.phones(raw)),
    "phone2": lambda raw: normalize.phone_display(normalize.phone(raw)),
    "email": normalize.email,
    "wechat": normalize.wechat,
    "uscc": normalize.uscc,
    "id_number": normalize.id_number,
    "address": lambda raw: normalize.text(raw, limit=200),
}
