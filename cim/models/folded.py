"""Columns that hold a text as search compares it (width, case, traditional characters): kept with every write of a row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from cim import search_text
from cim.models.opportunity import Opportunity
from cim.models.product import Product
from cim.models.ticket import Ticket

FOLDED: dict[type[Any], tuple[str, str]] = {
    Opportunity: ("name", "name_folded"),
    Product: ("name", "name_folded"),
    Ticket: ("subject", "subject_folded"),
}
"""(what is folded, where it goes). Bulk inserts, which no row object passes, fold for themselves."""


def _keep(_mapper: Any, _connection: Any, row: Any) -> None:
    source, column = FOLDED[type(row)]
    folded = search_text.fold(getattr(row, source))
    if getattr(row, column) != folded:
        setattr(row, column, folded)


for _model in FOLDED:
    event.listen(_model, "before_insert", _keep)
    event.listen(_model, "before_update", _keep)
