"""A route that tells what a server process has imported."""

import sys

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def _names(_request: Request) -> JSONResponse:
    return JSONResponse(sorted({".".join(name.split(".")[:2]) for name in sys.modules}))


ROUTE = Route("/bench/modules", _names)
