"""Search text: every spelling of a name finds it, personal numbers become exact terms, better hits rank higher."""

import pytest

from cim import search_text
from cim.search_text import EXACT, INITIALS, NO_MATCH, PINYIN, PREFIX, SUBSTRING, Term

FIRM = search_text.document(
    "深圳市信诺環保科技有限公司", short_name="信诺", contacts=["单伟", "欧阳·娜娜"], place="广东省深圳市", company=True
)


def test_grams_of_chinese_and_of_latin_runs() -> None:
    assert search_text.grams("张三a1b") == sorted(["张", "三", "张三", "a1", "1b", "a1b"])
    assert search_text.grams("𠮷野家", (1, 2)) == sorted(["𠮷", "野", "家", "𠮷野", "野家"])
    assert search_text.grams("张三丰", (2,)) == ["三丰", "张三"]
    assert search_text.grams("") == []


@pytest.mark.parametrize("words", [["诺环保"], ["深圳", "sw"], ["信诺环保科技"], ["a公司"], ["ouyang"]])
def test_a_document_has_every_gram_of_what_stands_in_it(words: list[str]) -> None:
    assert set(search_text.lookup(words)) <= set(FIRM.grams)


def test_lookup_takes_the_fewest_grams() -> None:
    assert search_text.lookup(["信"]) == ["信"]
    assert search_text.lookup(["信诺环保"]) == ["信诺环", "诺环保"]
    assert search_text.lookup(["信诺环保"], (1, 2)) == ["信诺", "环保", "诺环"]
    assert search_text.lookup(["a"]) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("信诺", EXACT),
        ("深圳市信诺环保科技有限公司", EXACT),
        ("信诺环保科技", EXACT),
        ("欧阳娜娜", EXACT),
        ("歐陽·娜娜", EXACT),
        ("深圳", PREFIX),
        ("环保", SUBSTRING),
        ("信诺 单伟", SUBSTRING),
        ("广东", SUBSTRING),
        ("shanwei", PINYIN),
        ("dan wei", PINYIN),
        ("sw", INITIALS),
        ("DW", INITIALS),
        ("oynn", INITIALS),
        ("信诺 sw", SUBSTRING),
        ("公司 银行", NO_MATCH),
        ("%", NO_MATCH),
        ("", NO_MATCH),
    ],
)
def test_better_hits_rank_higher(typed: str, expected: int) -> None:
    assert search_text.rank(search_text.query(typed), FIRM.text) == expected


@pytest.mark.parametrize(
    ("typed", "kind", "terms"),
    [
        ("138 0013 8000", "phone", (Term("phone", "+8613800138000"),)),
        ("+86-138-0013-8000", "phone", (Term("phone", "+8613800138000"),)),
        ("１３８００１３８０００", "phone", (Term("phone", "+8613800138000"),)),
        ("0571-38662495", "phone", (Term("phone", "+8657138662495"),)),
        ("8000", "phone", (Term("phone_last", "8000"),)),
        ("1380013", "phone", (Term("phone_first", "1380013"),)),
        ("138001380", "phone", (Term("phone_first", "1380013"),)),
        ("+86 1380013", "phone", (Term("phone_first", "1380013"),)),
        (" Z@QQ.com", "email", (Term("email", "z@qq.com"),)),
        ("c000123", "code", (Term("code", "C000123"),)),
        ("110101199003077758", "identity", (Term("id_number", "110101199003077758"),)),
        ("91440300708461136t", "identity", (Term("uscc", "91440300708461136T"),)),
        ("360", "text", ()),
        ("@qq.com", "text", ()),
        ("1.38E+10", "text", ()),
        ("  ", "empty", ()),
    ],
)
def test_a_query_is_classified(typed: str, kind: str, terms: tuple[Term, ...]) -> None:
    found = search_text.query(typed)
    assert (found.kind, found.terms) == (kind, terms)


def test_a_number_may_also_be_part_of_a_name() -> None:
    assert search_text.query("1688").words == ("1688",)


def test_the_stored_number_answers_each_way_to_ask_for_it() -> None:
    stored = search_text.phone_terms("+8613800138000;ext=8")
    assert stored == (Term("phone", "+8613800138000"), Term("phone_last", "8000"), Term("phone_first", "1380013"))
    for typed in ("13800138000", "8000", "1380013"):
        assert set(search_text.query(typed).terms) <= set(stored)


def test_wildcards_in_a_word_are_escaped() -> None:
    assert search_text.pattern("a%b_c\\") == "%a\\%b\\_c\\\\%"


def test_pinyin_is_asked_with_u_umlaut_or_v() -> None:
    text = search_text.document("吕布").text
    assert search_text.rank(search_text.query("lü"), text) == search_text.rank(search_text.query("lv"), text) == PINYIN


def test_a_firm_is_found_without_the_place_in_the_middle() -> None:
    found = search_text.document("信诺（成都）科技有限公司", company=True)
    assert search_text.rank(search_text.query("信诺科技"), found.text) == EXACT
    assert set(search_text.lookup(["信诺科技"])) <= set(found.grams)
