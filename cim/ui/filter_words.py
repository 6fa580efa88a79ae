"""What the filters of the customer list are called, and their values in words."""

from __future__ import annotations

from typing import Any

from cim import service, words
from cim.i18n import _
from cim.work import Actor


def chip(me: Actor, name: str, value: Any) -> str:
    """A filter with its value, in words."""
    match name:
        case "owner":
            names = {person.id: person.name for person in service.users.colleagues(me)}
            shown = _("Public pool") if value == 0 else names.get(value, str(value))
        case "region":
            shown = {r.code: r.path for r in service.regions.tree(me)}.get(value, _("Not filled in"))
        case "grade" | "lifecycle" | "kind" | "contacted" | "party":
            shown = words.value(name, value)
        case "created_within" | "contacted_within" | "due_within":
            shown = words.within(value)
        case "ids":
            shown = str(len(value or ()))
        case _ if value is True:
            return label(name)
        case _ if value is False:
            shown = _("no")
        case _:
            shown = str(value) or _("Not filled in")
    return f"{label(name)}: {shown}"


def label(name: str) -> str:
    """What a filter is called."""
    labels = {
        "tag": _("Tag"),
        "contacted": _("Last contact"),
        "created_from": _("Created since"),
        "created_to": _("Created until"),
        "active_from": _("Contacted since"),
        "active_to": _("Contacted until"),
        "idle_days": _("Days without contact, at least"),
        "overdue": _("Follow-up overdue"),
        "no_next_step": _("No next step"),
        "forgotten": _("Forgotten"),
        "batch": _("Import"),
        "duplicates_of": _("Possible duplicates of"),
        "mine": _("Mine"),
        "team": _("My team's"),
        "starred": _("Followed by me"),
        "has_open_task": _("Open task"),
        "confirmed_before_days": _("Data not confirmed for, at least"),
        "created_within": _("Created within"),
        "contacted_within": _("Contacted within"),
        "due_within": _("Next follow-up within"),
        "quality_most": _("Data quality at most"),
        "ids": _("Chosen customers"),
    }
    return labels.get(name) or words.field(name)
