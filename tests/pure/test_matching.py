"""Duplicates: the figures asked on a synthetic list with known answers, and what must never be merged."""

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from cim import matching
from cim.matching import ALMOST_SURE, REVIEW, Match, Party

# An excerpt of made-up customers; `same_as` is equal for the rows of one customer.
SAMPLE = Path(__file__).parents[1] / "data" / "duplicates_zh.csv"
Pair = tuple[int, int]


def _party(row: dict[str, str]) -> Party:
    return matching.prepare(
        "company" if row["类型"] == "公司" else "person",
        row["客户名称"],
        phones=[row["手机"]],
        emails=[row["邮箱"]],
        uscc=row["统一社会信用代码"],
        address=row["地址"],
        contact=row["联系人"],
    )


def _candidates(parties: list[Party]) -> set[Pair]:
    blocks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, party in enumerate(parties):
        for key in matching.keys(party):
            blocks[key].append(number)
    small = (members for (kind, _), members in blocks.items() if len(members) <= matching.KEY_CAPS[kind])
    return {pair for members in small for pair in combinations(members, 2)}


@pytest.fixture(scope="module")
def judged() -> tuple[dict[Pair, int], set[Pair]]:
    """The score of every candidate pair of the sample, and the pairs that are truly one customer."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    parties = [_party(row) for row in rows]
    same: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        same[row["same_as"]].append(number)
    truth = {pair for members in same.values() for pair in combinations(members, 2)}
    scores = {(one, other): matching.score(parties[one], parties[other]).score for one, other in _candidates(parties)}
    return scores, truth


def _precision_recall(scores: dict[Pair, int], truth: set[Pair], cut: int) -> tuple[float, float]:
    found = {pair for pair, points in scores.items() if points >= cut}
    right = len(found & truth)
    return right / len(found), right / len(truth)


def test_the_figures_asked(judged: tuple[dict[Pair, int], set[Pair]]) -> None:
    scores, truth = judged
    assert len(truth) > 100
    precision, _ = _precision_recall(scores, truth, ALMOST_SURE)
    assert precision >= 0.99
    precision, recall = _precision_recall(scores, truth, REVIEW)
    assert recall >= 0.95
    assert 2 * precision * recall / (precision + recall) >= 0.94


def _firm(name: str, **known: str) -> Party:
    return matching.prepare(
        "company",
        name,
        phones=[known.get("phone", "")],
        uscc=known.get("uscc", ""),
        address=known.get("address", ""),
        contact=known.get("contact", ""),
    )


def _person(name: str, phone: str = "", address: str = "", email: str = "") -> Party:
    return matching.prepare("person", name, phones=[phone], address=address, emails=[email])


def _share_a_key(one: Party, other: Party) -> bool:
    return bool(set(matching.keys(one)) & set(matching.keys(other)))


def test_one_firm_in_three_spellings() -> None:
    spellings = ["成都信诺环保科技有限公司", "信诺環保科技（成都）有限公司", "成都市信诺环保科技有限责任公司"]
    for one, other in combinations([_firm(name) for name in spellings], 2):
        assert _share_a_key(one, other)
        assert matching.score(one, other).score >= ALMOST_SURE


def test_the_same_name_in_another_place_is_another_firm() -> None:
    one = _firm("成都信诺环保科技有限公司", phone="13800138000")
    other = _firm("重庆信诺环保科技有限公司", phone="13800138000")
    assert matching.score(one, other).score < REVIEW


def test_another_credit_code_is_another_firm_and_the_same_one_is_the_same() -> None:
    one = _firm("北京恒信科技有限公司", uscc="91440300708461136T")
    other = _firm("北京恒信科技有限公司", uscc="91110000600037341L")
    assert matching.score(one, other).score < REVIEW
    assert (
        matching.score(one, _firm("完全不同商行", uscc="9144 0300 708461136t")).score
        == matching.score(one, one).score
        == 99
    )


def test_branches_with_numbers_differ() -> None:
    assert matching.score(_firm("上海一建实业有限公司"), _firm("上海二建实业有限公司")).score < REVIEW


def test_a_namesake_is_not_merged_but_one_digit_off_is_reviewed() -> None:
    assert matching.score(_person("张伟", "13800138000"), _person("张伟", "13911112222")).score < REVIEW
    assert matching.score(_person("张伟", "13800138000"), _person("张伟", "13800138001")).score >= REVIEW
    assert matching.score(_person("张伟", "13800138000"), _person("张 伟", "+86 138 0013 8000")).score >= ALMOST_SURE


def test_a_family_with_one_phone_and_address_is_left_to_a_person() -> None:
    home = "苏州市姑苏区和平路675号10栋4单元3077"
    found = matching.score(_person("林梅松", "13348834113", home), _person("林秋松", "13348834113", home))
    assert REVIEW <= found.score < ALMOST_SURE
    surname = matching.score(_person("林先生", "13348834113", home), _person("林秋松", "13348834113", home))
    assert REVIEW <= surname.score < ALMOST_SURE


def test_a_company_and_a_person_never_match() -> None:
    assert matching.score(_firm("张伟", phone="13800138000"), _person("张伟", "13800138000")).score == 0
    assert not _share_a_key(_firm("张伟", phone="13800138000"), _person("张伟", "13800138000"))


def test_the_reasons_add_up_and_the_order_does_not_matter() -> None:
    one = _firm("成都信诺环保科技有限公司", phone="13800138000", contact="郑霞燕")
    other = _firm("成都信诺环保技术有限公司", phone="13800138001", contact="郑霞燕")
    found = matching.score(one, other)
    assert found == matching.score(other, one)
    assert isinstance(found, Match)
    assert sum(reason.points for reason in found.reasons) == found.score
    assert all(reason.msgid.format(**reason.params) for reason in found.reasons)


def test_every_kind_of_key_has_a_cap_and_phone_parts_count_as_personal() -> None:
    party = matching.prepare(
        "company",
        "北京恒信科技",
        phones=["13800138000"],
        emails=["a@b.cn"],
        uscc="9" * 18,
        address="路1号",
        contact="张",
    )
    kinds = {kind for kind, _ in [*matching.keys(party), *matching.keys(_person("张伟", "13800138000"))]}
    assert kinds == set(matching.KEY_CAPS)
    assert {kind for kind, value in matching.keys(party) if "1380013" in value} <= matching.PERSONAL_KEYS


def test_nothing_is_raised_on_odd_input() -> None:
    odd = _person("", "1.38E+10", "\u202e", "x")
    assert matching.keys(odd) == []
    assert matching.score(odd, odd).score >= 0
