"""Users and teams: who works with CIM, and under whom."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from pydantic import field_validator
from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from cim.i18n import N_
from cim.models.base import Draft, Model, Timestamped, Versioned, View, text_enum
from cim.permissions import Role


class UserStatus(StrEnum):
    """Only an active user can sign in. Pending waits for approval."""

    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"


class Team(Model, Timestamped, table=True):
    """A group of users; teams form a tree, and a manager reaches the teams below."""

    __tablename__ = "team"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60, unique=True)
    parent_id: int | None = Field(default=None, foreign_key="team.id")


class TeamView(View):
    id: int
    name: str
    parent_id: int | None


class UserFields(SQLModel):
    """What an administrator types about a user."""

    username: str = Field(max_length=40)
    name: str = Field(max_length=60)
    role: Role = text_enum(Role.REP)
    team_id: int | None = Field(default=None, foreign_key="team.id")
    language: str = Field(default="", max_length=5)

    @field_validator("username")
    @classmethod
    def _username(cls, value: str) -> str:
        value = value.strip().lower()
        if not re.fullmatch(r"[\w.-]{2,40}", value):
            raise ValueError(N_("Use 2 to 40 letters, digits, dots, dashes or underscores"))
        return value

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not value.strip():
            raise ValueError(N_("Enter the name"))
        return value.strip()


class UserDraft(UserFields, Draft):
    pass


class User(UserFields, Timestamped, Versioned, Model, table=True):
    """An account. Named app_user because `user` is reserved in PostgreSQL."""

    __tablename__ = "app_user"
    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(max_length=40, unique=True)
    status: UserStatus = text_enum(UserStatus.ACTIVE)
    password_hash: str = Field(default="", sa_column_kwargs={"info": {"secret": True}})
    must_change_password: bool = True
    session_version: int = Field(default=1, sa_column_kwargs={"info": {"derived": True}})
    last_login_at: datetime | None = Field(default=None, sa_column_kwargs={"info": {"derived": True}})
    password_changed_at: datetime | None = Field(default=None)


class UserView(View):
    id: int
    username: str
    name: str
    role: Role
    team_id: int | None
    team: str
    status: UserStatus
    must_change_password: bool
    last_login_at: datetime | None
    version: int


class AuthSession(Model, table=True):
    """A signed-in browser. Only digests of the ticket and of the cookie are stored."""

    __tablename__ = "auth_session"
    __audited__ = False
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    session_version: int
    token_hash: str | None = Field(default=None, unique=True, max_length=64)
    ticket_hash: str | None = Field(default=None, unique=True, max_length=64)
    ticket_expires_at: datetime | None = None
    binder_hash: str | None = Field(default=None, max_length=64)
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime = Field(index=True)
    revoked_at: datetime | None = None
    revoke_reason: str = Field(default="", max_length=40)
    ip: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=200)


class LoginThrottle(Model, table=True):
    """Failed sign-ins per client address and per unknown name (key is `ip:...` or `name:...`)."""

    __tablename__ = "login_throttle"
    __audited__ = False
    key: str = Field(primary_key=True, max_length=120)
    failed_count: int = 0
    locked_until: datetime | None = None
    updated_at: datetime


class OnceToken(Model, table=True):
    """A form's save token, stored in the transaction of its effect: a second press finds the first one's result."""

    __tablename__ = "once_token"
    __audited__ = False
    token: str = Field(primary_key=True, max_length=64)
    action: str = Field(max_length=60)
    user_id: int | None = None
    result_id: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(index=True)
