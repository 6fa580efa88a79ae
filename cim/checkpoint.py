"""Signed heads of the audit chain, kept outside the database: a cut tail or a rolled-back file is noticed.

`head.json` is replaced after every commit, `checkpoints.jsonl` grows by a line every 100 entries or 5 minutes.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from cim import crypto
from cim.config import settings

EVERY_ENTRIES = 100
EVERY_SECONDS = 300
_lock = threading.Lock()
_last: dict[Path, tuple[int, float, int]] = {}


def note(first: int, seq: int, mac: bytes, at: datetime) -> None:
    """Remember the head after a commit that wrote entries `first` to `seq`. Threads may come in any order."""
    folder = settings().checkpoints
    with _lock:
        logged, when, newest = _last.get(folder) or _resume(folder)
        if first <= newest:
            # entries were written where the last head says there are some: keep that head, it convicts a cut log
            _keep(folder)
        if seq <= newest:
            return
        line = _line(seq, mac, at)
        folder.mkdir(parents=True, exist_ok=True)
        if seq - logged >= EVERY_ENTRIES or at.timestamp() - when >= EVERY_SECONDS:
            _append(folder, line)
            logged, when = seq, at.timestamp()
        temporary = folder / f"head.{os.getpid()}.tmp"
        temporary.write_text(line, encoding="utf-8")
        os.replace(temporary, folder / "head.json")
        _last[folder] = (logged, when, seq)


def read() -> list[tuple[int, str]]:
    """All signed heads (seq, mac hexadecimal), oldest first. Raises ValueError when a line is not ours."""
    folder = settings().checkpoints
    lines: list[str] = []
    for name in ("checkpoints.jsonl", "head.json"):
        if (folder / name).exists():
            lines += (folder / name).read_text(encoding="utf-8").splitlines()
    heads = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            message = f"{entry['seq']} {entry['mac']} {entry['at']}".encode()
            good = crypto.keys().signed(message, entry["signature"])
        except (ValueError, KeyError, TypeError):
            good = False
        if not good:
            raise ValueError(f"line {number}")
        heads.append((int(entry["seq"]), str(entry["mac"])))
    return sorted(set(heads))


def set_aside(at: datetime) -> None:
    """After a restore: keep the old heads under another name and start anew from the restored log."""
    folder = settings().checkpoints
    with _lock:
        for name in ("checkpoints.jsonl", "head.json"):
            if (folder / name).exists():
                os.replace(folder / name, folder / f"{at:%Y%m%dT%H%M%S%f}.{name}")
        _last.pop(folder, None)


def forget() -> None:
    """Read the heads from their files again, as a new process does."""
    with _lock:
        _last.clear()


def _keep(folder: Path) -> None:
    head, log = folder / "head.json", folder / "checkpoints.jsonl"
    if head.exists():
        line = head.read_text(encoding="utf-8")
        if not log.exists() or line not in log.read_text(encoding="utf-8").splitlines():
            _append(folder, line)


def _append(folder: Path, line: str) -> None:
    with open(folder / "checkpoints.jsonl", "a", encoding="utf-8") as log:
        log.write(line + "\n")


def _line(seq: int, mac: bytes, at: datetime) -> str:
    entry: dict[str, Any] = {"seq": seq, "mac": mac.hex(), "at": at.isoformat()}
    entry["signature"] = crypto.keys().sign(f"{seq} {entry['mac']} {entry['at']}".encode())
    return json.dumps(entry)


def _resume(folder: Path) -> tuple[int, float, int]:
    """What an earlier process left: the last logged entry counts, its time does not."""
    try:
        known = [seq for seq, _ in read()]
    except ValueError:
        known = []
    return (known[-1] if known else 0, 0.0, known[-1] if known else 0)
