"""Which files may be kept: by the ending of the name and by what the content begins with, both; and names made safe."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from cim.errors import Invalid
from cim.tabular import archive
from cim.tabular.table import MEGABYTE, Limits

LONGEST_NAME = 200
ACCEPTED = "pdf, png, jpg, webp, docx, xlsx, pptx, doc, xls, txt, csv"
"""For people. What a browser or a machine runs (html, svg, programs, scripts, macros) and what hides others (zip) is not."""

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACROS = tuple(word.encode("utf-16-le") for word in ("_VBA_PROJECT", "Macros"))
_OFFICE = Limits(max_entries=5000, max_unpacked=500 * MEGABYTE)
_PATH = re.compile(r".*[/\\]", re.DOTALL)
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_BLANK = re.compile("[\t\n\r]+")
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
_MARKUP = re.compile(rb"\s*(<!doctype|<html|<head|<body|<script|<svg|<\?xml|<\?php|#!|mz|%pdf|\{\\rtf)", re.IGNORECASE)


@dataclass(frozen=True)
class _Type:
    media_type: str
    begins: tuple[bytes, ...] = ()
    holds: str = ""
    """The part that tells one kind of office file from another."""


_TYPES = {
    "pdf": _Type("application/pdf", (b"%PDF-",)),
    "png": _Type("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": _Type("image/jpeg", (b"\xff\xd8\xff",)),
    "webp": _Type("image/webp", (b"RIFF",)),
    "docx": _Type(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK",), "word/document.xml"
    ),
    "xlsx": _Type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK",), "xl/workbook.xml"),
    "pptx": _Type(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation", (b"PK",), "ppt/presentation.xml"
    ),
    "doc": _Type("application/msword", (_COMPOUND,), "WordDocument"),
    "xls": _Type("application/vnd.ms-excel", (_COMPOUND,), "Workbook|Book"),
    "txt": _Type("text/plain"),
    "csv": _Type("text/csv"),
}
_TYPES["jpeg"] = replace(_TYPES["jpg"])
ENDINGS = sorted(_TYPES)


def clean(name: str) -> str:
    """A file name as it is kept: NFC, the last part of a path, no unseen or direction characters, none that Windows
    refuses, at most 200 characters with its ending. Raises Invalid("name") when nothing is left."""
    bare = _UNSEEN.sub("", _PATH.sub("", unicodedata.normalize("NFC", _BLANK.sub(" ", name))))
    bare = " ".join(_NOT_IN_NAMES.sub("_", bare).split()).strip(". ")
    stem, dot, ending = bare.rpartition(".")
    if not (stem if dot else ending).strip("._ "):
        raise Invalid("name", "Give the file a name.")
    return bare if len(bare) <= LONGEST_NAME else f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip('. ')}.{ending}"


def ending(name: str) -> str:
    """What stands after the last dot, in small letters: "pdf"."""
    return name.rpartition(".")[2].casefold() if "." in name else ""


def media_type(name: str, content: bytes) -> str:
    """The media type of a file whose name and content say the same. Raises Invalid("file") naming what is wrong."""
    kind = _TYPES.get(ending(name))
    if kind is None:
        raise Invalid("file", "{name}: files of this type are not kept. Choose {types}.", name=name, types=ACCEPTED)
    if not content:
        raise Invalid("file", "{name} is empty.", name=name)
    if kind.begins and not content.startswith(kind.begins):
        raise _differs(name)
    if ending(name) == "webp" and content[8:12] != b"WEBP":
        raise _differs(name)
    if kind.begins == (b"PK",):
        _check_office(name, content, kind.holds)
    elif kind.begins == (_COMPOUND,):
        _check_old_office(name, content, kind.holds)
    elif not kind.begins:
        _check_text(name, content)
    return kind.media_type


def _check_office(name: str, content: bytes, part: str) -> None:
    """From the directory of the archive alone: nothing is unpacked."""
    opened = archive.opened(content)
    if opened is None:
        raise _differs(name)
    entries = opened.infolist()
    names = [entry.filename.replace("\\", "/").casefold() for entry in entries]
    if len(set(names)) != len(names) or part.casefold() not in names or "[content_types].xml" not in names:
        raise _differs(name)
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise _sealed(name)
    if any(found.endswith(("vbaproject.bin", "vbadata.xml")) or "/activex/" in found for found in names):
        raise _macros(name)
    if archive.swells(entries, limits=_OFFICE):
        raise Invalid("file", "{name} would unpack to far more than it is. It is not kept.", name=name)


def _check_old_office(name: str, content: bytes, streams: str) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _sealed(name)
    if not any(stream.encode("utf-16-le") in content for stream in streams.split("|")):
        raise _differs(name)
    if any(word in content for word in _MACROS):
        raise _macros(name)


def _check_text(name: str, content: bytes) -> None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = _decoded(name, content, "utf-16").encode()
    elif b"\x00" in content:
        raise _differs(name)
    elif not content.isascii():
        try:
            content.decode("utf-8-sig")
        except UnicodeDecodeError:
            _decoded(name, content, "gb18030")
    if _MARKUP.match(content.removeprefix(b"\xef\xbb\xbf")):
        raise _differs(name)


def _decoded(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise _differs(name) from None


def _differs(name: str) -> Invalid:
    return Invalid(
        "file",
        "{name}: the content is not what the ending of the name says. Save it again in its program, then add it.",
        name=name,
    )


def _sealed(name: str) -> Invalid:
    return Invalid("file", "{name} is protected by a password and cannot be checked. Remove the password.", name=name)


def _macros(name: str) -> Invalid:
    return Invalid("file", "{name} holds macros. Save it without macros, or as PDF.", name=name)
