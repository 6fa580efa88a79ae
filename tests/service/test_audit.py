"""The audit log: what the auditor reads, what stays masked, and that every way of tampering is found and named."""

from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cim import checkpoint, clock, db, labels, service, work
from cim.config import settings
from cim.errors import Denied, Invalid, NotFound
from cim.models import Model
from cim.models.audit import ChainReport, Result
from cim.models.customer import CustomerDraft
from cim.service import audit, users
from tests.factories import Personas, history, recorded


def firm(name: str = "南京信诺环保科技有限公司", phone: str = "13800138000", **values: object) -> CustomerDraft:
    return CustomerDraft.model_validate({"name": name, "phone": phone, **values})


def written(people: Personas, upto: int = 16) -> None:
    """Bring the log to `upto` entries."""
    for number in range(upto - len(history())):
        users.add_team(people.root, f"组 {number}")


def attack(*statements: str) -> None:
    """What somebody does who owns the database but not the key: switch the guards off, then edit."""
    guards = (
        [f"DROP TRIGGER IF EXISTS audit_entry_{verb}" for verb in ("insert", "update", "delete")]
        if settings().is_sqlite
        else ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"]
    )
    with db.engine().execution_options(immediate=True).connect() as connection, connection.begin():
        for statement in (*guards, *statements):
            connection.execute(text(statement))


def verified(people: Personas, *, reconcile: bool = False) -> ChainReport:
    return audit.verify(people.audrey, reconcile=reconcile)


# ---- reading


def test_entries_come_newest_first_and_page_by_page(people: Personas) -> None:
    for number in range(7):
        users.add_team(people.root, f"组 {number}")
    first = audit.entries(people.audrey, action="users.add_team", limit=4)
    second = audit.entries(people.audrey, action="users.add_team", limit=4, after_seq=first[-1].seq)
    assert [e.changes["name"] for e in (*first, *second)] == [(None, f"组 {n}") for n in range(6, -1, -1)]
    assert first[0].actor == "root"
    assert first[0].role == "admin"


@pytest.mark.parametrize(
    ("filters", "actions"),
    [
        ({"who": "Ann "}, ["customers.update", "customers.create"]),
        ({"who": "nobody"}, []),
        ({"action": "customers"}, ["customers.update", "customers.create"]),
        ({"action": "customers.create"}, ["customers.create"]),
        ({"object_type": "team"}, ["users.add_team"]),
        ({"object_type": "customer", "object_id": "1"}, ["customers.update", "customers.create"]),
        ({"result": Result.DENIED}, ["users.add_team"]),
        ({"ip": "10.1."}, ["users.add_team"]),
    ],
)
def test_filters(people: Personas, filters: dict[str, str], actions: list[str]) -> None:
    made = service.customers.create(people.ann, firm())
    assert made == 1
    service.customers.update(people.ann, made, firm(grade="A"), version=service.customers.get(people.ann, made).version)
    users.add_team(replace(people.root, ip="10.1.2.3"), "组")
    with pytest.raises(Denied):
        users.add_team(people.ann, "组 2")
    found = [e.action for e in audit.entries(people.audrey, **filters) if e.result is filters.get("result", Result.OK)]
    assert found == actions


def test_filter_by_time(people: Personas) -> None:
    written(people)
    soon = clock.now() + timedelta(minutes=1)
    assert audit.entries(people.audrey, since=clock.now() - timedelta(minutes=1), until=soon)
    assert audit.entries(people.audrey, since=soon) == []
    assert audit.entries(people.audrey, until=clock.now() - timedelta(hours=1)) == []


def test_personal_values_are_masked_whoever_reads(people: Personas) -> None:
    details = {
        "email": "zhang.san@qq.com",
        "wechat": "wxid_zhang03",
        "address": "江宁区迎宾路892号",
        "birthday": "1990-05-17",
    }
    service.customers.create(people.ann, firm(kind="person", name="张三", **details))
    for reader in (people.audrey, people.root):
        entry = audit.entries(reader, action="customers.create")[0]
        assert entry.object_name.startswith("张三")
        assert entry.changes["phone"] == (None, "138****8000")
        shown = json.dumps({n: [str(v) for v in pair] for n, pair in entry.changes.items()}, ensure_ascii=False)
        assert not any(secret in shown for secret in ("13800138000", "zhang.san", "wxid_zhang03", "迎宾路", "05-17"))


def test_reveal_needs_a_reason_and_is_an_entry_of_the_same_customer(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    seq = audit.entries(people.audrey, action="customers.create", object_type="customer")[0].seq
    with pytest.raises(Invalid) as refused:
        audit.reveal(people.audrey, seq, " ")
    assert refused.value.field == "reason"
    with recorded("audit.reveal", by=people.audrey, times=1):
        assert audit.reveal(people.audrey, seq, "投诉核查").changes["phone"] == (None, "13800138000")
    newest = history()[-1]
    assert (newest.object_type, newest.object_id, newest.reason) == ("customer", str(made), "投诉核查")
    assert audit.entries(people.audrey, action="audit.reveal")[0].changes == {"entry": (None, seq)}
    with pytest.raises(NotFound):
        audit.reveal(people.audrey, 10_000, "投诉核查")


def test_entries_of_an_erased_customer_keep_their_field_names_only(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    attack(f"DELETE FROM subject_key WHERE uid = (SELECT uid FROM customer WHERE id = {made})")
    entry = audit.entries(people.audrey, action="customers.create", object_type="customer")[0]
    assert entry.changes == {}
    assert "phone" in entry.fields
    assert verified(people).ok


def test_export_is_masked_safe_and_recorded(people: Personas) -> None:
    service.customers.create(people.ann, firm(notes="=1+1"))
    with recorded("audit.export", by=people.audrey, times=1):
        content = audit.export(people.audrey, action="customers")
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"13800138000" not in content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == ["ann"]
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert audit.entries(people.audrey, action="audit.export")[0].changes["filters"] == (None, {"action": "customers"})


def test_only_auditor_and_administrator_read_the_log(people: Personas) -> None:
    for person in people:
        for call in (audit.entries, audit.verify, audit.export, lambda me: audit.reveal(me, 1, "reason")):
            if person in (people.audrey, people.root):
                continue
            with recorded("audit", by=person, times=0), pytest.raises(Denied):
                call(person)
    refused = [e for e in history() if e.actor in ("ann", "bo", "mei", "kai")]
    assert {e.action for e in refused} == {"audit.entries", "audit.verify", "audit.export", "audit.reveal"}
    assert {e.result for e in refused} == {Result.DENIED}


# ---- the chain


def test_the_chain_holds_after_normal_work(people: Personas) -> None:
    assert verified(people).ok
    made = service.customers.create(people.ann, firm(tags=["重点"]))
    service.customers.update(people.ann, made, firm(grade="A"), version=service.customers.get(people.ann, made).version)
    written(people, 22)
    report = verified(people, reconcile=True)
    assert (report.entries, report.head) == (len(history()), history()[-1].mac.hex())
    assert report.problem == ""
    assert report.checkpoints
    # the personas were hired past the service: they are all that a reconciliation finds
    assert {name.split()[0] for name in report.drifted} == {"app_user", "team"}
    assert len(report.drifted) == 9


EDITS = {
    "altered": ("UPDATE audit_entry SET actor = 'bo' WHERE seq = 3", 3),
    "denied made good": ("UPDATE audit_entry SET result = 'denied' WHERE seq = 2", 2),
    "time moved": ("UPDATE audit_entry SET at = '2020-01-01 00:00:00.000000' WHERE seq = 4", 4),
    "digest altered": ("UPDATE audit_entry SET row_digest = mac WHERE seq = 5", 5),
    "deleted": ("DELETE FROM audit_entry WHERE seq = 3", 3),
    "first deleted": ("DELETE FROM audit_entry WHERE seq = 1", 1),
    "inserted as last": (
        "INSERT INTO audit_entry SELECT 17, at, change_set_id, actor_id, actor, role, session_id, source, ip, "
        "action, object_type, object_id, subject_uid, result, reason, fields, changes, row_digest, mac, mac "
        "FROM audit_entry WHERE seq = 16",
        17,
    ),
    "swapped": ("UPDATE audit_entry SET seq = CASE seq WHEN 2 THEN 30 ELSE 2 END WHERE seq IN (2, 3)", 2),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_entry_is_found(people: Personas, name: str) -> None:
    statement, place = EDITS[name]
    written(people, 16)
    attack(statement)
    report = verified(people)
    assert not report.ok
    assert report.broken_at == place
    assert report.problem


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_a_cut_tail_is_found(people: Personas, kept: int) -> None:
    written(people, 16)
    attack(f"DELETE FROM audit_entry WHERE seq > {kept}")
    report = verified(people)
    assert not report.ok
    assert report.broken_at is not None
    assert report.broken_at > kept


def test_a_cut_tail_is_found_after_work_went_on(people: Personas) -> None:
    written(people, 16)
    attack("DELETE FROM audit_entry WHERE seq > 13")
    for number in range(3):
        users.add_team(people.root, f"新组 {number}")
    report = verified(people)
    assert not report.ok
    assert report.broken_at == 16


def test_missing_heads_are_told(people: Personas) -> None:
    written(people, 16)
    attack("DELETE FROM audit_entry WHERE seq > 3")
    for file in settings().checkpoints.iterdir():
        file.unlink()
    report = verified(people)
    assert not report.ok
    assert report.broken_at is None
    assert report.problem


def test_a_cut_tail_is_found_after_more_was_written_than_was_cut(people: Personas) -> None:
    """The new head replaces the old one; the old one is kept because work went on below it."""
    written(people, 17)
    attack("DELETE FROM audit_entry WHERE seq > 13")
    checkpoint.forget()
    for number in range(9):
        users.add_team(people.root, f"新组 {number}")
    assert not verified(people).ok


def test_a_cut_tail_with_the_newest_head_deleted_is_found_from_the_first_line(people: Personas) -> None:
    written(people, 16)
    attack("DELETE FROM audit_entry")
    (settings().checkpoints / "head.json").unlink()
    assert verified(people).broken_at == 11  # the first head that was signed, when the installation was made


@pytest.mark.parametrize(
    "edit", [lambda line: line.replace('"seq": 16', '"seq": 3'), lambda _line: "{}", lambda _line: "x"]
)
def test_a_forged_head_is_found(people: Personas, edit: Callable[[str], str]) -> None:
    written(people, 16)
    head: Path = settings().checkpoints / "head.json"
    head.write_text(edit(head.read_text()))
    report = verified(people)
    assert not report.ok
    assert report.problem


def test_entries_written_while_verifying_are_no_alarm(people: Personas) -> None:
    written(people, 3)

    @work.query(work.Permission.AUDIT_READ)
    def later(unit: work.Work) -> ChainReport:
        assert audit.entries(unit)  # the snapshot is taken here
        users.add_team(people.root, "其后")
        return audit.verify(unit)

    report = later(people.audrey)
    assert report.ok
    assert len(checkpoint.read()) >= 1


def test_entries_that_changed_a_field(people: Personas) -> None:
    """The question "who changed this phone" has an answer; a field whose name is a beginning of another is another."""
    made = service.customers.create(people.ann, firm())
    service.customers.update(people.ann, made, firm().model_copy(update={"phone2": "13900139001"}), version=1)
    changed = CustomerDraft.model_validate({"name": firm().name, "phone": "13700137002"})
    service.customers.update(people.mei, made, changed, version=service.customers.get(people.mei, made).version)
    found = audit.entries(people.audrey, field="phone", action="customers.update")
    assert [entry.actor for entry in found] == ["mei"]


# ---- rows edited past the program


def drift(people: Personas) -> set[str]:
    report = verified(people, reconcile=True)
    assert report.ok == (not report.drifted)
    assert not report.problem
    return set(report.drifted)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE customer SET owner_id = 2 WHERE id = 1", {"customer 1"}),
        ("UPDATE customer SET phone = phone2, phone2 = phone WHERE id = 1", {"customer 1"}),
        ("UPDATE customer SET completeness = 100 WHERE id = 1", set()),
        ("UPDATE app_user SET role = 'admin' WHERE username = 'cy'", {"app_user 7"}),
        ("DELETE FROM team WHERE name = '组 0'", {"team 4"}),
        ("INSERT INTO team (name, created_at, updated_at) VALUES ('x', '2026-01-01', '2026-01-01')", {"team 5"}),
    ],
)
def test_direct_edits_of_rows_are_listed(people: Personas, statement: str, found: set[str]) -> None:
    from cim.models.user import UserDraft

    service.customers.create(people.ann, firm())
    users.add_team(people.root, "组 0")
    users.add(people.root, UserDraft(username="cy", name="陈怡"))
    before = drift(people)
    attack(statement)
    assert drift(people) - before == found


def test_a_removed_record_is_no_drift(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    before = drift(people)
    service.customers.remove(people.ann, made, version=service.customers.get(people.ann, made).version, reason="录错")
    assert drift(people) == before


# ---- labels


def test_every_action_has_a_label() -> None:
    public = {action for action in work.GUARDS if not action.split(".")[1].startswith("_") and "test_" not in action}
    assert sorted(public - labels.ACTIONS.keys()) == []


def test_every_audited_table_and_field_has_a_label() -> None:
    tables = audit._audited()
    assert sorted(tables.keys() - labels.OBJECTS.keys()) == []
    silent = {"id", "uid", "created_at"}
    fields = {c.name for m in tables.values() for c in m.__table__.columns if not c.info.get("derived")}  # type: ignore[attr-defined]
    assert sorted(fields - silent - labels.FIELDS.keys()) == []
    assert all(issubclass(model, Model) for model in tables.values())


def test_rows_that_are_saved_meanwhile_are_not_called_drifted(people: Personas) -> None:
    made = [service.customers.create(people.ann, firm(f"第{n}号公司", f"138001380{n:02}")) for n in range(10, 22)]
    before = set(verified(people, reconcile=True).drifted)
    stop = threading.Event()

    def keep_saving() -> None:
        for number in itertools.cycle(made):
            if stop.is_set():
                return
            view = service.customers.get(people.ann, number)
            draft = CustomerDraft(name=view.name, notes=f"{view.version}")
            service.customers.update(people.ann, number, draft, version=view.version)

    busy = threading.Thread(target=keep_saving)
    busy.start()
    try:
        found = [set(verified(people, reconcile=True).drifted) - before for _ in range(10)]
    finally:
        stop.set()
        busy.join()
    assert found == [set()] * 10
