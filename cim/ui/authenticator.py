"""streamlit-authenticator as the sign-in form and nothing more: its storage and its cookie are replaced by ours.

Import this module only inside a session: the library writes warnings elsewhere. Authenticate.__init__ is not called,
because it puts an iframe on the page that ships every readable cookie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st
import streamlit_authenticator as library
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.models import AuthenticationModel
from streamlit_authenticator.utilities import Validator

from cim.i18n import _
from cim.service import sessions
from cim.service.sessions import SignIn
from cim.ui import client as browser

_ITS_KEYS = ("authentication_status", "name", "username", "email", "roles", "logout", "init")


def password_form() -> SignIn | None:
    """Draw the form for user name and password; the outcome once submitted, else None. It signs nobody in."""
    fields = {
        "Form name": _("Sign in"),
        "Username": _("User name"),
        "Password": _("Password"),
        "Login": _("Sign in"),
    }
    form = _Form()
    form.login(fields=fields, key="password-form")
    # the library's own idea of being signed in must not linger, least of all before further steps
    for key in _ITS_KEYS:
        st.session_state.pop(key, None)
    return form.model.outcome


class _Model(AuthenticationModel):  # type: ignore[misc]
    """The library's model without its dictionary of users: one check against our service."""

    outcome: SignIn | None = None

    def check_credentials(self, username: str, password: str) -> bool:
        visitor = replace(sessions.VISITOR, ip=browser.client().ip)
        self.outcome = sessions.check_password(visitor, username, password)
        if self.outcome.ok:
            self.credentials["usernames"][username] = {"email": "", "first_name": "", "last_name": "", "roles": []}
        return self.outcome.ok

    def _record_failed_login_attempts(self, username: str, reset: bool = False) -> None:
        """The service counts."""


class _NoCookie:
    """The cookie is set by the server after the last step, not here."""

    def get_cookie(self) -> None: ...
    def set_cookie(self) -> None: ...
    def delete_cookie(self) -> None: ...


class _Form(library.Authenticate):  # type: ignore[misc]
    def __init__(self) -> None:
        credentials: dict[str, Any] = {"usernames": {}}
        self.api_key = self.path = None
        self.secret_key = ""
        self.attrs = {"login_sleep_time": 0}
        self.cookie_controller = _NoCookie()
        self.model = _Model(credentials, auto_hash=False, validator=Validator())
        self.authentication_controller = AuthenticationController(credentials, Validator(), auto_hash=False)
        self.authentication_controller.authentication_model = self.model
