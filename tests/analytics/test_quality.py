"""Data quality of one customer: a table worked by hand, each reason, and the bounds that hold for everything."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest

from cim.analytics import quality
from cim.analytics.area_codes import province_of_phone
from cim.analytics.quality import Part

FIRM: dict[str, Any] = {
    "kind": "company",
    "name": "南京信诺环保科技有限公司",
    "phone": "+8613800138000",
    "email": "zs@qq.com",
    "uscc": "91110108551385082Q",
    "region_code": "320100",
    "address": "江苏省南京市江宁区迎宾路892号",
    "industry": "环保",
    "source": "展会",
    "owner_id": 1,
}
MAN: dict[str, Any] = {
    "kind": "person",
    "name": "张三丰",
    "gender": "female",
    "birthday": date(1949, 12, 31),
    "id_number": "11010519491231002X",
    "wechat": "zhang_sf",
    "region_code": "110000",
    "source": "",
    "owner_id": 1,
}

# values, circumstances, (complete, valid, unique, fresh), points
BY_HAND: list[tuple[dict[str, Any], dict[str, Any], tuple[float, float, float, float], int]] = [
    (FIRM, {}, (40, 30, 15, 15), 100),
    # a name alone: 3 of 10 weights, nothing to check
    ({"kind": "company", "name": "甲"}, {}, (12, 0, 15, 15), 42),
    ({"kind": "company", "name": "甲", "owner_id": 1}, {}, (16, 0, 15, 15), 46),
    # no source (4); three of three checked
    (MAN, {}, (36, 30, 15, 15), 96),
    # one of four checked fields wrong: 7.5
    (FIRM | {"uscc": "91110108551385082X"}, {}, (40, 22.5, 15, 15), 93),
    (FIRM | {"email": "zs@qq"}, {}, (40, 22.5, 15, 15), 93),
    (FIRM | {"email": "zs@qq", "phone": "12345"}, {}, (40, 15, 15, 15), 85),
    # no way to reach anybody (12); two checked fields
    (FIRM | {"phone": "", "email": ""}, {}, (28, 30, 15, 15), 88),
    (FIRM, {"pair": 70}, (40, 30, 0, 15), 85),
    (FIRM, {"pair": 69}, (40, 30, 7.5, 15), 93),
    (FIRM, {"pair": 45}, (40, 30, 7.5, 15), 93),
    (FIRM, {"pair": 44}, (40, 30, 15, 15), 100),
    (FIRM, {"idle_days": 180}, (40, 30, 15, 15), 100),
    (FIRM, {"idle_days": 455}, (40, 30, 15, 7.5), 93),  # half way from 180 to 730
    (FIRM, {"idle_days": 730}, (40, 30, 15, 0), 85),
    (FIRM, {"idle_days": 9999}, (40, 30, 15, 0), 85),
    (FIRM, {"idle_days": 45, "fresh_days": 30, "stale_days": 60}, (40, 30, 15, 7.5), 93),
]


@pytest.mark.parametrize(("values", "given", "parts", "points"), BY_HAND)
def test_worked_by_hand(values: dict[str, Any], given: dict[str, Any], parts: tuple[float, ...], points: int) -> None:
    score = quality.score(values, **given)
    assert tuple(score.parts.values()) == pytest.approx(parts)
    assert score.points == points


DOUBTS: list[tuple[dict[str, Any], str]] = [
    (FIRM | {"region_code": "310000"}, "region"),
    (FIRM | {"phone": "+862133334444"}, "phone"),  # rings in Shanghai, the region is in Jiangsu
    (FIRM | {"phone2": "+861066668888"}, "phone2"),
    (MAN | {"birthday": date(1949, 12, 30)}, "birthday"),
    (MAN | {"gender": "male"}, "id_number"),
]
ERRORS: list[tuple[dict[str, Any], str]] = [
    (MAN | {"uscc": "91110108551385082Q"}, "uscc"),
    (FIRM | {"id_number": "11010519491231002X"}, "id_number"),
    (MAN | {"id_number": "110105194912310021"}, "id_number"),
    (MAN | {"birthday": date(1849, 12, 31), "id_number": ""}, "birthday"),
    (MAN | {"birthday": date(2030, 1, 1), "id_number": ""}, "birthday"),
]


@pytest.mark.parametrize(("values", "field"), DOUBTS)
def test_values_that_hardly_belong_together_count_until_somebody_confirms_them(
    values: dict[str, Any], field: str
) -> None:
    [reason] = [r for r in quality.score(values).reasons if r.part is Part.VALID]
    assert reason.field == field
    assert [r.field for r in quality.score(values, trusted=True).reasons if r.part is Part.VALID] == [field]
    assert not [r for r in quality.score(values, confirmed=True).reasons if r.part is Part.VALID]


@pytest.mark.parametrize(("values", "field"), ERRORS)
def test_what_is_wrong_stays_wrong(values: dict[str, Any], field: str) -> None:
    for confirmed in (False, True):
        score = quality.score(values, confirmed=confirmed, today=date(2026, 11, 22))
        assert [r.field for r in score.reasons if r.part is Part.VALID] == [field]


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("320000", "江苏省南京市江宁区迎宾路892号"),
        ("320100", "江宁区迎宾路892号"),
        ("320100", "迎宾路892号"),
        ("east", "江苏省南京市"),
        ("110000", "北京市朝阳区"),
        ("own-region", "北京市朝阳区"),
        ("", "北京市朝阳区"),
    ],
)
def test_one_place_written_in_two_ways_is_no_doubt(region: str, address: str) -> None:
    score = quality.score(FIRM | {"region_code": region, "address": address})
    assert not [r for r in score.reasons if r.part is Part.VALID]


def test_what_is_lost_is_what_the_reasons_say() -> None:
    chance = Random(7)
    options: dict[str, tuple[Any, ...]] = {
        "kind": ("company", "person"),
        "phone": ("", "+8613800138000", "+862133334444", "12"),
        "email": ("", "a@b.cn", "a@b"),
        "uscc": ("", "91110108551385082Q", "x"),
        "id_number": ("", "11010519491231002X", "1"),
        "birthday": (None, date(1949, 12, 31), date(1000, 1, 1)),
        "gender": ("", "male"),
        "region_code": (None, "320100", "310000"),
        "address": ("", "南京市江宁区1号"),
        "industry": ("", "x"),
        "source": ("", "x"),
        "owner_id": (None, 1),
    }
    for _ in range(2000):
        values = {"name": "甲"} | {name: chance.choice(several) for name, several in options.items()}
        score = quality.score(values, pair=chance.choice((0, 50, 90)), idle_days=chance.randrange(0, 900))
        assert 0 <= score.points <= 100
        assert sum(score.parts.values()) + sum(r.points for r in score.reasons) == pytest.approx(100)
        assert all(0 <= score.parts[part] <= most for part, most in quality.POINTS.items())
        assert [r.points for r in score.reasons] == sorted((r.points for r in score.reasons), reverse=True)
        personal = {str(values[name]) for name in ("phone", "email", "id_number", "address") if values[name]}
        assert not personal & {str(v) for r in score.reasons for v in r.params.values()}


@pytest.mark.parametrize(
    ("number", "province"),
    [
        ("+861066668888", "110000"),
        ("+862133334444", "310000"),
        ("+8651966668888;ext=8", "320000"),
        ("+8689866668888", "460000"),
        ("+868916668888", "540000"),
        ("+8663166668888", "370000"),
        ("+866606668888", "440000"),
        ("+8613800138000", ""),
        ("+864008001234", ""),
        ("+85223456789", ""),
        ("", ""),
    ],
)
def test_area_codes(number: str, province: str) -> None:
    assert province_of_phone(number) == province
