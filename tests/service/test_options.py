"""Option lists: order and retirement in what is offered, and renames and merges that take every record along."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from cim import db, service
from cim.access import Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Customer, SavedView, metadata
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from cim.models.option import OptionDraft, OptionView
from cim.permissions import Permission
from cim.service import options, wording
from cim.work import Work, command
from tests.factories import Personas, history, queries, recorded


def customer(me: Actor, name: str, **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}))


def option(people: Personas, name: str, value: str) -> OptionView:
    return next(o for o in options.of(people.root, name, retired=True, counted=True) if o.value == value)


def listed(people: Personas, name: str) -> list[str]:
    return [o.value for o in options.of(people.root, name)]


@pytest.fixture
def industries(people: Personas) -> Personas:
    for value in ("制造业", "零售", "软件"):
        options.add(people.root, OptionDraft(list="industry", value=value))
    return people


def test_the_list_comes_first_in_its_order_then_other_words_in_use(industries: Personas) -> None:
    people = industries
    for number, word in enumerate(["游戏", "游戏", "软件"]):
        customer(people.ann, f"第{number}家公司", industry=word)
    ids = [option(people, "industry", value).id for value in ("软件", "制造业")]
    with recorded("options.arrange", by=people.root):
        assert options.arrange(people.root, "industry", ids)
    assert not options.arrange(people.root, "industry", ids)
    assert service.customers.choices(people.ann)["industry"] == ["软件", "制造业", "零售", "游戏"]


def test_a_retired_word_stays_where_it_is_and_is_not_offered(industries: Personas) -> None:
    people = industries
    made = customer(people.ann, "甲公司", industry="零售")
    view = option(people, "industry", "零售")
    with recorded("options.change", by=people.root, times=1):
        options.change(people.root, view.id, version=view.version, retired=True)
    assert service.customers.get(people.ann, made).industry == "零售"
    assert service.customers.choices(people.ann)["industry"] == ["制造业", "软件"]
    assert service.customers.choices(people.ann, retired=True)["industry"] == ["制造业", "零售", "软件"]
    assert service.customers.update(people.ann, made, CustomerDraft(name="甲公司", grade="A"), version=1)  # type: ignore[arg-type]
    options.change(people.root, view.id, version=view.version + 1, retired=False)
    assert "零售" in service.customers.choices(people.ann)["industry"]


def test_a_rename_takes_every_customer_along_with_history(industries: Personas) -> None:
    people = industries
    mine, others = customer(people.ann, "甲公司", industry="零售"), customer(people.bo, "乙公司", industry="零售")
    away = customer(people.bo, "丙公司", industry="零售")
    service.customers.remove(people.bo, away, version=1)
    untouched = customer(people.bo, "丁公司", industry="软件")
    view = option(people, "industry", "零售")
    assert view.used == 2
    with recorded("options.change", by=people.root, times=4):
        assert options.change(people.root, view.id, version=view.version, value=" 批发和零售 ") == 3
    changed = [e for e in history() if e.action == "options.change"]
    assert {(e.object_type, e.fields) for e in changed} == {("customer", "industry"), ("option", "value")}
    assert {e.object_id for e in changed if e.object_type == "customer"} == {str(i) for i in (mine, others, away)}
    assert len({e.change_set_id for e in changed}) == 1
    assert service.customers.get(people.ann, mine).industry == "批发和零售"
    assert service.customers.get(people.bo, untouched).industry == "软件"
    assert option(people, "industry", "批发和零售").used == 2
    with pytest.raises(Conflict):
        service.customers.update(people.ann, mine, CustomerDraft(name="甲公司", industry="零售"), version=1)
    assert service.audit.verify(people.audrey).ok


def test_a_rename_of_a_tag_follows_and_no_open_form_brings_it_back(people: Personas) -> None:
    options.add(people.root, OptionDraft(list="tags", value="重点"))
    made = customer(people.ann, "甲公司", tags=["重点", "账期长"])
    view = option(people, "tags", "重点")
    assert options.change(people.root, view.id, version=view.version, value="VIP") == 1
    assert service.customers.get(people.ann, made).tags == ["VIP", "账期长"]
    [entry] = [e for e in history() if e.action == "options.change" and e.object_type == "customer"]
    assert entry.fields == "tags"
    with pytest.raises(Conflict):
        service.customers.update(people.ann, made, CustomerDraft(name="甲公司", tags=["重点"]), version=1)


def test_merging_tags_leaves_each_customer_with_one(people: Personas) -> None:
    for value in ("大客户", "重点"):
        options.add(people.root, OptionDraft(list="tags", value=value))
    both = customer(people.ann, "甲公司", tags=["大客户", "重点"])
    one = customer(people.bo, "乙公司", tags=["大客户"])
    with recorded("options.merge", by=people.root, times=3):
        assert options.merge(people.root, "tags", "大客户", "重点", reason="同一个意思") == 2
    assert service.customers.get(people.ann, both).tags == ["重点"]
    assert service.customers.get(people.bo, one).tags == ["重点"]
    assert listed(people, "tags") == ["重点"]
    assert history()[-1].reason == "同一个意思"
    found = service.customers.search(people.root, CustomerFilter(tag="重点"))
    assert found.total == option(people, "tags", "重点").used == 2


def test_a_misspelling_that_is_in_no_list_can_be_merged_away(industries: Personas) -> None:
    people = industries
    made = customer(people.ann, "甲公司", industry="制造叶")
    assert options.unlisted(people.root, "industry") == {"制造叶": 1}
    assert options.merge(people.root, "industry", "制造叶", "制造业") == 1
    assert service.customers.get(people.ann, made).industry == "制造业"
    for wrong in (("制造业", "制造业"), ("制造业", "没有"), ("没有", "制造业")):
        with pytest.raises(Invalid):
            options.merge(people.root, "industry", *wrong)


def test_saved_views_ask_for_the_new_word(industries: Personas) -> None:
    people = industries
    with db.session(writing=True) as session:
        wanted = {"industry": "零售", "q": "零售"}
        session.add(SavedView(name="零售客户", filter=wanted, user_id=people.ann.user_id or 0))
        session.commit()
    view = option(people, "industry", "零售")
    options.change(people.root, view.id, version=view.version, value="批发和零售")
    with db.session(writing=False) as session:
        kept = session.execute(select(SavedView)).scalar_one()
    assert kept.filter == {"industry": "批发和零售", "q": "零售"}


def test_a_merged_away_customer_stays_as_it_was(industries: Personas) -> None:
    people = industries
    keeper, loser = customer(people.ann, "甲公司", industry="软件"), customer(people.ann, "乙公司", industry="零售")
    with db.session(writing=True) as session:
        from cim.models import Customer

        session.get_one(Customer, loser).merged_into_id = keeper
        session.get_one(Customer, loser).deleted_at = session.get_one(Customer, keeper).created_at
        session.commit()
    view = option(people, "industry", "零售")
    assert options.change(people.root, view.id, version=view.version, value="批发") == 0


def test_words_in_use_and_shipped_ones_are_taken_in_by_one_click(people: Personas) -> None:
    for number, word in enumerate(["游戏", "游戏", "电影"]):
        customer(people.ann, f"第{number}家公司", industry=word)
    with recorded("options.adopt", by=people.root, times=2):
        assert options.adopt(people.root, "industry") == 2
    assert listed(people, "industry") == ["游戏", "电影"]
    assert options.adopt(people.root, "industry") == 0
    shipped = options.take_shipped(people.root, "source")
    assert shipped > 8
    assert "转介绍" in listed(people, "source")
    assert options.take_shipped(people.root, "source") == 0


def test_a_word_in_use_is_not_removed_and_an_unused_one_is(industries: Personas) -> None:
    people = industries
    customer(people.ann, "甲公司", industry="零售")
    used, unused = option(people, "industry", "零售"), option(people, "industry", "软件")
    with pytest.raises(Invalid, match="1 customers use 零售"):
        options.remove(people.root, used.id, version=used.version)
    with recorded("options.remove", by=people.root, times=1):
        options.remove(people.root, unused.id, version=unused.version)
    assert listed(people, "industry") == ["制造业", "零售"]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (OptionDraft(list="industry", value="制造业"), "value"),
        (OptionDraft(list="industry", value="  "), "value"),
        (OptionDraft(list="industry", value="长" * 61), "value"),
        (OptionDraft(list="industry", value="新", color="pink"), "color"),
        (OptionDraft(list="grade", value="E"), "list"),
    ],
)
def test_what_a_list_refuses(industries: Personas, draft: OptionDraft, field: str) -> None:
    before = len(history())
    with pytest.raises(Invalid) as refused:
        options.add(industries.root, draft)
    assert refused.value.field == field
    assert len(history()) == before


def test_two_administrators_do_not_overwrite_each_other(industries: Personas) -> None:
    people = industries
    view = option(people, "industry", "零售")
    options.change(people.root, view.id, version=view.version, color="red")
    with pytest.raises(Conflict):
        options.change(people.root, view.id, version=view.version, value="批发")
    with pytest.raises(Invalid, match="merge the two"):
        options.change(people.root, view.id, version=view.version + 1, value="软件")
    with pytest.raises(NotFound):
        options.change(people.root, 999, version=1, value="批发")
    assert options.colors(people.ann) == {"industry": {"零售": "red"}, "source": {}, "tags": {}}


def test_only_who_keeps_the_settings_changes_a_list(industries: Personas) -> None:
    for me in (industries.ann, industries.mei, industries.kai, industries.audrey):
        assert [o.value for o in options.of(me, "industry")] == ["制造业", "零售", "软件"]
        with pytest.raises(Denied):
            options.add(me, OptionDraft(list="industry", value="新"))
        with pytest.raises(Denied):
            options.merge(me, "industry", "零售", "软件")


def test_counts_reach_no_further_than_the_actor(industries: Personas) -> None:
    customer(industries.bo, "乙公司", industry="零售")
    assert [o.used for o in options.of(industries.ann, "industry", counted=True)] == [0, 0, 0]
    assert [o.used for o in options.of(industries.root, "industry", counted=True)] == [0, 1, 0]


def test_reading_lists_is_cheap(industries: Personas) -> None:
    with queries(3):
        options.of(industries.ann, "industry", counted=True)
    with queries(7):
        service.customers.choices(industries.ann)


def test_a_removed_customer_follows_and_is_still_not_found(people: Personas) -> None:
    made = customer(people.ann, "乙公司", region="江苏省南京市")
    service.customers.remove(people.ann, made, version=1)
    with db.session(writing=False) as session:
        before = session.get_one(Customer, made).region_code
    _moved(people.root, before)
    with db.session(writing=False) as session:
        assert session.get_one(Customer, made).region_code == "320500"
        left = select(func.count()).select_from(metadata.tables["customer_search"])
        assert session.execute(left).scalar_one() == 0


@command(Permission.SETTINGS_MANAGE)
def _moved(work: Work, code: str) -> None:
    assert wording.in_customers(work, wording.CUSTOMERS.region_code == code, "region_code", "320500") == 1
