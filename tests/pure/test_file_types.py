"""Which files may be kept, by ending and content; and names made safe."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from cim import file_types
from cim.errors import Invalid

PDF = b"%PDF-1.7\n" + b"contract " * 50
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


def office(*parts: str, body: bytes = b"<x/>", **options: Any) -> bytes:
    """An office file of these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("[Content_Types].xml", *parts):
            archive.writestr(part, body, **options)
    return made.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORD = "WordDocument".encode("utf-16-le")
REFUSED = {
    "a.html": b"<html></html>",
    "a.svg": SVG,
    "a.exe": b"MZ\x90",
    "a.bat": b"echo",
    "a.js": b"alert(1)",
    "a.zip": office("a"),
    "a.docm": office("word/document.xml"),
    "a": PDF,
    "a.pdf.exe": PDF,
    "b.pdf": SVG,
    "c.pdf": b"",
    "d.png": PDF,
    "e.jpg": PNG,
    "f.webp": b"RIFF\0\0\0\0WAVE",
    "g.txt": b"MZ\x90\0",
    "h.txt": SVG,
    "i.csv": b"\xef\xbb\xbf <!DOCTYPE html>",
    "j.txt": "﻿<script>".encode("utf-16"),
    "k.txt": b"\x81\xff\xff",
    "l.docx": office("xl/workbook.xml"),
    "m.docx": office("word/document.xml", "word/vbaProject.bin"),
    "n.xlsx": office("xl/workbook.xml", "xl/activeX/activeX1.xml"),
    "o.xlsx": office("xl/workbook.xml", body=b"0" * 8_000_000),
    "p.docx": b"PK\x03\x04 rubbish",
    "q.doc": COMPOUND + b"anything",
    "r.doc": COMPOUND + WORD + "_VBA_PROJECT".encode("utf-16-le"),
    "s.xls": COMPOUND + "Workbook".encode("utf-16-le") + "EncryptedPackage".encode("utf-16-le"),
    "t.pptx": office("ppt/presentation.xml", *(f"ppt/media/{n}.png" for n in range(6000))),
}
KEPT = {
    "a.pdf": PDF,
    "a.PNG": PNG,
    "a.jpeg": b"\xff\xd8\xff\xe0 rest",
    "a.webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "a.docx": office("word/document.xml"),
    "a.xlsx": office("xl/workbook.xml"),
    "a.pptx": office("ppt/presentation.xml"),
    "a.doc": COMPOUND + WORD,
    "a.xls": COMPOUND + "Workbook".encode("utf-16-le"),
    "a.txt": "会议纪要".encode("gb18030"),
    "b.txt": "会议纪要".encode(),
    "c.csv": "a,b".encode("utf-16"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_kept(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        file_types.media_type(name, REFUSED[name])
    assert refused.value.field == "file"
    assert refused.value.params["name"] == name


@pytest.mark.parametrize("name", KEPT)
def test_what_may_be_kept(name: str) -> None:
    assert "/" in file_types.media_type(name, KEPT[name])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/合同.pdf", "合同.pdf"),
        ("C:\\Users\\张三\\合同.pdf", "合同.pdf"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
        ("a\x00\x1b b\n\tc.pdf", "a b c.pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        (" .合同.pdf. ", "合同.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
        ("CON.pdf", "CON.pdf"),
    ],
)
def test_names_are_made_safe(given: str, kept: str) -> None:
    assert file_types.clean(given) == kept
    assert file_types.clean(kept) == kept


@pytest.mark.parametrize("name", ["", ".", "..", "/", "\u202e", "a/", "._"])
def test_a_name_there_must_be(name: str) -> None:
    with pytest.raises(Invalid):
        file_types.clean(name)
