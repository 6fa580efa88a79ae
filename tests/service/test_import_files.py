"""Files of every kind at the door of the import (SECURITY T18-T24): what is unsafe is refused by a sentence that names
the place, what is odd is stored as it was meant, and nothing is stored in silence. The reader's own tests are in
tests/tabular; the proof of each threat is named in docs/decisions/0014."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from sqlalchemy import select

from cim import db, service, tabular
from cim.access import Actor
from cim.errors import Invalid
from cim.models import Customer
from cim.models.imports import ImportKind, ImportReport
from cim.models.listing import CustomerFilter
from cim.service import import_desk, imports
from tests.factories import Personas
from tests.tabular.test_hostile import HOSTILE


def take(me: Actor, content: bytes, name: str = "x.csv") -> ImportReport:
    prepared = imports.prepare(me, content, filename=name, kind=ImportKind.CUSTOMERS)
    return imports.run(me, prepared)


def stored() -> list[str]:
    with db.session(writing=False) as session:
        name: object = Customer.name
        return list(session.execute(select(name)).scalars())  # type: ignore[call-overload]


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["sparse", "ratio", "entries", "lying size", "shared strings"])
def test_t18_a_bomb_is_refused_and_nothing_is_stored(people: Personas, name: str) -> None:
    build, _message = HOSTILE[name]
    with pytest.raises(Invalid) as refused:
        take(people.ann, build(), "x.xlsx")
    assert refused.value.field == "file"
    assert stored() == []


@pytest.mark.parametrize("name", ["laughs", "external entity", "entity in UTF-16"])
def test_t19_entities_are_refused(people: Personas, name: str) -> None:
    with pytest.raises(Invalid):
        take(people.ann, HOSTILE[name][0](), "x.xlsx")
    assert stored() == []


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "big5"]
)
def test_t20_names_arrive_in_every_encoding(people: Personas, encoding: str) -> None:
    text = (
        "客戶名稱,電話\n臺灣積體電路公司,13800138000\n" if encoding == "big5" else "客户名称,手机\n李婷,13800138002\n"
    )
    assert take(people.ann, text.encode(encoding)).added == 1
    assert stored() == [text.split("\n")[1].split(",")[0]]


def test_t20_an_unclear_encoding_is_asked_about_never_guessed(people: Personas) -> None:
    content = "姓名\n张三\n".encode("big5", "ignore") + "é".encode("latin-1")
    with pytest.raises(Invalid):
        take(people.ann, content)
    key = import_desk.put(people.ann, content, filename="x.csv", kind=ImportKind.CUSTOMERS)
    with pytest.raises(Invalid):
        import_desk.read(people.ann, key)
    assert stored() == []


def test_t21_numbers_keep_every_digit_and_a_lost_one_is_a_row_error(people: Personas) -> None:
    book = sheet(
        ("客户编号", "客户名称", "手机", "身份证号"),
        ("007", "NA", "13800138000", "110101199003077758"),
        ("A2", "张三", 13800138001, 110101199003077758),
    )
    report = take(people.ann, book, "x.xlsx")
    assert [(f.row, f.column) for f in report.failures] == [(3, "身份证号")]
    view = service.customers.by_code(people.ann, "007")
    assert (view.name, view.phone, view.id_number) == ("NA", "13800138000", "110101199003077758")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("客户名称,手机\n张\u202e三,13800138000\n", "客户名称"),
        ("客户名称,手机\n张\x00三,13800138000\n", "客户名称"),
        ("客户名称,手机\n张三,13800138000,多,余\n", "C"),
        (f"客户名称,备注\n张三,{'长' * 40_000}\n", "备注"),
    ],
)
def test_t22_an_odd_row_is_named_by_row_and_column(people: Personas, text: str, column: str) -> None:
    report = take(people.ann, (text + "李四,13800138009\n").encode())
    assert (report.added, report.failed) == (1, 1)
    assert (report.failures[0].row, report.failures[0].column) == (2, column)
    assert stored() == ["李四"]


def test_t22_the_same_header_twice_is_refused(people: Personas) -> None:
    with pytest.raises(Invalid) as refused:
        take(people.ann, "客户名称,手机,手机\n张三,13800138000,1\n".encode())
    assert "手机" in str(refused.value)


def test_t22_letters_of_full_width_and_invisible_spaces_are_read_as_meant(people: Personas) -> None:
    take(
        people.ann,
        "客户名称，手机\n".replace("，", ",").encode() + "张\u200b三,１３８\u3000００１３\u3000８０００\n".encode(),
    )
    [row] = service.customers.search(people.ann).rows
    assert (row.name, row.phone) == ("张三", "13800138000")


def test_t23_a_formula_is_a_row_error_and_its_text_is_stored_as_text(people: Personas) -> None:
    report = take(people.ann, sheet(("客户名称", "备注"), ("=1+1", "x"), ("张三", "'=cmd|' /C calc'!A0")), "x.xlsx")
    assert [(f.row, f.column) for f in report.failures] == [(2, "客户名称")]
    assert stored() == ["张三"]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_t24_what_is_exported_holds_no_formula_and_comes_back_unchanged(people: Personas, format: str) -> None:
    names = ["=HYPERLINK(1)", "+甲", "-乙", "@丙", "＝丁", "'=戊"]
    lines = "\n".join(f'"{name}",1380013800{n}' for n, name in enumerate(guarded_all(names)))
    assert take(people.ann, f"客户名称,手机\n{lines}\n".encode()).added == len(names)
    before = sorted(stored())
    made = service.exports.customers(people.ann, CustomerFilter(), reason="核对", format=format)  # type: ignore[arg-type]
    if format == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(bytes(made)))
        assert {cell.data_type for page in book for row in page for cell in row if cell.value is not None} == {"s"}
    back = tabular.read(bytes(made), filename=f"x.{format}", known_headers=frozenset({"客户名称"}))
    place = back.headers.index("客户名称")
    assert sorted(row.cells[place] for row in back.rows) == before
    if format == "csv":
        cells = [cell for line in csv.reader(io.StringIO(bytes(made).decode("utf-8-sig"))) for cell in line]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]


def guarded_all(names: list[str]) -> list[str]:
    """As a spreadsheet that knows of formulas would have written them into CSV."""
    from cim.tabular.writing import guarded

    return [guarded(name) for name in names]
