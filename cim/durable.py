"""Files that must be on the disk, not just on their way there; and their checksums."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def flush(file: Path) -> None:
    """Return once the content of a file is on the disk."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def flush_folder(folder: Path) -> None:
    """Return once the names in a folder are on the disk: a rename is none before that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(file: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
