"""A timeline as plain text, for a file."""

from __future__ import annotations

from cim import clock, labels, words
from cim.config import settings
from cim.i18n import _, format_date, format_datetime, format_money
from cim.models.customer_view import CustomerView
from cim.models.timeline import Timeline, TimelineEntry
from cim.work import Actor


def plain(view: CustomerView, found: Timeline) -> str:
    """The story of a customer: its name, then an entry per paragraph, the newest first. Nothing in it is masked less, or
    more, than on the page."""
    head = f"{view.name} ({view.code})"
    return "\n\n".join([head, *(_paragraph(entry) for entry in found.entries)]) + "\n"


def seen(me: Actor) -> str:
    """Who looked, and when: another reader may see more or less."""
    return _("As {name} sees it on {when}", name=me.name, when=format_datetime(clock.now(), settings().zone))


def _paragraph(entry: TimelineEntry) -> str:
    local = clock.local(entry.at)
    when = format_date(local.date()) + ("" if entry.dated else f" {local:%H:%M}")
    facts = [when, _(entry.title, **entry.params), entry.actor or _("System")]
    if entry.amount is not None:
        facts.append(format_money(entry.amount, entry.currency or "CNY"))
    facts += [words.value(kind, code) for kind, code in entry.badges]
    facts += [
        entry.labels.get(name) or _(words.FIELDS.get(name) or labels.FIELDS.get(name, name)) for name in entry.fields
    ]
    lines = [" · ".join(facts), *entry.text.splitlines()]
    lines += [f"{_(name)}: {value}" for name, value in entry.details.items()]
    lines += [file.name for file in entry.files]
    return "\n".join(line for line in lines if line.strip())
