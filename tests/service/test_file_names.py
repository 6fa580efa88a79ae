"""Names of files: what they tell to whom, and finding files by them."""

from __future__ import annotations

from cim.service import files
from tests.factories import Personas
from tests.service.test_files import PDF, PNG, one

__all__ = ["one"]


def test_a_name_tells_no_number_to_who_may_not_see_it(people: Personas, one: int) -> None:
    names = {
        "张三 138 0013-8000.pdf": "张三 138****8000.pdf",
        "110101199003077758 身份证.pdf": "110****7758 身份证.pdf",
        "zhangsan@qq.com.pdf": "z***@qq.com.pdf",
        "合同 2026-03-05 第1版.pdf": "合同 2026-03-05 第1版.pdf",
    }
    for place, name in enumerate(names):
        files.add(people.ann, one, name, PDF + bytes([place]), note=name)
    for me in (people.kai, people.audrey, people.root):
        assert {(f.name, f.note) for f in files.list(me, one)} == {(shown, shown) for shown in names.values()}
        for asked in ("13800138000", "0013", "138 0013", "19900307", "zhangsan"):
            assert files.find(me, asked) == [], asked
    assert len(files.find(people.mei, "0013")) == 1


def test_find_reads_words_in_any_order_and_no_wildcards(people: Personas, one: int) -> None:
    files.add(people.ann, one, "采购合同 ＡＢＣ.pdf", PDF)
    files.add(people.ann, one, "100%_done.png", PNG)
    for asked in ("合同", "abc 採購", "ＡＢＣ", "PDF"):
        assert [f.name for f in files.find(people.ann, asked)] == ["采购合同 ＡＢＣ.pdf"], asked
    for asked in ("", "  ", "报价", "1_0"):
        assert files.find(people.ann, asked) == []
    assert [f.name for f in files.find(people.ann, "%")] == ["100%_done.png"]


def test_a_masked_name_that_comes_back_changes_nothing(people: Personas, one: int) -> None:
    number = files.add(people.ann, one, "张三 13800138000.pdf", PDF, note="电话 13900139000")
    [shown] = files.list(people.kai, one)
    assert not files.rename(people.kai, number, shown.name, note=shown.note)
    assert files.rename(people.kai, number, shown.name, note="新备注")
    [seen] = files.list(people.ann, one)
    assert (seen.name, seen.note) == ("张三 13800138000.pdf", "新备注")
