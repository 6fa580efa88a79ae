"""What a person wishes to hear: which kinds go where, the hour of the daily message, and the quiet hours."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _
from cim.models.notice_view import ChannelView, NoticeWishes
from cim.permissions import Permission
from cim.service import channels, notice_kinds
from cim.service.notice_kinds import APP, DIGEST, GROUPS
from cim.ui import feedback, gate
from cim.ui.panels import notice_channels
from cim.work import Actor

HOURS = list(range(24))
KEY = "wishes"


def show(me: Actor, found: list[ChannelView]) -> None:
    """A form: one line of kinds for each place, then the hours."""
    wishes = channels.wishes(me)
    places = {APP: _("In the app"), **{str(view.id): notice_channels.name(view) for view in found}}
    with st.form(f"{KEY}.form", border=False):
        for place, label in places.items():
            kinds = list(GROUPS) if place == APP else [DIGEST, *GROUPS]
            st.pills(
                label,
                kinds,
                selection_mode="multi",
                format_func=_kind,
                default=[kind for kind in kinds if notice_kinds.goes_to(wishes, place, kind)],
                key=f"{KEY}.{place}",
                wrap=True,
                help=_("What is off here stays in the list, marked as read.") if place == APP else None,
            )
        columns = st.columns(3)
        with columns[0]:
            _hour(_("“Your day” from"), wishes.digest_hour, _("Never"), "digest_hour")
        with columns[1]:
            _hour(_("Quiet from"), wishes.quiet_from, _("Never quiet"), "quiet_from")
        with columns[2]:
            _hour(_("Quiet until"), wishes.quiet_until, _("Never quiet"), "quiet_until")
        st.caption(_("In the quiet hours only what is urgent leaves; the rest follows when they end."))
        st.form_submit_button(_("Save"), type="primary", key=f"{KEY}.save", on_click=_save, args=(tuple(places),))


def _kind(kind: str) -> str:
    return _("Your day") if kind == DIGEST else _(GROUPS[kind].label)


def _hour(label: str, value: int | None, never: str, field: str) -> None:
    st.selectbox(
        label,
        [None, *HOURS],
        index=0 if value is None else value + 1,
        format_func=lambda hour: never if hour is None else f"{hour}:00",
        key=f"{KEY}.{field}",
    )
    feedback.at_field(field)


@gate.guarded(Permission.ACCOUNT)
def _save(me: Actor, places: tuple[str, ...]) -> None:
    chosen = {}
    for place in places:
        wanted = st.session_state.get(f"{KEY}.{place}") or []
        kinds = list(GROUPS) if place == APP else [DIGEST, *GROUPS]
        differs = {kind: kind in wanted for kind in kinds}
        shipped = NoticeWishes()
        chosen[place] = {kind: on for kind, on in differs.items() if on != notice_kinds.goes_to(shipped, place, kind)}
    hours = {name: st.session_state.get(f"{KEY}.{name}") for name in ("digest_hour", "quiet_from", "quiet_until")}
    draft = NoticeWishes(chosen={place: kinds for place, kinds in chosen.items() if kinds}, **hours)
    changed = feedback.attempt(channels.wish, me, draft)
    if changed is not None:
        feedback.toast(_("Saved.") if changed else _("Nothing was different."))
