"""Contracts through the service: number, days, the word before they end, hand-over, and who may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cim import service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models.contract import ContractDraft, ContractStatus
from cim.models.customer import CustomerDraft
from cim.models.order import OrderDraft
from tests.factories import Personas, recorded

contracts = service.contracts
S = ContractStatus


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def draft(**values: Any) -> ContractDraft:
    return ContractDraft.model_validate({"title": "年度供货合同", **values})


def test_a_contract_and_the_orders_under_it(people: Personas, firm: int) -> None:
    told = draft(amount="120000.005", starts_on="2026-01-01", ends_on="2026-12-31", signed_on="2025-12-20")
    with recorded("contracts.create", by=people.ann, times=1):
        made = contracts.create(people.ann, firm, told, token="t")
    assert contracts.create(people.ann, firm, told, token="t") == made
    order = service.orders.record(people.ann, firm, OrderDraft(amount=Decimal(5), contract_id=made))
    view = contracts.get(people.ann, made)
    assert (view.number, view.amount, view.base_amount) == (
        f"HT2025{made:05d}",
        Decimal("120000.01"),
        Decimal("120000.01"),
    )
    assert (view.days_left, view.ends_soon, view.owner, view.status) == (43, False, "安晓然", S.ACTIVE)
    assert [each.id for each in view.orders] == [order]
    assert contracts.update(people.ann, made, draft(remind_days=60, ends_on="2026-12-31"), version=1)
    assert not contracts.update(people.ann, made, draft(), version=2)
    assert contracts.get(people.ann, made).ends_soon
    with pytest.raises(Conflict):
        contracts.update(people.ann, made, draft(), version=1)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("title", {"title": " "}),
        ("ends_on", {"starts_on": "2026-02-01", "ends_on": "2026-01-31"}),
        ("remind_days", {"remind_days": -1}),
        ("currency", {"currency": "USD", "amount": "1"}),
        ("contact_id", {"contact_id": 7}),
        ("amount", {"amount": "-1"}),
    ],
)
def test_refusals_name_the_field(people: Personas, firm: int, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        contracts.create(people.ann, firm, draft(**values))
    assert refused.value.field == field


def test_each_end_is_told_once(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = contracts.create(people.ann, firm, draft(ends_on="2026-12-18"))
    contracts.create(people.ann, firm, draft(title="不提醒", ends_on="2026-12-18", remind_days=0))
    contracts.create(people.ann, firm, draft(title="草稿", ends_on="2026-12-01", status="draft"))
    contracts.create(people.ann, firm, draft(title="过期", ends_on="2026-11-17"))
    monkeypatch.setenv("CIM_NOW", "2026-11-17T23:59:00+08:00")
    assert contracts.remind_due(people.root) == 1, "the one that ends that very day"
    monkeypatch.setenv("CIM_NOW", "2026-11-18T00:00:00+08:00")
    assert [contracts.remind_due(people.root) for _again in range(2)] == [1, 0]
    monkeypatch.setenv("CIM_NOW", "2026-12-01T09:00:00+08:00")
    assert contracts.remind_due(people.root) == 0
    contracts.update(people.ann, made, draft(ends_on="2026-12-25"), version=1)
    assert contracts.remind_due(people.root) == 1, "another end is told anew"
    told = service.notices.mine(people.ann)
    assert {notice.link for notice in told} == {f"/contract?id={made}", f"/contract?id={made + 3}"}


def test_ending_and_calling_off(people: Personas, firm: int) -> None:
    made = contracts.create(people.ann, firm, draft(ends_on="2026-12-01"))
    other = contracts.create(people.ann, firm, draft(title="框架合同"))
    assert [row.id for row in contracts.ending(people.ann)] == [made]
    for verb, status in ((contracts.end, S.ENDED), (contracts.cancel, S.CANCELLED), (contracts.activate, S.ACTIVE)):
        with recorded(f"contracts.{verb.__name__}", by=people.ann, times=1):
            assert verb(people.ann, made)
            assert not verb(people.ann, made)
        assert contracts.get(people.ann, made).status is status
    contracts.end(people.ann, made)
    assert contracts.ending(people.ann) == []
    assert [row.id for row in contracts.of_customer(people.ann, firm)] == [other, made]
    contracts.remove(people.ann, made, reason="重复")
    with pytest.raises(NotFound):
        contracts.get(people.ann, made)


def test_reach_and_hand_over(people: Personas, firm: int) -> None:
    running = contracts.create(people.mei, firm, draft())
    over = contracts.create(people.ann, firm, draft(status="ended"))
    with pytest.raises(NotFound):
        contracts.get(people.bo, running)
    for me in (people.kai, people.audrey):
        assert not contracts.get(me, running).may_edit
        with pytest.raises(Denied):
            contracts.end(me, running)
    service.customers.assign(people.mei, firm, people.bo.user_id)
    assert [contracts.get(people.bo, i).owner for i in (running, over)] == ["薄文博", "安晓然"]


def test_the_end_of_a_contract_in_the_pool_is_told_to_nobody(people: Personas, firm: int) -> None:
    contracts.create(people.ann, firm, draft(ends_on=date(2026, 11, 20)))
    service.customers.assign(people.mei, firm, None)
    assert contracts.remind_due(people.root) == 0
