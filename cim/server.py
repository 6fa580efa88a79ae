"""What the server adds to Streamlit: the routes that set and drop the session cookie, guards, headers, housekeeping."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import ipaddress
import json
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cache
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cim import backup, crypto, downloads, feeds, i18n, passwords, public_forms, scheduler, schema
from cim.access import SYSTEM, Actor
from cim.config import settings
from cim.errors import CimError
from cim.service import import_desk, jobs, sessions, shipped

log = logging.getLogger("cim.server")

CONTENT_SECURITY_POLICY = (
    # blob: is for the one script of cim/ui/bridge.py; all that Streamlit 1.67 draws works under this (decision 0002)
    "default-src 'self'; script-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' blob: data:; worker-src 'self' blob:; frame-src 'self' blob: data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
BIND_HEADER = "x-cim-bind"
MEDIA = "/media/"
GUARDED = (MEDIA, "/_stcore/upload_file")
"""Parts of paths that need a session, wherever they stand: below a base path too."""
PROGRAM = "/static/media/"
"""Where Streamlit's own fonts lie: the sign-in page needs them."""
COLLECT_SECONDS = 60
LONGEST_BODY = 2000  # bytes


def options() -> dict[str, Any]:
    """What st.App is built with. Also makes the data folder ready, and refuses an unsafe start."""
    from streamlit import config as streamlit_config
    from streamlit.runtime.pages_manager import PagesManager

    # else any visitor of a fresh process could run pages/*.py directly, past Home.py
    PagesManager.uses_pages_directory = False
    refuse_public_demo(settings().host, streamlit_config.get_option("server.address"))
    prepare()
    downloads.note_owners()
    return {"routes": ROUTES, "middleware": MIDDLEWARE, "lifespan": lifespan, "on_script_error": note_error}


def refuse_public_demo(*hosts: str | None) -> None:
    """Demo accounts are known to everybody: raises SystemExit when they would be offered to other computers."""
    public = [host for host in hosts if host and not _is_local(host)]
    if settings().demo and public:
        raise SystemExit(
            f"The demo company is for this computer only, not for {public[0]}: use 127.0.0.1, or real data."
        )


def prepare() -> None:
    """Make the key file and the newest schema; an older SQLite database is backed up first, PostgreSQL is upgraded by
    its administrator. Raises SystemExit with what to do when the data cannot be served."""
    settings().home.mkdir(mode=0o700, parents=True, exist_ok=True)
    current = schema.current()
    if current is not None and not (settings().keys / "kek.key").exists():
        raise SystemExit(f"There is a database but not its key file {settings().keys / 'kek.key'}. Put it back.")
    crypto.create_keys()
    if current == schema.newest():
        return
    if current is not None and not settings().is_sqlite:
        raise SystemExit("The database needs an upgrade. Run: python -m cim db upgrade")
    try:
        backup.upgrade_with_backup()
    except CimError as error:
        raise SystemExit(str(error)) from error
    shipped.seed(SYSTEM)


def note_error(error: Exception) -> bool:
    """Log an error of a page without its values; the visitor sees Streamlit's neutral sentence."""
    log.error("a page failed: %s", type(error).__name__, exc_info=error)
    return False


# ---- routes
async def start(request: Request) -> Response:
    """Swap a one-time ticket for the session cookie. An earlier session of this browser ends."""
    if not _is_ours(request):
        return PlainTextResponse("forbidden", 403)
    session_cookie, binder_cookie = sessions.cookie_names()
    ticket = await _ticket_of(request)
    if ticket is None:
        return PlainTextResponse("bad request", 400)
    binder = request.cookies.get(binder_cookie, "")
    token = await run_in_threadpool(sessions.redeem_ticket, _visitor(request), ticket, binder=binder)
    if token is None:
        return PlainTextResponse("ticket refused", 403)
    if old := request.cookies.get(session_cookie):
        await run_in_threadpool(sessions.end, _visitor(request), old, reason="replaced")
    # while the browser loads the page anew, the server has a second to itself
    later = BackgroundTask(_import_heavy)
    answer = JSONResponse({"ok": True}, headers={"cache-control": "no-store"}, background=later)
    _set_cookie(answer, session_cookie, token, settings().session_seconds)
    _set_cookie(answer, binder_cookie, secrets.token_urlsafe(24), None)
    return answer


async def end(request: Request) -> Response:
    """Sign out: revoke the session, drop the cookie, and let the browser forget what it cached."""
    if not _is_ours(request):
        return PlainTextResponse("forbidden", 403)
    session_cookie, _binder = sessions.cookie_names()
    if token := request.cookies.get(session_cookie):
        await run_in_threadpool(sessions.end, _visitor(request), token)
    answer = JSONResponse({"ok": True}, headers={"cache-control": "no-store", "clear-site-data": '"cache"'})
    answer.delete_cookie(session_cookie, path="/", httponly=True, secure=settings().secure_cookies, samesite="lax")
    return answer


async def _ticket_of(request: Request) -> str | None:
    body = b""
    async for part in request.stream():  # anybody may send this: no more is read than a ticket takes
        body += part
        if len(body) > LONGEST_BODY:
            return None
    try:
        ticket = json.loads(body)["ticket"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return ticket[:200] if isinstance(ticket, str) else None


def _is_ours(request: Request) -> bool:
    # another site cannot send this header without a preflight, which nobody answers
    return request.headers.get("x-cim") == "1" and request.headers.get("sec-fetch-site") in (None, "same-origin")


def _visitor(request: Request) -> Actor:
    return replace(sessions.VISITOR, ip=request.client.host[:64] if request.client else "")


def _set_cookie(answer: Response, name: str, value: str, seconds: int | None) -> None:
    secure = settings().secure_cookies
    answer.set_cookie(name, value, max_age=seconds, path="/", httponly=True, secure=secure, samesite="lax")


# ---- what every request passes
class Shield:
    """Refuses what needs a session, binds a WebSocket to its cookie, adds headers. Pure ASGI: nothing is buffered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.app(_bound(scope), receive, send)
        elif scope["type"] == "http":
            refusal = await _refusal(Request(scope))
            await (refusal or self.app)(scope, receive, _with_headers(scope, send))
        else:
            await self.app(scope, receive, send)


async def _refusal(request: Request) -> Response | None:
    path = request.url.path
    if settings().demo and not _reached_locally(request):
        return PlainTextResponse("the demo company is for this computer only", 403)
    if any(part in path.replace(PROGRAM, "/") for part in GUARDED):
        token = request.cookies.get(sessions.cookie_names()[0])
        if await run_in_threadpool(sessions.resolve, token, False) is None:
            return PlainTextResponse("sign in first", 401)
        if MEDIA in path.replace(PROGRAM, "/") and not downloads.may_fetch(path, token):
            return PlainTextResponse("made for another session", 403)
    if path.startswith("/_stcore/metrics") and not _is_local(_peer(request)):
        return PlainTextResponse("not found", 404)
    # an interface for programs, past the sign-in page: only where the operator turned it on, and only on this computer
    if path.startswith("/_stcore/agent") and not (_agents_allowed() and _is_local(_peer(request))):
        return PlainTextResponse("not found", 404)
    return None


def _bound(scope: Scope) -> Scope:
    """The WebSocket's scope with the header that ties a Streamlit session to its cookie; a client's own is dropped."""
    bind = downloads.bind_of(HTTPConnection(scope).cookies.get(sessions.cookie_names()[0]))
    others = [pair for pair in scope["headers"] if pair[0].lower() != BIND_HEADER.encode()]
    return {**scope, "headers": [*others, (BIND_HEADER.encode(), bind.encode())]}


def _with_headers(scope: Scope, send: Send) -> Send:
    path = scope["path"]
    held = HTTPConnection(scope).cookies

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            stricter = headers.get("referrer-policy")
            headers.update(SECURITY_HEADERS | ({"referrer-policy": stricter} if stricter else {}))
            if settings().secure_cookies:
                headers["strict-transport-security"] = "max-age=31536000"
            is_page = headers.get("content-type", "").startswith("text/html")
            if is_page or path.startswith((MEDIA, downloads.PLACE, "/session/")):
                headers["cache-control"] = "no-store"
            if path.startswith(downloads.PLACE):
                headers["content-security-policy"] = downloads.POLICY
            if is_page and not path.startswith(public_forms.PLACE):
                _hand_out(headers, held)
        await send(message)

    return sending


def _hand_out(headers: MutableHeaders, held: dict[str, str]) -> None:
    """Give a browser that opens a page its pre-sign-in cookie, and one by which a proxy may keep it on one replica."""
    for name in (sessions.cookie_names()[1], "cim_aff"):
        if name not in held:
            answer = Response()
            _set_cookie(answer, name, secrets.token_urlsafe(24), None)
            headers.append("set-cookie", Headers(raw=answer.raw_headers)["set-cookie"])


def _agents_allowed() -> bool:
    from streamlit import config as streamlit_config

    return bool(streamlit_config.get_option("server.enableAgentApi"))


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _reached_locally(request: Request) -> bool:
    server = request.scope.get("server")
    return server is None or _is_local(str(server[0]))


def _is_local(host: str) -> bool:
    if host in ("localhost", "testserver", "testclient"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# ---- while the server runs
@contextlib.asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Prepare the first sign-in, then keep memory and tables tidy until the server stops."""
    # Streamlit turns this log on again whatever uvicorn was told; its lines hold session ids and numbers of customers
    logging.getLogger("uvicorn.access").disabled = True
    await run_in_threadpool(_warm)
    await run_in_threadpool(jobs.mark_lost, SYSTEM)
    tidying = asyncio.create_task(_every(COLLECT_SECONDS, _tidy))
    ringing = await run_in_threadpool(scheduler.start)
    try:
        yield
    finally:
        scheduler.stop(ringing)
        tidying.cancel()
        await asyncio.gather(tidying, return_exceptions=True)


def _tidy() -> None:
    """Let go of files and results that were kept for their hour, also when nobody comes any more."""
    import_desk.forget_old()
    jobs.forget_old()
    gc.collect()


def _warm() -> None:
    passwords.warm()
    sessions.resolve("warm-up", False)
    with i18n.use("zh"):
        i18n._("today")
    # what lives as long as the server need not be looked at again by the collector
    gc.collect()
    gc.freeze()


@cache
def _import_heavy() -> None:
    """Import once what the sign-in page does without and every page behind it needs."""
    for name in ("pandas", "plotly.graph_objects"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


async def _every(seconds: float, chore: Any, *arguments: Any) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await run_in_threadpool(chore, *arguments)
        except Exception:
            log.exception("a chore of the server failed; it is tried again later")


ROUTES = [
    Route("/session/start", start, methods=["POST"]),
    Route("/session/end", end, methods=["POST"]),
    *downloads.ROUTES,
    *feeds.ROUTES,
    *public_forms.ROUTES,
]
MIDDLEWARE = [Middleware(Shield)]
