"""Accounts and teams: add, change, lock out, one-time passwords. For administrators."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.service import users
from cim.ui import feedback, shell
from cim.ui.panels import accounts, hand_over

me = shell.open_page(_("Users"), Permission.USER_MANAGE)

accounts.told_once()
everyone = users.everyone(me)
teams = users.teams(me)
listed, added, grouped, handed = st.tabs([_("Accounts"), _("Add an account"), _("Teams"), _("Hand over")])

with listed:
    chosen = accounts.table(everyone)
    if chosen is None:
        st.caption(_("Choose an account to change it."))
    else:
        accounts.editor(chosen, teams, is_self=chosen.id == me.user_id)

with added:
    draft = accounts.draft_form(teams)
    if draft is not None:
        credential = feedback.attempt(users.add, me, draft)
        if credential is not None:
            accounts.tell(credential)

with grouped:
    accounts.team_list(teams)
    with st.form("add-team", clear_on_submit=True):
        name = st.text_input(_("New team"), max_chars=60, key="team-name")
        names = {team.id: team.name for team in teams}
        above = st.selectbox(_("Below"), [None, *names], format_func=accounts.labels(names), key="team-above")
        if st.form_submit_button(_("Add team"), key="team-save"):
            feedback.attempt(users.add_team, me, name, parent_id=above)
            if feedback.succeeded():
                feedback.flash(_("Team {name} was added.", name=name), kind="success")
                st.rerun()

with handed:
    hand_over.show(me)
