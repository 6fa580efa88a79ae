"""The composer: log a call, visit or other follow-up, and set the next one. Customer, text, save: the rest has
defaults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import streamlit as st

from cim import clock, file_types, service, words
from cim.i18n import _
from cim.models.activity import ActivityDraft, ActivityType, FollowUpChoices, Outcome
from cim.permissions import Permission
from cim.ui import feedback, gate, pickers, state
from cim.ui.panels import phrases
from cim.work import Actor

NEXT_HOUR = time(9)
"""When on its day the next follow-up is due."""
_RESULTS = (ActivityType.CALL, ActivityType.VISIT, ActivityType.MEETING, ActivityType.WECHAT, ActivityType.EMAIL)
_LASTING = (ActivityType.CALL, ActivityType.VISIT, ActivityType.MEETING)


def render(me: Actor, customer_id: int | None = None, *, key: str = "composer", kind: str = "") -> None:
    """Draw the composer for one customer, or with a picker when `customer_id` is None. `kind` is the type to begin
    with. Draws nothing for who may not write follow-ups. After a save the whole page runs again."""
    if not me.can(Permission.ACTIVITY_WRITE):
        return
    if kind in {k.value for k in ActivityType}:
        st.session_state[f"{key}.kind"] = kind
    told(key)
    _box(customer_id, key)


def told(key: str) -> None:
    """Say that the composer of this key has saved, once, on the page that follows."""
    if saved := st.session_state.pop(f"{key}.saved", ""):
        feedback.toast(saved)


def preselect(key: str, customer_id: int | None, *, kind: str = "", contact: str = "") -> None:
    """Choose a customer, a type and whom one spoke to in the composer of this key, before it is drawn (a link that names
    them, a number that was called)."""
    pickers.preset(f"{key}.customer", customer_id)
    if kind:
        st.session_state[f"{key}.kind"] = kind
        st.session_state.pop(f"{key}.type", None)
    if contact:
        st.session_state[f"{key}.{state.token(key)}.contact"] = contact


@st.fragment
@gate.guarded(Permission.ACTIVITY_WRITE)
def _box(me: Actor, customer_id: int | None, key: str) -> None:
    """A fragment: typing a name and changing the type redraw the box alone."""
    token = state.token(key)
    with st.container(border=True, key=f"{key}.box"):
        chosen = customer_id if customer_id is not None else pickers.customer(me, key=f"{key}.customer")
        kind = _kind(key)
        choices = service.activities.choices(me, chosen) if chosen is not None else FollowUpChoices()
        with st.form(f"{key}.form", border=False):
            typed = _fields(me, f"{key}.{token}", kind, choices)
            # the phrases come after the save: Ctrl+Enter presses the first button
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                label, icon = _("Save follow-up"), ":material/check:"
                pressed = st.form_submit_button(label, key=f"{key}.save.{token}", icon=icon, type="primary")
                phrases.buttons(me, kind, into=f"{key}.{token}.content")
        if customer_id is None:  # where there is room for it
            phrases.manage(me, key=key)
        if pressed and chosen is None:
            st.error(_("Choose the customer first. What you wrote is still here."), icon=":material/error:")
        elif pressed and chosen is not None:
            _save(me, chosen, key, token, {"type": kind, **typed}, picked=customer_id is None)


def _kind(key: str) -> ActivityType:
    code = st.pills(
        _("Type"),
        [kind.value for kind in ActivityType],
        format_func=lambda value: pickers.type_name(ActivityType(value)),
        # a default of every run: a value put into the state reaches the browser once, and is lost when two runs follow
        default=st.session_state.get(f"{key}.kind", ActivityType.CALL.value),
        required=True,
        key=f"{key}.type",
        label_visibility="collapsed",
    )
    return ActivityType(code or ActivityType.CALL)


def _fields(me: Actor, held: str, kind: ActivityType, choices: FollowUpChoices) -> dict[str, Any]:
    """The inputs. Their keys hold the save's token: a refused save keeps what was typed, a done one begins anew."""
    typed: dict[str, Any] = {}
    label, hint = _("What was said or done"), _("Ctrl+Enter saves")
    typed["content"] = st.text_area(label, key=f"{held}.content", height=100, max_chars=5000, placeholder=hint)
    if kind is ActivityType.VISIT:
        with st.container(horizontal=True):
            typed["place"] = st.text_input(_("Place"), key=f"{held}.place", max_chars=120)
            typed["purpose"] = st.text_input(_("Purpose"), key=f"{held}.purpose", max_chars=120)
    if kind in _RESULTS:
        codes = [outcome.value for outcome in Outcome if outcome]
        result = st.pills(
            _("Outcome"), codes, format_func=lambda code: words.value("outcome", code), key=f"{held}.outcome"
        )
        typed["outcome"] = Outcome(result or "")
    quick = _quick()
    soon = st.pills(_("Next follow-up"), list(quick), format_func=lambda name: quick[name][0], key=f"{held}.soon")
    with st.expander(_("More: time, contact person, files, date of the next follow-up")):
        typed |= _more(me, held, kind, choices)
        day = st.date_input(_("Next follow-up on"), value=None, key=f"{held}.day", min_value=clock.today())
        typed["next_title"] = st.text_input(_("What to do then"), key=f"{held}.title", max_chars=200)
    day = day or (quick[soon][1] if soon else None)
    typed["next_at"] = datetime.combine(day, NEXT_HOUR) if day else None
    return typed


def _more(me: Actor, held: str, kind: ActivityType, choices: FollowUpChoices) -> dict[str, Any]:
    """What is seldom needed. A contact of the customer is chosen, anybody else typed in."""
    typed: dict[str, Any] = {}
    step = timedelta(minutes=5)
    typed["at"] = st.datetime_input(_("When (empty: now)"), value=None, key=f"{held}.at", step=step)
    people = {name: number for number, name in reversed(choices.contacts.items())}
    free: dict[str, Any] = {"index": None, "accept_new_options": True, "key": f"{held}.contact"}
    typed["contact"] = st.selectbox(_("Contact person"), list(people), placeholder=_("Choose or type"), **free)
    typed["contact_id"] = people.get(typed["contact"] or "")
    if kind is not ActivityType.VISIT:
        typed["purpose"] = st.text_input(_("Purpose"), key=f"{held}.purpose", max_chars=120)
    if kind in _LASTING:
        typed["minutes"] = st.number_input(
            _("Duration (minutes)"), 1, 1440, None, step=5, key=f"{held}.minutes", placeholder="–"
        )
    for name, label, known in (
        ("opportunity_id", _("Opportunity"), choices.opportunities),
        ("ticket_id", _("Ticket"), choices.tickets),
    ):
        if known:
            typed[name] = _one_of(label, known, key=f"{held}.{name}")
    if me.can(Permission.CUSTOMER_WRITE):
        typed["files"] = st.file_uploader(
            _("Files"), type=file_types.ENDINGS, accept_multiple_files=True, key=f"{held}.files"
        )
    return typed


def _one_of(label: str, known: dict[int, str], *, key: str) -> int | None:
    return st.selectbox(
        label, list(known), index=None, format_func=lambda i: known.get(i, str(i)), key=key, placeholder=_("None")
    )


def _quick() -> dict[str, tuple[str, Any]]:
    today = clock.today()
    return {
        "tomorrow": (_("Tomorrow"), today + timedelta(days=1)),
        "three": (_("In 3 days"), today + timedelta(days=3)),
        "monday": (_("Next Monday"), today + timedelta(days=7 - today.weekday())),
        "fortnight": (_("In 2 weeks"), today + timedelta(days=14)),
    }


def _save(me: Actor, customer_id: int, key: str, token: str, typed: dict[str, Any], *, picked: bool) -> None:
    files: Sequence[Any] = typed.pop("files", None) or ()
    given = {name: value for name, value in typed.items() if value not in (None, "")}
    made = feedback.attempt(_log, me, customer_id, given, token)
    if made is None:
        return
    _keep(me, customer_id, made, files, token)
    state.spend(key)
    if picked:
        pickers.clear(f"{key}.customer")
    for name in [name for name in st.session_state if str(name).startswith(f"{key}.{token}.")]:
        del st.session_state[name]
    next_at = typed.get("next_at")
    st.session_state[f"{key}.saved"] = _("Saved, with the next follow-up planned.") if next_at else _("Saved.")
    st.rerun()


def _log(me: Actor, customer_id: int, given: dict[str, Any], token: str) -> int:
    return service.activities.log(me, customer_id, ActivityDraft.model_validate(given), token=token)


def _keep(me: Actor, customer_id: int, activity_id: int, files: Sequence[Any], token: str) -> None:
    """The follow-up stands by now: a file that is refused is named on the page that follows."""
    for place, file in enumerate(files):
        with_it: dict[str, Any] = {"activity_id": activity_id, "token": f"{token[:40]}-{place}"}
        feedback.attempt(service.files.add, me, customer_id, file.name, file.getvalue(), **with_it)
        for refusal in feedback.field_errors().values():
            feedback.flash(refusal or _("{name} was not kept.", name=file.name), kind="error")
