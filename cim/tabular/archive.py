"""Whether a file is a workbook, and whether it may be unpacked: decided from its directory, before a byte of it is."""

from __future__ import annotations

import io
import zipfile

from cim.errors import Invalid
from cim.tabular.table import MEGABYTE, Limits

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK = "xl/workbook.xml"
_SEALED = "EncryptedPackage".encode("utf-16-le")


def kind(data: bytes, *, filename: str) -> str:
    """What the bytes are, whatever the name says: "xlsx", "xls" or "text".

    Raises Invalid("file") for a workbook's name on something else and for well-known files that are no table at all.
    """
    if data.startswith((_ZIP, _EMPTY_ZIP)):
        return "xlsx"
    if data.startswith(_COMPOUND):
        return "xls"
    if filename.casefold().endswith((".xlsx", ".xls", ".xlsm", ".xlsb")):
        raise Invalid(
            "file", "{filename} is not an Excel workbook. Open it in Excel and save it as .xlsx.", filename=filename
        )
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    # A mark of a binary or markup format; text tables do not begin like this.
    marks = (
        b"%pdf",
        b"\x89png",
        b"\xff\xd8\xff",
        b"gif8",
        b"\x1f\x8b",
        b"rar!",
        b"7z\xbc\xaf",
        b"{\\rtf",
        b"<!doctype",
        b"<html",
        b"<?xml",
        b"sqlite format",
        b"\x7felf",
    )
    if start.startswith(marks):
        raise Invalid("file", "{filename} is not a table. Choose a CSV, TSV, TXT, XLSX or XLS file.", filename=filename)
    return "text"


def check(data: bytes, *, limits: Limits) -> None:
    """Refuse a workbook that is damaged, sealed with a password, or claims to unpack beyond the limits.

    Raises Invalid("file"). What the directory claims may be a lie: the reader runs under its own limits as well.
    """
    if data.startswith(_COMPOUND):
        if _SEALED in data:
            raise password()
        return
    found = opened(data)
    if found is None:
        raise damaged()
    entries = found.infolist()
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise password()
    names = {entry.filename.lower() for entry in entries}
    if len(names) != len(entries) or _WORKBOOK not in names:
        raise damaged()
    if swells(entries, limits=limits):
        raise Invalid(
            "file",
            "The workbook would unpack to more than {limit} MB or {entries} parts. "
            "Split it into smaller files, or save it as CSV.",
            limit=limits.max_unpacked // MEGABYTE,
            entries=limits.max_entries,
        )


def opened(data: bytes) -> zipfile.ZipFile | None:
    """The archive that these bytes are, with its directory read; None when they are none, or one that is damaged."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # the last: of a kind Python does not read
        return None


def swells(entries: list[zipfile.ZipInfo], *, limits: Limits) -> bool:
    """Whether an archive claims to unpack beyond the limits. Small parts may compress as well as they like; a megabyte
    from a few bytes is a bomb."""
    return (
        len(entries) > limits.max_entries
        or sum(entry.file_size for entry in entries) > limits.max_unpacked
        or any(e.file_size > MEGABYTE and e.file_size > limits.max_ratio * max(e.compress_size, 1) for e in entries)
    )


def damaged() -> Invalid:
    """The refusal of a workbook that cannot be opened."""
    return Invalid("file", "The file is damaged or not an Excel workbook. Open it in Excel and save it as .xlsx.")


def password() -> Invalid:
    """The refusal of a workbook that is sealed."""
    return Invalid("file", "The workbook is protected by a password. Remove the password in Excel and try again.")
