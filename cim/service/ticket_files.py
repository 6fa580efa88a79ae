"""Files of a ticket: they belong to its customer, sealed and masked as all of them, and know their ticket."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from cim.models import StoredFile, Ticket
from cim.models.base import columns
from cim.models.stored_file import FileView
from cim.permissions import Permission
from cim.service import files
from cim.work import Work, command, query

FILES = columns(StoredFile)


@command(Permission.CUSTOMER_WRITE)
def attach(work: Work, ticket_id: int, name: str, content: bytes, *, note: str = "", token: str | None = None) -> int:
    """Keep a file with a ticket and return its id. Raises what `files.add` raises; NotFound outside the actor's scope."""
    ticket = work.get(Ticket, ticket_id)
    number = files.add(work, ticket.customer_id, name, content, note=note, token=token)
    row = work.get(StoredFile, number)
    if row.ticket_id is None:
        row.ticket_id = ticket_id
    return number


@query(Permission.TICKET_READ)
def list(work: Work, ticket_id: int) -> Sequence[FileView]:
    """The files of a ticket, the newest first. NotFound outside the actor's scope."""
    ticket = work.get(Ticket, ticket_id)
    of_it = select(FILES.id).where(FILES.ticket_id == ticket_id, work.visible(StoredFile, few=True))
    wanted = set(work.session.execute(of_it).scalars())
    return [file for file in files.list(work, ticket.customer_id) if file.id in wanted] if wanted else []
