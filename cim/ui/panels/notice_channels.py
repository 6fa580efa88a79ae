"""Channels: where a person, or the team, is reached outside the app; each with a test, a rest and an end."""

from __future__ import annotations

import streamlit as st

from cim.i18n import N_, _
from cim.models.notice import ChannelType
from cim.models.notice_view import ChannelDraft, ChannelView
from cim.permissions import Permission
from cim.service import channels
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor

TYPES = {
    ChannelType.EMAIL: N_("E-mail"),
    ChannelType.WECOM: N_("WeCom"),
    ChannelType.DINGTALK: N_("DingTalk"),
    ChannelType.FEISHU: N_("Feishu"),
}
ICONS = {ChannelType.EMAIL: "mail"}
HOW = {
    ChannelType.EMAIL: N_("The address that messages go to."),
    ChannelType.WECOM: N_("In the group: add a bot, copy its webhook address (https://qyapi.weixin.qq.com/…)."),
    ChannelType.DINGTALK: N_(
        "In the group: add a custom bot with the keyword CIM, copy its webhook address (https://oapi.dingtalk.com/…). "
        "With a signature instead, append &secret=SEC…"
    ),
    ChannelType.FEISHU: N_(
        "In the group: add a custom bot with the keyword CIM, copy its webhook address (https://open.feishu.cn/…)."
    ),
}


def name(view: ChannelView) -> str:
    """A channel as people know it, escaped."""
    return safe(view.label or f"{_(TYPES[view.type])} {view.shown}")


def show(found: list[ChannelView], *, team: bool = False) -> None:
    """The channels there are, and a form for another one."""
    if not found:
        st.info(
            _("The team has no channel yet: a group chat that hears of tickets.")
            if team
            else _("Nothing leaves the app yet. Add your e-mail address or the bot of a chat.")
        )
    for view in found:
        _row(view)
    if len(found) < channels.MOST:
        _form(team)


def _row(view: ChannelView) -> None:
    key = f"channel.{view.id}.{view.version}"
    act = (view.id, view.version)
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            icon = ICONS.get(view.type, "chat")
            st.markdown(f":material/{icon}: **{name(view)}**" + ("" if view.active else f" · {_('rests')}"))
            st.caption(f"{_(TYPES[view.type])} · {safe(view.shown)}")
        with st.container(horizontal=True, width="content", gap="small"):
            st.button(_("Test"), icon=":material/send:", key=f"{key}.test", on_click=_test, args=(view.id,))
            label = _("Let it rest") if view.active else _("Use again")
            st.button(label, type="tertiary", key=f"{key}.switch", on_click=_switch, args=(*act, not view.active))
            st.button(_("Remove"), type="tertiary", key=f"{key}.close", on_click=_close, args=act)


def _form(team: bool) -> None:
    key = "channel.team" if team else "channel.mine"
    token = state.token(key)
    with st.expander(_("Add a channel"), icon=":material/add:", key=f"{key}.add"):
        kind = st.segmented_control(
            _("Kind"),
            list(TYPES),
            format_func=lambda code: _(TYPES[code]),
            default=ChannelType.EMAIL,
            required=True,
            key=f"{key}.type",
            wrap=True,
        )
        chosen = ChannelType(kind or ChannelType.EMAIL)
        st.caption(_(HOW[chosen]))
        with st.form(f"{key}.form", border=False):
            st.text_input(_("Address"), key=f"{key}.address", max_chars=300, autocomplete="email")
            feedback.at_field("address")
            st.text_input(_("Name (optional)"), key=f"{key}.label", max_chars=60)
            feedback.at_field("label")
            st.form_submit_button(
                _("Add"), type="primary", key=f"{key}.save-{token}", on_click=_add, args=(key, team, chosen, token)
            )


@gate.guarded(Permission.ACCOUNT)
def _add(me: Actor, key: str, team: bool, kind: ChannelType, token: str) -> None:
    typed = {name: str(st.session_state.get(f"{key}.{name}") or "") for name in ("address", "label")}
    add = channels.add_for_team if team else channels.add
    if feedback.attempt(add, me, ChannelDraft(type=kind, **typed), token=token) is not None:
        state.spend(key)
        for field in typed:
            st.session_state[f"{key}.{field}"] = ""
        feedback.toast(_("Added. Send a test to see whether it arrives."))


@gate.guarded(Permission.ACCOUNT)
def _test(me: Actor, channel_id: int) -> None:
    feedback.attempt(channels.test, me, channel_id)
    if feedback.succeeded():
        feedback.toast(_("The test was sent."))


@gate.guarded(Permission.ACCOUNT)
def _switch(me: Actor, channel_id: int, version: int, active: bool) -> None:
    feedback.attempt(channels.switch, me, channel_id, active=active, version=version)


@gate.guarded(Permission.ACCOUNT)
def _close(me: Actor, channel_id: int, version: int) -> None:
    feedback.attempt(channels.close, me, channel_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("Removed. Its address is forgotten."))
