"""What tests of opportunities share: drafts, and everything that is stored of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from cim import db, service
from cim.models import Customer, Opportunity, OpportunityLine, OpportunityStep, Product, StageChange
from cim.models.opportunity import OpportunityDraft
from tests.factories import Personas, history


def deal(name: str = "污水站改造", amount: object = 120_000, **values: object) -> OpportunityDraft:
    return OpportunityDraft.model_validate({"name": name, "amount": amount, **values})


def product(code: str = "P1", price: object = 1000, currency: str = "CNY") -> int:
    with db.session(writing=True) as session:
        row = Product(code=code, name=f"产品{code}", price=Decimal(str(price)), currency=currency)
        session.add(row)
        session.commit()
        return row.id or 0


def open_amount(people: Personas, customer_id: int) -> Decimal:
    with db.session(writing=False) as session:
        row = session.get(Customer, customer_id)
        assert row is not None
        return row.open_amount


def stored(opportunity_id: int) -> list[Any]:
    """Everything stored of an opportunity and below it, but for what every write moves."""
    moved = {"version", "updated_at"}
    with db.session(writing=False) as session:
        found: list[Any] = [session.get(Opportunity, opportunity_id)]
        for model in (OpportunityLine, OpportunityStep, StageChange):
            table: Any = model
            rows = session.execute(select(model).where(table.opportunity_id == opportunity_id).order_by(table.id))
            found += rows.scalars()
        return [(type(row).__name__, row.model_dump(exclude=moved)) for row in found]


def last_change() -> int:
    return history(100_000)[-1].change_set_id


def holds(people: Personas) -> None:
    """The log holds, and every record of a customer is as it says."""
    report = service.audit.verify(people.audrey, reconcile=True)
    assert not report.problem
    assert [name for name in report.drifted if not name.startswith(("app_user", "team", "product"))] == []
