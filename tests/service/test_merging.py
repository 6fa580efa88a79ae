"""Merging: one record of several, nothing lost below them, and taken apart again to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from cim import service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import metadata
from cim.models.activity import ActivityDraft
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from cim.service import merging
from tests.factories import Personas, history, recorded

create, get, merge, search = (getattr(service.customers, n) for n in ("create", "get", "merge", "search"))


def firm(people: Personas, name: str, who: Any = None, **values: object) -> int:
    return create(who or people.ann, CustomerDraft.model_validate({"name": name, **values}), duplicate_reason="另一家")


@pytest.fixture
def pair(people: Personas) -> tuple[int, int]:
    """Two records of one firm, with people and follow-ups below the second."""
    one = firm(people, "南京信诺环保科技有限公司", phone="13800138000", tags=["重点"], notes="老客户", source="展会")
    two = firm(
        people,
        "信诺环保（南京）",
        phone="13900139000",
        email="a@xinnuo.cn",
        tags=["账期长"],
        notes="喜欢电话",
        industry="制造业",
    )
    service.contacts.add(people.ann, two, ContactDraft(name="郑霞燕", phone="13911112222", email="z@xinnuo.cn"))
    service.activities.log(people.ann, two, ActivityDraft(content="谈了价格"))
    return one, two


def test_the_winner_keeps_its_values_and_gets_what_it_lacks(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    with recorded("customers.merge", by=people.ann):
        assert merge(people.ann, one, [two], reason="同一家") == one
    view = get(people.ann, one)
    assert (view.name, view.phone, view.phone2) == ("南京信诺环保科技有限公司", "13800138000", "13900139000")
    assert (view.email, view.industry, view.source) == ("a@xinnuo.cn", "制造业", "展会")
    assert view.tags == ["账期长", "重点"]
    assert view.notes == "老客户\n喜欢电话"
    assert {e.reason for e in history() if e.action == "customers.merge"} == {"同一家"}


def test_a_chosen_value_wins_even_when_it_is_empty(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    merge(people.ann, one, [two], choices={"name": two, "phone": two, "notes": two, "source": two, "tags": one})
    view = get(people.ann, one)
    assert (view.name, view.phone, view.notes, view.source) == ("信诺环保（南京）", "13900139000", "喜欢电话", "")
    assert view.phone2 == "13800138000"
    assert view.tags == ["重点"]


def test_what_belongs_to_a_record_moves_and_is_found(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    merge(people.mei, one, [two])
    [contact] = service.contacts.list(people.ann, one)
    assert (contact.name, contact.phone, contact.email) == ("郑霞燕", "13911112222", "z@xinnuo.cn")
    [talk] = service.activities.timeline(people.ann, customer_id=one)
    assert (talk.content, talk.author) == ("谈了价格", "安晓然")
    assert get(people.ann, one).last_contact_at == talk.at
    for typed in ("13911112222", "郑霞燕", "2222"):
        assert [row.id for row in search(people.ann, CustomerFilter(q=typed)).rows] == [one]


def test_an_old_number_and_an_old_code_lead_to_the_winner(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    old = get(people.ann, two).code
    merge(people.ann, one, [two])
    with pytest.raises(NotFound):
        get(people.ann, two)
    standing = service.customers.successor(people.ann, two)
    assert standing is not None
    assert standing.id == one
    assert service.customers.successor(people.bo, two) is None
    assert service.customers.successor(people.ann, one) is None
    assert [row.id for row in search(people.ann, CustomerFilter(q=old)).rows] == [one]
    with pytest.raises(Invalid):
        firm(people, "另一家公司", code=old)
    third = firm(people, "第三条记录")
    merge(people.ann, third, [one])
    assert [row.id for row in search(people.ann, CustomerFilter(q=old)).rows] == [third]


@pytest.mark.parametrize(("who", "refusal"), [("bo", NotFound), ("audrey", Denied)])
def test_only_who_may_change_all_of_them_merges(
    people: Personas, pair: tuple[int, int], who: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        merge(getattr(people, who), pair[0], [pair[1]])


def test_a_record_of_somebody_else_or_of_the_pool_is_not_swallowed(people: Personas, pair: tuple[int, int]) -> None:
    foreign = firm(people, "薄的公司", people.bo)
    pool = firm(people, "公海公司", people.root, owner_id=None)
    with pytest.raises(NotFound):
        merge(people.ann, pair[0], [foreign])
    with pytest.raises(Denied):
        merge(people.ann, pair[0], [pool])
    assert get(people.bo, foreign).name == "薄的公司"


def test_what_cannot_be_merged_is_refused(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    with pytest.raises(Invalid):
        merge(people.ann, one, [one])
    with pytest.raises(Invalid):
        merge(people.ann, one, [two], choices={"uid": two})
    with pytest.raises(Invalid):
        merge(people.ann, one, [two], choices={"name": 999})
    with pytest.raises(Conflict):
        merge(people.ann, one, [two], versions={two: 99})
    assert search(people.ann).total == 2


def test_a_second_press_merges_once(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    assert merge(people.ann, one, [two], token="t") == merge(people.ann, one, [two], token="t") == one


def test_every_table_below_a_customer_is_dealt_with() -> None:
    """A table that refers to a customer and is not named here would lose its rows in a merge."""
    refers = {
        f"{table.name}.{key.parent.name}"
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "customer"
    }
    moved = {f"{model.__tablename__}.customer_id" for model in merging.MOVED}
    joined = {"star.customer_id", "customer_tag.customer_id", "duplicate_pair.a_id", "duplicate_pair.b_id"}
    follows = {"lookup_key.customer_id", "customer_search.customer_id", "worklist_entry.customer_id"}
    stays = {"customer.merged_into_id", "merge.winner_id", "merge.loser_id", "notice.customer_id"}
    assert refers == moved | joined | follows | stays


def test_a_preview_puts_what_differs_first_and_counts_what_moves(people: Personas, pair: tuple[int, int]) -> None:
    seen = service.customers.merge_preview(people.ann, pair)
    differing = [field.name for field in seen.fields if field.differs]
    assert [field.name for field in seen.fields][: len(differing)] == differing
    assert set(differing) == {"name", "phone", "email", "tags", "notes", "source", "industry"}
    assert {field.name: field.values for field in seen.fields}["phone"] == {
        pair[0]: "13800138000",
        pair[1]: "13900139000",
    }
    one, two = seen.sides
    assert (two.contacts, two.activities, two.tasks, two.files) == (1, 1, 0, 0)
    assert [one.best, two.best].count(True) == 1
    assert one.may_change


def test_a_preview_masks_and_keeps_foreign_records_out(people: Personas, pair: tuple[int, int]) -> None:
    foreign = firm(people, "薄的公司", people.bo)
    seen = service.customers.merge_preview(people.ann, [*pair, foreign, 999])
    assert [side.id for side in seen.sides] == list(pair)
    assert [(record.name, record.owner) for record in seen.out_of_reach] == [("薄**", "薄文博")]
    masked = service.customers.merge_preview(people.kai, pair)
    phones = next(field for field in masked.fields if field.name == "phone")
    assert set(phones.values.values()) == {"138****8000", "139****9000"}
    with pytest.raises(Denied):
        service.customers.merge_preview(people.audrey, pair)
    with pytest.raises(Invalid):
        service.customers.merge_preview(people.ann, range(1, 99))


def test_who_assigns_customers_merges_those_of_the_pool(people: Personas, pair: tuple[int, int]) -> None:
    pool = firm(people, "公海公司", people.root, owner_id=None)
    merge(people.mei, pool, [pair[0]])
    view = get(people.ann, pool)
    assert view.owner == "安晓然"
    service.customers.unmerge(people.mei, pair[0])
    assert get(people.ann, pool).owner_id is None


def test_files_move_and_stay_readable(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    file = service.files.add(people.ann, two, "合同.txt", "第一条".encode())
    merge(people.ann, one, [two])
    assert [view.id for view in service.files.list(people.ann, one)] == [file]
    assert service.files.read(people.ann, file) == "第一条".encode()
    service.customers.unmerge(people.ann, two)
    assert [view.id for view in service.files.list(people.ann, two)] == [file]
    assert service.files.read(people.ann, file) == "第一条".encode()


def test_the_history_of_a_merged_record_stays_readable(people: Personas, pair: tuple[int, int]) -> None:
    one, two = pair
    view = get(people.ann, two)
    service.customers.update(people.ann, two, CustomerDraft(name="信诺环保南京公司"), version=view.version)
    before = len(service.activities.history(people.ann, one))
    merge(people.ann, one, [two])
    actions = [change.action for change in service.activities.history(people.ann, one)]
    assert len(actions) > before + 1
    assert "customers.merge" in actions


def test_a_preview_is_no_way_to_ask_for_masked_values(people: Personas) -> None:
    service.custom.define(people.root, CustomFieldDraft(noun=Noun.CUSTOMER, label="车牌号", personal=True))
    key = service.custom.fields(people.root, Noun.CUSTOMER)[0].key
    values = {"phone": "13800138000", "birthday": "1990-01-02", "custom": {key: "苏A12345"}}
    personal = {"phone", "birthday", f"custom.{key}"}
    pool = firm(people, "公海", people.root, owner_id=None, kind="person", **values)
    mine = [firm(people, name, kind="person", **values) for name in ("张三", "李四")]

    def differing(*ids: int) -> set[str]:
        return {field.name for field in service.customers.merge_preview(people.ann, ids).fields if field.differs}

    assert differing(*mine) & personal == set()
    assert differing(mine[0], pool) & personal == personal
    guess = firm(people, "王五", kind="person", phone="13800138001", birthday="1990-01-03", custom={key: "苏A12346"})
    assert differing(guess, pool) == differing(mine[0], pool)
