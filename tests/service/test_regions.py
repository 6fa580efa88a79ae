"""Regions: the shipped tree can be changed, customers follow, and every reader of regions knows at once."""

from __future__ import annotations

import pytest

from cim import service
from cim.access import SYSTEM, Actor
from cim.errors import Denied, Invalid, NotFound
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter
from cim.models.region import RegionDraft, RegionLevel
from cim.service import regions
from tests.factories import Personas, history, queries, recorded

NANJING, SUZHOU, JIANGSU, ZHEJIANG = "320100", "320500", "320000", "330000"


def customer(me: Actor, name: str, **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}))


def region_of(me: Actor, customer_id: int) -> tuple[str, str | None]:
    view = service.customers.get(me, customer_id)
    return view.region, view.region_code


def path_of(me: Actor, code: str) -> str | None:
    return next((r.path for r in regions.tree(me) if r.code == code), None)


def test_an_own_region_is_there_at_once_for_everybody(people: Personas) -> None:
    with recorded("regions.add", by=people.root, times=1):
        area = regions.add(people.root, RegionDraft(name="海外"))
    country = regions.add(people.root, RegionDraft(name="新加坡", parent_code=area))
    assert (area, country) == ("X001", "X002")
    shown = next(r for r in regions.tree(people.ann) if r.code == country)
    assert (shown.path, shown.level, shown.own) == ("海外 / 新加坡", RegionLevel.PROVINCE, True)
    by_name = customer(people.ann, "甲公司", region=" 新加坡")
    by_code = customer(people.ann, "乙公司", region=country)
    assert region_of(people.ann, by_name) == region_of(people.ann, by_code) == ("新加坡", country)
    assert service.customers.search(people.ann, CustomerFilter(region=area)).total == 2
    assert not service.customers.preview(people.ann, CustomerDraft(name="丙公司", region=country)).wrong


def test_an_own_city_is_read_with_and_without_its_province(people: Personas) -> None:
    code = regions.add(people.root, RegionDraft(name="江北新区", parent_code=JIANGSU))
    made = [customer(people.ann, f"第{i}家公司", region=text) for i, text in enumerate(["江北新区", "江苏省江北新区"])]
    assert {region_of(people.ann, i) for i in made} == {("江苏省江北新区", code)}
    assert service.customers.search(people.ann, CustomerFilter(region=JIANGSU)).total == 2


def test_an_import_reads_own_and_renamed_regions(people: Personas) -> None:
    regions.add(people.root, RegionDraft(name="海外"))
    regions.rename(people.root, NANJING, "金陵市")
    file = "客户名称,地区\n甲公司,海外\n乙公司,金陵市\n丙公司,南京\n丁公司,火星\n".encode()
    report = service.imports.run(people.ann, file, filename="a.csv", kind=ImportKind.CUSTOMERS)
    assert (report.added, report.failed) == (3, 1)
    assert [f.column for f in report.failures] == ["地区"]
    rows = service.customers.search(people.ann).rows
    assert {r.name: r.region for r in rows} == {"甲公司": "海外", "乙公司": "江苏省金陵市", "丙公司": "江苏省金陵市"}


def test_a_rename_keeps_code_and_customers(people: Personas) -> None:
    made = customer(people.ann, "甲公司", region="南京")
    with recorded("regions.rename", by=people.root, times=1):
        assert regions.rename(people.root, NANJING, "金陵市")
    assert not regions.rename(people.root, NANJING, "金陵市")
    assert region_of(people.ann, made) == ("江苏省金陵市", NANJING)
    entry = history()[-1]
    assert (entry.object_type, entry.object_id, entry.fields) == ("region", NANJING, "name")
    assert region_of(people.ann, customer(people.ann, "乙公司", region="江苏省金陵市"))[1] == NANJING


def test_a_moved_region_counts_where_it_lies_now(people: Personas) -> None:
    customer(people.ann, "甲公司", region="南京")
    with recorded("regions.move", by=people.root, times=1):
        assert regions.move(people.root, NANJING, ZHEJIANG)
    assert not regions.move(people.root, NANJING, ZHEJIANG)
    assert service.customers.search(people.ann, CustomerFilter(region=JIANGSU)).total == 0
    assert service.customers.search(people.ann, CustomerFilter(region=ZHEJIANG)).total == 1
    for where in (SUZHOU, "east"):
        with pytest.raises(Invalid) as refused:
            regions.move(people.root, NANJING, where)
        assert refused.value.field == "parent_code"


def test_a_removed_region_hands_its_customers_on_with_history(people: Personas) -> None:
    mine, others = customer(people.ann, "甲公司", region="南京"), customer(people.bo, "乙公司", region="南京")
    assert regions.use(people.root, NANJING).customers == 2
    with pytest.raises(Invalid, match="2 customers are in 南京市"):
        regions.remove(people.root, NANJING)
    with recorded("regions.remove", by=people.root, times=3):
        assert regions.remove(people.root, NANJING, successor=SUZHOU, reason="并入苏州") == 2
    assert region_of(people.ann, mine) == ("江苏省苏州市", SUZHOU)
    entries = [e for e in history() if e.action == "regions.remove"]
    assert {(e.object_type, e.object_id) for e in entries} == {
        ("customer", str(mine)),
        ("customer", str(others)),
        ("region", NANJING),
    }
    assert path_of(people.ann, NANJING) is None
    assert region_of(people.ann, customer(people.ann, "丙公司", region="南京市"))[1] == SUZHOU
    assert region_of(people.ann, customer(people.ann, "丁公司", address="南京市江宁区迎宾路1号"))[1] == SUZHOU
    assert service.customers.search(people.ann, CustomerFilter(q="苏州")).total == 3
    assert service.audit.verify(people.audrey).ok


def test_a_chain_of_successors_ends_at_a_living_region(people: Personas) -> None:
    regions.remove(people.root, NANJING, successor=SUZHOU)
    regions.remove(people.root, SUZHOU, successor="320200")
    assert region_of(people.ann, customer(people.ann, "甲公司", region="南京"))[1] == "320200"


def test_an_unused_region_goes_without_successor_and_does_not_come_back(people: Personas) -> None:
    code = regions.add(people.root, RegionDraft(name="海外"))
    assert regions.remove(people.root, code) == 0
    assert regions.remove(people.root, NANJING) == 0
    assert service.regions.seed(SYSTEM) == 0
    assert path_of(people.ann, NANJING) is None
    with pytest.raises(Invalid) as refused:
        customer(people.ann, "甲公司", region="南京")
    assert refused.value.field == "region"
    assert region_of(people.ann, customer(people.ann, "乙公司", address="南京市江宁区迎宾路1号"))[1] == JIANGSU
    assert regions.add(people.root, RegionDraft(name="海外")) == "X002"


def test_what_the_tree_refuses(people: Personas) -> None:
    before = len(history())
    for draft, field in (
        (RegionDraft(name=" "), "name"),
        (RegionDraft(name="华东"), "name"),
        (RegionDraft(name="苏州市", parent_code=JIANGSU), "name"),
        (RegionDraft(name="江宁", parent_code=NANJING), "parent_code"),
    ):
        with pytest.raises(Invalid) as refused:
            regions.add(people.root, draft)
        assert refused.value.field == field
    with pytest.raises(Invalid, match="lie below"):
        regions.remove(people.root, JIANGSU, successor=ZHEJIANG)
    with pytest.raises(Invalid):
        regions.remove(people.root, NANJING, successor=NANJING)
    for unknown in ("X999", "110101"):
        with pytest.raises(NotFound):
            regions.rename(people.root, unknown, "新名")
    assert len(history()) == before


def test_only_who_keeps_the_settings_changes_regions(people: Personas) -> None:
    for me in (people.ann, people.mei, people.kai, people.audrey):
        with pytest.raises(Denied):
            regions.add(me, RegionDraft(name="海外"))
        with pytest.raises(Denied):
            regions.remove(me, NANJING)


def test_reading_the_tree_is_one_query(people: Personas) -> None:
    with queries(2):
        assert len(regions.tree(people.ann)) > 400
