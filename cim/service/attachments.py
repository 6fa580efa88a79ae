"""Files of orders and contracts: files of the customer that say which record they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from cim.errors import NotFound
from cim.models import Contract, SalesOrder, StoredFile
from cim.models.base import columns
from cim.models.stored_file import FileView
from cim.permissions import Permission
from cim.service import files
from cim.work import Work, command, query

FILES = columns(StoredFile)


@command(Permission.CUSTOMER_WRITE)
def add(
    work: Work,
    name: str,
    content: bytes,
    *,
    order_id: int | None = None,
    contract_id: int | None = None,
    token: str | None = None,
) -> int:
    """Keep a file with the customer of an order or contract, as one of it; its id. Raises NotFound for a record out of
    reach, and what `files.add` does."""
    record = _record(work, order_id, contract_id)
    number = files.add(work, record.customer_id, name, content, token=token)
    row = work.get(StoredFile, number)
    if order_id is not None:
        row.order_id = order_id
    else:
        row.contract_id = contract_id
    return number


@query(Permission.SALES_READ)
def of(work: Work, *, order_id: int | None = None, contract_id: int | None = None) -> Sequence[FileView]:
    """The files of an order or contract, the newest first. Raises NotFound for a record out of reach."""
    record = _record(work, order_id, contract_id)
    mine = FILES.order_id == order_id if order_id is not None else FILES.contract_id == contract_id
    ids = set(work.session.execute(select(FILES.id).where(mine, FILES.deleted_at.is_(None))).scalars())
    return [file for file in files.list(work, record.customer_id) if file.id in ids] if ids else []


def _record(work: Work, order_id: int | None, contract_id: int | None) -> SalesOrder | Contract:
    if order_id is not None:
        return work.get(SalesOrder, order_id)
    if contract_id is not None:
        return work.get(Contract, contract_id)
    raise NotFound("This record does not exist or is not yours to see.")
