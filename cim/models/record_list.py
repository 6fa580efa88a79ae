"""Lists of opportunities, orders, products, contracts and tickets: what they are narrowed to, and what they show."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, field_validator

from cim.analytics import periods
from cim.models.base import Draft, View
from cim.models.custom import Noun
from cim.models.listing import MOST_IDS, MOST_SELECTED, Day, Number, Within

Code = Annotated[str, Field(max_length=40)]
Words = Annotated[str, Field(max_length=500)]
Amount = Annotated[Decimal, Field(ge=-(10**12), le=10**12)]


class RecordFilter(Draft):
    """All conditions hold together; None and "" do not narrow. Dates are local days, both ends included, and mean the main
    date of the noun; amounts are in the base currency.

    `mine` and `team` mean whoever looks. `facets` narrows by the facets of the noun (service.records.choices), {name: code},
    several codes parted by ";", "-" for what is not filled in. `custom` asks custom fields by key, as for customers.
    """

    q: Annotated[str, Field(max_length=200)] = ""
    owner: Number | None = None
    mine: bool | None = None
    team: bool | None = None
    customer: Number | None = None
    facets: dict[Code, Words] = Field(default_factory=dict, max_length=20)
    date_from: Day | None = None
    date_to: Day | None = None
    within: Within = ""
    amount_from: Amount | None = None
    amount_to: Amount | None = None
    ids: list[Number] = Field(default_factory=list, max_length=MOST_IDS)
    batch: Number | None = None
    custom: dict[Code, Words] = Field(default_factory=dict, max_length=60)

    @field_validator("ids", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """A link writes them as 1,2,3."""
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @field_validator("within")
    @classmethod
    def _relative(cls, value: str) -> str:
        if value:
            periods.within(value, date(2000, 1, 1))
        return value


class ExportKind(StrEnum):
    """What can be taken out as a file."""

    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    ACTIVITIES = "activities"
    PRODUCTS = "products"
    ORDERS = "orders"
    OPPORTUNITIES = "opportunities"
    TICKETS = "tickets"
    CONTRACTS = "contracts"

    @property
    def noun(self) -> Noun | None:
        """The noun whose list it is; None for what belongs to the list of customers."""
        return _LISTED.get(self)


_LISTED = {
    ExportKind.PRODUCTS: Noun.PRODUCT,
    ExportKind.ORDERS: Noun.ORDER,
    ExportKind.OPPORTUNITIES: Noun.OPPORTUNITY,
    ExportKind.TICKETS: Noun.TICKET,
    ExportKind.CONTRACTS: Noun.CONTRACT,
}


class CellKind(StrEnum):
    """How a cell is written."""

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    PERCENT = "percent"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    YESNO = "yesno"


class RecordColumn(View):
    """A column on offer. `label` is in the reader's language; `choices` names the codes of a CHOICE; `shown` when nobody
    has chosen columns; `opens` for the one that leads to the record; a custom field is named `custom.KEY`."""

    name: str
    label: str
    kind: CellKind
    width: int = 0
    shown: bool = False
    opens: bool = False
    sortable: bool = True
    choices: dict[str, str] = Field(default_factory=dict)


class RecordFacet(View):
    """Something a list can be narrowed by, with its codes and what they are called, in order."""

    name: str
    label: str
    choices: dict[str, str] = Field(default_factory=dict)


class RecordRow(View):
    """One record; `values` by column. A currency goes with its amounts."""

    id: int
    version: int
    customer_id: int | None
    owner_id: int | None
    name: str
    currency: str = ""
    values: dict[str, Any] = Field(default_factory=dict)
    custom: dict[str, Any] = Field(default_factory=dict)


class RecordList(View):
    """One page. `total` is exact; `total_amount` is the sum of all of them in the base currency, None for a noun without
    amounts."""

    rows: list[RecordRow]
    total: int
    page: int
    size: int
    total_amount: Decimal | None = None
    currency: str = ""


class RecordMatch(View):
    """A record that the search box found: what it is called, and one line about it."""

    id: int
    name: str
    number: str
    customer: str
    state: str
    at: date | None


class RecordMatches(View):
    """What was found of one noun; `more` when there are others."""

    noun: Noun
    rows: list[RecordMatch]
    more: bool


class RecordSelection(Draft):
    """What a bulk action is for: the records named by `ids`, or all that `narrowed` lets through."""

    ids: list[Number] = Field(default_factory=list, max_length=MOST_SELECTED)
    narrowed: RecordFilter | None = None


class SettableField(View):
    """A field that can be set for many records at once: `choices` where it is one of several, else a text or a day."""

    name: str
    label: str
    kind: CellKind
    choices: dict[str, str] = Field(default_factory=dict)
    emptied: bool = True
