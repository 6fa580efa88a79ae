"""Files of customers: add, list, read, rename, remove. The content lies sealed outside the database (decision 0016)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, false, func, or_, select, true

from cim import access, file_store, file_types, normalize
from cim.config import settings
from cim.crypto import Cipher, FileCipher, Unreadable
from cim.errors import Conflict, Invalid, NotFound
from cim.history import place
from cim.i18n import N_
from cim.models import Activity, Customer, StoredFile, User
from cim.models.base import columns
from cim.models.stored_file import FileView
from cim.permissions import Permission
from cim.service import budget, typed
from cim.service import settings as chosen
from cim.tabular.table import MEGABYTE
from cim.work import Work, command, query

FILES = columns(StoredFile)
CUSTOMERS = columns(Customer)
USERS = columns(User)

log = logging.getLogger("cim.files")

MOST_FILES = 200
"""Of one customer; removed ones do not count."""
GRACE_SECONDS = 24 * 3600
_GONE = N_("The content of this file can no longer be read. Tell your administrator.")


class Content(bytes):
    """What a file holds, with the name and type that a browser is told."""

    name: str = ""
    media_type: str = ""


@command(Permission.CUSTOMER_WRITE)
def add(
    work: Work,
    customer_id: int,
    name: str,
    content: bytes,
    *,
    note: str = "",
    activity_id: int | None = None,
    token: str | None = None,
) -> int:
    """Keep a file with a customer, on request with one of its follow-ups, and return its id. Content that the customer has
    already is not kept twice: the id of the file that is there comes back. So does that of an earlier call with the same
    `token`.

    Raises Invalid("name"), Invalid("file") and Invalid("activity_id") for what may not be kept, NotFound, Denied, Conflict
    when the disk is full.
    """
    if (done := work.replayed(token)) is not None:
        return done
    customer = work.get(Customer, customer_id, to=Permission.CUSTOMER_WRITE)
    _check_follow_up(work, customer_id, activity_id)
    name = file_types.clean(name)
    limit = chosen.value(work, "files.megabytes")
    if len(content) > min(limit * MEGABYTE, settings().max_upload_bytes):
        raise Invalid("file", "{name} is larger than {limit} MB.", name=name, limit=limit)
    media_type, note = file_types.media_type(name, content), typed.line("note", note, 200)
    work.serialise(f"customer.{customer_id}.files")
    held = _held(work, customer_id)
    same = max((row for row in held if _is_same(work, customer, row, content)), key=_lives, default=None)
    if not (same and _lives(same)) and sum(_lives(row) for row in held) >= MOST_FILES:
        raise Invalid("file", "A customer can have {limit} files. Remove one first.", limit=MOST_FILES)
    key = FileCipher.new_key() if same is None else _key(work, customer.uid, same)
    digest = _stored(work, key, content)
    if same is not None and _lives(same):
        same.activity_id = same.activity_id or activity_id
        work.remember(token, same.id or 0)
        return same.id or 0
    row = StoredFile(customer_id=customer_id, activity_id=activity_id, name=name, digest=digest, created_at=work.now)
    row.media_type, row.size, row.note, row.created_by_id = media_type, len(content), note, work.actor.user_id
    row.keys = {customer.uid: _cipher(work, customer.uid).seal(key, place(row, "keys")).hex()}
    _name(row, name)
    work.add(row)
    work.remember(token, row.id or 0)
    return row.id or 0


@query(Permission.CUSTOMER_READ)
def list(work: Work, customer_id: int, *, removed: bool = False) -> Sequence[FileView]:
    """The files of a customer, the newest first; or those that were removed. NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    found = _listed(work, removed=removed).where(FILES.customer_id == customer_id)
    return [_view(work, row) for row in work.session.execute(found.order_by(FILES.id.desc()))]


@query(Permission.CUSTOMER_READ)
def largest(work: Work) -> int:
    """The most megabytes that one file may have."""
    return chosen.value(work, "files.megabytes")


@query(Permission.CUSTOMER_READ)
def find(work: Work, text: str, *, limit: int = 50) -> Sequence[FileView]:
    """Files whose name holds every word of `text`, in the actor's reach, the newest first. Where the actor sees a
    customer masked, the masked names are searched: a search must not tell what the mask hides."""
    words = normalize.fold(text).split()[:10]
    if not words:
        return []
    clear = _seen_in_clear(work)
    holds = [
        or_(
            and_(clear, FILES.name_folded.contains(word, autoescape=True)),
            FILES.masked_folded.contains(word, autoescape=True),
        )
        for word in words
    ]
    found = _listed(work).where(*holds).order_by(FILES.id.desc()).limit(max(1, min(limit, 200)))
    return [_view(work, row) for row in work.session.execute(found)]


@query(Permission.CUSTOMER_REVEAL, recorded=True)
def read(work: Work, file_id: int) -> Content:
    """The content of a file. Every call is recorded. NotFound outside the actor's scope, Denied for customers of others,
    Conflict when the content is damaged or gone."""
    row = work.get(StoredFile, file_id)
    customer = work.get(Customer, row.customer_id, to=Permission.CUSTOMER_REVEAL)
    budget.look(work, customer.uid)
    content = Content(_opened(_key(work, customer.uid, row), row))
    content.name, content.media_type = row.name, row.media_type
    work.record(of=row, file=row.name, size=row.size)
    return content


@command(Permission.CUSTOMER_WRITE)
def rename(work: Work, file_id: int, name: str, *, note: str | None = None) -> bool:
    """Give a file another name, and another note when one is given; its ending stays. False when nothing differed. What
    comes back as it was shown, masked, is kept as it is."""
    row = work.get(StoredFile, file_id)
    customer = work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    if not work.may_see_clear(customer.owner_id):
        name = row.name if name == normalize.text_masked(row.name) else name
        note = row.note if note == normalize.text_masked(row.note) else note
    was = file_types.ending(row.name)
    wanted = file_types.clean(name if file_types.ending(name) == was else f"{name}.{was}")
    text = row.note if note is None else typed.line("note", note, 200)
    if (wanted, text) == (row.name, row.note):
        return False
    _name(row, wanted)
    row.note = text
    return True


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, file_id: int, *, reason: str = "") -> None:
    """Take a file off the customer. It can be restored for as long as anything can be undone (setting `undo.days`)."""
    row = work.get(StoredFile, file_id)
    work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now


@command(Permission.CUSTOMER_WRITE)
def restore(work: Work, file_id: int) -> None:
    """Take `remove` back. NotFound for a file that is not there, Conflict when its content is gone for good."""
    row = work.find(StoredFile, file_id)
    if row is None:
        raise NotFound("This record does not exist or is not yours to see.")
    work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    work.serialise("files.disk")
    if not file_store.path_of(row.digest).exists():
        raise Conflict("The content of this file is gone: it was removed too long ago.")
    row.deleted_at = None


def rehome(work: Work, row: StoredFile, to_customer: Customer) -> None:
    """Move a file to another customer, for a merge: its key is sealed under that customer's key too. The old one stays
    beside it, so setting `customer_id` back is enough to take the merge apart."""
    before = work.subject_of(row.customer_id)
    if to_customer.uid not in row.keys:
        key = _key(work, before, row)
        sealed = _cipher(work, to_customer.uid).seal(key, place(row, "keys")).hex()
        row.keys = {**row.keys, to_customer.uid: sealed}
    row.customer_id = to_customer.id or 0


@command(Permission.BACKUP_MANAGE)
def sweep(work: Work) -> int:
    """Delete from the disk what no row needs: files of writes that were not saved, older than a day, and those of files
    removed longer ago than anything can be undone. Returns how many."""
    work.serialise("files.disk")
    undone_until = work.now - timedelta(days=chosen.value(work, "undo.days"))
    needed = or_(FILES.deleted_at.is_(None), FILES.deleted_at > undone_until)
    kept = set(work.session.execute(select(FILES.digest).where(needed)).scalars())
    moment = work.now.timestamp()
    there = set(file_store.names())
    if lost := len(kept - there):
        log.error("%d files of customers are missing in %s: restore them from a backup", lost, settings().files)
    loose = [name for name in there - kept if file_store.age(name, at=moment) > GRACE_SECONDS]
    for name in loose:
        file_store.remove(name)
    count = len(loose) + file_store.remove_unfinished(at=moment, older=GRACE_SECONDS)
    if count:
        work.record(rows=count)
    return count


# ---- below the doors
def _check_follow_up(work: Work, customer_id: int, activity_id: int | None) -> None:
    if activity_id is not None and work.get(Activity, activity_id).customer_id != customer_id:
        raise Invalid("activity_id", "Choose one that belongs to this customer.")


def _held(work: Work, customer_id: int) -> Any:
    """Every row of a customer, removed ones too."""
    return work.session.execute(select(StoredFile).where(FILES.customer_id == customer_id)).scalars().all()


def _lives(row: StoredFile) -> bool:
    return row.deleted_at is None


def _is_same(work: Work, customer: Customer, row: StoredFile, content: bytes) -> bool:
    if row.size != len(content):
        return False
    try:
        return FileCipher(_key(work, customer.uid, row)).digest(content) == row.digest
    except Conflict:
        return False


def _cipher(work: Work, uid: str) -> Cipher:
    cipher = work.cipher(uid)
    if cipher is None:
        raise Conflict("The personal data of this customer was erased.")
    return cipher


def _key(work: Work, uid: str, row: StoredFile) -> str:
    """The key of a file, through the customer that it belongs to."""
    cipher, sealed = work.cipher(uid), row.keys.get(uid)
    if cipher is None or sealed is None:
        raise Conflict(_GONE)
    try:
        return cipher.open(bytes.fromhex(sealed), place(row, "keys"))
    except Unreadable as error:
        raise Conflict(_GONE) from error


def _stored(work: Work, key: str, content: bytes) -> str:
    """Put the sealed content on the disk, before the row is saved: a row without content never is, content without a
    row is swept."""
    cipher = FileCipher(key)
    name = cipher.digest(content)
    work.serialise("files.disk")
    try:
        file_store.write(name, cipher.seal(content))
    except OSError as error:
        raise Conflict("The disk is full or read-only. Nothing was saved: tell your administrator.") from error
    return name


def _opened(key: str, row: StoredFile) -> bytes:
    cipher = FileCipher(key)
    try:
        with file_store.reading(row.digest) as sealed:
            content = cipher.open(sealed)
    except (OSError, Unreadable) as error:
        raise Conflict(_GONE) from error
    if cipher.digest(content) != row.digest:
        raise Conflict(_GONE)
    return content


def _name(row: StoredFile, name: str) -> None:
    row.name = name
    row.name_folded = normalize.fold(name)[:400]
    row.masked_folded = normalize.fold(normalize.text_masked(name))[:400]


def _seen_in_clear(work: Work) -> Any:
    ids = access.reached_users(work.actor, Permission.CUSTOMER_UNMASK)
    if ids is None:
        return true()
    return CUSTOMERS.owner_id.in_(sorted(ids)) if ids else false()


def _listed(work: Work, *, removed: bool = False) -> Any:
    """(StoredFile, customer's name, its owner, author's name) of the files in the actor's reach."""
    made = select(StoredFile, CUSTOMERS.name, CUSTOMERS.owner_id, func.coalesce(USERS.name, ""))
    made = made.join(Customer, CUSTOMERS.id == FILES.customer_id).outerjoin(User, USERS.id == FILES.created_by_id)
    there = FILES.deleted_at.is_not(None) if removed else FILES.deleted_at.is_(None)
    return made.where(work.visible(Customer), there)


def _view(work: Work, found: Any) -> FileView:
    row, customer, owner_id, author = found
    clear = work.may_see_clear(owner_id)
    shown = (row.name, row.note) if clear else (normalize.text_masked(row.name), normalize.text_masked(row.note))
    return FileView(
        id=row.id,
        customer_id=row.customer_id,
        customer=customer,
        name=shown[0],
        media_type=row.media_type,
        size=row.size,
        note=shown[1],
        author=author,
        created_at=row.created_at,
        may_download=work.owns(Permission.CUSTOMER_REVEAL, owner_id),
        may_remove=work.owns(Permission.CUSTOMER_WRITE, owner_id),
    )
