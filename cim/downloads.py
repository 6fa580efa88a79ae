"""Downloads: the route of customers' files, and whose each file in Streamlit's media store is (SECURITY: T39).

Streamlit hands /media/ID to whoever asks. So the store notes the browser session for which each file was made, and the
server's Shield refuses it to any other.
"""

from __future__ import annotations

import functools
import hashlib
from collections import OrderedDict
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from cim import i18n
from cim.access import Actor
from cim.errors import CimError, Denied, NotFound, SessionEnded
from cim.i18n import _
from cim.service import files, sessions

PLACE = "/files/"
POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""A file is saved, never shown as a page of ours; were it shown, nothing in it could run or load anything."""
_MOST_NOTED = 20_000
_owners: OrderedDict[tuple[str, str], None] = OrderedDict()


def bind_of(token: str | None) -> str:
    """What stands for a session cookie inside Streamlit: a digest, "anonymous" without a cookie."""
    return hashlib.sha256(token.encode()).hexdigest()[:32] if token else "anonymous"


# ---- customers' files
async def download(request: Request) -> Response:
    """One file as an attachment. 401 without a session, 403 by right, 404 for one that does not exist or is out of
    scope, 409 when its content is damaged or gone."""
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return PlainTextResponse("forbidden", 403)
    token = request.cookies.get(sessions.cookie_names()[0])
    me = await run_in_threadpool(sessions.resolve, token, False)
    if me is None:
        return PlainTextResponse("sign in first", 401)
    return await run_in_threadpool(_answer, me, request.path_params["number"])


def _answer(me: Actor, number: int) -> Response:
    try:
        content = files.read(me, number)
    except SessionEnded:
        return PlainTextResponse("sign in first", 401)
    except Denied:
        return PlainTextResponse("forbidden", 403)
    except NotFound:
        return PlainTextResponse("not found", 404)
    except CimError as error:
        with i18n.use(me.language):
            return PlainTextResponse(_(error.msgid, **error.params), 409)
    return Response(
        bytes(content), media_type=content.media_type, headers={"content-disposition": _saved_as(content.name)}
    )


def _saved_as(name: str) -> str:
    """Content-Disposition (RFC 6266): the name in UTF-8, and a plain one for old programs."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# ---- Streamlit's media store
def may_fetch(path: str, token: str | None) -> bool:
    """Whether the file at /media/ID was made for the browser session of this cookie."""
    return (PurePosixPath(path).stem, bind_of(token)) in _owners


def note(url: str, bind: str) -> None:
    """Remember that a file of the media store was made for a session."""
    key = (PurePosixPath(url).stem, bind)
    _owners[key] = None
    _owners.move_to_end(key)
    while len(_owners) > _MOST_NOTED:
        _owners.popitem(last=False)


def note_owners() -> None:
    """Make Streamlit's media store tell us what it makes for whom. Once per process; tested with Streamlit 1.67."""
    from streamlit.runtime.media_file_manager import MediaFileManager

    if hasattr(MediaFileManager.add, "__wrapped__"):
        return
    store: Any = MediaFileManager
    add, add_deferred, execute_deferred = store.add, store.add_deferred, store.execute_deferred
    waiting: OrderedDict[str, str] = OrderedDict()

    @functools.wraps(add)
    def noted(self: Any, *arguments: Any, **options: Any) -> str:
        url = str(add(self, *arguments, **options))
        note(url, _bind_of_run())
        return url

    @functools.wraps(add_deferred)
    def promised(self: Any, *arguments: Any, **options: Any) -> str:
        placeholder = str(add_deferred(self, *arguments, **options))
        waiting[placeholder] = _bind_of_run()
        while len(waiting) > _MOST_NOTED:
            waiting.popitem(last=False)
        return placeholder

    @functools.wraps(execute_deferred)
    def made(self: Any, placeholder: str) -> str:
        url = str(execute_deferred(self, placeholder))
        note(url, waiting.get(placeholder, ""))
        return url

    store.add, store.add_deferred, store.execute_deferred = noted, promised, made


def _bind_of_run() -> str:
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    here = get_script_run_ctx(suppress_warning=True)
    return str(here.user_info.get("cim_bind") or "") if here else ""


ROUTES = [Route(PLACE + "{number:int}", download, methods=["GET"])]
