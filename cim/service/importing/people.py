"""Names of colleagues in a file: who is meant, and whether the actor may act for that person."""

from __future__ import annotations

import re

from sqlalchemy import select

from cim import normalize
from cim.errors import Denied
from cim.i18n import N_
from cim.models import User
from cim.models.user import UserStatus
from cim.permissions import Permission, Role
from cim.service.importing.lines import Line, Notes
from cim.work import Work

POOL_WORDS = frozenset({"公海", "无", "-", "publicpool", "none"})
OUT_OF_REACH = N_("You cannot give a customer to {name}.")
NO_USER = N_("There is no user {name}: the customer goes to the public pool and keeps this name.")
OWNER_STAYS = N_("There is no user {name}: the owner stays as it is.")
SEVERAL_USERS = N_("Several users are called {name}: write the user name.")
_NOT_IN_USERNAMES = re.compile(r"[^\w.-]+")


class People:
    """The users of the system by user name and by display name. Loaded once per import."""

    def __init__(self, work: Work, *, create_missing: bool = False, dry_run: bool = False) -> None:
        if create_missing and not work.actor.can(Permission.USER_MANAGE):
            raise Denied("Only an administrator may create the users that a file names.")
        self.work = work
        self.create_missing = create_missing
        self.dry_run = dry_run
        self.own = work.actor.user_id if work.actor.can(Permission.CUSTOMER_UNMASK) else None
        self.users: dict[str, list[User]] = {}
        self.usernames: set[str] = set()
        for user in work.session.execute(select(User)).scalars():
            self._know(user)

    def owner(self, line: Line, notes: Notes, *, known: bool = False) -> tuple[bool, int | None, str]:
        """(taken, owner id, name to keep) of a customer line. Not taken means that the failure is in `notes`.
        `known` customers keep their owner when the name is nobody's."""
        name = line.cells.get("owner", "").strip()
        if not name:
            return True, self.own, ""
        if normalize.squeeze(name) in POOL_WORDS:
            return True, None, ""
        found = self.named(name)
        if len(found) > 1:
            notes.fail(line, "owner", SEVERAL_USERS, name=name[:60])
            return False, None, ""
        if not found and self.create_missing:
            return True, self._create(name), ""
        if not found:
            notes.warn(line, "owner", OWNER_STAYS if known else NO_USER, name=name[:60])
            return True, None, name[:60]
        if not self.work.owns(Permission.CUSTOMER_WRITE, found[0].id):
            notes.fail(line, "owner", OUT_OF_REACH, name=name[:60])
            return False, None, ""
        return True, found[0].id, ""

    def author(self, name: str) -> tuple[int | None, str]:
        """(user id, name to show) of who wrote an activity: unknown names are kept as they stand."""
        found = self.named(name) if name else []
        if len(found) == 1:
            return found[0].id, found[0].name
        if name:
            return None, name
        return self.work.actor.user_id, ""

    def named(self, name: str) -> list[User]:
        """The active users of this user name or display name."""
        found = self.users.get(normalize.squeeze(name), [])
        active = [user for user in found if user.status is UserStatus.ACTIVE]
        return active or (found if self.create_missing else [])

    def _create(self, name: str) -> int | None:
        """A disabled account that owns the rows until an administrator opens it or hands them over."""
        if self.dry_run:
            return None
        base = _NOT_IN_USERNAMES.sub("", name).lower()[:36] or "user"
        candidates = (base if number == 1 and len(base) > 1 else f"{base}{number}" for number in range(1, 10_000))
        username = next(candidate for candidate in candidates if candidate not in self.usernames)
        fresh = User(
            username=username, name=name[:60], role=Role.REP, status=UserStatus.DISABLED, must_change_password=True
        )
        user = self.work.add(fresh)
        self._know(user)
        return user.id

    def _know(self, user: User) -> None:
        self.usernames.add(user.username)
        for word in {normalize.squeeze(user.username), normalize.squeeze(user.name)}:
            self.users.setdefault(word, []).append(user)
