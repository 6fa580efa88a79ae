"""The mail server by which e-mails leave: set by an administrator, its password sealed under the server's key."""

from __future__ import annotations

import re

from cim import crypto
from cim.errors import Conflict, Invalid
from cim.i18n import N_, _
from cim.models import MailServer
from cim.models.notice import Security
from cim.models.notice_view import MailServerDraft, MailServerView
from cim.permissions import Permission
from cim.service import mail, outgoing, typed
from cim.service.mail import Server
from cim.service.outgoing import Letter, NotSent, Unsure
from cim.work import Work, command, query

PLACE = "mail_server.password.1"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,198}[A-Za-z0-9])?")


@query(Permission.SETTINGS_MANAGE)
def get(work: Work) -> MailServerView | None:
    """The mail server without its password; None when none is set."""
    row = work.session.get(MailServer, 1)
    if row is None or not row.host:
        return None
    return MailServerView(
        host=row.host,
        port=row.port,
        security=row.security,
        username=row.username,
        has_password=row.password is not None,
        sender=row.sender,
        version=row.version,
    )


@command(Permission.SETTINGS_MANAGE)
def save(work: Work, draft: MailServerDraft, *, version: int | None = None) -> bool:
    """Set the mail server; False when nothing differed. The history shows that the password changed, not what it is.
    Raises Invalid at the field, Conflict when it is no longer at `version`."""
    host = typed.line("host", draft.host, 200)
    if _HOST.fullmatch(host) is None:
        raise Invalid("host", "Enter the name of the mail server, such as smtp.example.cn.")
    sender = mail.canonical("sender", draft.sender)
    if draft.username and draft.security is Security.NONE and draft.password:
        raise Invalid("security", "A password must not travel unprotected: choose STARTTLS or TLS.")
    row = work.session.get(MailServer, 1)
    if version is not None and (row.version if row else 0) != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    row = row or work.add(MailServer(id=1))
    wanted = {"host": host, "port": draft.port, "security": draft.security, "sender": sender}
    wanted["username"] = typed.line("username", draft.username, 200)
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    if draft.password is not None and draft.password != _password(row):
        row.password = crypto.server_cipher().seal(draft.password, PLACE) if draft.password else None
        changed.append("password")
    return bool(changed)


@query(Permission.SETTINGS_MANAGE)
def test(work: Work, to: str) -> None:
    """Send a test mail at once. Raises Invalid("to") with what the mail server said."""
    address = mail.canonical("to", to)
    server = in_force(work)
    if server is None:
        raise Invalid("to", "Set the mail server first.")
    work.session.close()  # the network may take its time
    letter = Letter(_("Test of the mail server"), _("The mail server of CIM works."), f"test.{crypto.digest(to)[:12]}")
    try:
        mail.send(server, address, letter)
    except (NotSent, Unsure) as error:
        said = outgoing.told(outgoing.stored(error.problem, error.detail))
        raise Invalid("to", N_("It was not sent: {said}"), said=said) from error


def in_force(work: Work) -> Server | None:
    """Below the doors: the mail server with its password; None when none is set."""
    row = work.session.get(MailServer, 1)
    if row is None or not row.host:
        return None
    return Server(row.host, row.port, row.security, row.username, _password(row), row.sender)


def _password(row: MailServer) -> str:
    return crypto.server_cipher().open(bytes(row.password), PLACE) if row.password is not None else ""
