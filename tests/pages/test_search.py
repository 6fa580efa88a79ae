"""The list of customers: found however typed, narrowed by the URL, only what is one's own."""

from __future__ import annotations

import pytest

from cim import service
from cim.models.customer import CustomerDraft
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/search.py"


@pytest.fixture
def three(people: Personas) -> list[int]:
    drafts = [
        (
            people.ann,
            CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000", region="江苏省南京市", grade="A"),
        ),
        (people.ann, CustomerDraft(name="深圳远大贸易有限公司", phone="13900139001", region="广东省深圳市")),
        (people.bo, CustomerDraft(name="成都蓝天餐饮管理有限公司", phone="13700137002")),
    ]
    return [service.customers.create(me, draft) for me, draft in drafts]


def names(app: object) -> list[str]:
    return [str(name) for name in app.dataframe[0].value["name"]] if app.dataframe else []  # type: ignore[attr-defined]


@pytest.mark.parametrize(("q", "found"), [("信诺", 1), ("8000", 1), ("ydmy", 1), ("蓝天", 0), ("有限公司", 2), ("", 2)])
def test_ann_finds_hers_and_only_hers(
    people: Personas, three: list[int], open_page: OpenPage, q: str, found: int
) -> None:
    app = open_page(people.ann, PAGE, **({"q": q} if q else {}))
    assert not app.exception
    assert len(names(app)) == found
    assert not any("蓝天" in name for name in names(app))


def test_typing_puts_the_words_into_the_url(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.text_input(key="search.q").input("xinnuo").run()
    assert names(app) == ["南京信诺环保科技有限公司"]
    assert app.query_params["q"] in ("xinnuo", ["xinnuo"])


def test_a_link_narrows_and_each_filter_can_be_taken_away(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    app = open_page(people.mei, PAGE, region="320000", grade="A")
    assert names(app) == ["南京信诺环保科技有限公司"]
    app.button(key="search.drop.region").click().run()
    app.button(key="search.drop.grade").click().run()
    assert len(names(app)) == 3


def test_a_link_with_nonsense_says_so(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, owner="ann", idle_days="soon")
    assert not app.exception
    assert app.warning
    assert len(names(app)) == 2


@pytest.mark.parametrize("asked", [{"idle_days": "9" * 12}, {"owner": "9" * 30}, {"created_to": "9999-12-31"}])
def test_a_link_with_odd_numbers_opens(people: Personas, open_page: OpenPage, asked: dict[str, str]) -> None:
    app = open_page(people.ann, PAGE, **asked)
    assert not app.exception
    assert not app.error


def test_auditor_sees_masked_numbers(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE)
    assert set(app.dataframe[0].value["phone"]) == {"138****8000", "139****9001", "137****7002"}


def test_an_empty_list_leads_on(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, q="没有这个客户")
    assert not app.exception
    assert app.info


def test_an_export_needs_a_reason_and_is_recorded(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert app.button(key="search.export.prepare").disabled
    app.text_input(key="search.export.reason").input("展会名单").run()
    with recorded("exports.customers", by=people.ann, times=1):
        app.button(key="search.export.prepare").click().run()
    assert not app.exception
