"""The segments page: counts, drill-down, links that open what was counted, and labels that stay text."""

from __future__ import annotations

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from cim import service
from cim.i18n import _
from cim.models.customer import CustomerDraft
from cim.models.segment import Dimension
from cim.ui import charts, links
from tests.factories import Personas
from tests.pages.conftest import OpenPage
from tests.population import populate

PAGE = "pages/segments.py"


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def table(app: AppTest) -> dict[str, int]:
    """Label to count, as the table behind the chart shows it."""
    frame = app.dataframe[0].value
    return {str(row.iloc[0]): int(row.iloc[-2]) for _place, row in frame.iterrows()}


def test_everybody_sees_the_counts_of_the_service(people: Personas, open_page: OpenPage) -> None:
    populate(people, seed=6, customers=40)
    for me in people:
        app = open_page(me, PAGE)
        assert not app.exception, me.username
        assert table(app) == {r.label: r.count for r in service.segments.count(me, Dimension.REGION).rows}


def test_dimensions_and_region_come_from_the_address(people: Personas, open_page: OpenPage) -> None:
    populate(people, seed=6, customers=40)
    app = open_page(people.mei, PAGE, by="industry")
    assert table(app) == {r.label: r.count for r in service.segments.count(people.mei, Dimension.INDUSTRY).rows}
    app = open_page(people.mei, PAGE, by="region", region="320000")
    assert "江苏省" in texts(app)
    app.button(key="segments.to.").click().run()
    assert "region" not in app.query_params
    app = open_page(people.mei, PAGE, **{"by": "region", "and": "owner"})
    assert not app.exception
    assert set(app.dataframe[0].value.columns) == {_("Region"), _("Owner"), _("Customers"), _("Share")}


def test_a_nonsense_address_is_no_error(people: Personas, open_page: OpenPage) -> None:
    populate(people, seed=6, customers=10)
    for query in ({"by": "<b>"}, {"and": "x"}, {"region": "nowhere"}, {"by": "region", "and": "region"}):
        assert not open_page(people.ann, PAGE, **query).exception, query


def test_an_empty_base_says_so(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert [info.value for info in app.info] == [_("There are no customers to count here yet.")]


def test_a_group_opens_exactly_its_customers(people: Personas, open_page: OpenPage) -> None:
    populate(people, seed=6, customers=30)
    for dimension in (Dimension.REGION, Dimension.INDUSTRY, Dimension.GRADE, Dimension.LIFECYCLE):
        for row in (
            service.segments.count(people.mei, dimension).rows[:2]
            + service.segments.count(people.mei, dimension).rows[-1:]
        ):
            assert row.filter is not None
            app = open_page(people.mei, "pages/search.py", **links.customers(row.filter))
            assert _("{total} customers", total=row.count) in texts(app), (dimension, row.label)


def test_labels_are_text_and_not_markup(people: Personas, open_page: OpenPage) -> None:
    evil = '<a href="javascript:alert(1)">行业</a> & **粗**'
    service.customers.create(people.ann, CustomerDraft(name="客户甲", industry=evil[:60]))
    app = open_page(people.ann, PAGE, by="industry")
    assert not app.exception
    figure = json.dumps(charts.bars([evil], [1]), ensure_ascii=False)
    assert "<a" not in figure
    assert "&lt;a" in figure
    assert "<a" not in json.dumps(charts.tiles([(evil, evil, 1)])) + json.dumps(
        charts.heat([evil], [evil], [[1]])["layout"]
    )


def test_bars_of_the_same_name_stay_apart() -> None:
    figure = charts.bars(["王芳", "王芳"], [3, 2])
    assert figure["data"][0]["y"] == [0, 1]
    assert figure["layout"]["yaxis"]["ticktext"] == ["王芳", "王芳"]


def test_tiles_add_up() -> None:
    trace = charts.tiles([("华东", "制造业", 3), ("华东", "教育", 2), ("华南", "教育", 1)])["data"][0]
    assert dict(zip(trace["ids"], trace["values"], strict=True)) == {"0": 5, "1": 1, "0/0": 3, "0/1": 2, "1/2": 1}


def test_a_refusal_is_not_kept(home: Path) -> None:
    assert charts.kept(("refused",), lambda: None) is None
    assert charts.kept(("refused",), lambda: 5) == 5
    assert charts.kept(("refused",), lambda: 6) == 5
