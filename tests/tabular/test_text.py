"""Delimited text: what comes through, what is refused, and that every refusal names the place."""

import pytest

from cim import tabular
from cim.errors import Invalid

HEADER = "客户名称,手机,邮箱,统一社会信用代码,备注\n"


def read(text: str | bytes, **options: object) -> tabular.Table:
    """Read text or bytes as a CSV."""
    data = text.encode() if isinstance(text, str) else text
    return tabular.read(data, filename="x.csv", **options)  # type: ignore[arg-type]


def refusal(data: str | bytes, filename: str = "x.csv", **options: object) -> str:
    """The sentence a file is refused with."""
    with pytest.raises(Invalid) as caught:
        tabular.read(data.encode() if isinstance(data, str) else data, filename=filename, **options)  # type: ignore[arg-type]
    assert caught.value.field == "file"
    return str(caught.value)


def cells(table: tabular.Table) -> list[list[str]]:
    """The good rows without their numbers."""
    return [row.cells for row in table.rows]


class TestRefusals:
    @pytest.mark.parametrize("data", [b"", b" \r\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b",,,\n,,\n"])
    def test_empty(self, data: bytes) -> None:
        assert refusal(data) == "The file is empty."

    @pytest.mark.parametrize("data", [HEADER, HEADER + ",,,,\n\n"])
    def test_header_only(self, data: str) -> None:
        assert refusal(data) == "The file has a header in row 1 but no rows below it."

    @pytest.mark.parametrize("header", ["客户名称,手机,手机,备注", "客户名称,手机, 手 机 ", "Ａ,a,手机"])
    def test_duplicate_headers_are_named(self, header: str) -> None:
        message = refusal(header + "\n甲公司,1,2,x\n")
        assert message.startswith("Row 1 has the same header more than once: ")

    @pytest.mark.parametrize(
        ("text", "row"),
        [
            ('甲,备注\n"甲公司,没有结束引号\n乙公司,x\n', 2),
            ('甲,备注\n甲,1\n"乙公司,没有\n丙,"x"\n', 3),
            ('甲,备注\n"甲\n乙",1\n丙,"x" y\n', 3),
        ],
    )
    def test_broken_quote_names_the_row_where_it_opens(self, text: str, row: int) -> None:
        assert f"opens in row {row} " in refusal(text)

    @pytest.mark.parametrize(
        "data",
        [
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"<html><table></table>",
            b"\x1f\x8b\x08\0\0",
        ],
    )
    def test_other_formats(self, data: bytes) -> None:
        assert "is not a table" in refusal(data)

    def test_bytes_that_mean_nothing(self) -> None:
        noise = bytes((i * 197 + i * i * 31 + (i >> 3)) % 256 for i in range(5000))
        assert refusal(noise)
        assert "is not a table" in refusal(bytes(range(1, 32)) * 20)

    @pytest.mark.parametrize("name", ["x.xlsx", "X.XLS"])
    def test_text_under_a_workbook_name(self, name: str) -> None:
        assert "is not an Excel workbook" in refusal("a,b\n1,2\n", name)

    def test_limits(self) -> None:
        few = tabular.Limits(max_rows=3, max_columns=4, max_bytes=200)
        assert "more than 3 rows" in refusal("a,b\n" + "1,2\n" * 4, limits=few)
        assert len(read("a,b\n" + "1,2\n" * 3, limits=few).rows) == 3
        assert "5 columns" in refusal("a,b,c,d,e\n1,2,3,4,5\n", limits=few)
        assert "MB" in refusal("a,b\n" + "1,2\n" * 100, limits=few)

    def test_size_is_refused_before_the_file_is_read(self, tmp_path: object) -> None:
        path = tmp_path / "big.csv"  # type: ignore[operator]
        with path.open("wb") as out:
            out.truncate(21 * 1024 * 1024)
        with pytest.raises(Invalid, match="MB can be read"):
            tabular.read(path, filename="big.csv")


class TestDamagedRows:
    def test_more_values_than_headers(self) -> None:
        table = read(HEADER + "甲公司,1\n乙公司,2,a@b.cn,,备注,多余,列\n丙公司,3,c@d.cn,,好,,\n")
        assert [row.number for row in table.rows] == [2, 4]
        assert table.rows[0].cells == ["甲公司", "1", "", "", ""]
        [problem] = table.problems
        assert (problem.row, problem.column, problem.value) == (3, "F", "多余")
        assert problem.params["found"] == 7

    @pytest.mark.parametrize("sign", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200e", "\ufffd"])
    def test_characters_no_cell_may_hold(self, sign: str) -> None:
        table = read(HEADER + f"甲{sign}公司,1,,,x\n丙公司,2,,,y\n")
        assert [row.number for row in table.rows] == [3]
        [problem] = table.problems
        assert (problem.row, problem.column) == (2, "客户名称")
        assert problem.value == f"甲<U+{ord(sign):04X}>公司"
        assert problem.msgid.format(**problem.params).startswith("Row 2, column 客户名称 ")

    def test_zero_width_space_is_left_to_normalising(self) -> None:
        assert cells(read("甲,b\n丙\u200b公司,1\n")) == [["丙\u200b公司", "1"]]

    def test_long_cell(self) -> None:
        table = read(HEADER + "甲公司,1,,," + "长" * 200_000 + "\n乙公司,2,,," + "长" * 32_767 + "\n")
        assert [row.number for row in table.rows] == [3]
        [problem] = table.problems
        assert (problem.row, problem.column, len(problem.value)) == (2, "备注", 61)

    def test_damaged_header(self) -> None:
        assert "row 1, column B" in refusal("a,b\0,c\n1,2,3\n")


class TestShape:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_delimiters_and_newlines(self, delimiter: str, newline: str) -> None:
        text = newline.join(
            delimiter.join(row) for row in [["客户名称", "手机", "备注"], ["甲公司", "1", '"a,;|\t""b"']]
        )
        table = read(text)
        assert table.delimiter == delimiter
        assert cells(table) == [["甲公司", "1", 'a,;|\t"b']]

    def test_delimiter_inside_a_quoted_header_does_not_count(self) -> None:
        assert read('"a,b,c,d";e\n1;2\n').headers == ["a,b,c,d", "e"]

    def test_declared_separator(self) -> None:
        table = read("sep=;\na,x;b\n1;2\n")
        assert (table.headers, table.rows[0].number) == (["a,x", "b"], 3)

    def test_mixed_newlines_and_quotes(self) -> None:
        table = read('客户名称,手机,备注\r\n"甲,公司",13800138000,"第一行\n第二行"\r\n"乙""公司""",13800138001,ok\r')
        assert cells(table) == [["甲,公司", "13800138000", "第一行\n第二行"], ['乙"公司"', "13800138001", "ok"]]

    def test_blank_lines_count_but_are_not_rows(self) -> None:
        assert [row.number for row in read("a,b\n\n1,2\n,\n3,4\n").rows] == [3, 5]

    def test_title_above_the_header(self) -> None:
        text = "某某公司客户一览表\n\n客户名称,手 机\n甲公司,1\n"
        table = read(text, known_headers=frozenset({"手机"}))
        assert (table.header_row, table.headers, table.rows[0].number) == (3, ["客户名称", "手 机"], 4)
        assert read(text).problems

    def test_unknown_headers_stay(self) -> None:
        table = read("公司,mobile,颜色,Notes\n甲公司,1,红,x\n", known_headers=frozenset({"手机"}))
        assert table.headers == ["公司", "mobile", "颜色", "Notes"]

    def test_text_stays_as_it_stands(self) -> None:
        rows = [
            "007",
            "1.10101E+17",
            "110101199003077758",
            "NA",
            "2026年1月5日",
            "１３８",
            " x ",
            "=1+1",
            "@SUM(A1)",
            "-2+3",
            "<b>",
            "𠮷野家",
        ]
        assert [row.cells[0] for row in read("a,b\n" + "".join(f'"{cell}",\n' for cell in rows)).rows] == rows
