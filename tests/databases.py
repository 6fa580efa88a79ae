"""PostgreSQL databases for tests, made ahead and dropped behind: both wait for the disk, and no test should wait with them."""

from __future__ import annotations

import queue
import threading
import uuid

from sqlalchemy import create_engine, text

AHEAD = 3


class Stock:
    """Copies of a template database. One thread keeps some ready and drops those that were given back."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._ready: queue.Queue[str | Exception] = queue.Queue()
        self._worn: queue.Queue[str] = queue.Queue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def take(self) -> str:
        """The name of a fresh database."""
        found = self._ready.get(timeout=120)
        if isinstance(found, Exception):
            raise found
        return found

    def give(self, name: str) -> None:
        """Hand a database back to be dropped."""
        self._worn.put(name)

    def close(self) -> None:
        """Drop what is left."""
        self._closing.set()
        self._thread.join()

    def _keep(self) -> None:
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            while not self._closing.is_set():
                if self._ready.qsize() < AHEAD:
                    name = f"cim_test_{uuid.uuid4().hex[:10]}"
                    try:
                        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"'))
                    except Exception as error:
                        self._ready.put(error)
                        return
                    # no test pulls the plug: a commit need not wait for the disk
                    connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
                    self._ready.put(name)
                    continue
                try:
                    worn = self._worn.get(timeout=0.05)
                except queue.Empty:
                    continue
                connection.execute(text(f'DROP DATABASE IF EXISTS "{worn}" WITH (FORCE)'))
            for left in (self._worn, self._ready):
                while not left.empty():
                    connection.execute(text(f'DROP DATABASE IF EXISTS "{left.get()}" WITH (FORCE)'))
        engine.dispose()
