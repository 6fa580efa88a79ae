"""Imports: what a file becomes, what is refused and why, and that it is all or nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import Actor
from cim.errors import Denied, Invalid
from cim.models import Activity, AuditEntry, Contact, Customer, CustomerTag, DuplicatePair, ImportBatch, Task, User
from cim.models.customer import Kind
from cim.models.imports import ImportKind, ImportMode, ImportReport, OnDuplicate
from cim.models.listing import CustomerFilter
from cim.models.user import UserStatus
from cim.service import audit, imports
from tests.factories import Personas, queries

HEADER = "客户编号,客户名称,手机,负责人,备注"


def sheet(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


def take(
    me: Actor, *lines: str, header: str = HEADER, kind: ImportKind = ImportKind.CUSTOMERS, **how: Any
) -> ImportReport:
    return imports.run(me, sheet(*lines, header=header), filename="rows.csv", kind=kind, **how)


def count(table: type) -> int:
    with db.session(writing=False) as session:
        return len(session.execute(select(table)).scalars().all())


def balanced(report: ImportReport) -> bool:
    return report.rows == report.added + report.updated + report.skipped + report.failed


def drifted(people: Personas) -> list[str]:
    """Rows that do not fit their newest entry; the personas came without history."""
    report = audit.verify(people.audrey, reconcile=True)
    return [name for name in report.drifted if not name.startswith(("app_user", "team"))]


def found(me: Actor, q: str) -> list[str]:
    return [row.code for row in service.customers.search(me, CustomerFilter(q=q)).rows]


def test_a_row_becomes_a_customer_as_if_it_had_been_typed(people: Personas) -> None:
    header = "公司名称,Mobile,电子邮件,地区,标签,创建日期,颜色,类型,身份证号"
    report = take(
        people.ann,
        "南京信诺环保科技有限公司,138 0013 8000,A@QQ.com,江苏南京,重点;老客户,2026年1月5日,红,公司,",
        header=header,
    )
    assert (report.rows, report.added, report.failed, report.unknown_columns) == (1, 1, 0, ["颜色"])
    assert report.mapping["Mobile"] == "phone"
    view = service.customers.by_code(people.ann, "C000001")
    assert (view.phone, view.email, view.region, view.owner) == ("13800138000", "a@qq.com", "江苏省南京市", "安晓然")
    assert view.tags == ["老客户", "重点"]
    assert clock.local(view.created_at).date() == date(2026, 1, 5)
    assert found(people.ann, "njxn") == found(people.ann, "8000") == found(people.ann, "信诺") == ["C000001"]


def test_its_history_is_one_action_that_holds_and_fits_the_rows(people: Personas) -> None:
    report = take(people.ann, "A1,张三,13800138000,,甲", "A2,李四,13900139000,,乙")
    with db.session(writing=False) as session:
        entries = session.execute(select(AuditEntry).where(AuditEntry.action == "imports.run")).scalars().all()
    assert {e.object_type for e in entries} == {"customer", "import_batch"}
    assert len({e.change_set_id for e in entries}) == 1
    assert b"13800138000" not in b"".join(bytes(e.changes or b"") for e in entries)
    assert audit.verify(people.audrey).ok
    assert drifted(people) == []
    [batch] = imports.batches(people.ann)
    assert (batch.id, batch.added, batch.filename) == (report.batch, 2, "rows.csv")
    assert imports.batches(people.bo) == []


def test_a_bad_cell_fails_its_row_and_names_row_column_value(people: Personas) -> None:
    report = take(
        people.ann, "A1,甲公司,12345,,", "A2,,13800138001,,", "A3,丙公司,13800138002,,", "A3,丁公司,13800138003,,"
    )
    assert (report.added, report.failed, balanced(report)) == (1, 3, True)
    assert [(f.row, f.column, f.value) for f in report.failures] == [
        (2, "手机", "12345"),
        (3, "客户名称", ""),
        (5, "客户编号", "A3"),
    ]
    assert take(people.ann, "A3,再来,13800138009,,").failures[0].column == "客户编号"


def test_every_bad_cell_of_a_row_is_named_at_once(people: Personas) -> None:
    report = take(people.ann, "甲公司,1,x,2026-02-30", header="名称,手机,邮箱,创建时间")
    assert {f.column for f in report.failures} == {"手机", "邮箱", "创建时间"}
    assert report.failed == 1


def test_strict_takes_none(people: Personas) -> None:
    report = take(people.ann, "A1,甲公司,13800138000,,", "A2,乙公司,12,,", strict=True)
    assert (report.batch, report.added, report.failed, report.skipped) == (None, 0, 1, 1)
    assert count(Customer) == count(ImportBatch) == 0


def test_a_check_says_what_a_run_does_and_leaves_nothing(people: Personas) -> None:
    content = sheet("A1,张三,13800138000,,", "A2,张三,13800138000,,", "A3,,1,,")
    prepared = imports.prepare(people.ann, content, filename="x.csv", kind=ImportKind.CUSTOMERS)
    with queries(20):
        foreseen = imports.check(people.ann, prepared)
    assert count(Customer) == 0
    done = imports.run(people.ann, prepared)
    names = ("rows", "added", "updated", "skipped", "failed", "duplicates")
    assert [getattr(foreseen, n) for n in names] == [getattr(done, n) for n in names] == [3, 2, 0, 0, 1, 1]
    assert (foreseen.dry_run, foreseen.batch) == (True, None)


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_what_stops_on_the_way_leaves_nothing(people: Personas, stop_at: int) -> None:
    calls = 0

    def stop(_done: int, _all: int) -> None:
        nonlocal calls
        calls += 1
        if calls == stop_at:
            raise KeyboardInterrupt

    lines = [f"B{n},客户{n},,,备注" for n in range(2500)]
    with pytest.raises(KeyboardInterrupt):
        take(people.ann, *lines, progress=stop)
    assert calls == stop_at
    assert count(Customer) == count(ImportBatch) == count(CustomerTag) == 0
    assert found(people.ann, "客户1") == []
    assert audit.verify(people.audrey).ok


@pytest.mark.parametrize(
    ("how", "added", "updated", "skipped", "pairs"),
    [(OnDuplicate.REVIEW, 2, 0, 0, 2), (OnDuplicate.SKIP, 0, 0, 2, 0), (OnDuplicate.UPDATE, 0, 2, 0, 0)],
)
def test_duplicates_of_the_base(
    people: Personas, how: OnDuplicate, added: int, updated: int, skipped: int, pairs: int
) -> None:
    header = "客户名称,手机,邮箱,备注"
    take(
        people.ann, "张三丰,13800138000,a@qq.com,旧", "南京信诺环保科技有限公司,13900139000,b@qq.com,旧", header=header
    )
    report = take(
        people.ann,
        "张三丰,138-0013-8000,A@qq.com,新",
        "南京信诺环保科技公司,+86 13900139000,b@qq.com,新",
        header=header,
        on_duplicate=how,
    )
    assert (report.added, report.updated, report.skipped) == (added, updated, skipped)
    assert report.duplicates == 2
    assert len(report.warnings) == (0 if how is OnDuplicate.UPDATE else 2)
    assert count(DuplicatePair) == pairs
    assert count(Customer) == 2 + added
    assert (service.customers.by_code(people.ann, "C000001").notes == "新") is (how is OnDuplicate.UPDATE)
    assert drifted(people) == []


def test_duplicates_within_one_file(people: Personas) -> None:
    rows = ("张三丰,13800138000,旧,", "张三丰,+86 138 0013 8000,,vip")
    header = "客户名称,手机,备注,标签"
    assert take(people.ann, *rows, header=header, on_duplicate=OnDuplicate.SKIP).added == 1
    assert take(people.bo, *rows, header=header, on_duplicate=OnDuplicate.REVIEW).duplicates == 3
    merged = take(
        people.mei, "李四光,13700137000,旧,", "李四光,13700137000,,vip", header=header, on_duplicate=OnDuplicate.UPDATE
    )
    assert (merged.added, merged.updated, balanced(merged)) == (1, 1, True)
    [code] = found(people.mei, "李四光")
    view = service.customers.by_code(people.mei, code)
    assert (view.notes, view.tags) == ("旧", ["vip"])


def test_a_double_of_a_colleagues_customer_tells_nothing_about_it(people: Personas) -> None:
    take(people.bo, "BO-1,张三丰,13800138000,,秘密")
    report = take(people.ann, "A1,张三丰,13800138000,,")
    assert (report.added, report.duplicates) == (1, 1)
    assert "BO-1" not in report.warnings[0].reason


def test_upsert_and_update_change_only_what_the_file_says(people: Personas) -> None:
    take(people.ann, "A1,甲公司,13800138000,,旧", "A2,乙公司,13900139000,,旧")
    changed = take(
        people.ann, "A1,,新", "A3,丙公司,新", "A2,乙公司,", header="客户编号,客户名称,备注", mode=ImportMode.UPSERT
    )
    assert (changed.updated, changed.added, changed.skipped, changed.failed) == (1, 1, 1, 0)
    view = service.customers.by_code(people.ann, "A1")
    assert (view.name, view.phone, view.notes) == ("甲公司", "13800138000", "新")
    only = take(
        people.ann, "乙公司,13900139000,更新", "无此公司,13900139999,x", header="名称,手机,备注", mode=ImportMode.UPDATE
    )
    assert (only.updated, only.added, only.skipped) == (1, 0, 1)
    assert service.customers.by_code(people.ann, "A2").notes == "更新"
    theirs = take(people.bo, "A1,甲公司,,,抢", mode=ImportMode.UPSERT)
    assert (theirs.updated, theirs.failed) == (0, 1)


def test_owners(people: Personas) -> None:
    rows = [f"P{n},客户{n},,{owner}," for n, owner in enumerate(("", "ann", "薄文博", "离职员工", "公海"))]
    report = take(people.ann, *rows)
    assert [(f.row, f.column) for f in report.failures] == [(4, "负责人")]
    assert [(w.row, w.value) for w in report.warnings] == [(5, "离职员工")]
    owners = {r.code: r.owner for r in service.customers.search(people.mei).rows}
    assert owners == {"P0": "安晓然", "P1": "安晓然", "P3": "", "P4": ""}
    assert service.customers.by_code(people.ann, "P3").imported_owner == "离职员工"
    by_manager = take(people.mei, *[row.replace("P", "M").replace("客户", "顾客") for row in rows])
    assert by_manager.failed == 0
    assert take(people.root, "R1,管理员录入,,,").added == 1
    assert service.customers.by_code(people.root, "R1").owner_id is None


def test_missing_owners_are_created_only_by_who_may(people: Personas) -> None:
    with pytest.raises(Denied):
        take(people.mei, "P1,客户,,离职 员工,", create_missing=True)
    report = take(people.root, "P1,张三,,离职 员工,", "P2,李四,,离职员工,", create_missing=True)
    assert (report.added, report.warnings) == (2, [])
    with db.session(writing=False) as session:
        made = session.execute(select(User).where(User.name == "离职 员工")).scalar_one()  # type: ignore[arg-type]
    assert (made.status, made.must_change_password) == (UserStatus.DISABLED, True)
    assert {r.owner_id for r in service.customers.search(people.root).rows} == {made.id}


def test_type_and_region_are_found_where_they_can_be(people: Personas) -> None:
    header = "编号,姓名,地区,地址"
    report = take(
        people.ann, "K1,张三,火星,江苏省南京市江宁区迎宾路1号", "K2,南京信诺有限公司,,", "K3,李四,火星,", header=header
    )
    assert [(w.row, w.column) for w in report.warnings] == [(2, "地区")]
    assert [(f.row, f.column) for f in report.failures] == [(4, "地区")]
    assert service.customers.by_code(people.ann, "K1").region == "江苏省南京市"
    assert service.customers.by_code(people.ann, "K2").kind is Kind.COMPANY


def test_mapping_by_hand_goes_before_the_synonyms(people: Personas) -> None:
    report = take(
        people.ann, "甲公司,13800138000,x", header="单位A,号,备注", mapping={"单位A": "name", "号": "phone", "备注": ""}
    )
    assert (report.added, report.unknown_columns) == (1, ["备注"])
    for wrong in ({"没有": "name"}, {"号": "nonsense"}, {"单位A": "name", "号": "name"}):
        with pytest.raises(Invalid) as refused:
            take(people.ann, "甲公司,13800138000,x", header="单位A,号,备注", mapping=wrong)
        assert refused.value.field == "mapping"
    with pytest.raises(Invalid) as refused:
        take(people.ann, "甲公司,1", header="单位A,号")
    assert refused.value.field == "file"
    assert "单位A" in str(refused.value)
    shown = imports.preview(
        people.ann, sheet("甲公司,1", header="单位A,号"), filename="x.csv", kind=ImportKind.CUSTOMERS
    )
    assert (shown.headers, shown.mapping, shown.rows) == (["单位A", "号"], {}, 1)


def test_activities_keep_author_and_date_and_move_the_customer(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-06-01T10:00:00")
    take(people.ann, "A1,甲公司,13800138000,,", "A2,乙公司,13900139000,,", "A3,乙公司,13700137000,,")
    report = take(
        people.ann,
        "A1,邮件,2026-03-30 08:09,bo,约定拜访,已成交,,",
        "甲公司,电话,2026-04-01 09:00,老王,再约,再说吧,,2026-07-01 09:00",
        "13800138000,拜访,2026-03-01,,看厂,,客户公司,2026-08-01",
        "乙公司,电话,2026-03-01,,哪一个,,,",
        "没有的,电话,2026-03-01,,x,,,",
        "A1,飞鸽,昨天,,x,,,",
        header="客户名称,类型,时间,跟进人,内容,结果,地点,下次跟进",
        kind=ImportKind.ACTIVITIES,
    )
    assert (report.added, report.failed, balanced(report)) == (3, 3, True)
    assert {(f.row, f.column) for f in report.failures} == {(5, "客户名称"), (6, "客户名称"), (7, "类型"), (7, "时间")}
    assert [(w.row, w.column) for w in report.warnings] == [(3, "结果")]
    shown = {a.at.isoformat()[:10]: a for a in service.activities.timeline(people.ann)}
    assert (shown["2026-03-30"].author, shown["2026-03-30"].author_id, shown["2026-03-30"].imported) == (
        "薄文博",
        people.bo.user_id,
        True,
    )
    assert (shown["2026-04-01"].author, shown["2026-04-01"].author_id) == ("老王", None)
    assert shown["2026-04-01"].content == "再约\n结果：再说吧"
    row = next(r for r in service.customers.search(people.ann).rows if r.code == "A1")
    assert row.last_contact_at.isoformat()[:16] == "2026-04-01T01:00"  # type: ignore[union-attr]
    with db.session(writing=False) as session:
        [task] = session.execute(select(Task)).scalars()
    assert (task.customer_id, task.assignee_id, task.due_at.month) == (row.id, people.ann.user_id, 7)
    assert drifted(people) == []


def test_a_next_step_is_given_only_to_whom_the_importer_may_give_one(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-06-01T10:00:00")
    take(people.mei, "A1,甲公司,13800138000,ann,", "P1,公海公司,13900139000,公海,")
    header = "客户编号,类型,时间,跟进人,内容,下次跟进"
    how: dict[str, Any] = {"header": header, "kind": ImportKind.ACTIVITIES}
    take(people.ann, "A1,电话,2026-03-01 09:00,bo,再约,2026-07-01", "P1,电话,2026-03-01 09:00,老王,x,2026-07-01", **how)
    with db.session(writing=False) as session:
        tasks = session.execute(select(Task)).scalars().all()
    assert [task.assignee_id for task in tasks] == [people.ann.user_id] * 2
    take(people.mei, "A1,电话,2026-05-01 09:00,bo,再约,2026-07-02", **how)
    with db.session(writing=False) as session:
        newest = session.execute(select(Task).order_by(Task.id.desc())).scalars().first()  # type: ignore[union-attr]
    assert newest is not None
    assert newest.assignee_id == people.bo.user_id


def test_a_row_that_fails_late_changes_nothing_of_its_customer(people: Personas) -> None:
    take(people.root, "A1,甲公司,13800138000,ann,早先")
    service.users.disable(people.root, people.bo.user_id or 0)
    how: dict[str, Any] = {"mode": ImportMode.UPSERT, "create_missing": True}
    report = take(people.root, "A1,甲公司,13900139000,bo,后来", **how)
    assert (report.updated, report.failed) == (0, 1)
    assert service.customers.by_code(people.ann, "A1").notes == "早先"
    assert found(people.ann, "13800138000") == ["A1"]
    assert drifted(people) == []


def test_the_same_follow_up_again_can_be_left_out(people: Personas) -> None:
    header = "客户编号,类型,时间,内容"
    take(people.ann, "A1,甲公司,,,")
    how: dict[str, Any] = {"header": header, "kind": ImportKind.ACTIVITIES}
    assert take(people.ann, "A1,邮件,2026-03-30 08:09,约定拜访", **how).added == 1
    again = take(people.ann, "A1,邮件,2026-03-30 08:09,约定拜访", **how, on_duplicate=OnDuplicate.SKIP)
    assert (again.skipped, again.duplicates, count(Activity)) == (1, 1, 1)


def test_a_second_press_imports_nothing(people: Personas) -> None:
    first = take(people.ann, "A1,甲公司,,,", token="t1")
    second = take(people.ann, "A1,甲公司,,,", token="t1")
    assert (second.batch, second.added, count(Customer)) == (first.batch, 1, 1)


def test_contacts_are_found_by_their_phone(people: Personas) -> None:
    take(people.ann, "A1,甲公司,,,")
    header = "客户编号,姓名,职务,手机,邮箱,决策角色"
    report = take(
        people.ann, "A1,王五,经理,13612345678,w@qq.com,决策人", "A1,赵六,,12,,", header=header, kind=ImportKind.CONTACTS
    )
    assert (report.added, report.failed, report.failures[0].column) == (1, 1, "手机")
    assert found(people.ann, "13612345678") == found(people.ann, "王五") == ["A1"]
    changed = take(people.ann, "A1,王五,总监,,,", header=header, kind=ImportKind.CONTACTS, mode=ImportMode.UPSERT)
    assert (changed.updated, count(Contact)) == (1, 1)
    assert take(people.bo, "A1,孙七,,,,", header=header, kind=ImportKind.CONTACTS).failed == 1
    assert drifted(people) == []


def test_nothing_personal_lies_open_in_the_files(people: Personas, home: Path) -> None:
    header = "客户名称,手机,邮箱,身份证号,地址,微信"
    take(
        people.ann,
        "张三,13812344321,zhangsan77@qq.com,110101199003077758,江苏省南京市江宁区迎宾路892号,wx_secret77",
        header=header,
    )
    raw = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != "kek.key")
    for secret in ("13812344321", "zhangsan77", "110101199003077758", "迎宾路892", "wx_secret77"):
        assert secret.encode() not in raw


def test_roles(people: Personas) -> None:
    for me in (people.kai, people.audrey):
        with pytest.raises(Denied):
            take(me, "A1,甲,,,")
    assert count(Customer) == 0
