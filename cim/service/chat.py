"""Sends one message to a chat bot (WeCom, DingTalk, Feishu) through `apprise`. Only to the hosts of these three, whatever
somebody pastes: no address inside the house can be reached by it."""

from __future__ import annotations

import re
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

from cim.config import settings
from cim.errors import Invalid
from cim.i18n import N_
from cim.models.notice import ChannelType
from cim.service.outgoing import Letter, NotSent, Unsure

FORMS: dict[ChannelType, tuple[re.Pattern[str], str]] = {
    ChannelType.WECOM: (
        re.compile(r"https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=(?P<key>[A-Za-z0-9_-]{8,64})"),
        "wecombot://{key}",
    ),
    ChannelType.DINGTALK: (
        re.compile(
            r"https://oapi\.dingtalk\.com/robot/send\?access_token=(?P<key>[A-Za-z0-9]{8,128})"
            r"(?:&secret=(?P<secret>SEC[A-Za-z0-9]{8,100}))?"
        ),
        "dingtalk://{secret}{key}",
    ),
    ChannelType.FEISHU: (
        re.compile(r"https://open\.feishu\.cn/open-apis/bot/v2/hook/(?P<key>[A-Za-z0-9_-]{8,64})/?"),
        "feishu://{key}",
    ),
}
"""By service: the webhook address as its chat shows it, and what apprise calls it."""

MOST_BYTES = 2000
"""The shortest limit of the three (WeCom: 2048 bytes)."""
AGAIN = {429, 503}
BUSY_CODES = {45009, 45033, 130101, 410100, 9499, 11232}
"""What the three answer when too much is sent in a minute."""
UNREACHABLE = N_("The chat service does not answer.")
REFUSED = N_("The chat service refused the message.")
BROKE_OFF = N_("The connection broke off before the chat service confirmed. It may have arrived.")


def canonical(kind: ChannelType, pasted: str) -> str:
    """A webhook address, checked. Raises Invalid("address") for what is not one of this service."""
    address = pasted.strip()
    if FORMS[kind][0].fullmatch(address) is None:
        raise Invalid("address", "Paste the whole webhook address, as the group's bot shows it.")
    return address


def send(kind: ChannelType, address: str, letter: Letter) -> None:
    """Send a letter as text. Raises NotSent when it certainly did not arrive, Unsure when nobody can tell."""
    import apprise  # takes half a second, and only who sends pays for it

    form, url = FORMS[kind]
    parts = form.fullmatch(address)
    if parts is None:
        raise NotSent(REFUSED, for_good=True)
    secret = parts.groupdict().get("secret")
    plugin: Any = apprise.Apprise.instantiate(
        url.format(key=parts["key"], secret=f"{secret}@" if secret else ""), suppress_exceptions=True
    )
    if plugin is None:
        raise NotSent(REFUSED, for_good=True)
    sys.modules[type(plugin).__module__].requests = _watched  # type: ignore[attr-defined]
    text = _cut(f"[CIM] {letter.text}")
    _watched.forget()
    plugin.send(body=text, title="")
    _watched.judge()


def _cut(text: str) -> str:
    """At most so many bytes of UTF-8, whole characters."""
    data = text.encode()
    return text if len(data) <= MOST_BYTES else data[: MOST_BYTES - 3].decode(errors="ignore") + "…"


class _Watched:
    """`requests`, as a plugin of apprise sees it. Apprise takes the status 200 for success; these services say in the body
    of such an answer that they refused. And of an error it tells no more than that there was one."""

    def __init__(self) -> None:
        self._seen = threading.local()

    def __getattr__(self, name: str) -> Any:
        import requests

        return getattr(requests, name)

    def forget(self) -> None:
        self._seen.answer = self._seen.error = None

    def post(self, url: str, **options: Any) -> Any:
        import requests

        options["allow_redirects"] = False
        try:
            self._seen.answer = requests.post(_relayed(url), **options)
        except requests.RequestException as error:
            self._seen.error = error
            raise
        return self._seen.answer

    def judge(self) -> None:
        """Raise what became of the last message of this thread."""
        if self._seen.error is not None:
            name = type(self._seen.error).__name__  # its text would show the address, which is the key to the chat
            if _never_left(self._seen.error):
                raise NotSent(UNREACHABLE, name)
            raise Unsure(BROKE_OFF, name)
        if self._seen.answer is None:
            raise NotSent(REFUSED, for_good=True)
        _judge(self._seen.answer)


_watched = _Watched()


def _judge(answer: Any) -> None:
    status = int(answer.status_code)
    if status in AGAIN:
        raise NotSent(REFUSED, f"HTTP {status}")
    if status >= 500:
        raise Unsure(BROKE_OFF, f"HTTP {status}")
    if status != 200:
        raise NotSent(REFUSED, f"HTTP {status}", for_good=True)
    try:
        body = answer.json()
        code = int(body.get("errcode", body.get("code", body.get("StatusCode", 0))))
    except (ValueError, TypeError, AttributeError) as error:
        raise Unsure(BROKE_OFF, "HTTP 200") from error
    if code:
        raise NotSent(REFUSED, str(code), for_good=code not in BUSY_CODES)


def _never_left(error: Any) -> bool:
    """Whether an error came before anything of the message was handed over."""
    import requests
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _relayed(url: str) -> str:
    relay = settings().chat_relay
    if not relay:
        return url
    parts = urlsplit(url)
    return f"{relay}{parts.path}" + (f"?{parts.query}" if parts.query else "")
