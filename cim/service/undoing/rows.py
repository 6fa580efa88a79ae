"""One record after the other: taken out again, put back, or left as it is with the reason. All or nothing of a record,
but for fields that others changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from cim import crypto, normalize
from cim.models import (
    Activity,
    ChangeSet,
    Contact,
    Customer,
    DuplicatePair,
    Opportunity,
    OrderLine,
    Payment,
    SalesOrder,
    SavedView,
    StoredFile,
    Task,
    Ticket,
    WorklistDecision,
)
from cim.models.base import columns
from cim.models.undo import Bucket, Undone, UndoneDetail
from cim.service import rehoming
from cim.service.undoing import entries, money, rights, values, verdicts
from cim.service.undoing.entries import Step
from cim.service.undoing.verdicts import MANAGED, Reason
from cim.work import Work

DETAILS = 1000
"""Records of one bucket that are told one by one."""
CUSTOMERS = columns(Customer)
FINE: Reason = ("", {})
Verdict = tuple[Bucket, Reason]


@dataclass
class Run:
    """One undo on its way. `kept` are sealed values as they were stored before; `refresh`, `touch`, `total`, `drop` and
    `judge` the customers that must be brought up to date afterwards; `claimed` what rows of this part were given that only
    one may have, `orders` those of its payments; `customers` those that the change is about itself, `returning` which
    removed ones it puts back; `regained` how many the actor got back from the public pool; `renames` says whether a word
    is taken back wherever it is used; `written` whether anything was."""

    source: ChangeSet
    kept: Mapping[str, str]
    result: Undone = field(default_factory=Undone)
    quiet: Undone = field(default_factory=Undone)
    refresh: set[int] = field(default_factory=set)
    touch: set[int] = field(default_factory=set)
    total: set[int] = field(default_factory=set)
    drop: set[int] = field(default_factory=set)
    judge: set[int] = field(default_factory=set)
    claimed: set[Any] = field(default_factory=set)
    orders: Mapping[int, SalesOrder] = field(default_factory=dict)
    customers: Mapping[int, tuple[str, str, list[int]]] = field(default_factory=dict)
    returning: dict[int, bool] = field(default_factory=dict)
    regained: int = 0
    renames: bool = False
    written: bool = False

    def tell(self, step: Step, name: str, verdict: Verdict) -> None:
        """Count a record, and name it while there are not too many."""
        bucket, (msgid, params) = verdict
        told = self.quiet if step.table in entries.QUIET else self.result
        setattr(told, bucket.value, getattr(told, bucket.value) + 1)
        if getattr(told, bucket.value) <= DETAILS:
            told.details.append(
                UndoneDetail(
                    object_type=step.table, object_id=step.key, name=name, bucket=bucket, msgid=msgid, params=params
                )
            )


def take_back(work: Work, run: Run, steps: Sequence[Step]) -> None:
    """Take some records of one table back, and write that down in `run`."""
    model: Any = columns(steps[0].model)
    key = model.__table__.primary_key.columns.values()[0]
    found = select(model).where(key.in_([step.identity for step in steps]))
    rows = {str(getattr(row, key.name)): row for row in work.session.execute(found).scalars()}
    customers = _customers(work, steps, rows)
    grown = {}
    if steps[0].model is Customer:
        grown = verdicts.grown(work, [step.identity for step in steps if step.created])
    run.orders = money.orders_of(work, rows.values())
    with work.session.no_autoflush:  # written together at the end, not one by one at each question
        for step in steps:
            row = rows.get(step.key)
            try:
                verdict = _one(work, run, step, row, customers, grown)
            except crypto.Unreadable:
                verdict = (Bucket.FAILED, (verdicts.ERASED, {}))
            hidden = row is None or verdict[1][0] == verdicts.OUT_OF_REACH
            run.tell(step, "" if hidden else _name(work, row, customers), verdict)
    work.session.flush()
    run.claimed.clear()


def _one(
    work: Work, run: Run, step: Step, row: Any, customers: Mapping[int, Customer], grown: Mapping[int, int]
) -> Verdict:
    if step.changes is None:
        return Bucket.FAILED, (verdicts.ERASED, {})
    if row is None:
        if step.deleted and not step.created:
            return _insert(work, run, step)
        return Bucket.KEPT, verdicts.since(step.later, verdicts.REMOVED, verdicts.REMOVED_SINCE)
    renamed = run.renames and step.model is SavedView
    if not renamed and not verdicts.in_reach(work, run.source, step, row, customers):
        return Bucket.FAILED, (verdicts.OUT_OF_REACH, {})
    if step.deleted:
        return Bucket.KEPT, verdicts.since(step.later, verdicts.CHANGED, verdicts.CHANGED_SINCE)
    if step.created:
        return _take_out(work, run, step, row, grown.get(step.identity, 0))
    return _put_back(work, run, step, row, customers)


def _take_out(work: Work, run: Run, step: Step, row: Any, below: int) -> Verdict:
    """A row that the change-set made goes again, unless somebody worked with it since."""
    soft = "deleted_at" in row.__table__.c
    if soft and row.deleted_at is not None:
        return Bucket.KEPT, verdicts.since(step.later, verdicts.REMOVED, verdicts.REMOVED_SINCE)
    if any(not entry.void for entry in step.later) or (step.later and not _as_made(work, step, row)):
        return Bucket.KEPT, verdicts.since(step.later, verdicts.CHANGED, verdicts.CHANGED_SINCE)
    if below:
        return Bucket.KEPT, (verdicts.GROWN, {"count": below})
    if (why := money.out(row, run.orders)) != "":
        return Bucket.KEPT, (why, {})
    if not soft and verdicts.in_use(work, row):
        return Bucket.KEPT, (verdicts.IN_USE, {})
    if soft:
        row.deleted_at = work.now
    else:
        work.session.delete(row)
    _follow(run, row, ("deleted_at",))
    return Bucket.UNDONE, FINE


def _put_back(work: Work, run: Run, step: Step, row: Any, customers: Mapping[int, Customer]) -> Verdict:
    """Each field that still holds what the change-set put there gets back what it held before."""
    changes = step.changes or {}
    plain = run.renames and not values.needs_key(row, changes)
    if getattr(row, "deleted_at", None) is not None and "deleted_at" not in changes and not plain:
        return Bucket.KEPT, verdicts.since(step.later, verdicts.REMOVED, verdicts.REMOVED_SINCE)
    if unknown := [name for name in changes if not values.known(work, row, name)]:
        return Bucket.FAILED, (verdicts.NO_FIELD, {"field": verdicts.labels(work, unknown)})
    back: dict[str, Any] = {}
    stay: list[str] = []
    for name, (before, after) in changes.items():
        now = values.present(work, row, name)
        if values.same(now, after):
            back[name] = before
        elif not values.same(now, before):
            stay.append(name)
    if not back and not stay:
        run.written = True  # it counts as taken back, and is not asked for again
        return Bucket.UNDONE, (verdicts.ALREADY, {})
    told = [entry for entry in step.later if set(stay) & entry.fields]
    if not back or {"deleted_at", "customer_id"} & set(stay):
        return Bucket.KEPT, verdicts.since(told or step.later, verdicts.CHANGED, verdicts.CHANGED_SINCE)
    if (reason := _refusal(work, run, row, back, customers)) is not None:
        return Bucket.FAILED, reason
    _write(work, run, row, back, customers)
    if not stay:
        return Bucket.UNDONE, FINE
    names = verdicts.labels(work, stay)
    return Bucket.KEPT, verdicts.since(told, verdicts.PARTLY, verdicts.PARTLY_SINCE, fields=names)


def _refusal(
    work: Work, run: Run, row: Any, back: Mapping[str, Any], customers: Mapping[int, Customer]
) -> Reason | None:
    """Why a row cannot get these values: where it would go to, who would get it, what is taken."""
    if back.get("customer_id"):
        target = customers.get(back["customer_id"])
        if target is not None and not verdicts.may_write(work, run.source, target):
            return verdicts.OUT_OF_REACH, {}
        if target is not None and target.deleted_at is not None and not _comes_back(work, run, target):
            return verdicts.NO_TARGET, {"field": verdicts.labels(work, ["customer_id"])}
    gains = isinstance(row, Customer) and row.owner_id is None and back.get("owner_id") == (work.actor.user_id or 0)
    reason = verdicts.over_the_limit(work, run.regained) if gains else None
    reason = reason or money.back(work, row, back) or verdicts.refusal(work, run.source, row, back, run.claimed)
    run.regained += gains and reason is None
    return reason


def _comes_back(work: Work, run: Run, target: Customer) -> bool:
    """Whether a removed customer is put back by this run: customers follow what belongs to them."""
    number = target.id or 0
    if number not in run.customers:
        return False
    if number not in run.returning:
        [step] = entries.steps(work, [run.customers[number]])
        before, after = (step.changes or {}).get("deleted_at", (None, None))
        puts = after is not None and before is None and values.same(values.present(work, target, "deleted_at"), after)
        back = {
            name: both[0] for name, both in (step.changes or {}).items() if puts and values.known(work, target, name)
        }
        run.returning[number] = puts and verdicts.refusal(work, run.source, target, back, set(run.claimed)) is None
    return run.returning[number]


def _write(work: Work, run: Run, row: Any, back: Mapping[str, Any], customers: Mapping[int, Customer]) -> None:
    _follow(run, row, back)
    target = customers.get(back.get("customer_id") or 0)
    if target is not None:
        rehoming.back(work, row, target, run.kept)
    for name, before in back.items():
        if name != "customer_id" or target is None:
            values.put(work, row, name, before, run.kept)
    if "updated_at" in row.__table__.c:
        row.updated_at = work.now
    _follow(run, row, back)


def _insert(work: Work, run: Run, step: Step) -> Verdict:
    """A row that the change-set took out of its table comes back under its number."""
    if step.model in MANAGED and not rights.may_keep(work, step.model):
        return Bucket.FAILED, (verdicts.OUT_OF_REACH, {})
    table: Any = columns(step.model)
    told = {name: before for name, (before, _after) in (step.changes or {}).items() if name in table.__table__.c}
    made = {name: values.stored(table.__table__.c[name], before) for name, before in told.items()}
    key = next(iter(table.__table__.primary_key.columns)).name
    row: Any = step.model(**made | {key: step.identity})
    if getattr(row, "customer_id", None) is not None:
        customer = work.session.get(Customer, row.customer_id)
        if customer is not None and not rights.reaches(work, run.source, row, customer):
            return Bucket.FAILED, (verdicts.OUT_OF_REACH, {})
    reason = verdicts.lost(work, row, told) or verdicts.clash(work, row, told, run.claimed)
    if reason is not None:
        return Bucket.FAILED, reason
    work.session.add(row)
    _follow(run, row, told)
    return Bucket.UNDONE, FINE


def _as_made(work: Work, step: Step, row: Any) -> bool:
    """Whether a row is what the change-set made of it, after others changed it and changed it back."""
    changes = step.changes or {}
    names = {n for n, c in values.table_columns(row).items() if not c.info.get("derived")} - {"id", "uid", "created_at"}
    names |= {name for entry in step.later for name in entry.fields if values.known(work, row, name)} | set(changes)
    for name in names:
        now, after = values.present(work, row, name), changes.get(name, (None, None))[1]
        if not values.same(now, after) and not (
            after is None and now in (0, False, "0")
        ):  # the log leaves 0 and no out
            return False
    return True


def _customers(work: Work, steps: Sequence[Step], rows: Mapping[str, Any]) -> dict[int, Customer]:
    """The customers that rows belong to now, and those they belonged to before."""
    ids = {row.customer_id for row in rows.values() if getattr(row, "customer_id", None) is not None}
    ids |= {i for row in rows.values() if isinstance(row, DuplicatePair) for i in (row.a_id, row.b_id)}
    ids |= {both[0] for step in steps if (both := (step.changes or {}).get("customer_id")) and both[0]}
    if steps[0].model is Customer:
        found = [row for row in rows.values() if isinstance(row, Customer)]
    else:
        found = list(work.session.execute(select(Customer).where(CUSTOMERS.id.in_(sorted(ids)))).scalars())
    work.load_ciphers(row.uid for row in found)
    return {row.id or 0: row for row in found}


def _follow(run: Run, row: Any, names: Any) -> None:
    """Note which customers must be brought up to date, before and after a change."""
    run.written = True
    if isinstance(row, Customer):
        (run.drop if row.deleted_at is not None else run.refresh).add(row.id or 0)
        if {"deleted_at", "merged_into_id"} & set(names):
            run.touch.add(row.id or 0)
            run.total.add(row.id or 0)
    elif isinstance(row, DuplicatePair):
        run.judge.update((row.a_id, row.b_id))
    elif isinstance(row, Contact):
        run.refresh.add(row.customer_id)
    elif isinstance(row, Activity | Task | WorklistDecision) and row.customer_id is not None:
        run.touch.add(row.customer_id)
    elif isinstance(row, SalesOrder | OrderLine | Payment | Opportunity | Ticket):
        run.total.add(row.customer_id)


def _name(work: Work, row: Any, customers: Mapping[int, Customer]) -> str:
    """What a record is called; a follow-up or a file by its customer."""
    told = next((str(v) for n in ("name", "title", "label", "value", "field") if (v := getattr(row, n, None))), "")
    customer = customers.get(getattr(row, "customer_id", None) or 0)
    if isinstance(row, StoredFile) and not (customer is not None and work.may_see_clear(customer.owner_id)):
        told = normalize.text_masked(told)
    return " · ".join(part for part in (told[:60], customer.name if customer else "") if part)
