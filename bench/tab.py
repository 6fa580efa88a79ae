"""One browser tab as the server sees it: the WebSocket of Streamlit, without the drawing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from bench.measure import Samples
from bench.servers import Server

SECONDS = 60
_KEPT_RUNS = 2
"""A browser forgets a cached message that so many runs did not use."""


@dataclass
class Run:
    """One run of a page: milliseconds from the request to its end, of them processor time of the server, and bytes."""

    wall: float
    cpu: float
    received: int
    elements: int


@dataclass
class Tab:
    """A tab on one page. `page` is the page's address below the server's, `query` its part after the question mark."""

    server: Server
    page: str = ""
    query: str = ""
    cookie: str = ""
    samples: Samples = field(default_factory=Samples)
    opened: Run | None = None
    _hash: str = ""
    _runs: int = 0
    _cached: dict[str, int] = field(default_factory=dict)
    _socket: Any = None

    async def open(self) -> Run:
        """Connect and load the page for the first time. Raises RuntimeError when the page shows an error."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        self._socket = await connect(
            self.server.url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers=headers,
            origin=self.server.url,  # type: ignore[arg-type]
            compression=None,
            max_size=None,
        )
        self.opened = await self._run(first=True)
        return self.opened

    async def rerun(self) -> Run:
        """Run the page once more, and count it."""
        found = await self._run()
        self.samples.add(found.wall, found.cpu)
        return found

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            await self._socket.close()

    async def _run(self, *, first: bool = False) -> Run:
        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        if first:
            asked.rerun_script.page_name = self.page
        else:
            asked.rerun_script.page_script_hash = self._hash
        self._cached = {key: used for key, used in self._cached.items() if self._runs - used <= _KEPT_RUNS}
        asked.rerun_script.cached_message_hashes.extend(self._cached)
        self._runs += 1
        cpu, wall = self.server.cpu(), time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        found = Run(0, 0, 0, 0)
        async with asyncio.timeout(SECONDS):
            while not self._ended(await self._socket.recv(), found):
                pass
        found.wall, found.cpu = (time.perf_counter() - wall) * 1e3, self.server.cpu() - cpu
        return found

    def _ended(self, data: bytes, found: Run) -> bool:
        """Take one message; True for the last of a run."""
        found.received += len(data)
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            self._cached[message.ref_hash] = self._runs
        elif message.metadata.cacheable and message.hash:
            self._cached[message.hash] = self._runs
        match kind:
            case "delta":
                found.elements += 1
                self._refuse(message)
            case "new_session":
                self._hash = message.new_session.page_script_hash
            case "navigation":
                self._hash = message.navigation.page_script_hash
            case "page_not_found":
                raise RuntimeError(f"there is no page {self.page!r}")
            case "script_finished":
                return bool(message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        return False

    def _refuse(self, message: ForwardMsg) -> None:
        """A page that shows an error was not measured."""
        element = message.delta.new_element
        if element.WhichOneof("type") == "exception":
            raise RuntimeError(f"the page {self.page!r} shows {element.exception.type}: {element.exception.message}")
        if element.WhichOneof("type") == "alert" and element.alert.format == element.alert.ERROR:
            raise RuntimeError(f"the page {self.page!r} shows: {element.alert.body}")
