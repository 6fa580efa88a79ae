"""How sure it is that two customers are one, with every reason and its points.

The weights were set on synthetic Chinese customer lists; tests/pure/test_matching.py holds them to the figures asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein

from cim.matching.parties import Party

ALMOST_SURE = 70
REVIEW = 60
HIGHEST = 99

# The longer trade words stand before the shorter ones they end with.
_TRADES = """
    网络科技 信息技术 生物科技 环保科技 科技 贸易 商贸 机械设备 机械 电子商务 电子 建材 食品 医疗器械
    教育咨询 文化传媒 物流 装饰工程 化工 服饰 汽车配件 餐饮管理 房地产开发 软件 实业 投资管理 广告 技术
    终端 旅行社
"""
_NUMBERS_IN_NAME = re.compile("[0-9一二三四五六七八九十百]+")
_NUMBERS = re.compile(r"\d+")


class Reason(NamedTuple):
    """One piece of evidence: an English message id with its parameters, and the points it gave or took."""

    msgid: str
    params: dict[str, object]
    points: int


@dataclass(frozen=True, slots=True)
class Match:
    """The evidence that two customers are one: a score from 0 to 99 and the reasons that add up to it."""

    score: int
    reasons: tuple[Reason, ...]


def score(one: Party, other: Party) -> Match:
    """Compare two customers; symmetric. From ALMOST_SURE on they are one, from REVIEW on a person should look.

    A company and a person never match. The points of the reasons add up to the score before it is kept in 0..99.
    """
    if one.kind != other.kind:
        return Match(0, (Reason("A company and a person", {}, 0),))
    if one.uscc and one.uscc == other.uscc:
        return Match(HIGHEST, (Reason("Same credit code", {}, HIGHEST),))
    likeness = _likeness(one, other)
    judges = (_names, _codes, _phones, _emails, _addresses)
    reasons = [reason for judge in judges for reason in judge(one, other, likeness) if reason.points]
    total = sum(reason.points for reason in reasons)
    if total >= ALMOST_SURE:
        doubts = list(_doubts(one, other, likeness, ALMOST_SURE - 1 - total))[:1]
        total += sum(doubt.points for doubt in doubts)
        reasons += doubts
    return Match(max(0, min(HIGHEST, total)), tuple(reasons))


# Below this a shared phone and address may be a family's or two firms' in one office: never "almost sure".
_SAME_ENOUGH = {"company": 0.8, "person": 0.9}
# Surname and title only ("Mr Zhang"), or the same syllables in another order.
_SURNAME_ONLY, _TURNED_ROUND = 0.7, 0.9


def _doubts(one: Party, other: Party, likeness: float, points: int) -> Iterator[Reason]:
    """What keeps a pair from being "almost sure", however much else agrees."""
    if likeness < _SAME_ENOUGH[one.kind]:
        yield Reason("The names differ: a person has to decide", {}, points)
    if one.place and other.place and one.place != other.place:
        # two branches may have one switchboard and one mailbox: still two firms
        yield Reason("The places differ: a person has to decide", {}, points)


def _likeness(one: Party, other: Party) -> float:
    """Return how alike two names are, 0 to 1: the best of spelling, sound, and one beginning with the other."""
    if one.core == other.core:
        return 1.0
    if one.kind == "person":
        if min(len(one.core), len(other.core)) == 1 and one.core[:1] == other.core[:1]:
            return _SURNAME_ONLY
        if len(one.core) > 2 and sorted(one.pinyin) == sorted(other.pinyin):
            return max(_TURNED_ROUND, 0.95 * (one.pinyin == other.pinyin))
        spelling = JaroWinkler.similarity(one.core, other.core, prefix_weight=0.05)
    else:
        spelling = Levenshtein.normalized_similarity(one.core, other.core)
    same_sound = one.pinyin == other.pinyin
    sound = 1.0 if same_sound else Levenshtein.normalized_similarity(one.pinyin, other.pinyin)
    short, long = sorted((one.core, other.core), key=len)
    begins = 0.88 if len(short) >= 4 and long.startswith(short) else 0.0
    return max(spelling, 0.95 * sound, begins)


# At least this alike, and the points for a firm and for a person.
_NAME_POINTS: tuple[tuple[float, int, int], ...] = (
    (0.999, 45, 30),
    (0.95, 38, 30),
    (0.9, 38, 24),
    (0.8, 28, 10),
    (0.65, 14, 15),
    (0.5, -5, -12),
    (0.0, -25, -25),
)


def _names(one: Party, other: Party, likeness: float) -> Iterator[Reason]:
    firm = one.kind == "company"
    points = next(company if firm else person for least, company, person in _NAME_POINTS if likeness >= least)
    if likeness >= 0.999:
        yield Reason("Same name", {}, points)
    elif not firm and min(len(one.core), len(other.core)) == 1 and points > 0:
        yield Reason("Same surname, one given name is missing", {}, points)
    elif points > 0:
        yield Reason("Similar name ({percent} %)", {"percent": round(likeness * 100)}, points)
    else:
        yield Reason("Different name ({percent} % alike)", {"percent": round(likeness * 100)}, points)
    if firm:
        yield from _places(one, other, same_name=likeness >= 0.999)
        yield from _trade_words(one, other, likeness)
        if one.contact and other.contact:
            same = one.contact == other.contact
            yield Reason("Same contact person", {}, 15) if same else Reason("Different contact person", {}, -3)


def _places(one: Party, other: Party, *, same_name: bool) -> Iterator[Reason]:
    if one.place and other.place:
        if one.place != other.place:
            yield Reason("Different place in the name", {}, -45)
            return
        yield Reason("Same place in the name", {"place": one.place}, 10)
        if same_name:
            yield Reason("Same full name in the same place", {}, 25)
    elif same_name and len(one.core) >= 5:
        yield Reason("Long name without a different place", {}, 15)


def _trade_words(one: Party, other: Party, likeness: float) -> Iterator[Reason]:
    if likeness >= 0.999:
        return
    trades = {_trade(one.core), _trade(other.core)}
    if likeness > 0.5 and "" not in trades and len(trades) == 2:
        yield Reason("Different line of business in the name", {}, -22)
    if _NUMBERS_IN_NAME.findall(one.core) != _NUMBERS_IN_NAME.findall(other.core):
        yield Reason("Different number in the name", {}, -40)


def _trade(core: str) -> str:
    return next((trade for trade in _TRADES.split() if core.endswith(trade)), "")


def _codes(one: Party, other: Party, _likeness: float) -> Iterator[Reason]:
    if one.uscc and other.uscc and OSA.distance(one.uscc, other.uscc, score_cutoff=2) > 2:
        yield Reason("Different credit code", {}, -60)


def _phones(one: Party, other: Party, _likeness: float) -> Iterator[Reason]:
    distance = _nearest(one.phones, other.phones)
    if distance == 0:
        yield Reason("Same phone number", {}, 45)
    elif distance == 1:
        yield Reason("Phone number differs in one digit", {}, 30)
    elif distance is not None:
        yield Reason("Different phone number", {}, -12)


def _emails(one: Party, other: Party, _likeness: float) -> Iterator[Reason]:
    distance = _nearest(one.emails, other.emails)
    if distance == 0:
        yield Reason("Same e-mail address", {}, 45)
    elif distance in (1, 2):
        yield Reason("E-mail address differs in {count} characters", {"count": distance}, 25)
    elif distance is not None:
        yield Reason("Different e-mail address", {}, -8)


def _nearest(some: tuple[str, ...], others: tuple[str, ...]) -> int | None:
    """Return the smallest edit distance between two lists (3 stands for more than 2), None when one is empty."""
    return min((OSA.distance(one, other, score_cutoff=2) for one in some for other in others), default=None)


def _addresses(one: Party, other: Party, likeness: float) -> Iterator[Reason]:
    if not (one.address and other.address):
        return
    short, long = sorted((one.address, other.address), key=len)
    contained = long.startswith(short) or long.endswith(short)
    alike = 1.0 if contained else Levenshtein.normalized_similarity(short, long)
    houses = _NUMBERS.findall(one.address)[:1], _NUMBERS.findall(other.address)[:1]
    same_house = houses[0] == houses[1] != []
    if alike >= 0.95 and same_house:
        # Two people of one name in one flat are one; a family shares the flat but not the name.
        yield Reason("Same address", {}, 30 if one.kind == "company" or likeness < _SAME_ENOUGH["person"] else 42)
    elif alike >= 0.85 and same_house:
        yield Reason("Similar address", {}, 20)
    elif alike < 0.55:
        yield Reason("Different address", {}, -12)
