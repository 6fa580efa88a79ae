"""Pages over the WebSocket against the least page of a bare app, and what a visitor loads before he signs in."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from bench import base
from bench.measure import Line, bounded, compared
from bench.servers import Server, as_delivered, tuned
from bench.tab import Tab

QUERY = "科技"
"""What the search page is asked for: a trade, so that a full page is found."""

ROUNDS, BLOCK = 6, 5
"""Every page is measured in six blocks of five runs, the pages in turns."""

HEAVY = ("plotly", "plotly.express", "sklearn", "statsmodels", "scipy", "xlsxwriter")
_LINKED = re.compile(r"""(?:src|href)="(\./[^"]+\.(?:js|css))\"""")
_IMPORTED = re.compile(r"""(?:from|import)\s*"(\./[^"]+\.js)\"""")
MEBIBYTE = 2**20


def lines(folder: Path) -> list[Line]:
    """All measures of pages, on the installation in force. `folder` holds no settings of Streamlit."""
    with tuned("cim_server") as ours, tuned("bare_server") as bare, as_delivered("bare_page.py", folder) as default:
        cold = _cold(ours, bare)
        cookie = base.cookie("ann")
        tabs = {
            "bare": Tab(bare),
            "default": Tab(default),
            "trivial": Tab(ours, "trivial", cookie=cookie),
            "list": Tab(ours, "search", cookie=cookie),
            "search": Tab(ours, "search", urllib.parse.urlencode({"q": QUERY}), cookie),
            "customer": Tab(ours, "customer", "id=1", cookie),
            "dashboard": Tab(ours, "", cookie=cookie),
        }
        asyncio.run(_measure(list(tabs.values())))
    return [*_judged(tabs), *cold]


async def _measure(tabs: Sequence[Tab]) -> None:
    try:
        for tab in tabs:
            await tab.open()
            for _again in range(3):
                await tab._run()
        for _round in range(ROUNDS):
            for tab in tabs:
                for _again in range(BLOCK):
                    await tab.rerun()
    finally:
        for tab in tabs:
            await tab.close()


def _judged(tabs: dict[str, Tab]) -> list[Line]:
    bare, default = tabs["bare"].samples, tabs["default"].samples

    def page(name: str, key: str, goal: float) -> Line:
        own = tabs[key].samples
        facts = {"p50": own.p50, "p95": own.p95, "bare_p50": bare.p50}
        return compared(name, own.cpu_p50, bare.cpu_p50, goal, against="bare page, server CPU", facts=facts)

    trivial = tabs["trivial"].samples
    return [
        page("page: trivial, signed in", "trivial", 2),
        compared("page: trivial, p50", trivial.p50, default.p50, 0.25, against="`streamlit run` as delivered, p50"),
        page("page: list of 50", "list", 3.5),
        page("page: search with a query", "search", 3.5),
        page("page: customer of 5,000 follow-ups", "customer", 5),
        page("page: dashboard, warm", "dashboard", 5),
    ]


def _cold(ours: Server, bare: Server) -> list[Line]:
    """What a browser has to fetch before the sign-in page stands, and what the server has imported by then."""
    own, other = _first_load(ours), _first_load(bare)
    # Streamlit itself imports plotly's names wherever plotly is installed: what counts is what we add to that
    loaded = (_modules(ours) - _modules(bare)) & set(HEAVY)
    return [
        compared("first load: bytes", own / 1024, other / 1024, 1.3, against="bare page", unit="KiB"),
        bounded("first load: size", own / MEBIBYTE, 4.5, unit="MiB"),
        bounded(
            "first load: heavy packages we import",
            len(loaded),
            0,
            unit="packages",
            facts={"loaded": ", ".join(sorted(loaded))} if loaded else None,
        ),
    ]


def _modules(server: Server) -> set[str]:
    with urllib.request.urlopen(f"{server.url}/bench/modules", timeout=30) as answer:
        return set(json.load(answer))


def _first_load(server: Server) -> int:
    """Bytes of the start page, of the files it names and those these import, and of the messages of the first run."""
    waiting, seen, size = ["./"], set[str](), 0
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        content, transferred = _fetched(f"{server.url}/{path.removeprefix('./')}")
        size += transferred
        folder = path.rpartition("/")[0]
        names = _LINKED.findall(content) if path == "./" else _IMPORTED.findall(content)
        waiting += [name if path == "./" else f"{folder}/{name.removeprefix('./')}" for name in names]
    return size + asyncio.run(_opened(Tab(server)))


def _fetched(url: str) -> tuple[str, int]:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        text = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
    return text.decode("utf-8", "replace"), len(body)


async def _opened(tab: Tab) -> int:
    try:
        return (await tab.open()).received
    finally:
        await tab.close()
