"""The parent's side of reading a workbook: starts the reader, feeds it, takes its rows, ends it when its time is up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from typing import IO, Any

from cim.errors import Invalid
from cim.tabular import archive
from cim.tabular.table import Limits, Record

_ROOT = Path(__file__).resolve().parents[2]
# What the reader may send: its own budget of text, every character at its widest, and the frames.
_MOST_BYTES = 512 * 1024 * 1024
_LONGEST_LINE = 64 * 1024 * 1024


def read_sheet(data: bytes, *, sheet: str | None, limits: Limits) -> tuple[str, list[str], list[Record]]:
    """Name of the sheet read, names of the other visible sheets, and its rows with content.

    The parsing runs in a process of its own under limits of memory, processor time and wall clock. Raises
    Invalid("file") for whatever the reader refuses, and when it crashes or takes too long.
    """
    archive.check(data, limits=limits)
    order = json.dumps({"sheet": sheet, "limits": asdict(limits)})
    with subprocess.Popen(
        [sys.executable, "-m", "cim.tabular.worker", order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=_ROOT,
    ) as reader:
        clock = Timer(limits.seconds, reader.kill)
        clock.start()
        try:
            return _exchange(reader, data)
        finally:
            clock.cancel()
            reader.kill()


def _environment() -> dict[str, str]:
    """Nothing of ours: the reader needs no settings, keys or addresses."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def _exchange(reader: subprocess.Popen[bytes], data: bytes) -> tuple[str, list[str], list[Record]]:
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        # The reader takes all of its input before it writes anything, so neither waits for the other.
        reader.stdin.write(data)
        reader.stdin.close()
    except OSError:
        raise _unsafe() from None
    try:
        return _received(reader.stdout)
    except (ValueError, KeyError, IndexError, TypeError):  # not our frames: the reader is not to be trusted either
        raise _unsafe() from None


def _received(stream: IO[bytes]) -> tuple[str, list[str], list[Record]]:
    head: dict[str, Any] = {}
    rows: list[Record] = []
    for line in _lines(stream):
        if isinstance(line, list):
            rows.append(Record(int(line[0]), line[1], tuple(line[2])))
        elif "refused" in line:
            raise Invalid("file", line["refused"], **line["params"])
        elif "end" in line and line["end"] == len(rows):
            return head["sheet"], head["others"], rows
        else:
            head = line
    raise _unsafe()


def _lines(stream: IO[bytes]) -> Any:
    left = _MOST_BYTES
    while line := stream.readline(_LONGEST_LINE):
        left -= len(line)
        if left < 0 or not line.endswith(b"\n"):
            return
        yield json.loads(line)


def _unsafe() -> Invalid:
    return Invalid(
        "file",
        "The workbook could not be read safely: it needs too much memory or time, or it is damaged. "
        "Copy the data to a new workbook, or save it as CSV.",
    )
