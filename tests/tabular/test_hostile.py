"""Workbooks made to harm: each is refused with a sentence by a process that dies alone, and the next file is read."""

import io
import random
import resource
import zipfile
from contextlib import suppress

import pytest

from cim import tabular
from cim.errors import Invalid
from tests.tabular.workbooks import LINKS, MAIN, pack, parts, sheet_xml, text_cell, workbook

GOOD = workbook(
    f'<row r="1">{text_cell("A1", "a")}{text_cell("B1", "b")}</row>'
    f'<row r="2">{text_cell("A2", "1")}{text_cell("B2", "2")}</row>'
)
SAFELY = "could not be read safely"
DAMAGED = "damaged or not an Excel workbook"
UNPACK = "would unpack to more than"
REACHES = "The sheet reaches to row"
DECLARES = "declarations that Excel never writes"


def with_parts(**changes: str | bytes) -> bytes:
    """The good workbook with other parts; `sheet` is its sheet."""
    contents: dict[str, str | bytes] = {**parts({"Sheet1": sheet_xml("")})}
    names = {
        "sheet": "xl/worksheets/sheet1.xml",
        "book": "xl/workbook.xml",
        "strings": "xl/sharedStrings.xml",
        "styles": "xl/styles.xml",
    }
    contents.update({names.get(key, key): value for key, value in changes.items()})
    return pack(contents)


def doctype(body: str, use: str) -> bytes:
    """A sheet with a document type."""
    page = sheet_xml(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{use}</t></is></c></row>')
    return with_parts(sheet=page.replace("<worksheet", f"<!DOCTYPE worksheet [{body}]><worksheet", 1))


def lying_size() -> bytes:
    """30 MB of sheet whose directory claims 100 bytes."""
    data = bytearray(with_parts(sheet=sheet_xml(" " * 30_000_000)))
    for entry in zipfile.ZipFile(io.BytesIO(data)).infolist():
        size = entry.file_size.to_bytes(4, "little")
        if entry.file_size > 1_000_000:
            at = -1
            while (at := data.find(size, at + 1)) >= 0:
                data[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(data)


def shared_strings() -> bytes:
    """One long string that 60,000 cells point to: 2 GB when every cell has its own."""
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>'
    rows = "".join(
        f'<row r="{n}">' + "".join(f'<c r="{c}{n}" t="s"><v>0</v></c>' for c in "ABCDEF") + "</row>"
        for n in range(1, 10_001)
    )
    contents = parts({"Sheet1": sheet_xml(rows)})
    contents["xl/sharedStrings.xml"] = strings
    link = f'<Relationship Id="rId98" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    contents["xl/_rels/workbook.xml.rels"] = contents["xl/_rels/workbook.xml.rels"].replace("</Relationships>", link)
    return pack(contents)


def encrypted_flag() -> bytes:
    """Every entry marked as encrypted."""
    data = bytearray(GOOD)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset] |= 1
    return bytes(data)


def twice() -> bytes:
    """Two entries of the same name, so that two readers may see two files."""
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "sparse": (
        lambda: workbook(
            f'<row r="1">{text_cell("A1", "a")}</row><row r="1048576">{text_cell("XFD1048576", "x")}</row>'
        ),
        REACHES,
    ),
    "sparse in a cell only": (
        lambda: workbook(f'<row r="1">{text_cell("A1", "a")}{text_cell("XFD1048576", "x")}</row>'),
        REACHES,
    ),
    "sparse behind quotes": (
        lambda: with_parts(sheet=sheet_xml("<row r='1'><c r='XFD1048576'><v>1</v></c><c r='A1'><v>1</v></c></row>")),
        f"{REACHES}|{SAFELY}",
    ),
    "sparse behind references": (
        lambda: workbook('<row r="1"><c r="A1"><v>1</v></c><c r="&#88;FD1048576"><v>1</v></c></row>'),
        f"{REACHES}|{SAFELY}|{DAMAGED}",
    ),
    "too many columns": (lambda: workbook(f'<row r="1">{text_cell("CW1", "x")}</row>'), REACHES),
    "too many rows": (lambda: workbook(f'<row r="200000">{text_cell("A200000", "x")}</row>'), REACHES),
    "ratio": (lambda: with_parts(sheet=sheet_xml(" " * 20_000_000)), UNPACK),
    "ratio in another part": (lambda: with_parts(**{"docProps/app.xml": "<a>" + "b" * 20_000_000 + "</a>"}), UNPACK),
    "sum": (
        lambda: with_parts(
            **{f"xl/media/{n}.bin": (random.Random(n).randbytes(20_000) + bytes(1_500_000)) * 18 for n in range(4)}
        ),
        UNPACK,
    ),
    "entries": (lambda: with_parts(**{f"xl/{n}.xml": "<a/>" for n in range(250)}), UNPACK),
    "lying size": (lying_size, f"{DAMAGED}|{SAFELY}"),
    "laughs": (lambda: doctype(LAUGHS, "&i;"), DECLARES),
    "external entity": (lambda: doctype('<!ENTITY x SYSTEM "file:///etc/hostname">', "&x;"), DECLARES),
    "entity in UTF-16": (
        lambda: with_parts(
            styles='<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16")
        ),
        DAMAGED,
    ),
    "shared strings": (shared_strings, f"too much text|{SAFELY}"),
    "not xml": (lambda: with_parts(sheet="<worksheet><sheetData><row"), f"{DAMAGED}|is empty"),
    "deep": (lambda: with_parts(sheet=sheet_xml("<a>" * 300_000)), f"{DAMAGED}|{SAFELY}|{UNPACK}|is empty"),
    "no workbook": (lambda: pack({"word/document.xml": "<a/>"}), DAMAGED),
    "no sheet part": (lambda: pack({k: v for k, v in parts({"Sheet1": ""}).items() if "sheet1" not in k}), DAMAGED),
    "cut": (lambda: GOOD[: len(GOOD) // 2], DAMAGED),
    "only the mark": (lambda: b"PK\x03\x04 not really a zip file", DAMAGED),
    "flag of encryption": (encrypted_flag, "protected by a password"),
    "sealed": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(900),
        "protected by a password",
    ),
    "compound rubbish": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(1).randbytes(9000),
        f"{DAMAGED}|{SAFELY}",
    ),
    "entry twice": (twice, DAMAGED),
    "path outside": (
        lambda: with_parts(**{"../../../../tmp/evil.xml": "<a/>", "xl/_rels/workbook.xml.rels": "<a/>"}),
        DAMAGED,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_and_the_parent_is_unharmed(name: str) -> None:
    build, message = HOSTILE[name]
    data = build()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Invalid, match=message):
        tabular.read(data, filename="x.xlsx")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000, f"{grown} kB"
    assert tabular.read(GOOD, filename="x.xlsx").rows[0].cells == ["1", "2"]


def test_a_reader_without_time_or_memory_is_ended() -> None:
    for limits in (tabular.Limits(seconds=0), tabular.Limits(memory=1024 * 1024)):
        with pytest.raises(Invalid, match=SAFELY):
            tabular.read(GOOD, filename="x.xlsx", limits=limits)


def test_any_flipped_byte_gives_a_table_or_a_sentence() -> None:
    chance = random.Random(7)
    for _ in range(12):
        data = bytearray(GOOD)
        for _ in range(3):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        with suppress(Invalid):
            tabular.read(bytes(data), filename="x.xlsx")


def test_the_reader_sees_nothing_of_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from cim.tabular import workbook as parent

    monkeypatch.setenv("CIM_KEY", "secret")
    assert "secret" not in parent._environment().values()
