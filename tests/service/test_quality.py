"""Data quality through the service: kept with each customer, scoped, never a personal value, and what to repair first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cim import clock, db, service
from cim.access import SYSTEM
from cim.errors import Denied, NotFound
from cim.models import Customer
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft
from cim.models.listing import CellEdit, CustomerFilter
from tests.factories import Personas, history, queries, recorded

FULL = {
    "phone": "13800138000",
    "region": "江苏省南京市",
    "industry": "环保",
    "source": "展会",
}


def made(me: Any, name: str = "南京信诺环保科技有限公司", **values: Any) -> int:
    draft = CustomerDraft.model_validate({"name": name, **values})
    return service.customers.create(me, draft, duplicate_reason="测试")


def held(customer_id: int) -> tuple[int, int]:
    """(quality, version) as stored."""
    with db.session(writing=False) as session:
        row = session.get_one(Customer, customer_id)
        return row.quality, row.version


def test_the_score_is_kept_where_values_change(people: Personas) -> None:
    bare, full = made(people.ann, "甲某商行"), made(people.ann, **FULL)
    assert (held(bare)[0], held(full)[0]) == (46, 100)
    assert service.quality.of(people.ann, bare).score == 46
    version = service.customers.get(people.ann, bare).version
    service.customers.update(people.ann, bare, CustomerDraft(name="甲某商行", phone="13900139001"), version=version)
    assert held(bare)[0] == 16 + 12 + 30 + 15 + 15
    service.pool.release(people.ann, bare, reason="换了")
    assert held(bare)[0] == 84, "nobody looks after it"


def test_an_import_is_judged_too(people: Personas) -> None:
    from cim.service import bulk, standards
    from cim.work import Permission, Work, command

    @command(Permission.IMPORT)
    def load(work: Work) -> list[int]:
        drafts = [CustomerDraft(name="甲某商行"), CustomerDraft.model_validate({"name": "乙某商行", **FULL})]
        return bulk.insert(work, [bulk.NewCustomer(standards.customer(d), owner_id=work.actor.user_id) for d in drafts])

    assert [held(i)[0] for i in load(people.ann)] == [46, 100]


def test_a_possible_double_costs_both_until_it_is_decided(people: Personas) -> None:
    first = made(people.ann, **FULL)
    second = made(people.ann, **FULL)
    assert (held(first)[0], held(second)[0]) == (85, 85)
    [reason] = service.quality.of(people.ann, first).reasons
    assert (reason.field, reason.points, reason.part) == ("duplicates", 15, "unique")


def test_reasons_say_what_to_do_and_hold_no_value(people: Personas) -> None:
    firm = made(people.ann, phone="021-33334444", region="江苏省南京市", address="上海市浦东新区世纪大道1号")
    view = service.quality.of(people.mei, firm)
    assert [(r.field, r.points) for r in view.reasons] == [
        ("phone", 15),
        ("region", 15),
        ("industry", 4),
        ("source", 4),
    ]
    assert sum(view.parts.values()) == view.score == 62
    assert all(r.text and r.fix for r in view.reasons)
    told = view.model_dump_json()
    assert "3333" not in told
    assert "浦东" not in told
    with pytest.raises(NotFound):
        service.quality.of(people.bo, firm)


def test_confirming_settles_doubts_until_a_value_changes(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-22T09:00:00+08:00")
    firm = made(people.ann, **{**FULL, "phone": "021-33334444"})
    assert held(firm)[0] == 85
    monkeypatch.setenv("CIM_NOW", "2026-11-22T10:00:00+08:00")
    with recorded("quality.confirm", by=people.ann, times=1):
        service.quality.confirm(people.ann, firm)
    assert history()[-1].fields == "confirmed_at"
    assert held(firm)[0] == 100
    monkeypatch.setenv("CIM_NOW", "2026-11-22T11:00:00+08:00")
    draft = CustomerDraft(name="南京信诺环保科技有限公司", notes="新地址")
    service.customers.update(people.ann, firm, draft, version=held(firm)[1])
    assert held(firm)[0] == 85
    for who, refusal in ((people.bo, NotFound), (people.audrey, Denied)):
        with pytest.raises(refusal):
            service.quality.confirm(who, firm)


def test_every_night_time_is_counted_and_the_day_written_down(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-01-01T09:00:00+08:00")
    ann = [made(people.ann, f"{c}某商行", **{**FULL, "phone": f"1380013800{n}"}) for n, c in enumerate("甲乙丙")]
    made(people.bo, "丁某商行")
    made(people.root, "戊某商行", owner_id=None)
    version = held(ann[0])[1]
    assert service.quality.snapshot(SYSTEM) == 5
    monkeypatch.setenv("CIM_NOW", "2028-01-01T09:00:00+08:00")  # 730 days later
    service.activities.log(people.ann, ann[1], ActivityDraft(content="打过电话"))
    before = len(history())
    assert service.quality.snapshot(SYSTEM) == 5
    assert service.quality.snapshot(SYSTEM) == 5, "twice a day is once"
    assert len(history()) == before, "derived: no history"
    assert [held(i)[0] for i in ann] == [85, 100, 85]
    assert held(ann[0])[1] == version, "an open form stays valid"
    points = service.quality.trend(people.ann, days=1000)
    assert [(str(p.day), p.score, p.customers) for p in points] == [("2026-01-01", 100, 3), ("2028-01-01", 90, 3)]
    base = service.quality.overview(people.ann)
    assert (base.customers, base.score, str(base.day)) == (3, 90, "2028-01-01")
    assert base.parts == {"complete": 40, "valid": 30, "unique": 15, "fresh": 5}
    assert service.quality.overview(people.root).customers == 5
    assert service.quality.trend(people.mei, days=1000)[0].score == pytest.approx((300 + 46 + 42) / 5, abs=0.05)


def test_groups_are_scoped_and_add_up(people: Personas) -> None:
    made(people.ann, **FULL)
    made(people.ann, "甲某商行")
    made(people.bo, "乙某商行")
    made(people.root, "丙某商行", owner_id=None)
    with queries(4):
        told = {g.name: (g.customers, g.score) for g in service.quality.by_owner(people.mei)}
    assert {g.name: g.low for g in service.quality.by_owner(people.mei)} == {"安晓然": 1, "薄文博": 1, "": 1}
    narrowed = CustomerFilter(owner=people.ann.user_id, quality_most=service.quality.LOW)
    assert service.customers.search(people.mei, narrowed).total == 1
    assert told == {"安晓然": (2, 73.0), "薄文博": (1, 46.0), "": (1, 42.0)}
    assert [g.name for g in service.quality.by_owner(people.mei)] == ["薄文博", "安晓然", ""]
    assert [(g.name, g.score) for g in service.quality.by_team(people.mei)] == [("华南组", 46.0), ("华东组", 73.0)]
    assert [g.name for g in service.quality.by_owner(people.bo)] == ["薄文博"]
    total = sum(row.quality for row in _all()) / 4
    assert service.quality.overview(people.root).score == pytest.approx(total, abs=0.05)
    assert service.quality.overview(people.kai).score == pytest.approx(total, abs=0.05)


def _all() -> list[Customer]:
    with db.session(writing=False) as session:
        return [session.get_one(Customer, i) for i in (1, 2, 3, 4)]


def test_without_customers_there_is_no_mean(people: Personas) -> None:
    base = service.quality.overview(people.ann)
    assert (base.score, base.customers, base.parts) == (None, 0, {})
    assert service.quality.trend(people.ann) == []
    assert service.quality.worst(people.ann) == []


def test_the_repairs_worth_most_come_first(people: Personas) -> None:
    plain = made(people.ann, "甲某商行", phone="13800138001")
    best = made(people.ann, "乙某商行", phone="13800138002", grade="A")
    spoken = made(people.ann, "丙某商行", phone="13800138003")
    service.activities.log(people.ann, spoken, ActivityDraft(content="打过电话"))
    bare = made(people.ann, "丁某商行")
    made(people.bo, "戊某商行")
    made(people.root, "己某商行", owner_id=None)
    fixes = service.quality.worst(people.ann)
    assert [(f.customer_id, f.field, f.worth) for f in fixes[:3]] == [
        (bare, "phone", 30.0),
        (bare, "reach", 12.0),
        (best, "industry", 8.0),
    ]
    assert [f.customer_id for f in fixes if f.worth == 5.2] == [spoken] * 3
    assert {f.customer_id for f in fixes} == {plain, best, spoken, bare}, "own ones only, and not the pool"
    assert len(service.quality.worst(people.ann, limit=2)) == 2
    assert {f.owner for f in service.quality.worst(people.mei, limit=100)} == {"安晓然", "薄文博"}
    assert "" in {f.owner for f in service.quality.worst(people.audrey, limit=100)}
    with queries(6):
        service.quality.worst(people.ann)


def test_the_campaign_lists_what_nobody_confirmed(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2025-01-01T09:00:00+08:00")
    old, best, told = (
        made(people.ann, f"{name}某商行", phone=f"1380013800{name_no}", grade=grade)
        for name_no, (name, grade) in enumerate((("甲", ""), ("乙", "A"), ("丙", "B")))
    )
    made(people.bo, "丁某商行")
    monkeypatch.setenv("CIM_NOW", "2025-12-27T09:00:00+08:00")  # 360 days
    assert service.quality.campaign(people.ann, months=13).total == 0
    found = service.quality.campaign(people.ann, months=12)
    assert [row.id for row in found.rows] == [best, told, old]
    assert found.total == 3
    assert found.rows[0].phone == "13800138001"
    narrowed = CustomerFilter(confirmed_before_days=found.days)
    assert service.customers.search(people.ann, narrowed).total == 3
    service.quality.confirm(people.ann, told)
    assert [row.id for row in service.quality.campaign(people.ann, months=12).rows] == [best, old]
    masked = service.quality.campaign(people.root, months=12).rows
    assert len(masked) == 3
    assert {row.phone for row in masked} == {"", "138****8000", "138****8001"}


def test_snapshot_is_the_systems_business(people: Personas) -> None:
    with pytest.raises(Denied):
        service.quality.snapshot(people.mei)
    service.quality.snapshot(people.root)


def test_an_analysis_for_other_programs(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    made(people.ann, "甲某商行")
    told = service.insights.quality(people.mei)
    assert (told["score"], told["by_owner"]) == (46.0, {"安晓然": 46.0})
    assert told["worst"][0]["code"] == service.customers.get(people.ann, 1).code
    assert service.insights.quality(people.bo)["score"] is None
    service.quality.snapshot(SYSTEM)
    today = clock.today()
    later = clock.now() + timedelta(days=3)
    monkeypatch.setenv("CIM_NOW", later.isoformat())
    assert service.insights.quality(people.mei, asof=today)["score"] == 46.0
    assert service.insights.quality(people.mei, asof=today - timedelta(days=1))["score"] is None


def test_repairs_save_what_is_right_and_name_what_is_wrong(people: Personas) -> None:
    first, second = made(people.ann, "甲某商行"), made(people.ann, "乙某商行")
    others = made(people.bo, "丙某商行")

    def cell(customer_id: int, field: str, value: str, version: int = 1) -> CellEdit:
        return CellEdit(id=customer_id, version=version, field=field, value=value)

    with recorded("repairs.save", by=people.ann, times=2):
        result = service.repairs.save(
            people.ann,
            [
                cell(first, "phone", "138 0013 8000"),
                cell(first, "region", "火星"),
                cell(first, "source", "展会"),
                cell(second, "industry", "环保"),
                cell(second, "notes", "x"),
                cell(others, "industry", "环保"),
            ],
        )
    assert result.done == 3
    assert [(s.id, s.name, s.field) for s in result.skipped] == [
        (first, "甲某商行", "region"),
        (second, "乙某商行", "notes"),
        (others, "", "industry"),
    ]
    view = service.customers.get(people.ann, first)
    assert (view.phone, view.region, view.source) == ("13800138000", "", "展会")
    assert view.quality == 16 + 12 + 4 + 60
    stale = service.repairs.save(people.ann, [cell(first, "industry", "环保")])
    assert (stale.done, stale.change_set, len(stale.skipped)) == (0, None, 1)
    assert result.change_set is not None
    service.undo.change_set(people.ann, result.change_set)
    assert service.customers.get(people.ann, first).phone == ""
    with pytest.raises(Denied):
        service.repairs.save(people.audrey, [])
