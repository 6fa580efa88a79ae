"""Sends one e-mail by SMTP, and tells apart what did not arrive from what may have."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from cim import clock, normalize
from cim.errors import Invalid
from cim.i18n import N_
from cim.models.notice import Security
from cim.service import typed
from cim.service.outgoing import Letter, NotSent, Unsure

SECONDS = 20
"""How long one step of the conversation may take."""
UNREACHABLE = N_("The mail server does not answer.")
REFUSED = N_("The mail server refused the message.")
NOT_ADMITTED = N_("The mail server refused the user name or password.")
BROKE_OFF = N_("The connection broke off before the mail server confirmed. It may have arrived.")


@dataclass(frozen=True)
class Server:
    """The mail server in force, with its password in clear."""

    host: str
    port: int
    security: Security
    username: str
    password: str
    sender: str


def canonical(field: str, raw: str) -> str:
    """An e-mail address that mail can be sent to. Raises Invalid naming the field."""
    address = typed.canonical(field, raw, normalize.email)
    if not address or not address.isascii():
        raise Invalid(field, "Write an e-mail address like name@example.com.")
    return address


def send(server: Server, to: str, letter: Letter) -> None:
    """Send a letter. Raises NotSent when it certainly did not arrive, Unsure when nobody can tell."""
    try:
        smtp = _connected(server)
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(NOT_ADMITTED, _said(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(UNREACHABLE, type(error).__name__) from error
    try:
        _hand_over(smtp, server.sender, to, _written(server.sender, to, letter))
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()
    finally:
        smtp.close()


def _connected(server: Server) -> smtplib.SMTP:
    own = server.sender.partition("@")[2] or "localhost"  # not the name of this computer
    context = ssl.create_default_context()
    smtp = (
        smtplib.SMTP_SSL(server.host, server.port, own, timeout=SECONDS, context=context)
        if server.security is Security.TLS
        else smtplib.SMTP(server.host, server.port, own, timeout=SECONDS)
    )
    try:
        if server.security is Security.STARTTLS:
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if server.username:
            smtp.login(server.username, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _hand_over(smtp: smtplib.SMTP, sender: str, to: str, content: bytes) -> None:
    try:
        for code, said in (smtp.mail(sender), smtp.rcpt(to)):
            _accepted(code, said)
        code, said = smtp.docmd("DATA")
        if code != 354:
            _accepted(code if code >= 400 else 451, said)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(UNREACHABLE, type(error).__name__) from error
    try:
        smtp.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        code, said = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Unsure(BROKE_OFF, type(error).__name__) from error
    _accepted(code, said)


def _accepted(code: int, said: bytes) -> None:
    if not 200 <= code < 300:
        detail = f"{code} {said.decode('utf-8', 'replace')}"
        raise NotSent(REFUSED, detail, for_good=500 <= code < 600)


def _written(sender: str, to: str, letter: Letter) -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = " ".join(letter.subject.split())[:200]
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{letter.name}@{sender.partition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"  # so that no absence note answers it
    message.set_content(letter.text, cte="base64")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def _said(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
