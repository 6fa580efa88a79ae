"""What we write comes back unchanged, and no spreadsheet finds a formula in it."""

import csv
import io

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cim import tabular
from cim.errors import Invalid
from cim.tabular.table import damage
from cim.tabular.writing import guarded, unguarded

SIGNS = "=+-@\t\r\n＝＋－＠"
ATTACKS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "'=1",
    "''=1",
    "'",
    "''",
    "'a",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")',
]

sign = st.sampled_from("'" + SIGNS + ',;|"ax客 ')
cell = st.one_of(st.text(sign, max_size=6), st.text(max_size=12)).filter(
    lambda text: damage(text) is None and not any("\ud800" <= c <= "\udfff" for c in text)
)
table = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(cell, min_size=width, max_size=width).filter(lambda row: any(map(str.strip, row))),
        min_size=1,
        max_size=5,
    )
)


def names(width: int) -> list[str]:
    """As many headers."""
    return ["客户名称", "手机", "邮箱", "备注"][:width]


@given(table, st.booleans())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_csv_comes_back_unchanged(rows: list[list[str]], bom: bool) -> None:
    headers = names(len(rows[0]))
    data = tabular.write_csv(headers, rows, bom=bom)
    back = tabular.read(data, filename="x.csv")
    assert (back.headers, [row.cells for row in back.rows], back.problems) == (headers, rows, [])


@given(table)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_xlsx_comes_back_unchanged(rows: list[list[str]]) -> None:
    headers = names(len(rows[0]))
    back = tabular.read(tabular.write_xlsx(headers, rows, sheet="客户"), filename="x.xlsx")
    assert (back.headers, [row.cells for row in back.rows], back.problems) == (headers, rows, [])


@given(st.text(st.sampled_from("'=+-@\t\0＝ax"), max_size=5))
def test_guard_is_undone_exactly_once(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert unguarded("'" + guarded("=1")) == guarded("=1")


@pytest.mark.parametrize("attack", [*ATTACKS, "\0=1"])
def test_no_csv_cell_begins_with_a_formula_sign(attack: str) -> None:
    data = tabular.write_csv(["a", attack], [["x", attack]])
    assert data.startswith(b"\xef\xbb\xbf")
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(cell[:1] in {*SIGNS, "\0"} for cell in row)


def test_xlsx_holds_text_only() -> None:
    data = tabular.write_xlsx(
        ["a", "b"], [["x", attack] for attack in ATTACKS], sheet="[客户]:*?", about=[("导出人", "=mei")]
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["客户", "About"]
    values = [cell for page in book for row in page for cell in row if cell.value is not None]
    assert {cell.data_type for cell in values} == {"s"}
    assert book["About"]["B1"].value == "=mei"


def test_identifiers_keep_every_digit() -> None:
    rows = [["007", "13800138000", "110101199003077758", "1.1E+17"]]
    headers = names(4)
    for data, name in (
        (tabular.write_csv(headers, rows), "x.csv"),
        (tabular.write_xlsx(headers, rows, sheet="s"), "x.xlsx"),
    ):
        assert [row.cells for row in tabular.read(data, filename=name).rows] == rows


def test_nothing_is_cut_off_in_silence() -> None:
    with pytest.raises(Invalid, match="Row 2 holds a value of more than 32767 characters"):
        tabular.write_xlsx(["a"], [["x" * 32_768]], sheet="s")
