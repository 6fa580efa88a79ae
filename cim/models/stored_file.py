"""Files of customers: contracts, scans, photos. The content lies sealed in CIM_HOME/files, named by its digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field

from cim.models.base import Model, SoftDeleted, View, derived, later, new_uid


class StoredFile(SoftDeleted, Model, table=True):
    """`digest` is a keyed digest of the content: it names the file on disk and proves that it is whole.

    The content is sealed under a key of its own. `keys` holds that key, sealed under the key of each customer the file
    ever belonged to, by the customer's uid: the file is readable through the one it belongs to now, also when a merge
    is taken back. The folded names are for searching; people who see masked values search the masked one."""

    __tablename__ = "stored_file"
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    name: str = Field(max_length=200)
    name_folded: str = derived("", max_length=400)
    masked_folded: str = derived("", max_length=400)
    media_type: str = Field(default="", max_length=100)
    size: int = 0
    digest: str = Field(max_length=64, index=True)
    keys: dict[str, str] = Field(
        default_factory=dict, sa_type=JSON, sa_column_kwargs={"info": {"derived": True}}, nullable=False
    )
    note: str = Field(default="", max_length=200)
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    created_at: datetime
    activity_id: int | None = later(foreign_key="activity.id", index=True)
    opportunity_id: int | None = later(foreign_key="opportunity.id", index=True)
    order_id: int | None = later(foreign_key="sales_order.id", index=True)
    contract_id: int | None = later(foreign_key="contract.id", index=True)
    ticket_id: int | None = later(foreign_key="ticket.id", index=True)


class FileView(View):
    """`name` has its numbers masked where the actor sees the customer masked."""

    id: int
    customer_id: int
    customer: str
    name: str
    media_type: str
    size: int
    note: str
    author: str
    created_at: datetime
    may_download: bool
    may_remove: bool
