"""The import wizard below its pages: defaults, corrections in the grid, decisions about single rows, contacts beside
their customers, the desk on which a file lies, and templates."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import select

from cim import db, service
from cim.access import Actor
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Contact, Customer, DuplicatePair, ImportBatch
from cim.models.contact import ContactDraft
from cim.models.customer import Grade
from cim.models.imports import ImportChoices, ImportKind, ImportMode, ImportReport, OnDuplicate
from cim.models.job import JobStatus
from cim.models.listing import CustomerFilter
from cim.service import audit, import_desk, imports, jobs
from cim.service.importing.preparing import Prepared
from tests.factories import Personas, history, recorded


def ready(me: Actor, text: str, *, kind: ImportKind = ImportKind.CUSTOMERS, **how: Any) -> Prepared:
    return imports.prepare(me, text.encode(), filename="rows.csv", kind=kind, **how)


def count(table: type) -> int:
    with db.session(writing=False) as session:
        return len(session.execute(select(table)).scalars().all())


def balanced(report: ImportReport) -> bool:
    return report.rows == report.added + report.updated + report.skipped + report.failed


def one(me: Actor, code: str) -> Any:
    return service.customers.by_code(me, code)


def people_of(me: Actor, code: str) -> list[tuple[str, str, str]]:
    return [(c.name, c.title, c.phone) for c in service.contacts.list(me, one(me, code).id)]


# ---- defaults
def test_defaults_are_for_new_customers_only(people: Personas) -> None:
    imports.run(people.ann, ready(people.ann, "客户编号,客户名称,来源\nA1,甲公司,官网\n"))
    given = {"source": "展会", "grade": "B级", "tags": "重点;华东", "owner": "ann"}
    prepared = ready(people.ann, "客户编号,客户名称,备注\nA1,甲公司,新\nA2,乙公司,\n", defaults=given)
    report = imports.run(people.ann, prepared, mode=ImportMode.UPSERT)
    assert (report.added, report.updated, report.failed) == (1, 1, 0)
    assert (one(people.ann, "A1").source, one(people.ann, "A1").grade, one(people.ann, "A1").notes) == (
        "官网",
        "",
        "新",
    )
    fresh = one(people.ann, "A2")
    assert (fresh.source, fresh.grade, fresh.tags) == ("展会", Grade.B, ["华东", "重点"])


@pytest.mark.parametrize(
    "defaults", [{"来源": "x"}, {"grade": "优"}, {"name": "甲"}, {"code": "A1"}, {"created_at": "2026-02-30"}]
)
def test_a_default_that_cannot_be_is_refused_before_any_row(people: Personas, defaults: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        ready(people.ann, "客户名称\n甲公司\n", defaults=defaults)
    assert refused.value.field == "defaults"


# ---- corrections
BAD = "客户名称,手机,邮箱\n甲公司,12345,a@qq.com\n乙公司,13800138001,x\n,13800138002,\n丁公司,13800138003,\n"


def test_corrected_cells_are_judged_again_without_the_file(people: Personas) -> None:
    prepared = ready(people.ann, BAD)
    assert imports.check(people.ann, prepared).failed == 3
    untouched = {line.number: line for line in prepared.lines}
    mended = imports.mend(people.ann, prepared, edits={(2, "phone"): "13800138000", (3, "email"): ""}, drop={4})
    assert [line.number for line in mended.lines] == [2, 3, 5]
    assert mended.lines[2] is untouched[5]  # a row that nobody touched is not judged again
    report = imports.check(people.ann, mended)
    assert (report.added, report.failed, report.skipped, balanced(report)) == (3, 0, 1, True)
    again = imports.mend(people.ann, mended, edits={(2, "phone"): "1"}, drop=())
    assert [f.row for f in imports.check(people.ann, again).failures] == [2, 4]
    done = imports.run(people.ann, mended)
    assert (done.added, done.skipped, balanced(done)) == (3, 1, True)
    assert service.customers.search(people.ann, CustomerFilter(q="甲公司")).rows[0].phone == "13800138000"


def test_a_correction_outside_the_file_or_with_damage_is_refused(people: Personas) -> None:
    prepared = ready(people.ann, BAD)
    for edits in ({(99, "phone"): "1"}, {(2, "owner"): "bo"}):
        with pytest.raises(Invalid):
            imports.mend(people.ann, prepared, edits=edits)
    with pytest.raises(Invalid):
        imports.mend(people.ann, prepared, edits={}, drop={99})
    damaged = imports.mend(people.ann, prepared, edits={(5, "name"): "丁\u202e公司"})
    [failure] = [f for f in imports.check(people.ann, damaged).failures if f.row == 5]
    assert "U+202E" in failure.reason


def test_a_row_that_could_not_be_read_can_be_mended_too(people: Personas) -> None:
    prepared = ready(people.ann, "客户名称,手机\n甲\u202e公司,13800138000\n乙公司,13800138001\n")
    assert imports.check(people.ann, prepared).failed == 1
    other = imports.mend(people.ann, prepared, edits={(2, "phone"): "13800138009"})
    assert imports.check(people.ann, other).failed == 1  # the damaged cell is still there
    mended = imports.mend(people.ann, other, edits={(2, "name"): "甲公司"})
    assert (imports.check(people.ann, mended).added, imports.check(people.ann, mended).failed) == (2, 0)
    sheet = imports.rejected(people.ann, prepared, imports.check(people.ann, prepared))
    import openpyxl

    [_head, row] = openpyxl.load_workbook(io.BytesIO(sheet)).active.values  # type: ignore[union-attr]
    assert row[1] == "13800138000"


# ---- decisions about single rows
def test_each_possible_duplicate_can_be_decided_about(people: Personas) -> None:
    imports.run(
        people.ann,
        ready(people.ann, "客户编号,客户名称,手机,备注\nA1,张三丰,13800138000,旧\nA2,李四光,13900139000,旧\n"),
    )
    rows = "张三丰,138-0013-8000,新\n李四光,13900139000,新\n张三丰,13800138000,第三\n王小二,13700137000,\n"
    prepared = ready(people.ann, f"客户名称,手机,备注\n{rows}")
    asked = {d.row: d for d in imports.check(people.ann, prepared).doubles}
    assert asked[2].options == ["add", "skip", "A1"]
    assert (asked[2].choice, asked[2].other) == ("add", "A1 张三丰")
    assert 5 not in asked
    choices = {2: "A1", 3: "skip", 4: "add"}
    foreseen = imports.check(people.ann, prepared, choices=choices)
    assert (foreseen.added, foreseen.updated, foreseen.skipped, balanced(foreseen)) == (2, 1, 1, True)
    assert {d.row: d.choice for d in foreseen.doubles} == choices
    done = imports.run(people.ann, prepared, choices=choices)
    assert (done.added, done.updated, done.skipped, balanced(done)) == (2, 1, 1, True)
    assert (one(people.ann, "A1").notes, one(people.ann, "A2").notes) == ("新", "旧")


def test_a_decision_can_be_taken_back(people: Personas) -> None:
    prepared = ready(people.ann, "客户名称,手机,备注\n张三丰,13800138000,甲\n张三丰,13800138000,乙\n")
    merged = imports.check(people.ann, prepared, choices={3: "row:2"})
    assert (merged.added, merged.updated) == (1, 1)
    apart = imports.check(people.ann, prepared, choices={3: "add"})
    assert (apart.added, apart.updated, apart.duplicates) == (2, 0, 1)
    done = imports.run(people.ann, prepared, choices={3: "skip"})
    assert (done.added, done.skipped) == (1, 1)
    [row] = service.customers.search(people.ann, CustomerFilter(q="张三丰")).rows
    assert one(people.ann, row.code).notes == "甲"  # what a check had merged is not in it


def test_nobody_updates_a_customer_of_somebody_else_by_a_decision(people: Personas) -> None:
    imports.run(people.bo, ready(people.bo, "客户编号,客户名称,手机,备注\nB1,张三丰,13800138000,秘密\n"))
    prepared = ready(people.ann, "客户名称,手机,备注\n张三丰,13800138000,新\n")
    [asked] = imports.check(people.ann, prepared).doubles
    assert asked.options == ["add", "skip"]
    assert "B1" not in asked.other
    report = imports.run(people.ann, prepared, choices={2: "B1"})
    assert (report.added, report.updated, report.failed) == (0, 0, 1)
    assert one(people.bo, "B1").notes == "秘密"


def test_contacts_and_follow_ups_can_be_decided_about_too(people: Personas) -> None:
    imports.run(people.ann, ready(people.ann, "客户编号,客户名称\nA1,甲公司\n"))
    service.contacts.add(people.ann, one(people.ann, "A1").id, ContactDraft(name="王五", title="经理"))
    prepared = ready(people.ann, "客户编号,姓名,职务\nA1,王五,总监\nA1,赵六,会计\n", kind=ImportKind.CONTACTS)
    [asked] = imports.check(people.ann, prepared).doubles
    assert (asked.row, asked.options) == (2, ["add", "skip", "update"])
    report = imports.run(people.ann, prepared, choices={2: "update"})
    assert (report.added, report.updated, balanced(report)) == (1, 1, True)
    assert [(name, title) for name, title, _phone in people_of(people.ann, "A1")] == [
        ("王五", "总监"),
        ("赵六", "会计"),
    ]
    calls = "客户编号,类型,时间,内容\nA1,电话,2026-03-30 08:09,约定\n"
    imports.run(people.ann, ready(people.ann, calls, kind=ImportKind.ACTIVITIES))
    again = ready(people.ann, calls, kind=ImportKind.ACTIVITIES)
    assert [d.options for d in imports.check(people.ann, again).doubles] == [["add", "skip"]]
    assert imports.run(people.ann, again, choices={2: "skip"}).skipped == 1


# ---- contacts beside their customers
SHEET = (
    "客户编号,公司名称,联系人,联系人职务,手机,联系人2,联系人2手机,联系人2职务,第三联系人,第三联系人电话\n"
    "A1,甲公司,王五,经理,13800138000,赵六,13900139000,会计,,\n"
    "A2,乙公司,孙七,,13700137000,,,,周八,02583201234\n"
)


def test_a_row_brings_its_contacts(people: Personas) -> None:
    with recorded("imports.run", by=people.ann):
        report = imports.run(people.ann, ready(people.ann, SHEET))
    assert (report.added, report.contacts, report.failed) == (2, 3, 0)
    assert people_of(people.ann, "A1") == [("王五", "经理", ""), ("赵六", "会计", "13900139000")]
    assert people_of(people.ann, "A2") == [("周八", "", "025-83201234")]
    assert one(people.ann, "A2").contact == "孙七"  # who has nothing of his own stays a name of the customer
    for word in ("赵六", "13900139000", "9000"):
        assert [r.code for r in service.customers.search(people.ann, CustomerFilter(q=word)).rows] == ["A1"]
    assert b"13900139000" not in b"".join(bytes(e.changes or b"") for e in history())
    assert audit.verify(people.audrey).ok
    verified = audit.verify(people.audrey, reconcile=True)
    assert [name for name in verified.drifted if not name.startswith(("app_user", "team"))] == []
    with db.session(writing=False) as session:
        assert {c.batch_id for c in session.execute(select(Contact)).scalars()} == {report.batch}


def test_undo_takes_the_contacts_out_with_their_customers(people: Personas) -> None:
    report = imports.run(people.ann, ready(people.ann, SHEET))
    undone = service.undo.batch(people.ann, report.batch or 0)
    assert (undone.undone, undone.kept, undone.failed) == (5, 0, 0)
    assert service.customers.search(people.ann).total == 0
    with db.session(writing=False) as session:
        assert all(c.deleted_at for c in session.execute(select(Contact)).scalars())
    [batch] = imports.batches(people.ann)
    assert batch.undone
    assert batch.change_set is not None


def test_contacts_of_a_known_customer_are_added_or_updated_by_name(people: Personas) -> None:
    imports.run(people.ann, ready(people.ann, SHEET))
    text = "客户编号,联系人2,联系人2职务,联系人3,联系人3手机\nA1,赵六,总监,吴九,13600136000\nA2,,,,\n"
    report = imports.run(people.ann, ready(people.ann, text), mode=ImportMode.UPSERT)
    assert (report.updated, report.skipped, report.contacts) == (1, 1, 1)
    assert people_of(people.ann, "A1") == [
        ("王五", "经理", ""), ("赵六", "总监", "13900139000"), ("吴九", "", "13600136000")
    ]  # fmt: skip
    assert [r.code for r in service.customers.search(people.ann, CustomerFilter(q="吴九")).rows] == ["A1"]


def test_a_contact_that_cannot_be_fails_the_row_at_its_column(people: Personas) -> None:
    text = "公司名称,联系人2,联系人2手机\n甲公司,王五,12\n乙公司,,13900139000\n"
    report = imports.run(people.ann, ready(people.ann, text))
    assert [(f.row, f.column) for f in report.failures] == [(2, "联系人2手机"), (3, "联系人2")]
    assert count(Customer) == 0


REPEATED = (
    "公司名称,联系人,手机,职务,地址\n"
    "甲公司,王五,13800138000,经理,南京路1号\n"
    "甲公司,赵六,13900139000,会计,南京路1号\n"
    "甲公司,孙七,13700137000,,上海路2号\n"
    "乙公司,周八,13600136000,,\n"
)


def test_rows_that_repeat_a_company_become_contacts_where_that_is_asked_for(people: Personas) -> None:
    prepared = ready(people.ann, REPEATED)
    plain = imports.check(people.ann, prepared)
    assert (plain.added, plain.updated) == (4, 0)
    asked = imports.check(people.ann, prepared, repeats_are_contacts=True)
    assert (asked.added, asked.updated, balanced(asked)) == (3, 1, True)
    report = imports.run(people.ann, prepared, repeats_are_contacts=True)
    assert (report.added, report.updated, report.contacts, balanced(report)) == (3, 1, 2, True)
    [first] = [r for r in service.customers.search(people.ann).rows if r.phone == "13800138000"]
    assert people_of(people.ann, first.code) == [("王五", "经理", ""), ("赵六", "会计", "13900139000")]


def test_a_repeated_code_fails_unless_repeats_are_contacts_and_shares_the_fate_of_its_first_row(
    people: Personas,
) -> None:
    text = "客户编号,客户名称,联系人,手机\nA1,甲公司,王五,13800138000\nA1,甲公司,赵六,13900139000\nA1,别的公司,孙七,\n"
    assert imports.check(people.ann, ready(people.ann, text)).failed == 2
    report = imports.run(people.ann, ready(people.ann, text), repeats_are_contacts=True)
    assert (report.added, report.updated, report.failed) == (1, 1, 1)
    assert [f.row for f in report.failures] == [4]
    again = imports.run(people.ann, ready(people.ann, text), repeats_are_contacts=True)
    assert (again.batch, again.failed, balanced(again)) == (None, 3, True)


# ---- the desk
def begun(me: Actor, text: str = BAD, **choices: Any) -> str:
    key = import_desk.put(me, text.encode(), filename="客户.csv", kind=ImportKind.CUSTOMERS)
    seen = import_desk.read(me, key)
    import_desk.decide(me, key, mapping=seen.mapping, choices=ImportChoices(**choices))
    return key


def finished(me: Actor, job: int) -> Any:
    jobs.settle()
    return jobs.get(me, job)


def test_a_file_goes_over_the_desk_into_the_base(people: Personas) -> None:
    key = begun(people.ann)
    assert finished(people.ann, import_desk.check(people.ann, key)).status is JobStatus.DONE
    rows = import_desk.grid(people.ann, key)
    assert [(r.row, r.wrong) for r in rows] == [(2, ["phone"]), (3, ["email"]), (4, ["name"])]
    assert rows[0].cells == {"name": "甲公司", "phone": "12345", "email": "a@qq.com"}
    stale = import_desk.look(people.ann, key).token
    finished(people.ann, import_desk.mend(people.ann, key, edits={(2, "phone"): "13800138000"}, drop=frozenset({4})))
    assert [(r.row, r.dropped) for r in import_desk.grid(people.ann, key)] == [(3, False), (4, True)]
    with pytest.raises(Conflict):
        import_desk.run(people.ann, key, token=stale)
    token = import_desk.look(people.ann, key).token
    job = import_desk.run(people.ann, key, token=token)
    assert import_desk.run(people.ann, key, token=token) == job
    done = finished(people.ann, job)
    assert (done.status, done.result["added"], done.result["failed"], done.result["skipped"]) == ("done", 2, 1, 1)
    assert import_desk.run(people.ann, key, token=token) == job
    assert count(ImportBatch) == 1
    report = import_desk.reported(people.ann, job)
    assert report is not None
    assert [f.row for f in report.failures] == [3]
    assert import_desk.rejected(people.ann, job)
    assert "12345" not in str(done.result)


def test_the_desk_is_its_owners(people: Personas) -> None:
    key = begun(people.ann)
    job = import_desk.check(people.ann, key)
    jobs.settle()
    looks: list[Any] = [import_desk.look, import_desk.read, import_desk.grid, import_desk.peek, import_desk.check]
    for look in looks:
        with pytest.raises(NotFound):
            look(people.bo, key)
    with pytest.raises(NotFound):
        import_desk.reported(people.bo, job)
    import_desk.leave(people.bo, key)
    assert import_desk.open_one(people.ann) == key
    assert import_desk.open_one(people.bo) is None
    begun(people.ann)
    with pytest.raises(NotFound):
        import_desk.look(people.ann, key)  # a newer file took its place


def test_what_is_decided_again_is_checked_again(people: Personas) -> None:
    key = begun(people.ann)
    finished(people.ann, import_desk.check(people.ann, key))
    seen = import_desk.look(people.ann, key)
    import_desk.decide(people.ann, key, mapping=seen.mapping or {}, choices=seen.choices)
    assert import_desk.look(people.ann, key).report is not None
    import_desk.decide(
        people.ann, key, mapping=seen.mapping or {}, choices=ImportChoices(on_duplicate=OnDuplicate.SKIP)
    )
    assert import_desk.look(people.ann, key).report is None
    with pytest.raises(Conflict):
        import_desk.run(people.ann, key, token=seen.token)


def test_encoding_and_delimiter_can_be_chosen_and_their_columns_are_forgotten(people: Personas) -> None:
    content = "名称;手机\n张三;13800138000\n".encode("gb18030")
    key = import_desk.put(people.ann, content, filename="a.csv", kind=ImportKind.CUSTOMERS)
    assert import_desk.read(people.ann, key, encoding="gb18030", delimiter=",").headers == ["名称;手机"]
    assert import_desk.read(people.ann, key, encoding="gb18030").headers == ["名称", "手机"]
    assert import_desk.peek(people.ann, key)[0].encoding == "gb18030"
    with pytest.raises(Invalid):
        import_desk.read(people.ann, key, encoding="utf-8")


def test_a_stopped_import_leaves_nothing(people: Personas) -> None:
    lines = "\n".join(f"客户{n},备注" for n in range(2500))
    key = begun(people.ann, f"客户名称,备注\n{lines}\n")
    finished(people.ann, import_desk.check(people.ann, key))
    job = import_desk.run(people.ann, key, token=import_desk.look(people.ann, key).token)
    jobs.stop(people.ann, job)
    assert finished(people.ann, job).status is JobStatus.STOPPED
    assert count(Customer) == count(ImportBatch) == count(DuplicatePair) == 0
    again = import_desk.run(people.ann, key, token=import_desk.look(people.ann, key).token)
    assert finished(people.ann, again).result["added"] == 2500


# ---- templates
@pytest.mark.parametrize("kind", list(ImportKind))
def test_a_template_can_be_filled_in_and_imported(people: Personas, kind: ImportKind) -> None:
    import openpyxl

    me = people.root if kind is ImportKind.PRODUCTS else people.ann
    imports.run(people.ann, ready(people.ann, "客户编号,客户名称\nC000001,甲公司\n"))
    book = openpyxl.load_workbook(io.BytesIO(imports.template(me, kind)))
    page, example = book.worksheets[:2]
    assert page.max_row == 1
    assert page["A1"].comment is not None
    lists = {ImportKind.CONTACTS: 0, ImportKind.PRODUCTS: 0, ImportKind.ORDERS: 2}.get(kind, 2)
    assert len(page.data_validations.dataValidation) >= lists
    for column, cell in enumerate(example[2], 1):
        page.cell(2, column, cell.value)
    filled = io.BytesIO()
    book.save(filled)
    prepared = imports.prepare(me, filled.getvalue(), filename="t.xlsx", kind=kind)
    assert prepared.headers.unknown == []
    report = imports.run(me, prepared)
    assert (report.added, report.failed) == (1, 0), report.failures
