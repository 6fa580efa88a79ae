"""Right characters or a clear refusal, in every encoding Chinese tables come in."""

import codecs

import pytest

from cim import tabular
from cim.errors import Invalid

HEADER = "客户名称,手机,地址,备注\n"
SIMPLIFIED = [
    HEADER + "甲公司,13800138000,广东省深圳市龙岗区科技路556号,老客户推荐\n",
    HEADER + "欧阳娜娜,13800138001,,微信\n李婷,13800138002,上海市浦东新区,喜欢喝茶，要发票\n",
    HEADER + "阿卜杜拉·买买提,13800138003,新疆乌鲁木齐市天山区,账期长\n",
    "客户编号,类型,负责人\n" + "".join(f"C{n:06},个人,王鑫{n}\n" for n in range(200)),
    "name,phone\n" + "上海淞沪贸易有限公司,13800138000\n北京琪祥科技股份公司,13800138001\n",
]
TRADITIONAL = [
    "客戶名稱,手機,備註\n臺灣積體公司,13800138000,測試\n",
    "客戶名稱,手機,地址\n" + "陳建宏,0912345678,臺北市信義區松高路\n林怡君,0922345678,高雄市前鎮區中山三路\n",
    "公司,聯絡人,備註\n香港貿易發展有限公司,黃偉強,長期合作夥伴，需要發票\n",
]
ENCODINGS = ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]


def rows(text: str) -> list[list[str]]:
    """The rows a simple table should give."""
    return [line.split(",") for line in text.strip().split("\n")[1:]]


def read(data: bytes, encoding: str | None = None) -> tabular.Table:
    """Read bytes as a CSV."""
    return tabular.read(data, filename="x.csv", encoding=encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", SIMPLIFIED + TRADITIONAL)
def test_right_without_being_told(text: str, encoding: str) -> None:
    assert [row.cells for row in read(text.encode(encoding)).rows] == rows(text)


@pytest.mark.parametrize("text", TRADITIONAL)
def test_big5(text: str) -> None:
    table = read(text.encode("big5"))
    assert table.encoding == "big5"
    assert [row.cells for row in table.rows] == rows(text)


@pytest.mark.parametrize("text", SIMPLIFIED + TRADITIONAL)
@pytest.mark.parametrize("wrong", ["shift_jis", "euc_jp", "latin-1", "cp1251"])
def test_never_rubbish_in_silence(text: str, wrong: str) -> None:
    """Bytes of a code we do not speak: letters of that code around a plain table."""
    letters = {
        "latin-1": "é à ü ñ ç",
        "cp1251": "Привет мир",
        "shift_jis": "カタカナ東京都港区",
        "euc_jp": "カタカナとひらがな",
    }[wrong]
    data = ("name,notes\n" + f"{letters},{letters}\n" * len(rows(text))).encode(wrong)
    with pytest.raises(Invalid):
        read(data)


def test_a_mark_wins_and_is_no_text() -> None:
    gb_mark = b"\x84\x31\x95\x33"
    for data in (gb_mark + SIMPLIFIED[0].encode("gb18030"), codecs.BOM_UTF32_LE + SIMPLIFIED[0].encode("utf-32-le")):
        assert read(data).headers[0] == "客户名称"


class TestMixed:
    def test_one_gb_cell_in_a_utf8_file(self) -> None:
        data = (HEADER + "甲公司,13800138000,,").encode() + "乙公司".encode("gbk") + b"\n"
        with pytest.raises(Invalid) as caught:
            read(data)
        assert str(caught.value).startswith("Row 2, column 备注 is in another encoding than the rows above.")

    @pytest.mark.parametrize("at", [1, 3, 150])
    def test_one_utf8_row_in_a_gb_file(self, at: int) -> None:
        lines = SIMPLIFIED[3].splitlines(keepends=True)
        data = b"".join(line.encode("utf-8" if n == at else "gbk") for n, line in enumerate(lines))
        with pytest.raises(Invalid) as caught:
            read(data)
        assert str(caught.value).startswith(f"Row {at + 1}, ")

    def test_cut_in_the_middle_of_a_character(self) -> None:
        with pytest.raises(Invalid, match="Row 2"):
            read(SIMPLIFIED[0].encode()[:-3])

    def test_first_bad_byte_under_a_chosen_encoding(self) -> None:
        with pytest.raises(Invalid, match="Row 2, column 客户名称 is not valid utf-8"):
            read("客户名称,b\n".encode() + "甲公司,1\n".encode("gbk"), "utf-8")


class TestChoice:
    @pytest.mark.parametrize(
        ("chosen", "codec"),
        [("utf-8", "utf-8-sig"), ("gb18030", "gbk"), ("GBK", "gbk"), ("utf-16", "utf-16"), ("utf-16", "utf-16-be")],
    )
    def test_chosen(self, chosen: str, codec: str) -> None:
        assert [row.cells for row in read(SIMPLIFIED[1].encode(codec), chosen).rows] == rows(SIMPLIFIED[1])

    def test_unknown_choice(self) -> None:
        with pytest.raises(Invalid, match="one of utf-8, gb18030, big5, utf-16"):
            read(b"a,b\n1,2\n", "klingon")

    def test_preview_puts_the_right_reading_first(self) -> None:
        for codec, text in (("utf-8", SIMPLIFIED[0]), ("gb18030", SIMPLIFIED[0]), ("big5", TRADITIONAL[0])):
            found = tabular.preview(text.encode(codec), filename="x.csv")
            assert found[0].encoding == codec
            assert found[0].rows[1] == rows(text)[0]
        long = tabular.preview(SIMPLIFIED[3].encode(), filename="x.csv")
        assert len(long[0].rows) == 5
