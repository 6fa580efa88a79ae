"""What a service may refuse with. Each error is a sentence (message id + parameters) that the interface translates."""

from __future__ import annotations

from typing import Any


class CimError(Exception):
    """A refusal a person can act on. Anything else that is raised is a bug."""

    def __init__(self, msgid: str, **params: Any) -> None:
        super().__init__(msgid)
        self.msgid = msgid
        self.params = params

    def __str__(self) -> str:
        return self.msgid.format(**self.params) if self.params else self.msgid


class Invalid(CimError):
    """A value is not acceptable. `field` names the input that must change."""

    def __init__(self, field: str, msgid: str, **params: Any) -> None:
        super().__init__(msgid, **params)
        self.field = field


class OverLimit(Invalid):
    """An order would take what a customer owes above its credit limit: it goes through with a reason."""

    def __init__(self, msgid: str, **params: Any) -> None:
        super().__init__("over_limit_reason", msgid, **params)


class NotFound(CimError):
    """The record does not exist, or lies outside the actor's scope: the two are not told apart."""


class Denied(CimError):
    """The actor's role does not permit this."""


class SessionEnded(Denied):
    """The actor's session is over: signed out, disabled, expired or replaced."""


class Conflict(CimError):
    """Somebody else changed the record first. `current` holds the values now stored, by field."""

    def __init__(self, msgid: str, *, current: dict[str, Any] | None = None, **params: Any) -> None:
        super().__init__(msgid, **params)
        self.current = current or {}


class Stopped(CimError):
    """Background work whose owner pressed Stop. Whatever it had not committed is as it was before."""


class PossibleDuplicate(Conflict):
    """A new customer resembles existing ones. `matches` are views that the actor may see (masked)."""

    def __init__(self, msgid: str, *, matches: list[Any], **params: Any) -> None:
        super().__init__(msgid, **params)
        self.matches = matches
