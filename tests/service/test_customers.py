"""Customers through the service: what a person does, what it refuses, and the history it leaves."""

from __future__ import annotations

import threading

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cim import db, service
from cim.errors import Conflict, Denied, Invalid, NotFound, PossibleDuplicate
from cim.models.customer import CustomerDraft, Grade, Kind
from cim.models.listing import CustomerFilter, Order
from cim.permissions import Permission
from cim.work import Work, command
from tests.factories import Personas, history, queries, recorded

create, get, update, search = (getattr(service.customers, n) for n in ("create", "get", "update", "search"))


def firm(name: str = "南京信诺环保科技有限公司", **values: object) -> CustomerDraft:
    return CustomerDraft.model_validate({"name": name, "phone": "138 0013 8000", "region": "江苏省南京市", **values})


def test_create_normalises_seals_and_records(people: Personas) -> None:
    with recorded("customers.create", by=people.ann, times=1):
        made = create(people.ann, firm(email="Zhang.San@QQ.com", address="江宁区迎宾路892号", tags=["重点", "账期长"]))
    view = get(people.ann, made)
    assert (view.phone, view.email, view.region, view.owner) == (
        "13800138000",
        "zhang.san@qq.com",
        "江苏省南京市",
        "安晓然",
    )
    assert view.tags == ["账期长", "重点"]
    assert history()[-1].fields.split(",")[:2] == ["owner_id", "kind"]
    with db.session(writing=False) as session:
        raw = session.connection().exec_driver_sql("SELECT phone, email, address FROM customer").one()
    assert all(b"138" not in bytes(value) and "迎宾路".encode() not in bytes(value) for value in raw)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "C" * 41),
        ("phone", "12345"),
        ("email", "not-an-email"),
        ("uscc", "91110108XXXXXXXXXX"),
        ("id_number", "1.10101E+17"),
        ("region", "火星"),
        ("name", " "),
    ],
)
def test_create_names_the_field_and_stores_nothing(people: Personas, field: str, value: str) -> None:
    before = len(history())
    with pytest.raises(Invalid) as refused:
        create(people.ann, firm(**{field: value}))
    assert refused.value.field == field
    assert search(people.ann).total == 0
    assert len(history()) == before


def test_same_customer_twice_is_refused_until_a_reason_is_given(people: Personas) -> None:
    create(people.ann, firm())
    with pytest.raises(PossibleDuplicate) as refused:
        create(people.bo, firm("南京信诺环保科技公司"))
    [match] = refused.value.matches
    assert match.sure
    assert match.phone == "138****8000"
    assert match.owner == "安晓然"
    assert match.code == ""
    second = create(people.bo, firm("南京信诺环保科技公司"), duplicate_reason="分公司")
    assert history()[-1].reason == "分公司"
    assert get(people.bo, second).name == "南京信诺环保科技公司"


def test_same_phone_under_another_name_is_told_and_not_refused(people: Personas) -> None:
    create(people.ann, firm())
    draft = firm("成都远山食品有限公司")
    shown = service.customers.preview(people.bo, draft)
    assert not shown.duplicates
    [other] = shown.sharing
    assert (other.phone, other.owner, other.code) == ("138****8000", "安晓然", "")
    assert other.name != "南京信诺环保科技有限公司"
    assert get(people.bo, create(people.bo, draft)).name == "成都远山食品有限公司"


def test_double_pressed_save_makes_one_customer(people: Personas) -> None:
    first = create(people.ann, firm(), token="t1")
    assert create(people.ann, firm(), token="t1") == first
    assert search(people.ann).total == 1


def test_two_people_saving_the_same_customer_at_once(people: Personas) -> None:
    outcomes: list[str] = []

    def save(me: object) -> None:
        try:
            create(me, firm())
            outcomes.append("saved")
        except PossibleDuplicate:
            outcomes.append("refused")

    threads = [threading.Thread(target=save, args=(me,)) for me in (people.ann, people.bo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "saved"]


def test_update_writes_only_what_differs(people: Personas) -> None:
    made = create(people.ann, firm())
    with recorded("customers.update", by=people.ann, times=1):
        assert update(people.ann, made, firm(grade="A"), version=1)
    assert history()[-1].fields == "grade"
    before = len(history())
    assert not update(people.ann, made, firm(grade="A"), version=2)
    assert len(history()) == before


def test_update_of_an_old_version_shows_what_is_stored(people: Personas) -> None:
    made = create(people.ann, firm())
    update(people.ann, made, firm(grade="A"), version=1)
    with pytest.raises(Conflict) as refused:
        update(people.mei, made, firm(grade="B"), version=1)
    assert refused.value.current["grade"] == Grade.A


def test_masked_values_survive_an_edit_by_somebody_who_cannot_see_them(people: Personas) -> None:
    made = create(people.ann, firm())
    assert get(people.kai, made).phone == "138****8000"
    update(people.kai, made, CustomerDraft(name="南京信诺环保科技有限公司", notes="已回访"), version=1)
    assert get(people.ann, made).phone == "13800138000"


def test_update_reads_from_a_field_what_adding_reads_from_it(people: Personas) -> None:
    made = create(people.ann, CustomerDraft(name="张三丰", kind=Kind.PERSON, phone="13800138000"))
    typed = CustomerDraft(name="张三丰", phone="13800138000，13900139000", id_number="11010519491231002X")
    assert update(people.ann, made, typed, version=get(people.ann, made).version)
    view = get(people.ann, made)
    assert (view.phone, view.phone2, str(view.birthday)) == ("13800138000", "13900139000", "1949-12-31")
    assert [row.id for row in search(people.ann, CustomerFilter(q="13900139000")).rows] == [made]


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**30])
def test_a_number_no_database_holds_is_not_found(people: Personas, number: int) -> None:
    with pytest.raises(NotFound):
        get(people.ann, number)


@pytest.mark.parametrize(
    "asked", [{"owner": 10**12}, {"idle_days": 10**12}, {"created_to": "9999-12-31"}, {"batch": -1}]
)
def test_a_filter_that_no_database_can_compare_with_is_no_filter(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CustomerFilter.model_validate(asked)


def test_errors_that_are_logged_hold_no_values(people: Personas) -> None:
    with db.session(writing=False) as session, pytest.raises(DBAPIError) as failed:
        session.execute(text("SELECT nothing FROM customer WHERE name = :name"), {"name": "张三丰"})
    with pytest.raises(ValidationError) as refused:
        CustomerDraft.model_validate({"name": "x", "kind": "张三丰"})
    assert "张三丰" not in f"{failed.value} {refused.value}"


def test_out_of_scope_is_not_found_and_read_only_is_denied(people: Personas) -> None:
    made = create(people.ann, firm())
    with pytest.raises(NotFound):
        get(people.bo, made)
    with pytest.raises(NotFound):
        update(people.bo, made, firm(), version=1)
    assert search(people.bo).total == 0
    assert search(people.bo, CustomerFilter(q="信诺")).total == 0
    assert search(people.bo, CustomerFilter(q="8000")).total == 0
    with recorded("customers.update", by=people.audrey, times=1), pytest.raises(Denied):
        update(people.audrey, made, firm(), version=1)
    assert history()[-1].result == "denied"


def test_reveal_is_recorded_and_not_for_everybody(people: Personas) -> None:
    made = create(people.ann, firm())
    with recorded("customers.reveal", by=people.kai, times=1):
        assert service.customers.reveal(people.kai, made, reason="回电").phone == "13800138000"
    with pytest.raises(Denied):
        service.customers.reveal(people.root, made)


def test_pool_is_visible_masked_and_can_be_claimed_once(people: Personas) -> None:
    made = create(people.root, firm(owner_id=None))
    assert get(people.bo, made).phone == "138****8000"
    service.customers.claim(people.bo, made)
    assert get(people.bo, made).phone == "13800138000"
    with pytest.raises(NotFound):
        service.customers.claim(people.ann, made)


def test_assign_moves_the_customer_between_scopes(people: Personas) -> None:
    made = create(people.ann, firm())
    with recorded("customers.assign", by=people.mei, times=1):
        service.customers.assign(people.mei, made, people.bo.user_id)
    assert get(people.bo, made).owner == "薄文博"
    with pytest.raises(NotFound):
        get(people.ann, made)


@pytest.mark.parametrize(
    "typed",
    [
        "诺",
        "环保",
        "诺环保",
        "南京信诺",
        "xinnuo",
        "nuohuan",
        "njxn",
        "8000",
        "138 0013 8000",
        "+86 13800138000",
        "１３８００１３８０００",
        "信诺 环保",
        "ZS@qq.com",
        "張三",
        "C000001",
    ],
)
def test_search_finds_it_however_it_is_typed(people: Personas, typed: str) -> None:
    made = create(people.ann, firm(contact="张三", email="zs@qq.com", code="C000001"))
    create(people.ann, CustomerDraft(name="上海远大贸易有限公司", phone="13900139001"))
    assert [r.id for r in search(people.ann, CustomerFilter(q=typed)).rows] == [made]


def test_search_ranks_exact_before_prefix_before_substring(people: Personas) -> None:
    for name in ("大信诺商行", "信诺商行二店", "信诺商行"):
        create(people.ann, CustomerDraft(name=name), duplicate_reason="测试")
    assert [r.name for r in search(people.ann, CustomerFilter(q="信诺商行")).rows] == [
        "信诺商行",
        "信诺商行二店",
        "大信诺商行",
    ]


def test_list_counts_its_queries(people: Personas) -> None:
    for number in range(12):
        create(
            people.ann, CustomerDraft(name=f"客户{number:02d}号{'甲乙丙丁戊己庚辛壬癸子丑'[number]}", kind=Kind.PERSON)
        )
    with queries(6):
        assert search(people.ann, order=Order.NAME, size=5).total == 12


def test_region_filter_includes_what_lies_below(people: Personas) -> None:
    create(people.ann, firm())
    create(people.ann, CustomerDraft(name="深圳某厂", region="广东省深圳市"))
    for region, total in (("320000", 1), ("east", 1), ("south", 1), ("320100", 1), ("440000", 1), ("110000", 0)):
        assert search(people.ann, CustomerFilter(region=region)).total == total


def test_a_reason_outlives_the_change_of_owner_within_an_action(people: Personas) -> None:
    made = service.customers.create(people.mei, firm())
    _renamed(people.mei, made, people.bo.user_id)
    assert {entry.reason for entry in history() if entry.action == "test_customers._renamed"} == {"整理"}


@command(Permission.CUSTOMER_WRITE)
def _renamed(work: Work, customer_id: int, owner_id: int) -> None:
    work.reason = "整理"
    version = service.customers.get(work, customer_id).version
    service.customers.update(work, customer_id, CustomerDraft(name="信诺", owner_id=owner_id), version=version)
