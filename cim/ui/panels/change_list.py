"""The list of changes: who changed what and when, each with its undo; and undoing an edit beside a customer's timeline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from cim import clock, labels, service, words
from cim.i18n import N_, _, format_date, format_number
from cim.models.undo import ChangeKind, ChangeSetView
from cim.permissions import Permission, Scope
from cim.ui import feedback, pickers, state
from cim.ui.panels import undo_button
from cim.ui.text import safe
from cim.work import Actor

PAGE = 30
MOST = 180
KINDS = {
    ChangeKind.IMPORT: N_("Imports"),
    ChangeKind.BULK: N_("Bulk edits"),
    ChangeKind.MERGE: N_("Merges"),
    ChangeKind.EDIT: N_("Single edits"),
    ChangeKind.UNDO: N_("Undo and restore"),
}
ICONS = {
    "imports": "upload",
    "undo": "undo",
    "recycle": "restore_from_trash",
    "bulk_edit": "checklist",
    "duplicates": "join_inner",
}
_LIMIT, _WHO, _KIND = "changes.limit", "changes.who", "changes.kind"
_IMPLIED = {"deleted_at", "owned_since", "merged_into_id"}
"""Fields that the action has already told of."""
_FEW = 4
"""Fields that are named one by one."""


def filters(me: Actor) -> tuple[int | None, ChangeKind | None]:
    """Whose changes, and of which kind. Who answers for others may choose a person; it begins with oneself."""
    who = me.user_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if me.scope(Permission.CUSTOMER_WRITE) is not Scope.OWN:
            if _WHO not in st.session_state and "who" not in st.query_params:
                st.session_state[_WHO] = me.user_id
            with st.container(width=240):
                who = pickers.person(
                    me, key=_WHO, url="who", label=_("Whose changes"), everybody=_("Everybody I answer for")
                )
        chosen = st.pills(
            _("Kind of change"),
            [kind.value for kind in KINDS],
            format_func=lambda code: _(KINDS[ChangeKind(code)]),
            key=_KIND,
            bind="query-params",
        )
    return who, ChangeKind(chosen) if chosen else None


def limit() -> int:
    """How many changes are asked for; one more than are shown."""
    return int(st.session_state.get(_LIMIT, PAGE))


def asked(me: Actor) -> None:
    """The change that was chosen to be taken back: the question first where it is about more than one record, then the
    result."""
    number, count, sure = st.session_state.get(state.UNDO_ASKED, (0, 0, False))
    if not number:
        return
    if sure or count <= 1:
        st.session_state.pop(state.UNDO_ASKED)
        undo_button.run(me, change_set=number, token=state.token(f"undo.change.{number}"))
        return
    with st.container(border=True):
        st.markdown(_("Take {count} records back?", count=f"**{format_number(count)}**"))
        st.caption(_("What somebody changed since is kept and listed."))
        with st.container(horizontal=True):
            label = _("Undo {count} records", count=format_number(count))
            sure_now = (number, count, True)
            st.button(label, type="primary", key="changes.sure", on_click=_ask, args=(sure_now,))
            st.button(_("Cancel"), key="changes.cancel", on_click=_ask, args=((0, 0, False),))


def show(found: Sequence[ChangeSetView]) -> None:
    """Changes by day, newest first."""
    if not found:
        st.info(_("No changes here. What you add, change, import or merge can be taken back from this page."))
        return
    shown = found[: limit()]
    for day, inside in groupby(shown, key=lambda change: clock.local(change.at).date()):
        st.markdown(f"**{safe(format_date(day))}**")
        for change in inside:
            _row(change)
    if len(found) > len(shown) and limit() < MOST:
        st.button(_("Load more"), key="changes.more", icon=":material/expand_more:", on_click=_more)


def chooser(me: Actor, customer_id: int, *, key: str) -> None:
    """Beside the timeline of a customer: choose one of its edits and take it back. Nothing is read until it is opened."""
    box = st.popover(_("Undo an edit"), icon=":material/undo:", type="tertiary", key=key, on_change="rerun")
    if not box.open:
        return
    with box:
        found = feedback.attempt(service.undo.recent, me, customer_id=customer_id, limit=20) or []
        known = {change.id: change for change in found if change.may_undo}
        if not known:
            st.caption(_("There is no edit here that you may undo."))
            return
        chosen = st.selectbox(
            _("Which edit"),
            list(known),
            format_func=lambda i: _title(known[i]) if i in known else str(i),
            key=f"{key}.chosen",
        )
        if chosen is None or chosen not in known:
            return
        count = known[chosen].records
        label = _("Undo {count} records", count=format_number(count)) if count > 1 else _("Undo this edit")
        token = state.token(f"undo.change.{chosen}")
        if st.button(label, type="primary", key=f"{key}.run.{token}"):
            done = feedback.attempt(service.undo.change_set, me, chosen, token=token)
            if done is not None:
                state.spend(f"undo.change.{chosen}")
                feedback.flash(undo_button.sentence(done), kind="warning" if done.kept or done.failed else "success")
                st.rerun(scope="app")


def _row(change: ChangeSetView) -> None:
    facts = [f"{clock.local(change.at):%H:%M}", f":material/{_icon(change)}: **{safe(_action(change))}**"]
    facts.append(safe(undo_button.what(change.what)))
    if change.customer:
        facts.append(f"[{safe(change.customer)}](/customer?id={change.customer_id})")
    facts.append(safe(change.actor or _("System")))
    fields = _fields(change)
    rest = " · ".join(part for part in (safe(fields), safe(change.reason)) if part)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.markdown(" · ".join(facts) + (f"  \n:gray[{rest}]" if rest else ""), width="stretch")
        if change.may_undo:
            question = (change.id, change.records, False)
            press = {"icon": ":material/undo:", "key": f"changes.undo.{change.id}", "width": "content"}
            st.button(_("Undo"), on_click=_ask, args=(question,), **press)  # type: ignore[arg-type]
        elif change.undone:
            st.badge(_("Undone"), icon=":material/undo:", color="gray", help=change.why_not)
        else:
            st.badge(_("Fixed"), icon=":material/lock:", color="gray", help=change.why_not)


def _title(change: ChangeSetView) -> str:
    when = f"{format_date(clock.local(change.at).date())} {clock.local(change.at):%H:%M}"
    return " · ".join(part for part in (when, _action(change), _fields(change), change.actor) if part)


def _fields(change: ChangeSetView) -> str:
    """The changed fields; nothing of a new record, of which every field is in it."""
    if not change.fields or "code" in change.fields or "customer_id" in change.fields:
        return ""
    fields = [name for name in change.fields if name not in _IMPLIED]
    named = [words.field(n) if n in words.FIELDS else _(labels.FIELDS.get(n, n)) for n in fields[:_FEW]]
    return ", ".join(named) + (" …" if len(fields) > _FEW else "")


def _action(change: ChangeSetView) -> str:
    return _(labels.ACTIONS.get(change.action, change.action))


def _icon(change: ChangeSetView) -> str:
    return ICONS.get(change.action.partition(".")[0], "edit_note")


def _ask(question: tuple[int, int, bool]) -> None:
    st.session_state[state.UNDO_ASKED] = question


def _more() -> None:
    st.session_state[_LIMIT] = limit() + PAGE
