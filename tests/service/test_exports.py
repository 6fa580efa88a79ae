"""Exports: what leaves, to whom, masked how, and what the log says about it."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from sqlalchemy import select

from cim import db, service, tabular
from cim.errors import Denied, Invalid
from cim.models import AuditEntry
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter
from cim.permissions import EXPORT_CAP, Role
from cim.service import exports, imports
from tests.factories import Personas, history, queries, recorded

HEADER = "客户编号,类型,客户名称,联系人,手机,邮箱,地区,地址,负责人,标签,备注,创建时间"
ROWS = [
    "A1,公司,南京信诺环保科技有限公司,王五,13800138000,a@qq.com,江苏省南京市,"
    "江苏省南京市江宁区1号,ann,重点;老客户,=1+1,2026-01-05 08:09",
    "A2,个人,张三,,+852 5123 4567,,,,ann,,@机密,2026-01-06 00:00",
    "B1,公司,深圳远大贸易有限公司,,13900139001,b@qq.com,,,bo,,,2026-01-07 00:00",
    "P1,个人,李四,,13700137002,,,,公海,,,2026-01-08 00:00",
]


@pytest.fixture
def base(people: Personas) -> Personas:
    content = "\n".join([HEADER, *ROWS]).encode()
    assert imports.run(people.mei, content, filename="x.csv").added == 4
    return people


def cells(content: bytes) -> list[dict[str, str]]:
    table = tabular.read(content, filename="x.csv")
    return [dict(zip(table.headers, row.cells, strict=True)) for row in table.rows]


def test_it_comes_back_as_it_left(base: Personas) -> None:
    made = exports.customers(base.ann, CustomerFilter(owner=base.ann.user_id), reason="盘点")
    [firm, person] = cells(made)
    assert (firm["客户编号"], firm["手机"], firm["地区"], firm["标签"], firm["备注"]) == (
        "A1",
        "13800138000",
        "江苏省南京市",
        "老客户;重点",
        "=1+1",
    )
    assert (firm["创建时间"], firm["负责人"], person["备注"]) == ("2026-01-05 08:09", "安晓然", "@机密")
    assert b"'=1+1" in bytes(made)
    prepared = imports.prepare(base.ann, bytes(made), filename="x.csv", kind=ImportKind.CUSTOMERS)
    again = imports.check(base.ann, prepared)
    assert (again.failed, again.unknown_columns) == (2, [])
    assert {f.column for f in again.failures} == {"客户编号"}


def test_masked_stays_masked(base: Personas) -> None:
    rows = {row["客户编号"]: row for row in cells(exports.customers(base.ann, reason="盘点"))}
    assert set(rows) == {"A1", "A2", "P1"}
    assert rows["P1"]["手机"] == "137****7002"
    for me in (base.audrey, base.root):
        [row] = cells(exports.customers(me, CustomerFilter(q="信诺"), reason="检查"))
        assert (row["手机"], "@qq.com" in row["邮箱"], row["地址"]) == ("138****8000", True, "南京市****")
        assert row["邮箱"] != "a@qq.com"


def test_it_is_recorded_without_personal_data(base: Personas) -> None:
    with recorded("exports.customers", by=base.ann, times=1):
        made = exports.customers(base.ann, CustomerFilter(q="13800138000"), reason="核对电话")
    assert made.rows == 1
    with db.session(writing=False) as session:
        newest = session.execute(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).scalar_one()  # type: ignore[attr-defined]
    facts = {name: value[1] for name, value in json.loads(bytes(newest.changes or b"")).items()}
    assert (newest.reason, facts["rows"], facts["format"], facts["reference"]) == ("核对电话", 1, "csv", made.reference)
    assert "13800138000" not in json.dumps(facts)


def test_the_workbook_says_where_it_comes_from_and_holds_no_formula(base: Personas) -> None:
    made = exports.customers(base.ann, reason="盘点", format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)
    about = {str(row[0].value): str(row[1].value) for row in book.worksheets[1].iter_rows()}
    assert {"安晓然 (ann)", "盘点", made.reference, "3"} <= set(about.values())


def test_a_choice_of_columns(base: Personas) -> None:
    [first, *_rest] = cells(exports.customers(base.ann, reason="x", fields=["name", "code"]))
    assert list(first) == ["客户编号", "客户名称"]
    with pytest.raises(Invalid) as refused:
        exports.customers(base.ann, reason="x", fields=["phone_hash"])
    assert refused.value.field == "fields"


@pytest.mark.parametrize("reason", ["", "  "])
def test_no_reason_no_file(base: Personas, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        exports.customers(base.ann, reason=reason)
    assert refused.value.field == "reason"


def test_the_cap_of_the_role(base: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPORT_CAP, Role.REP, 2)
    with pytest.raises(Invalid) as refused:
        exports.customers(base.ann, reason="x")
    assert (refused.value.params["count"], refused.value.params["cap"]) == (3, 2)
    assert exports.customers(base.mei, reason="x").rows == 4


def test_roles(base: Personas) -> None:
    with pytest.raises(Denied):
        exports.customers(base.kai, reason="x")


def test_contacts_and_follow_ups(base: Personas) -> None:
    people = "客户编号,姓名,手机\nA1,王五,13612345678\nB1,赵六,13512345678\n".encode()
    imports.run(base.mei, people, filename="x.csv", kind=ImportKind.CONTACTS)
    notes = "客户编号,类型,时间,内容,结果,跟进人\nA1,拜访,2026-03-01 09:00,谈价格,有意向,老王\n".encode()
    imports.run(base.mei, notes, filename="x.csv", kind=ImportKind.ACTIVITIES)
    [row] = cells(exports.contacts(base.ann, reason="x"))
    assert (row["客户编号"], row["姓名"], row["手机"]) == ("A1", "王五", "13612345678")
    assert [r["手机"] for r in cells(exports.contacts(base.audrey, reason="x"))] == ["136****5678", "135****5678"]
    made = exports.activities(base.ann, reason="x")
    [row] = cells(made)
    assert [row[n] for n in ("客户编号", "类型", "时间", "内容", "结果", "跟进人")] == [
        "A1",
        "拜访",
        "2026-03-01 09:00",
        "谈价格",
        "有意向",
        "老王",
    ]
    prepared = imports.prepare(base.mei, bytes(made), filename="x.csv", kind=ImportKind.ACTIVITIES)
    assert (imports.check(base.mei, prepared).failed, imports.check(base.mei, prepared).duplicates) == (0, 1)


def test_the_number_of_queries_does_not_grow_with_the_rows(base: Personas) -> None:
    more = "客户名称\n" + "\n".join(f"客户{n}" for n in range(300))
    imports.run(base.ann, more.encode(), filename="x.csv")
    with queries(14):
        assert exports.customers(base.ann, reason="x").rows == 303
    assert service.customers.search(base.ann).total == 303


# ---- selected rows, chosen columns, other kinds
def test_selected_rows_as_far_as_the_actor_reaches(base: Personas) -> None:
    ids = {row.code: row.id for row in service.customers.search(base.root).rows}
    wanted = [ids["A2"], ids["B1"], ids["P1"], ids["A2"], 0, -1, 2**40, 999_999]
    with recorded("exports.customers", by=base.ann, times=1):
        made = exports.customers(base.ann, reason="x", ids=wanted)
    assert [row["客户编号"] for row in cells(made)] == ["A2", "P1"]
    assert exports.customers(base.ann, CustomerFilter(q="信诺"), reason="x", ids=[]).rows == 0
    assert facts_of_last()["filters"] == '{"selected": 0}'


def facts_of_last() -> dict[str, object]:
    with db.session(writing=False) as session:
        newest = session.execute(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).scalar_one()  # type: ignore[attr-defined]
    return {name: value[1] for name, value in json.loads(bytes(newest.changes or b"")).items()}


def test_columns_of_contacts_and_follow_ups(base: Personas) -> None:
    people = "客户编号,姓名,手机\nA1,王五,13612345678\n".encode()
    imports.run(base.mei, people, filename="x.csv", kind=ImportKind.CONTACTS)
    notes = "客户编号,类型,时间,内容\nA1,拜访,2026-03-01 09:00,=1+1\n".encode()
    imports.run(base.mei, notes, filename="x.csv", kind=ImportKind.ACTIVITIES)
    one = service.customers.by_code(base.ann, "A1").id
    [row] = cells(exports.contacts(base.ann, reason="x", fields=["phone", "name"], ids=[one]))
    assert row == {"姓名": "王五", "手机": "13612345678"}
    [row] = cells(exports.activities(base.ann, reason="x", fields=["content", "customer"], ids=[one]))
    assert row == {"客户编号": "A1", "内容": "=1+1"}
    for fields in (["wechat"], []):
        with pytest.raises(Invalid) as refused:
            exports.contacts(base.ann, reason="x", fields=fields)
        assert refused.value.field == "fields"


def test_every_choice_can_be_chosen(base: Personas) -> None:
    for kind, export in {
        ImportKind.CUSTOMERS: exports.customers,
        ImportKind.CONTACTS: exports.contacts,
        ImportKind.ACTIVITIES: exports.activities,
    }.items():
        offered = exports.choices(base.ann, kind)
        assert len(offered) == len({column.header for column in offered}) >= 8
        for column in offered:
            made = export(base.ann, reason="x", fields=[column.name])
            assert column.header in bytes(made).decode("utf-8-sig").splitlines()[0]


# ---- the day's budget of personal data
def test_the_budget_warns_then_stops(base: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-10-01T10:00:00+08:00")
    service.settings.change(base.root, "exports.warn_a_day", 3)
    service.settings.change(base.root, "exports.most_a_day", 5)
    assert exports.used_today(base.ann).used == 0
    with recorded("exports.unusual", by=base.ann, times=0):
        exports.customers(base.ann, reason="x", fields=["code", "name"])
        exports.activities(base.ann, reason="x")
        assert exports.used_today(base.ann).used == 0, "nothing personal in clear left"
        exports.customers(base.ann, reason="x")
    assert exports.used_today(base.ann).used == 2, "the masked one of the pool does not count"
    with recorded("exports.unusual", by=base.ann, times=1):
        exports.contacts(base.ann, reason="x")
    with recorded("exports.customers", by=base.ann, times=1), pytest.raises(Denied, match="6 customers today; 5 a day"):
        exports.customers(base.ann, reason="x")
    assert history()[-1].result == "denied"
    assert exports.customers(base.audrey, reason="x").rows == 4, "masked values are not counted, and others not stopped"
    assert exports.used_today(base.audrey).used == 0
    monkeypatch.setenv("CIM_NOW", "2026-10-02T00:00:01+08:00")
    assert exports.used_today(base.ann).used == 0
    assert exports.customers(base.ann, reason="x").rows == 3


def test_looking_counts_a_customer_once(base: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-10-01T10:00:00+08:00")
    service.settings.change(base.root, "exports.most_a_day", 2)
    ids = {row.code: row.id for row in service.customers.search(base.root).rows}
    file = service.files.add(base.ann, ids["A1"], "a.txt", b"abc")
    for _again in range(3):
        service.customers.reveal(base.kai, ids["A1"], reason="回电")
    service.files.read(base.kai, file)
    assert exports.used_today(base.mei).used == 0
    service.customers.reveal(base.kai, ids["A2"], reason="回电")
    with pytest.raises(Denied):
        service.customers.reveal(base.kai, ids["B1"], reason="回电")
    assert service.customers.reveal(base.kai, ids["A2"], reason="回电").phone == "+852 5123 4567"
    service.settings.change(base.root, "exports.most_a_day", 0)
    service.customers.reveal(base.kai, ids["B1"], reason="回电")


# ---- memory
def test_rows_are_written_as_they_are_read(base: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap stops the writing itself: no list of all rows is made first."""
    more = "客户名称\n" + "\n".join(f"客户{n}" for n in range(30))
    imports.run(base.ann, more.encode(), filename="x.csv")
    people = "客户编号,姓名\n" + "\n".join(f"A1,联系人{n}" for n in range(9))
    imports.run(base.ann, people.encode(), filename="x.csv", kind=ImportKind.CONTACTS)
    monkeypatch.setitem(EXPORT_CAP, Role.REP, 5)
    for format in ("csv", "xlsx"):
        with pytest.raises(Invalid) as refused:
            exports.contacts(base.ann, reason="x", format=format)
        assert (refused.value.field, refused.value.params["cap"]) == ("rows", 5)
