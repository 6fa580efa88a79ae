"""The world outside: a mail server and a chat service on 127.0.0.1 that note what arrives and refuse when told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from cim.access import SYSTEM
from cim.models.notice_view import MailServerDraft
from cim.service import mail_server


class Sink:
    """A mail server. `answers` are taken one by one before a message is accepted ("250 OK" when there are none);
    `before` is called with each message, before it is answered."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answers: list[str] = []
        self.recipients: list[str] = []
        self.before: Callable[[EmailMessage], None] = lambda _message: None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message: Any = message_from_bytes(envelope.content or b"", policy=policy.default)
        self.before(message)
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.messages.append(message)
            self.recipients += envelope.rcpt_tos
        if answer == "250 and hang up":
            server.transport.abort()
        return answer

    @property
    def texts(self) -> list[str]:
        return [str(message.get_content()) for message in self.messages]


@contextmanager
def mail_sink() -> Iterator[tuple[Sink, int]]:
    """A real SMTP server, and its port."""
    sink, port = Sink(), free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, port
    finally:
        controller.stop()


def use_mail_server(port: int) -> None:
    """Set it as the mail server of the installation."""
    mail_server.save(SYSTEM, MailServerDraft(host="127.0.0.1", port=port, sender="cim@example.cn"))


@contextmanager
def chat_sink(answer: Callable[[str, Any], tuple[int, Any]]) -> Iterator[tuple[list[tuple[str, Any]], str]]:
    """A chat service: what it was sent (path, body), and its address. `answer` makes status and body of a reply."""
    seen: list[tuple[str, Any]] = []

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append((self.path, body))
            status, said = answer(self.path, body)
            if status == 0:
                self.close_connection = True
                return
            data = json.dumps(said).encode()
            self.send_response(status)
            for name, value in (("location", "http://127.0.0.1:1/"), ("content-length", str(len(data)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield seen, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port of this computer that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
