"""The page of possible duplicates: the queue, side by side, merging and back, bulk merge, and for whom it is."""

from __future__ import annotations

import pytest

from cim import service
from cim.access import SYSTEM
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from cim.models.search import PairStatus
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/duplicates.py"


def firm(me: object, name: str, **values: object) -> int:
    draft = CustomerDraft.model_validate({"name": name, **values})
    return service.customers.create(me, draft, duplicate_reason="另一家")  # type: ignore[arg-type]


@pytest.fixture
def pair(people: Personas) -> tuple[int, int]:
    """One firm twice, both ann's."""
    one = firm(people.ann, "南京信诺环保科技有限公司", phone="13800138000", notes="一", source="展会")
    two = firm(people.ann, "信诺环保科技（南京）有限公司", phone="13800138000", notes="*二*")
    service.contacts.add(people.ann, two, ContactDraft(name="何立"))
    return one, two


def button(app: object, key: str) -> object:
    return next(one for one in app.button if (one.key or "").startswith(key))  # type: ignore[attr-defined]


def test_the_queue_shows_a_pair_with_its_reasons(people: Personas, pair: tuple[int, int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert not app.exception
    assert any("1 对" in text.value for text in app.markdown)
    assert any("电话号码相同" in text.value and "\\+45" not in text.value for text in app.caption)
    with recorded("duplicates.decide", by=people.ann, times=1):
        button(app, "duplicates.decide.").click().run()  # type: ignore[attr-defined]
    assert any("0 对" in text.value for text in app.markdown)
    app = open_page(people.ann, PAGE, status="dismissed")
    button(app, "duplicates.decide.").click().run()  # type: ignore[attr-defined]
    assert service.duplicates.queue_list(people.ann).total == 1


def test_records_side_by_side_are_merged_and_taken_apart(
    people: Personas, pair: tuple[int, int], open_page: OpenPage
) -> None:
    one, two = pair
    app = open_page(people.ann, PAGE, ids=f"{one},{two}")
    assert not app.exception
    assert {radio.label for radio in app.radio} >= {"名称", "备注", "来源"}
    assert "电话" not in {radio.label for radio in app.radio}  # the same: folded
    name = next(radio for radio in app.radio if radio.label == "名称")
    name.set_value(two).run()
    with recorded("customers.merge", by=people.ann):
        button(app, "duplicates.merge.").click().run()  # type: ignore[attr-defined]
    view = service.customers.get(people.ann, one)
    assert (view.name, view.notes, view.source) == ("信诺环保科技（南京）有限公司", "一\n*二*", "展会")
    assert [contact.name for contact in service.contacts.list(people.ann, one)] == ["何立"]
    with recorded("customers.unmerge", by=people.ann):
        button(app, "duplicates.undo").click().run()  # type: ignore[attr-defined]
    assert not app.exception
    assert service.customers.get(people.ann, two).notes == "*二*"


def test_a_changed_record_is_not_merged_over(people: Personas, pair: tuple[int, int], open_page: OpenPage) -> None:
    one, two = pair
    app = open_page(people.ann, PAGE, ids=f"{one},{two}")
    version = service.customers.get(people.ann, two).version
    service.customers.update(people.ann, two, CustomerDraft(name="改名公司"), version=version)
    button(app, "duplicates.merge.").click().run()  # type: ignore[attr-defined]
    assert any("修改" in error.value for error in app.error)
    assert service.customers.search(people.ann).total == 2
    app.run()
    button(app, "duplicates.merge.").click().run()  # type: ignore[attr-defined]
    assert service.customers.search(people.ann).total == 1


def test_a_pair_is_told_apart_from_the_form(people: Personas, pair: tuple[int, int], open_page: OpenPage) -> None:
    [seen] = service.duplicates.queue_list(people.ann).rows
    app = open_page(people.ann, PAGE, ids=f"{pair[0]},{pair[1]}", pair=str(seen.id))
    button(app, "duplicates.apart").click().run()  # type: ignore[attr-defined]
    assert service.duplicates.queue_list(people.ann, status=PairStatus.DISMISSED).total == 1


@pytest.mark.parametrize("ids", ["1", "999,998", "1,zwei", ",", "0,1"])
def test_a_link_that_means_nothing_breaks_nothing(
    people: Personas, pair: tuple[int, int], open_page: OpenPage, ids: str
) -> None:
    app = open_page(people.ann, PAGE, ids=ids)
    assert not app.exception
    assert not [one for one in app.button if (one.key or "").startswith("duplicates.merge.")]


def test_a_foreign_record_is_named_masked_and_left_out(
    people: Personas, pair: tuple[int, int], open_page: OpenPage
) -> None:
    foreign = firm(people.bo, "薄的公司", phone="13900139000")
    app = open_page(people.ann, PAGE, ids=f"{pair[0]},{pair[1]},{foreign}")
    assert any("薄\\*\\*" in warning.value and "薄文博" in warning.value for warning in app.warning)
    shown = " ".join(text.value for text in (*app.markdown, *app.caption, *app.warning))
    assert "薄的公司" not in shown


def test_a_bulk_merge_asks_states_its_number_and_goes_back(
    people: Personas, pair: tuple[int, int], open_page: OpenPage
) -> None:
    service.duplicates.scan(SYSTEM)
    app = open_page(people.mei, PAGE)
    app.session_state["duplicates.bulk"] = True
    app.run()
    assert not app.exception
    run = button(app, "duplicates.accept.run")
    assert run.disabled  # type: ignore[attr-defined]
    assert "2" in run.label  # type: ignore[attr-defined]
    next(box for box in app.checkbox if box.key == "duplicates.accept.sure").check().run()
    with recorded("duplicates.accept", by=people.mei):
        button(app, "duplicates.accept.run").click().run()  # type: ignore[attr-defined]
    assert service.customers.search(people.ann).total == 1
    button(app, "duplicates.undo").click().run()  # type: ignore[attr-defined]
    assert service.customers.search(people.ann).total == 2


def test_only_who_manages_duplicates_may_scan(people: Personas, pair: tuple[int, int], open_page: OpenPage) -> None:
    keys = {button.key for button in open_page(people.ann, PAGE).button}
    assert "duplicates.scan" not in keys
    assert "duplicates.scan" in {button.key for button in open_page(people.mei, PAGE).button}
    refused = open_page(people.audrey, PAGE)
    assert [error.value for error in refused.error]


def test_an_old_link_leads_to_the_merged_customer(people: Personas, pair: tuple[int, int], open_page: OpenPage) -> None:
    one, two = pair
    service.customers.merge(people.ann, one, [two])
    app = open_page(people.ann, "pages/customer.py", id=str(two))
    assert any("南京信诺环保科技有限公司" in info.value for info in app.info)
    button(app, "customer.unmerge").click().run()  # type: ignore[attr-defined]
    assert service.customers.search(people.ann, CustomerFilter()).total == 2


def test_do_we_know_them_is_asked_from_an_empty_search(
    people: Personas, pair: tuple[int, int], open_page: OpenPage
) -> None:
    app = open_page(people.bo, "pages/search.py", q="信诺环保")
    with recorded("duplicates.known", by=people.bo, times=1):
        next(one for one in app.button if one.label == "查询").click().run()
    assert any("安晓然" in text.value for text in app.markdown)
    assert not any("信诺环保科技" in text.value for text in app.markdown)
