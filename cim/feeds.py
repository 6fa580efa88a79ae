"""The route by which calendar programs read a person's plan. The link is the proof: there is no cookie and no sign-in."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from cim.service import feeds, sessions

PLACE = "/calendar/"
HEADERS = {"cache-control": "no-store", "x-robots-tag": "noindex"}


async def read(request: Request) -> Response:
    """The plan as text/calendar. The same 404 for every link that is none, was withdrawn, or whose owner may not act."""
    content = await run_in_threadpool(feeds.render, sessions.VISITOR, request.path_params["token"])
    if content is None:
        return PlainTextResponse("not found", 404, headers=HEADERS)
    named = {"content-disposition": 'inline; filename="cim.ics"'}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=HEADERS | named)


ROUTES = [Route(PLACE + "{token}.ics", read, methods=["GET"])]
