"""Segments: each group opens exactly the customers it counts, for everybody; the groups add up to the whole."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from cim import i18n, service
from cim.access import Actor
from cim.models.customer import CustomerDraft, Grade, Lifecycle
from cim.models.listing import CustomerFilter
from cim.models.segment import Dimension
from tests.factories import Personas, queries
from tests.population import populate

count = service.segments.count


def listed(me: Actor, narrowed: CustomerFilter) -> int:
    return service.customers.search(me, narrowed, size=1).total


@pytest.mark.parametrize("seed", range(3))
def test_every_group_is_the_length_of_its_list(people: Personas, seed: int) -> None:
    populate(people, seed=seed)
    for me, dimension in product(people, Dimension):
        found = count(me, dimension)
        assert found.total == sum(row.count for row in found.rows) == listed(me, CustomerFilter())
        for row in found.rows:
            assert row.filter is not None
            assert row.count == listed(me, row.filter), (me.username, row.label)


def test_every_cell_of_two_dimensions_is_the_length_of_its_list(people: Personas) -> None:
    populate(people, seed=7, customers=40)
    narrowed = CustomerFilter(industry="制造业", lifecycle=Lifecycle.PROSPECT)
    for me, within in ((people.ann, CustomerFilter()), (people.mei, narrowed)):
        for first, second in combinations(Dimension, 2):
            found = count(me, first, second=second, narrowed=within)
            assert found.total == listed(me, within)
            for row in found.rows:
                assert row.filter is not None
                assert row.count == listed(me, row.filter), (me.username, row.label, row.second_label)


def test_regions_open_level_by_level_and_include_what_lies_below(people: Personas) -> None:
    for number, region in enumerate(("江苏省南京市", "江苏省南京市", "江苏省苏州市", "江苏省", "广东省深圳市", "")):
        draft = CustomerDraft(name=f"客户{'甲乙丙丁戊己'[number]}厂", region=region)
        service.customers.create(people.ann, draft, duplicate_reason="测试")
    top = count(people.ann, Dimension.REGION)
    assert {row.value: row.count for row in top.rows} == {"east": 4, "south": 1, "": 1}
    east = count(people.ann, Dimension.REGION, narrowed=CustomerFilter(region="east"))
    assert [(row.label, row.count, row.deeper) for row in east.rows] == [("江苏省", 4, True)]
    province = count(people.ann, Dimension.REGION, narrowed=CustomerFilter(region="320000"))
    assert [name for _code, name in province.path] == ["华东", "江苏省"]
    assert sorted(row.count for row in province.rows) == [1, 1, 2]
    assert [(row.count, row.deeper) for row in province.rows if row.filter is None] == [(1, False)]
    city = count(people.ann, Dimension.REGION, narrowed=CustomerFilter(region="320100"))
    assert [(row.count, row.filter) for row in city.rows] == [(2, CustomerFilter(region="320100"))]


def test_what_is_not_filled_in_is_counted_and_can_be_opened(people: Personas) -> None:
    service.customers.create(people.ann, CustomerDraft(name="空白商行"))
    for dimension in (Dimension.REGION, Dimension.INDUSTRY, Dimension.SOURCE, Dimension.GRADE):
        [row] = count(people.ann, dimension).rows
        assert (row.value, row.count) == ("", 1)
        assert listed(people.ann, row.filter or CustomerFilter(grade=Grade.A)) == 1


def test_labels_speak_the_language_of_the_visitor(people: Personas) -> None:
    service.customers.create(people.root, CustomerDraft(name="空白商行", owner_id=None))
    with i18n.use("en"):
        assert [row.label for row in count(people.ann, Dimension.OWNER).rows] == ["Public pool"]


def test_the_number_of_queries_does_not_grow(people: Personas) -> None:
    populate(people, seed=1, customers=5)
    with queries(7) as few:
        count(people.mei, Dimension.REGION, second=Dimension.OWNER)
    populate(people, seed=2, customers=80)
    with queries(len(few)):
        count(people.mei, Dimension.REGION, second=Dimension.OWNER)
