"""Workbooks as text: the values a person sees, and where they stand."""

import base64
import datetime
import io
import zlib

import openpyxl
import pytest

from cim import tabular
from cim.errors import Invalid
from cim.tabular.worker import text
from tests.tabular.workbooks import pack, parts, sheet_xml, text_cell, workbook


def read(data: bytes, **options: object) -> tabular.Table:
    """Read bytes as a workbook."""
    return tabular.read(data, filename="x.xlsx", **options)  # type: ignore[arg-type]


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def messy() -> bytes:
    """A formula, a phone as a number, a date, a blank row, a truth value, and a second sheet."""
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["客户名称", "手机", "备注"],
        ["甲公司", 13800138000, "=1+1"],
        ["乙公司", "013800138001", datetime.datetime(2026, 1, 5)],
        [],
        ["丙公司", 13800000000.0, True],
    ):
        page.append(row)
    book.create_sheet("第二页")["A1"] = "别的"
    return saved(book)


def test_types_formula_and_second_sheet(messy: bytes) -> None:
    table = read(messy)
    assert (table.sheet, table.other_sheets) == ("Sheet", ["第二页"])
    assert [(row.number, row.cells) for row in table.rows] == [
        (3, ["乙公司", "013800138001", "2026-01-05"]),
        (5, ["丙公司", "13800000000", "TRUE"]),
    ]
    [problem] = table.problems
    assert (problem.row, problem.column) == (2, "备注")
    assert problem.msgid.format(**problem.params).startswith("Row 2, column 备注 contains a formula.")


def test_a_chosen_sheet(messy: bytes) -> None:
    with pytest.raises(Invalid, match="header in row 1 but no rows"):
        read(messy, sheet="第二页")
    with pytest.raises(Invalid, match=r"There is no sheet 第三页\. The workbook has: Sheet, 第二页\."):
        read(messy, sheet="第三页")


def test_hidden_and_empty_sheets_are_passed_over() -> None:
    book = openpyxl.Workbook()
    book.active.title = "空"
    hidden = book.create_sheet("藏")
    hidden.append(["秘密", "x"])
    hidden.sheet_state = "hidden"
    page = book.create_sheet("客户")
    page.append(["客户名称", "手机"])
    page.append(["甲公司", "1"])
    table = read(saved(book))
    assert (table.sheet, table.other_sheets, len(table.rows)) == ("客户", ["空"], 1)


def test_title_above_the_header_and_a_table_away_from_the_corner() -> None:
    rows = (
        f'<row r="1">{text_cell("B1", "某某公司客户一览表")}</row>'
        f'<row r="5">{text_cell("C5", "客户名称")}{text_cell("D5", "手机")}</row>'
        f'<row r="9">{text_cell("C9", "甲公司")}<c r="D9"><f>1+1</f><v>2</v></c></row>'
        f'<row r="11">{text_cell("C11", "乙公司")}<c r="D11"><v>13800138000</v></c></row>'
    )
    table = read(workbook(rows), known_headers=frozenset({"客户名称"}))
    assert table.header_row == 5
    assert table.headers == ["", "", "客户名称", "手机"]
    assert [(row.number, row.cells) for row in table.rows] == [(11, ["", "", "乙公司", "13800138000"])]
    assert [(problem.row, problem.column) for problem in table.problems] == [(9, "手机")]


def test_formats_of_dates_and_numbers() -> None:
    cells = [
        ('<c r="A2" s="1"><v>46111</v></c>', "2026-03-30"),
        ('<c r="A3" s="2"><v>46111.33958333333</v></c>', "2026-03-30 08:09:00"),
        ('<c r="A4" s="3"><v>46111</v></c>', "2026-03-30"),
        ('<c r="A5"><v>0.1</v></c>', "0.1"),
        ('<c r="A6"><v>1.1010119900307776E+17</v></c>', "1.10101199003078E+17"),
        ('<c r="A7" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="A8" t="str"><v>007</v></c>', "007"),
        (text_cell("A9", "1.10101E+17"), "1.10101E+17"),
        ('<c r="A10"><v>-12</v></c>', "-12"),
        (text_cell("A11", "'=1"), "'=1"),
        ('<c r="A12"><v>100000000000000</v></c>', "100000000000000"),
        ('<c r="A13" t="e"><v>#N/A</v></c>', ""),
    ]
    rows = f'<row r="1">{text_cell("A1", "值")}{text_cell("B1", "x")}</row>'
    rows += "".join(f'<row r="{n}">{cell}{text_cell(f"B{n}", "x")}</row>' for n, (cell, _) in enumerate(cells, 2))
    assert [row.cells[0] for row in read(workbook(rows)).rows] == [expected for _, expected in cells]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime.datetime(2026, 3, 30, 8, 8, 59, 999000), "2026-03-30 08:09:00"),
        (datetime.time(8, 9), "08:09:00"),
        (datetime.timedelta(hours=26), "1 day, 2:00:00"),
        (1234.5, "1234.5"),
        (0.1 + 0.2, "0.3"),
        (None, ""),
    ],
)
def test_values_as_text(value: object, expected: str) -> None:
    assert text(value) == expected


def test_damage_duplicates_and_extra_columns_are_judged_as_in_text() -> None:
    head = f'<row r="1">{text_cell("A1", "客户名称")}{text_cell("B1", "手机")}</row>'
    turned = text_cell("A2", "甲\u202e公司")
    extra = text_cell("A3", "乙") + text_cell("D3", "x")
    table = read(workbook(f'{head}<row r="2">{turned}</row><row r="3">{extra}</row>'))
    assert [(problem.row, problem.column) for problem in table.problems] == [(2, "客户名称"), (3, "D")]
    with pytest.raises(Invalid, match="more than once: 手机"):
        read(workbook(f'<row r="1">{text_cell("A1", "手机")}{text_cell("B1", "手机")}</row>'))


def test_a_workbook_under_another_name_and_its_preview(messy: bytes) -> None:
    assert tabular.read(messy, filename="x.csv").sheet == "Sheet"
    [only] = tabular.preview(messy, filename="x.csv")
    assert only.rows[0] == ["客户名称", "手机", "备注"]


def test_styled_but_empty_cells_do_not_make_a_sheet_large() -> None:
    rows = (
        f'<row r="1">{text_cell("A1", "a")}<c r="XFD1" s="1"/></row><row r="2">{text_cell("A2", "1")}</row>'
        '<row r="1048576"><c r="A1048576" s="1"/></row>'
    )
    assert [row.cells for row in read(workbook(rows)).rows] == [["1"]]


def test_two_sheets_are_read_by_name() -> None:
    page = f'<row r="1">{text_cell("A1", "a")}</row><row r="2">{text_cell("A2", "%s")}</row>'
    data = pack(parts({"一": sheet_xml(page % "1"), "二 &amp; 三": sheet_xml(page % "2")}))
    assert read(data, sheet="二 & 三").rows[0].cells == ["2"]


def test_old_workbooks() -> None:
    """An .xls of 客户名称, 手机, 日期, 标签 with a number, a date, a truth value, and a second sheet."""
    table = tabular.read(zlib.decompress(base64.b85decode("".join(OLD))), filename="x.xls")
    assert (table.sheet, table.other_sheets) == ("客户", ["第二页"])
    assert table.rows[0].cells == ["甲公司", "13800138000", "2026-03-30", "TRUE"]


OLD = [
    "c-rk)O-NKx6#mYAGtP|oGnxh(nFyJgE~-U8pi@E#MT1t*FO<^^75>GLkO^kl><WT56>SV#w6TKdhg#IGMWECo2m+^Q)uy1ph59<@",
    "%o|fPaKHrPeQ)l$=bn4-x%ZuW?zwl~$Z)~vz{AocW}zMyChY*Srpbs?AYBN8>up=ubnfS5yI4{P_<13-ym+4b#wTki>z#zb1J5g_",
    "z$Z>eaR%Yej#&93qCw}-LNbRs^04n2+~$;r5}j9}(i2LTDZQ_4Unt$ClB-JVxa}w%#&9THz1i{OgQi03@|Y5yXrB)%S&w487C*jl",
    "jZ$sB*d9OK(ze7Z$~-w31TSf0tRoheaz5@N8|Y@#wzt<tqoXL|<sQUOyBzqD-q$b7UHRh52`nF*Dfj(F?&n3EEx&F&Kp*VmB+i^b",
    "4z_rt#?YN3n<5Ez@?9FmEvo6c67IS&&cR*wx+LCM(kOTTw{GsdJF@j8XJ2BgB=eo>?Xf@`y4sq@_AzrPEDXEZxokNIG;joG1dd$Y",
    "PB~1Y$XC8VH&u}5J$~=|+dYw{&@q+t>0yyNQdZ0SVdJ9o;LdqkV=0xIYVEO3=_S>=LitjqMeOmMS2h(p%+7vob6IOEd7O=kccC@Y",
    "_$uZTUz?wnB|eANGC$OqJYO{QJ~V&|KH{R>U!H!{Pz~L>DR>r2=i~&Rk4j7a2t<Apbmne5=Vm@8Wa}{sl%`5z9hxc`$5yG5#U;zp",
    "MRVvP)g{)k*j}W%*s4{nj{*(7CR@X0A$ms)yvENZOUDvzM#q||&8Rl7uHs5(-BR|qorXS?k^HQBQ;5gXo@4B9EQUkS6kVzgL328U",
    "*h#I5xvc8Kg$oxhT)1$t&>+1Irmov^>+(7`H=pxeXM)qD`<djw#a?vsbC&;7?m!3Uadc<oKg;2zv@V)wpY-=a!2upUj#fl;9<3Ss",
    "FW<ar`uohgV{qZNP^RNgW-`xzJpM0hwGTP",
]
