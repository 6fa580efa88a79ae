"""Sealed files on disk: CIM_HOME/files/ab/cdef…, each named by the keyed digest of its content and written once."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cim import durable
from cim.config import settings

_NAME = re.compile(r"[0-9a-f]{64}")


def path_of(name: str, *, folder: Path | None = None) -> Path:
    """Where the file of this name lies, or would lie. Raises ValueError for what is no name."""
    if not _NAME.fullmatch(name):
        raise ValueError("not a name of a sealed file")
    return (folder or settings().files) / name[:2] / name[2:]


def write(name: str, parts: Iterable[bytes], *, folder: Path | None = None) -> bool:
    """Put a file in place, whole or not at all: temporary name, fsync, rename. One that is there is left and counts as
    new (`sweep` of the service goes by its age). True when it was written."""
    path = path_of(name, folder=folder)
    if path.exists():
        os.utime(path)
        return False
    made = [place for place in (path.parent.parent, path.parent) if not place.is_dir()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    for place in (path.parent, *(place.parent for place in made)):
        durable.flush_folder(place)
    return True


def reading(name: str) -> BinaryIO:
    """The sealed bytes, to be read. Raises FileNotFoundError."""
    return path_of(name).open("rb")


def names(*, folder: Path | None = None) -> Iterator[str]:
    """The name of every file in the store."""
    for path in sorted((folder or settings().files).glob("[0-9a-f][0-9a-f]/*")):
        if _NAME.fullmatch(name := path.parent.name + path.name):
            yield name


def age(name: str, *, at: float, folder: Path | None = None) -> float:
    """Seconds since a file was last put in place, at the moment `at` (POSIX time)."""
    return at - path_of(name, folder=folder).stat().st_mtime


def remove(name: str, *, folder: Path | None = None) -> None:
    """Delete a file, if it is there."""
    path_of(name, folder=folder).unlink(missing_ok=True)


def remove_unfinished(*, at: float, older: float) -> int:
    """Delete what interrupted writes left behind, once it is older than `older` seconds. Returns how many."""
    found = [p for p in settings().files.glob("[0-9a-f][0-9a-f]/.*.part") if at - p.stat().st_mtime > older]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
