"""Files of customers in a backup: each is copied once into FOLDER/files, and every backup has a list of those it needs.

The list (BACKUP.files) has the form of sha256sum: `cd files && sha256sum -c ../BACKUP.files` checks it without CIM. Its
own checksum is in the signed manifest. The files are sealed; a copy is a copy, not a link: a link would be damaged with
the original.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cim import durable, file_store
from cim.errors import Invalid

_LINE = re.compile(r"([0-9a-f]{64})  ([0-9a-f]{2})/([0-9a-f]{62})")


def copy(backup: Path) -> dict[str, Any]:
    """Copy what is not in the folder of this backup yet, look at what is, and write the list. Returns the facts for the
    manifest; {} where there are no files. Run after the copy of the database: what its rows need is there by then.
    Raises OSError."""
    folder = backup.parent / "files"
    listed: dict[str, str] = {}
    size = 0
    known = _known(backup.parent)
    for name in file_store.names():
        try:
            listed[name], bytes_ = _copied(name, folder, known.get(name))
        except FileNotFoundError:  # swept in this moment: no row needs it
            continue
        size += bytes_
    if not listed:
        return {}
    text = "".join(f"{digest}  {name[:2]}/{name[2:]}\n" for name, digest in listed.items())
    temporary = backup.with_name(f".{backup.name}.files.part")
    temporary.write_text(text, encoding="ascii")
    durable.flush(temporary)
    os.replace(temporary, list_of(backup))
    return {"files": {"count": len(listed), "size": size, "list": hashlib.sha256(text.encode()).hexdigest()}}


def check(backup: Path, facts: dict[str, Any]) -> None:
    """Whether every file that a backup needs lies beside it, whole. Raises Invalid("file") naming the first that is not."""
    for name, digest in read_list(backup, facts).items():
        path = file_store.path_of(name, folder=backup.parent / "files")
        if not path.is_file():
            raise Invalid("file", "The backup {name} lacks the customer file {file}.", name=backup.name, file=name[:12])
        if durable.sha256(path) != digest:
            raise Invalid(
                "file", "The customer file {file} in the backup {name} is damaged.", name=backup.name, file=name[:12]
            )


def put_in_place(backup: Path, facts: dict[str, Any]) -> int:
    """Put back every file of a backup that is missing in CIM_HOME/files or damaged there, and return how many. Files that
    came later stay: the database before may be wanted again. All count as new, so nothing is swept at once.
    Raises OSError and what `check` raises."""
    count = 0
    for name, digest in read_list(backup, facts).items():
        path = file_store.path_of(name)
        if path.is_file() and durable.sha256(path) == digest:
            continue
        path.unlink(missing_ok=True)
        content = file_store.path_of(name, folder=backup.parent / "files").read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise Invalid(
                "file", "The customer file {file} in the backup {name} is damaged.", name=backup.name, file=name[:12]
            )
        file_store.write(name, [content])
        count += 1
    for name in file_store.names():
        os.utime(file_store.path_of(name))
    return count


def prune(folder: Path) -> int:
    """Delete copies that no list in the folder names any more; returns how many. Nothing while a list cannot be read."""
    with alone(folder):
        lists = [_parsed(path.read_text(encoding="ascii")) for path in sorted(folder.glob("cim-*.files"))]
        if any(found is None for found in lists):
            return 0
        kept = {name for found in lists for name in found or ()}
        loose = [name for name in file_store.names(folder=folder / "files") if name not in kept]
        for name in loose:
            file_store.remove(name, folder=folder / "files")
    return len(loose)


def read_list(backup: Path, facts: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of each file that a backup needs, by name. Raises Invalid("file") when the list is not the signed one."""
    if not facts:
        return {}
    try:
        content = list_of(backup).read_bytes()
    except OSError:
        content = b""
    found = _parsed(content.decode("ascii", "replace"))
    if hashlib.sha256(content).hexdigest() != facts.get("list") or found is None:
        raise Invalid(
            "file", "The list of customer files of the backup {name} was altered or is missing.", name=backup.name
        )
    return found


def list_of(backup: Path) -> Path:
    """Where the list of a backup lies."""
    return backup.with_name(f"{backup.name}.files")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other backup is taken into the folder, and none of its files deleted, meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _copied(name: str, folder: Path, known: str | None) -> tuple[str, int]:
    """SHA-256 and size of the copy of a file, made now where there is none or it is no longer what it was."""
    source, target = file_store.path_of(name), file_store.path_of(name, folder=folder)
    if target.is_file():
        digest = durable.sha256(target)
        if digest == (known or durable.sha256(source)):
            return digest, target.stat().st_size
        target.unlink()
    with source.open("rb") as file:
        file_store.write(name, iter(lambda: file.read(1024 * 1024), b""), folder=folder)
    return durable.sha256(target), target.stat().st_size


def _known(folder: Path) -> dict[str, str]:
    """What earlier lists say of the copies; the name decides the bytes, so they agree."""
    known: dict[str, str] = {}
    for path in sorted(folder.glob("cim-*.files"))[-3:]:
        known |= _parsed(path.read_text(encoding="ascii", errors="replace")) or {}
    return known


def _parsed(text: str) -> dict[str, str] | None:
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    return None if None in found else {f"{line[2]}{line[3]}": line[1] for line in found if line}
