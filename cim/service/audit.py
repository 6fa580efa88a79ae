"""The audit log as people read it: entries, revealing, export, and whether the chain still holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, Table, func, literal, or_, select
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from cim import audit as chain
from cim import checkpoint, crypto, db, normalize
from cim.errors import Invalid, NotFound
from cim.i18n import N_, _
from cim.labels import ACTIONS, FIELDS, OBJECTS
from cim.models import AuditEntry, Customer, Model, User, nouns
from cim.models.audit import AuditView, ChainReport, Result
from cim.permissions import Permission
from cim.service import custom_values
from cim.work import Work, query

EXPORT_ROWS = 100_000
HIDDEN = "****"
MASKS: dict[str, Any] = {
    "phone": normalize.phone_masked,
    "phone2": normalize.phone_masked,
    "email": normalize.email_masked,
    "wechat": normalize.wechat_masked,
    "id_number": normalize.id_number_masked,
    "birthday": normalize.birthday_masked,
    "address": lambda _value: normalize.address_masked(""),
    **dict.fromkeys(("name", "file", "note"), normalize.text_masked),
}
"""Personal fields: masked here whatever the reader's role, until revealed."""

PHONES = {"phone", "phone2"}

UNLOGGED_BY_NATURE = {"region"}
"""Reference data that comes with the program: its rows enter without an entry in the log."""

CUT = N_("The log was cut or rolled back: an entry that was signed for is missing")
REPLACED = N_("The log was replaced: this entry is not the one that was signed for")
BROKEN = {
    "entry is missing": N_("An entry is missing"),
    "entry does not follow the one before it": N_("This entry does not follow the one before it"),
    "entry was altered": N_("This entry was altered"),
}


class AuditFilter(TypedDict, total=False):
    """What entries are narrowed to. `who` is a user name, `action` a code (`customers.create`) or its noun (`customers`),
    `field` a changed field (`phone`), `until` is exclusive, `ip` a beginning. Empty values do not narrow."""

    who: str | None
    action: str | None
    object_type: str | None
    object_id: str | None
    field: str | None
    since: datetime | None
    until: datetime | None
    ip: str | None
    result: Result | None


@query(Permission.AUDIT_READ)
def entries(
    work: Work, *, after_seq: int | None = None, limit: int = 50, **asked: Unpack[AuditFilter]
) -> list[AuditView]:
    """Entries newest first, personal values masked. `after_seq` is the last entry of the page before."""
    return _views(work, _read(work, _matching(**asked), after_seq, max(1, min(limit, 1000))))


@query(Permission.AUDIT_REVEAL, recorded=True)
def reveal(work: Work, seq: int, reason: str) -> AuditView:
    """One entry with its personal values in clear. Needs a reason, and is an entry itself, in that record's history.
    Raises Invalid without a reason and NotFound without such an entry."""
    if len(reason.strip()) < 2:
        raise Invalid("reason", "Say why you need to see the values in clear.")
    entry = _entry(work, seq)
    if entry is None:
        raise NotFound("There is no such entry in the audit log.")
    view = _views(work, [entry], masked=False)[0]
    work.record(reason=reason.strip()[:500], of=_object_of(work, entry), entry=seq)
    return view


@query(Permission.AUDIT_READ, recorded=True)
def export(work: Work, **asked: Unpack[AuditFilter]) -> bytes:
    """The matching entries as CSV (UTF-8 with mark), masked as on screen, newest first. The export is an entry itself.
    Raises Invalid beyond 100,000 entries: nothing is left out in silence."""
    from cim.tabular import writing

    conditions = _matching(**asked)
    found = work.session.execute(select(func.count()).select_from(AuditEntry).where(*conditions)).scalar_one()
    if found > EXPORT_ROWS:
        raise Invalid(
            "since",
            "This would be {count} entries, at most {limit} fit into one file. Narrow the dates.",
            count=found,
            limit=EXPORT_ROWS,
        )
    work.record(rows=found, filters={name: chain.plain(value) for name, value in asked.items() if value})
    return writing.write_csv(_headers(), (_cells(view) for view in _pages(work, conditions)))


@query(Permission.AUDIT_READ)
def verify(work: Work, *, reconcile: bool = False) -> ChainReport:
    """Walk the whole chain and compare it with every signed head kept outside the database (SECURITY: audit design).
    `reconcile` also compares every live row with the digest in its newest entry, and lists those edited past CIM."""
    report = _verified(work.session)
    if reconcile:
        report.drifted = list(_drifted(work))
        if report.drifted and not db.is_sqlite(work.session):
            # PostgreSQL shows what others save while we read: a row that was being saved differs once, not twice
            again = set(_drifted(work))
            report.drifted = [name for name in report.drifted if name in again]
        report.ok = report.ok and not report.drifted
    return report


# ---- reading entries


def _matching(
    *,
    who: str | None = None,
    action: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    field: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    ip: str | None = None,
    result: Result | None = None,
) -> list[ColumnElement[bool]]:
    entry: Any = AuditEntry
    wanted: list[tuple[Any, Any]] = [
        (who, lambda: entry.actor == (who or "").strip().lower()),
        (action, lambda: or_(entry.action == action, entry.action.startswith(f"{action}.", autoescape=True))),
        (object_type, lambda: entry.object_type == object_type),
        (object_id, lambda: entry.object_id == str(object_id)),
        (field, lambda: (literal(",") + entry.fields + ",").contains(f",{field},", autoescape=True)),
        (since, lambda: entry.at >= since),
        (until, lambda: entry.at < until),
        (ip, lambda: entry.ip.startswith((ip or "").strip(), autoescape=True)),
        (result, lambda: entry.result == Result(result or "")),
    ]
    return [condition() for value, condition in wanted if value]


def _read(work: Work, conditions: Iterable[ColumnElement[bool]], before: int | None, limit: int) -> list[AuditEntry]:
    entry: Any = AuditEntry
    statement = select(AuditEntry).where(*conditions).order_by(entry.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(entry.seq < before)
    return list(work.session.execute(statement).scalars())


def _entry(work: Work, seq: int) -> AuditEntry | None:
    table: Any = AuditEntry
    found: AuditEntry | None = work.session.execute(select(AuditEntry).where(table.seq == seq)).scalar_one_or_none()
    return found


def _pages(work: Work, conditions: list[ColumnElement[bool]]) -> Iterator[AuditView]:
    last: int | None = None
    while True:
        found = _read(work, conditions, last, 1000)
        yield from _views(work, found)
        if len(found) < 1000:
            return
        last = found[-1].seq
        work.session.expunge_all()


def _views(work: Work, found: list[AuditEntry], *, masked: bool = True) -> list[AuditView]:
    work.load_ciphers(e.subject_uid for e in found if e.subject_uid)
    names = _names(work, found)
    own = custom_values.labels(work, {name for e in found for name in e.fields.split(",")})
    return [
        AuditView(
            **e.model_dump(include=set(AuditView.model_fields) - {"object_name", "fields", "changes", "labels"}),
            object_name=names.get((e.object_type, e.object_id)) or names.get(("subject", e.subject_uid), ""),
            fields=[name for name in e.fields.split(",") if name],
            changes=_changes(work, e, masked=masked),
            labels=own,
        )
        for e in found
    ]


def _changes(work: Work, entry: AuditEntry, *, masked: bool) -> dict[str, tuple[Any, Any]]:
    """Before and after by field; empty when the key of the customer was erased, or does not open the entry."""
    try:
        changes = chain.unpack(entry, work.cipher(entry.subject_uid) if entry.subject_uid else None) or {}
    except crypto.Unreadable:
        return {}
    own = _personal(work, entry.object_type, changes) if masked else set()
    shown = {
        name: (_shown(name, before, masked), _shown(name, after, masked)) for name, (before, after) in changes.items()
    }
    return shown | {
        name: (None if before is None else HIDDEN, None if after is None else HIDDEN)
        for name, (before, after) in changes.items()
        if name in own
    }


def _personal(work: Work, object_type: str, names: Iterable[str]) -> set[str]:
    """The custom fields among these names that hold personal data."""
    noun = nouns.of_table(object_type)
    own = {name for name in names if name.startswith(custom_values.PREFIX)}
    return own & custom_values.personal(work, noun) if own and noun else set()


def _shown(name: str, value: Any, masked: bool) -> Any:
    if value in (None, "") or name not in MASKS:
        return value
    if not masked:
        return normalize.phone_display(value) if name in PHONES else value
    return MASKS[name](value) if isinstance(value, str) else HIDDEN


def _names(work: Work, found: list[AuditEntry]) -> dict[tuple[str, str], str]:
    """Names of the customers and users that entries are about, and of the customer behind any other record."""
    names: dict[tuple[str, str], str] = {}
    uids = {e.subject_uid for e in found if e.subject_uid}
    customer: Any = Customer
    for uid, key, code, name in work.session.execute(
        select(customer.uid, customer.id, customer.code, customer.name).where(customer.uid.in_(uids))
    ):
        names["subject", uid] = names["customer", str(key)] = f"{name} ({code})"
    ids = {int(e.object_id) for e in found if e.object_type == "app_user" and e.object_id.isdigit()}
    user: Any = User
    for key, name, username in work.session.execute(select(user.id, user.name, user.username).where(user.id.in_(ids))):
        names["app_user", str(key)] = f"{name} ({username})"
    return names


def _object_of(work: Work, entry: AuditEntry) -> Model | None:
    """The live row an entry is about, whatever has become of it since; None for events about no row."""
    model: Any = _audited().get(entry.object_type)
    if model is None or not entry.object_id.isdigit():
        return None
    found: Model | None = work.session.execute(
        select(model).where(model.id == int(entry.object_id))
    ).scalar_one_or_none()
    return found


def _headers() -> list[str]:
    return [
        _("No."),
        _("Time"),
        _("User"),
        _("Role"),
        _("Source"),
        _("Address of the device"),
        _("Action"),
        _("Record"),
        _("Name"),
        _("Result"),
        _("Reason"),
        _("Changes"),
    ]


def _cells(view: AuditView) -> list[str]:
    record = f"{_(OBJECTS.get(view.object_type, view.object_type))} {view.object_id}".strip()
    changes = "; ".join(
        f"{_field(view, name)}: {_written(before)} → {_written(after)}"
        for name, (before, after) in view.changes.items()
    ) or ", ".join(_field(view, name) for name in view.fields)
    action = _(ACTIONS.get(view.action, view.action))
    start = [str(view.seq), view.at.isoformat(), view.actor, view.role, view.source, view.ip]
    return [*start, action, record, view.object_name, view.result.value, view.reason, changes]


def _field(view: AuditView, name: str) -> str:
    return view.labels.get(name) or _(FIELDS.get(name, name))


def _written(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


# ---- verifying


def _verified(session: Session) -> ChainReport:
    try:
        heads = checkpoint.read()  # before the walk: what was signed by now must be in what is read from now on
    except ValueError as error:
        return _report(session, 0, 0, None, _("The file of signed heads was altered ({place})", place=str(error)))
    signed = dict(heads)
    last, mac = 0, chain.GENESIS
    try:
        for seq, found in chain.walk(session):
            if signed.get(seq, found.hex()) != found.hex():
                return _report(session, last, len(heads), seq, _(REPLACED))
            last, mac = seq, found
    except chain.Broken as error:
        return _report(session, last, len(heads), error.seq, _(BROKEN[error.problem]))
    if last and not heads:
        return _report(session, last, 0, None, _("The signed heads are missing: a cut of the log could not be noticed"))
    missing = _unseen([(seq, mac) for seq, mac in heads if seq > last], last)
    if missing is not None:
        return _report(session, last, len(heads), missing, _(CUT))
    return ChainReport(ok=True, entries=last, head=mac.hex(), checkpoints=len(heads))


def _unseen(heads: list[tuple[int, str]], last: int) -> int | None:
    """The first signed head that is not in the log. Entries written since our snapshot are read in a newer one."""
    if not heads:
        return None
    with db.session(writing=False) as newer:
        try:
            since = {seq: mac.hex() for seq, mac in chain.walk(newer, after=last)}
        except (chain.Broken, NoResultFound):
            since = {}
    return next((seq for seq, mac in heads if since.get(seq) != mac), None)


def _report(session: Session, entries: int, checkpoints: int, broken_at: int | None, problem: str) -> ChainReport:
    head = chain.head(session)[1].hex()
    return ChainReport(
        ok=False, entries=entries, head=head, checkpoints=checkpoints, broken_at=broken_at, problem=problem
    )


def _drifted(work: Work) -> Iterator[str]:
    """Rows whose stored values differ from their newest digest, rows that came past the log, and rows gone past it."""
    known = _digests(work)
    for name, model in sorted(_audited().items()):
        digests = known.get(name, {})
        table: Table = model.__table__  # type: ignore[attr-defined]
        covered = [c for c in table.columns if not c.info.get("derived")]
        keys = [c.name for c in table.primary_key.columns]
        statement = select(*covered).order_by(*table.primary_key.columns)
        for row in work.session.execute(statement, execution_options={"yield_per": 2000}).mappings():
            key = ",".join(str(row[k]) for k in keys)
            digest, _seq = digests.pop(key, (None, 0))
            if digest is None:
                if name not in UNLOGGED_BY_NATURE:
                    yield f"{name} {key}"
            elif digest != chain.row_digest(name, dict(row)):
                yield f"{name} {key}"
        yield from (f"{name} {key}" for key, (_digest, seq) in digests.items() if not _was_deleted(work, table, seq))


def _digests(work: Work) -> dict[str, dict[str, tuple[bytes, int]]]:
    """The newest digest of every record, with its entry, by table and key."""
    entry: Any = AuditEntry
    newest = (
        select(func.max(entry.seq)).where(entry.row_digest.is_not(None)).group_by(entry.object_type, entry.object_id)
    )
    known: dict[str, dict[str, tuple[bytes, int]]] = {}
    statement = select(entry.object_type, entry.object_id, entry.row_digest, entry.seq).where(entry.seq.in_(newest))
    for object_type, object_id, digest, seq in work.session.execute(statement):
        known.setdefault(object_type, {})[object_id] = (bytes(digest), seq)
    return known


def _was_deleted(work: Work, table: Table, seq: int) -> bool:
    """Whether the newest entry of a row that is gone says so: only a deletion empties what may not be empty."""
    entry = _entry(work, seq)
    if entry is None:
        return False
    cipher = work.cipher(entry.subject_uid) if entry.subject_uid else None
    changes = chain.unpack(entry, cipher)
    required = {c.name for c in table.columns if not c.nullable}
    return changes is None or any(after is None for name, (_before, after) in changes.items() if name in required)


def _audited() -> dict[str, type[Model]]:
    """Every table with a history, by its name."""
    found, waiting = {}, list(Model.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if hasattr(model, "__table__") and model.__audited__:
            found[str(model.__tablename__)] = model
    return found
