"""Entries of a timeline as Markdown: one line for what happened, what people wrote below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from cim import clock, labels, words
from cim.i18n import _, format_date, format_money
from cim.models.timeline import EventKind, TimelineEntry
from cim.ui.text import safe, safe_lines

_COLORS = {"no_answer": "gray", "no_need": "gray", "pending": "orange", "interested": "blue", "deal": "green"}
_QUIET = (EventKind.CHANGE, EventKind.HANDOVER, EventKind.IMPORT, EventKind.MERGE)


def days(entries: Sequence[TimelineEntry], *, named: bool) -> list[str]:
    """One text per local day: the day and its entries. `named` puts the customer into each."""
    return [
        f"**{safe(format_date(local))}**\n\n" + "\n".join(line(entry, named=named) for entry in same)
        for local, same in groupby(entries, key=day)
    ]


def day(entry: TimelineEntry) -> date:
    """The local day of an entry."""
    return clock.local(entry.at).date()


def line(entry: TimelineEntry, *, named: bool) -> str:
    """One entry as an item of a list."""
    if entry.kind in _QUIET:
        return f"- :gray[{_quiet(entry)}]"
    body = [_head(entry, named=named), *safe_lines(entry.text).split("\n"), *_below(entry)]
    return "- " + "  \n  ".join(part.rstrip() for part in body if part.strip())


def _head(entry: TimelineEntry, *, named: bool) -> str:
    title = safe(_(entry.title, **entry.params))
    title = f"[{title}]({entry.link})" if entry.link else title
    facts = ["" if entry.dated else f"{clock.local(entry.at):%H:%M}", f":material/{entry.icon}: {title}"]
    if named:
        facts.append(f"[**{safe(entry.customer)}**](/customer?id={entry.customer_id})")
    facts.append(safe(entry.actor))
    if entry.amount is not None:
        facts.append(f"**{safe(format_money(entry.amount, entry.currency or 'CNY'))}**")
    facts += [f":{_COLORS.get(code, 'gray')}-badge[{safe(words.value(kind, code))}]" for kind, code in entry.badges]
    if entry.pinned:
        facts.append(":material/keep:")
    if entry.comments:
        facts.append(f":material/comment: {entry.comments}")
    return " · ".join(fact for fact in facts if fact)


def _below(entry: TimelineEntry) -> list[str]:
    details = [f"{_(name)} {safe(value)}" for name, value in entry.details.items()]
    if entry.minutes:
        details.append(_("{count} minutes", count=entry.minutes))
    if entry.next_at:
        details.append(f"{_('Next follow-up')} {safe(format_date(clock.local(entry.next_at).date()))}")
    if entry.imported:
        details.append(_("Imported"))
    files = [
        f":material/attach_file: [{safe(file.name)}](/files/{file.id})" if file.may_download else safe(file.name)
        for file in entry.files
    ]
    return ([f":gray[{' · '.join(details)}]"] if details else []) + ([" · ".join(files)] if files else [])


def _quiet(entry: TimelineEntry) -> str:
    who = entry.actor or _("System")
    fields = ", ".join(entry.labels.get(name) or _field(name) for name in entry.fields)
    what = _(entry.title, **entry.params)
    text = " · ".join(part for part in (safe(who), safe(what), safe(fields)) if part)
    return f"{clock.local(entry.at):%H:%M} · :material/{entry.icon}: {text}"


def _field(name: str) -> str:
    return words.field(name) if name in words.FIELDS else _(labels.FIELDS.get(name, name))
