"""How a list of a noun is described: its columns, facets, dates and shipped views. Data; cim/service/listing/engine.py
reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased

from cim import clock, words
from cim.i18n import _
from cim.models import Customer, User
from cim.models.custom import Noun
from cim.models.record_list import CellKind
from cim.permissions import Permission
from cim.work import Work

CUSTOMER: Any = aliased(Customer)
OWNER: Any = aliased(User)
"""The customer and the owner of a listed record: every list joins them under these names."""

Condition = Callable[[Work], ColumnElement[bool]]
Choices = Callable[[Work], dict[str, str]]


@dataclass(frozen=True)
class Column:
    """`sql` is what is read; `order` what it is ordered by, where that differs; `words` names the codes of a choice
    (cim/words.py); `opens` leads to the record."""

    name: str
    label: str
    sql: Any
    kind: CellKind = CellKind.TEXT
    width: int = 110
    shown: bool = True
    order: Any = None
    words: str = ""
    opens: bool = False
    named: Callable[[Any], str] | None = None
    """Makes what is shown of what was read, such as the name of a stage in the reader's language."""


@dataclass(frozen=True)
class Facet:
    """Narrows by a column (`sql`) whose codes `words` or `choices` name, else by the words that are in use; or by a
    condition that holds ("true") or not ("false")."""

    name: str
    label: str
    sql: Any = None
    words: str = ""
    choices: Choices | None = None
    number: bool = False
    among: Callable[[list[int]], ColumnElement[bool]] | None = None
    """For numbers that are not in a column of the record: the condition that it has one of them."""
    holds: Condition | None = None


@dataclass(frozen=True)
class Settable:
    """A field that many records can be given at once. `write` says which verb of the noun does it."""

    name: str
    label: str
    kind: CellKind = CellKind.TEXT
    words: str = ""
    choices: Choices | None = None
    emptied: bool = True


@dataclass(frozen=True)
class Kind:
    """A noun that can be listed. `main` is the date that a filter means; `own` is whose it is for "mine"; `amount` is in the
    base currency; `searched` are folded texts, `titles` texts as they are, `numbers` codes; `writes` is the permission of
    those who have records of their own."""

    noun: Noun
    table: Any
    permission: Permission
    writes: Permission
    columns: tuple[Column, ...]
    facets: tuple[Facet, ...]
    main: Any
    main_is_moment: bool
    main_label: str
    name: Any
    number: Any = None
    own: Any = None
    own_label: str = ""
    amount: Any = None
    currency: Any = None
    searched: tuple[Any, ...] = ()
    titles: tuple[Any, ...] = ()
    numbers: tuple[Any, ...] = ()
    joins: tuple[tuple[Any, Any], ...] = ()
    order: str = ""
    state: str = ""
    views: Mapping[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    settable: tuple[Settable, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def facet(self, name: str) -> Facet | None:
        return next((facet for facet in self.facets if facet.name == name), None)


def customer_column(table: Any) -> tuple[Any, Any]:
    """The join that names the customer of a record."""
    return CUSTOMER, CUSTOMER.id == table.customer_id


def told(group: str) -> dict[str, str]:
    """Codes of cim/words.py with their names in the reader's language."""
    return {code: words.value(group, code) for code in words.VALUES[group]}


def days_from_today(days: int) -> Any:
    """A local day so many days from today."""
    return clock.today() + timedelta(days=days)


def yes_or_no() -> dict[str, str]:
    """The codes of a condition."""
    return {"true": _("yes"), "false": _("no")}
