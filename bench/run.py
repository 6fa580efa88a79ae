"""One run of every measure, in a folder of its own that is gone afterwards."""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import base, importing, numbers, pages, searching, writing
from bench.measure import Line, table

IMPORTED_SHARE = 2
"""An import brings half as many customers as the base holds."""


def measure(customers: int, *, say: Callable[[str], None], only: str = "") -> list[Line]:
    """Measure on a base of `customers` customers; `say` is told the progress. `only` names one part (see PARTS)."""
    found: list[Line] = []
    with tempfile.TemporaryDirectory(prefix=f"cim-bench-{customers}-") as temporary:
        folder = Path(temporary)
        with base.installed(folder / "home"):
            started = time.monotonic()
            say(f"building {customers:,} customers ...")
            invented = base.build(customers)
            steps: dict[str, Callable[[], list[Line]]] = {
                "pages": lambda: pages.lines(folder),
                "search": lambda: searching.lines(invented),
                "numbers": lambda: numbers.lines(folder),
                "writing": lambda: writing.lines(invented, folder),
                "import": lambda: importing.lines(max(1000, customers // IMPORTED_SHARE), folder),
            }
            for name, step in steps.items():
                if only in ("", name):
                    say(f"{time.monotonic() - started:4.0f} s  {name} ...")
                    found += step()
            say(f"{time.monotonic() - started:4.0f} s  done")
    return found


def report(lines: list[Line], customers: int) -> dict[str, Any]:
    """A run as JSON holds it."""
    machine = {"python": platform.python_version(), "system": platform.system(), "processor": platform.machine()}
    return {"customers": customers, "machine": machine, "works": [line.plain() for line in lines]}


def text(lines: list[Line], customers: int) -> list[str]:
    """A run for people."""
    missed = sum(not line.ok for line in lines)
    return [*table(lines), "", f"{customers:,} customers, {len(lines)} works, {missed} missed", *_python()]


def _python() -> list[str]:
    return [f"Python {platform.python_version()}, {sys.platform}"]
