"""Writing: one customer with every check, the duplicate check alone, and the walk along the audit chain."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

from bench import base
from bench.measure import Line, bounded, compared, each, pairwise, repeat
from bench.rows import Invented, customers
from cim import service
from cim.models.customer import CustomerDraft

TIMES, CHECKS, WALKS = 40, 100, 5
NEW_FROM = 50_000_000
"""Numbers of invented customers that no base holds."""

_COLUMNS = "uid, code, name, kind, phone, email, address, contact, region_code, owner_id, created_at"


def lines(invented: Sequence[Invented], folder: Path) -> list[Line]:
    """The measures of single writes and of the audit log."""
    return [*_created(folder), _checked(invented), _verified()]


def _created(folder: Path) -> list[Line]:
    ann = base.actor("ann")
    fresh = [base.draft(one) for one in customers(TIMES, seed=11, first=NEW_FROM)]
    numbers = count(1)

    def create(draft: CustomerDraft) -> None:
        service.customers.create(ann, draft, duplicate_reason="measured")

    with base.raw(folder / "bare.db") as bare:
        bare.execute(f"CREATE TABLE customer (id INTEGER PRIMARY KEY, {_COLUMNS})")
        for column in ("uid", "code", "owner_id", "created_at"):
            bare.execute(f"CREATE INDEX ix_{column} ON customer ({column})")

        def insert(draft: CustomerDraft) -> None:
            number = next(numbers)
            row = (f"{number:032x}", f"C{number:06d}", draft.name, "company", draft.phone, draft.email, draft.address)
            values = (*row, draft.contact, "320100", 1, "2026-01-01 00:00:00.000000")
            bare.execute(f"INSERT INTO customer ({_COLUMNS}) VALUES ({','.join('?' * 11)})", values)

        create(base.draft(next(customers(1, seed=12, first=NEW_FROM + TIMES))))
        ours, theirs = pairwise([partial(create, d) for d in fresh], [partial(insert, d) for d in fresh])
    facts = {"cpu": ours.cpu_p50, "bare_cpu": theirs.cpu_p50}
    against = "bare INSERT, synchronous=FULL, 4 indexes"
    return [
        compared("create a customer, every check: p50", ours.p50, theirs.p50, 40, against=against, facts=facts),
        bounded("create a customer, every check: p95", ours.p95, 40, facts={"cpu_p95": ours.cpu_p95}),
    ]


def _checked(invented: Sequence[Invented]) -> Line:
    """Drafts that resemble customers of the base: the same name, or the same phone, as a doubled entry has."""
    ann = base.actor("ann")
    step = max(1, len(invented) // CHECKS)
    drafts = [base.draft(one) for one in invented[::step][:CHECKS]]
    for number, draft in enumerate(drafts):
        draft.phone = "" if number % 2 else draft.phone
        draft.name = draft.name if number % 2 else f"{draft.name[:-1]}行"
    found = each([partial(service.duplicates.check, ann, draft) for draft in drafts])
    return bounded(
        "duplicate check at entry: CPU p95", found.cpu_p95, 20, facts={"cpu_p50": found.cpu_p50, "p95": found.p95}
    )


def _verified() -> Line:
    root = base.actor("root")
    with base.raw() as bare:
        entries: int = bare.execute("SELECT count(*) FROM audit_entry").fetchone()[0]
        theirs = repeat(partial(_walk, bare), WALKS)
    ours = repeat(partial(service.audit.verify, root), WALKS)
    rate = entries / ours.cpu_p50 * 1e3
    facts = {"entries_per_s": rate, "entries": entries}
    found = compared(
        "audit verify", ours.cpu_p50, theirs.cpu_p50, 3, against="bare walk of the chain, CPU", facts=facts
    )
    if rate < 200_000:
        return found
    return bounded(
        "audit verify", rate, 200_000, unit="entries/s", direction="at least", facts=facts | {"ratio": found.judged}
    )


def _walk(connection: sqlite3.Connection) -> None:
    """Every entry read, and a keyed digest of it and of the one before, as bare Python does it."""
    previous = b""
    for row in connection.execute("SELECT * FROM audit_entry ORDER BY seq"):
        previous = hmac.digest(b"key", previous + repr(row).encode(), "sha256")
