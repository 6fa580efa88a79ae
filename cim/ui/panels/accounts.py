"""Parts of the page of accounts: the list, the forms, and the one-time password that is shown once."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from pydantic import ValidationError

from cim.clock import now
from cim.config import settings
from cim.i18n import _, format_datetime, format_relative
from cim.models.user import TeamView, UserDraft, UserStatus, UserView
from cim.permissions import Permission, Role
from cim.service import users
from cim.service.users import Credential
from cim.ui import feedback, gate, shell, state
from cim.ui.text import safe
from cim.work import Actor


def tell(credential: Credential) -> None:
    """Show a new one-time password after the rerun, so that the list is up to date with it."""
    st.session_state[state.CREDENTIAL] = (credential.username, credential.password)
    st.rerun()


def told_once() -> None:
    """The password of `tell`, until the next action."""
    if waiting := st.session_state.pop(state.CREDENTIAL, None):
        username, password = waiting
        st.success(_("One-time password of {name}. It is shown only now:", name=safe(username)), icon=":material/key:")
        st.code(password, language=None)
        st.caption(_("It must be changed at the first sign-in."))


def table(everyone: list[UserView]) -> UserView | None:
    """All accounts; returns the chosen one."""
    rows = [
        {
            _("User name"): user.username,
            _("Full name"): user.name,
            _("Role"): shell.role_label(user.role),
            _("Team"): user.team,
            _("Status"): status_label(user),
            _("Last sign-in"): format_relative(user.last_login_at, now()) or "—",
        }
        for user in everyone
    ]
    # a choice is a row number: when a change moves the rows, it must not fall on somebody else
    key = "accounts-" + "-".join(str(user.id) for user in everyone)
    event = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="single-row", key=key, width="stretch"
    )
    chosen = event.selection.rows
    return everyone[chosen[0]] if chosen and chosen[0] < len(everyone) else None


def editor(user: UserView, teams: list[TeamView], *, is_self: bool) -> None:
    """Change one account. Buttons act through guarded callbacks: they run before the page's gate."""
    names = {team.id: team.name for team in teams}
    with st.form(f"edit-{user.id}-{user.version}"):
        st.subheader(f"{safe(user.name)} · {safe(user.username)}", anchor=False)
        if user.last_login_at:
            st.caption(_("Last sign-in: {when}", when=format_datetime(user.last_login_at, settings().zone)))
        key = f"{user.id}-{user.version}"
        name = st.text_input(_("Full name"), user.name, max_chars=60, key=f"name-{key}")
        role = st.selectbox(
            _("Role"),
            list(Role),
            index=list(Role).index(user.role),
            format_func=shell.role_label,
            disabled=is_self,
            key=f"role-{key}",
        )
        options = [None, *names]
        index = options.index(user.team_id) if user.team_id in names else 0
        team = st.selectbox(_("Team"), options, index=index, format_func=labels(names), key=f"team-{key}")
        if st.form_submit_button(_("Save"), type="primary", key=f"save-{key}"):
            _save(user, name=name, role=role or user.role, team_id=team)
    if is_self:
        st.caption(_("Your own role and status are changed by another administrator."))
        return
    with st.container(horizontal=True):
        st.button(
            _("New one-time password"), icon=":material/key:", on_click=_reset, args=(user.id,), key=f"reset-{key}"
        )
        if user.status is UserStatus.ACTIVE:
            st.button(_("Disable"), icon=":material/block:", on_click=_disable, args=(user.id,), key=f"disable-{key}")
        else:
            st.button(_("Enable"), icon=":material/check:", on_click=_enable, args=(user.id,), key=f"enable-{key}")


def draft_form(teams: list[TeamView]) -> UserDraft | None:
    """The form of a new account; the draft once submitted and well-formed."""
    names = {team.id: team.name for team in teams}
    with st.form("add-user"):
        username = st.text_input(_("User name"), max_chars=40, key="add-username", autocomplete="off")
        feedback.at_field("username")
        name = st.text_input(_("Full name"), max_chars=60, key="add-name", autocomplete="off")
        role = st.selectbox(_("Role"), list(Role), format_func=shell.role_label, key="add-role")
        team = st.selectbox(_("Team"), [None, *names], format_func=labels(names), key="add-team-of")
        st.caption(_("A one-time password is made and shown to you once."))
        if not st.form_submit_button(_("Add account"), type="primary", key="add-user-save"):
            return None
    try:
        return UserDraft(username=username, name=name, role=role or Role.REP, team_id=team)
    except ValidationError:
        message = _("Enter a user name of 2 to 40 letters or digits, and the full name.")
        st.error(message, icon=":material/error:")
        return None


def team_list(teams: list[TeamView]) -> None:
    """The teams with the team above each."""
    names = {team.id: team.name for team in teams}
    rows = [{_("Team"): t.name, _("Below"): names.get(t.parent_id, "") if t.parent_id else ""} for t in teams]
    st.dataframe(rows, hide_index=True, width="stretch")


def labels(names: dict[int, str]) -> Callable[[int | None], str]:
    """How an optional id is shown in a picker."""
    return lambda key: names.get(key, "") if key is not None else "—"


def status_label(user: UserView) -> str:
    """An account's state in one word."""
    if user.status is UserStatus.ACTIVE and user.must_change_password:
        return _("Has to change the password")
    return {
        UserStatus.ACTIVE: _("Active"),
        UserStatus.DISABLED: _("Disabled"),
        UserStatus.PENDING: _("Waiting for approval"),
    }[user.status]


def _save(user: UserView, *, name: str, role: Role, team_id: int | None) -> None:
    me = gate.require(Permission.USER_MANAGE)
    feedback.attempt(users.update, me, user.id, version=user.version, name=name, role=role, team_id=team_id)
    if feedback.succeeded():
        feedback.flash(_("{name} was saved.", name=name), kind="success")
        st.rerun()


@gate.guarded(Permission.USER_MANAGE)
def _reset(me: Actor, user_id: int) -> None:
    credential = feedback.attempt(users.reset, me, user_id)
    if credential is not None:
        st.session_state[state.CREDENTIAL] = (credential.username, credential.password)


@gate.guarded(Permission.USER_MANAGE)
def _disable(me: Actor, user_id: int) -> None:
    feedback.attempt(users.disable, me, user_id)
    if feedback.succeeded():
        feedback.flash(_("The account is locked out, at once in every browser."), kind="success")


@gate.guarded(Permission.USER_MANAGE)
def _enable(me: Actor, user_id: int) -> None:
    feedback.attempt(users.enable, me, user_id)
    if feedback.succeeded():
        feedback.flash(_("The account may sign in again."), kind="success")
