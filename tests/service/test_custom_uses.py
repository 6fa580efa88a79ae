"""Custom fields as built-in ones: filters, search, lists and charts of customers, and files in both directions."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from cim import service
from cim.errors import Invalid
from cim.models.custom import FieldType
from cim.models.imports import ImportKind, ImportMode
from cim.models.listing import CustomerFilter
from cim.models.segment import Dimension
from tests.factories import Personas, history, queries
from tests.service.test_custom import GOOD, entry_of, field, firm, found, get, given, personal, search

# ---- filters, search, charts


@pytest.mark.parametrize(
    ("kind", "values", "asked"),
    [
        ("text", ["华为 ERP", "用友"], {"erp": [0], "用": [1], "%": [], "-": [2]}),
        ("number", ["10", "20.5"], {"10..20": [0], ">=20.5": [1], "<=15": [0], "20.5": [1], "..": [0, 1], "-": [2]}),
        ("money", ["1万", "9000"], {"9000..1万": [0, 1], ">=10000": [0], "-": [2]}),
        ("date", ["2026-01-05", "2026-03-01"], {"2026-01-01..2026-01-31": [0], ">=2026-03-01": [1], "-": [2]}),
        ("choice", ["小型", "大型"], {"小型": [0], "小型;大型": [0, 1], "中型": [], "-": [2]}),
        ("choices", ["小型;大型", "大型"], {"大型": [0, 1], "小型": [0], "-": [2]}),
        ("yesno", ["是", "否"], {"yes": [0], "no": [1], "-": [2]}),
        ("link", ["a.example.com", "b.example.org"], {"example.com": [0], "-": [2]}),
    ],
)
def test_a_list_is_narrowed_by_every_type(
    people: Personas, kind: str, values: list[str], asked: dict[str, list[int]]
) -> None:
    field(people, "新字段", kind, key="own")
    ids = [firm(people, f"客户{number}公司", own=value) for number, value in enumerate([*values, None])]
    for raw, expected in asked.items():
        assert found(people, own=raw) == [ids[place] for place in expected], raw
        assert service.segments.count(
            people.ann, Dimension.GRADE, narrowed=CustomerFilter(custom={"own": raw})
        ).total == (len(expected))


@pytest.mark.parametrize(
    ("kind", "raw"), [("number", "viel"), ("date", ">=gestern"), ("choice", "巨型"), ("yesno", "x")]
)
def test_a_filter_that_means_nothing_is_refused(people: Personas, kind: str, raw: str) -> None:
    field(people, "新字段", kind, key="own")
    for asked in ({"own": raw}, {"no_such": "x"}):
        with pytest.raises(Invalid) as refused:
            found(people, **asked)
        assert refused.value.field == f"custom.{next(iter(asked))}"


def test_search_finds_customers_by_texts_and_choices(people: Personas) -> None:
    field(people, "系统", "text", key="system"), field(people)
    number = firm(people, system="用友U8 Cloud", kehuguimo="大型")
    firm(people, "乙公司")

    def by(typed: str) -> list[int]:
        return [row.id for row in search(people.ann, CustomerFilter(q=typed)).rows]

    for typed in ("用友", "U8", "u8cloud", "大型", "大"):
        assert by(typed) == [number], typed
    given(people, number, system="金蝶")
    assert (by("用友"), by("金蝶"), by("信诺")) == ([], [number], [number])


def test_a_list_shows_the_columns_that_were_asked_for(people: Personas) -> None:
    field(people), field(people, "系统", "text", key="system")
    firm(people, kehuguimo="大型", system="x")
    with queries(7) as without:
        assert search(people.ann).rows[0].custom == {}
    with queries(len(without) + 1):
        assert search(people.ann, custom=("kehuguimo",)).rows[0].custom == {"kehuguimo": "大型"}
    number = search(people.ann).rows[0].id
    with queries(8) as seen:
        get(people.ann, number)
    assert sum("custom_" in statement for statement in seen) == 1


def test_customers_are_counted_by_a_choice_and_each_group_opens_what_it_counts(people: Personas) -> None:
    (
        field(people),
        field(people, "渠道组", "choices", key="ways", options=["线上", "线下"]),
        field(people, "签约", "yesno", key="signed"),
    )
    firm(people, "甲公司", kehuguimo="大型", ways="线上;线下", signed=True)
    firm(people, "乙公司", kehuguimo="大型", ways="线上", signed=False)
    firm(people, "丙公司")
    expected = {
        "custom.kehuguimo": {"大型": 2, "": 1},
        "custom.ways": {"线上": 2, "线下": 1, "": 1},
        "custom.signed": {"yes": 1, "no": 1, "": 1},
    }
    for dimension, groups in expected.items():
        view = service.segments.count(people.ann, dimension)
        assert {row.value: row.count for row in view.rows} == groups
        assert view.total == 3
        for row in view.rows:
            assert search(people.ann, row.filter).total == row.count
    crossed = service.segments.count(people.ann, "custom.kehuguimo", second="custom.signed")
    assert {(row.value, row.second): row.count for row in crossed.rows}["大型", "yes"] == 1
    for row in crossed.rows:
        assert search(people.ann, row.filter).total == row.count
    with pytest.raises(Invalid):
        service.segments.count(people.ann, "custom.no_such")


# ---- files


def sheet(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def take(people: Personas, content: bytes, kind: ImportKind = ImportKind.CUSTOMERS, **how: Any) -> Any:
    return service.imports.run(people.mei, content, filename="x.csv", kind=kind, **how)


def test_import_knows_label_english_label_and_key(people: Personas) -> None:
    field(people, label_en="Size", key="size"), field(people, "年采购额", "money", key="volume")
    field(people, "到期日", "date", key="until")
    for number, headers in enumerate(("客户规模,年采购额,到期日", "SIZE,volume,custom.until")):
        report = take(people, sheet(f"客户编号,客户名称,{headers}", f"A{number},客户{number}公司,大型,1.5万,2026/3/1"))
        assert (report.added, report.failures) == (1, [])
    row = service.customers.by_code(people.mei, "A0")
    assert row.custom == {"size": "大型", "volume": "15000.00", "until": "2026-03-01"}
    assert search(people.mei, CustomerFilter(q="大型")).total == 2
    entry = next(e for e in reversed(history()) if e.object_type == "customer")
    assert {"custom.size", "custom.volume", "custom.until"} <= set(entry.fields.split(","))
    blank = load_workbook(BytesIO(service.imports.template(people.mei, ImportKind.CUSTOMERS))).active
    assert {"客户规模", "年采购额", "到期日"} <= {cell.value for cell in blank[1]}


def test_import_names_row_and_column_of_a_bad_cell_and_of_a_missing_value(people: Personas) -> None:
    field(people, key="size", required_at=["*"]), field(people, "年采购额", "money", key="volume")
    content = sheet("客户名称,客户规模,年采购额", "甲公司,巨型,1", "乙公司,,1", "丙公司,大型,很多", "丁公司,大型,1")
    report = take(people, content)
    assert (report.added, report.failed) == (1, 3)
    assert [(f.row, f.column) for f in report.failures] == [(2, "客户规模"), (3, "客户规模"), (4, "年采购额")]
    assert report.failures[0].value == "巨型"


def test_import_updates_what_a_cell_says_and_leaves_the_rest(people: Personas) -> None:
    field(people, key="size"), field(people, "系统", "text", key="system")
    take(people, sheet("客户编号,客户名称,客户规模,系统", "A1,甲公司,大型,用友"))
    report = take(people, sheet("客户编号,客户名称,客户规模,系统", "A1,甲公司,小型,"), mode=ImportMode.UPSERT)
    assert (report.updated, report.failures) == (1, [])
    assert service.customers.by_code(people.mei, "A1").custom == {"size": "小型", "system": "用友"}
    assert entry_of(people, "custom.size").changes["custom.size"] == ("大型", "小型")


def test_contacts_are_imported_and_exported_with_their_fields(people: Personas) -> None:
    field(people, "生肖", "choice", noun="contact", options=["龙", "马"], key="animal")
    number = firm(people, by=people.mei)
    code = get(people.mei, number).code
    report = take(people, sheet("客户编号,姓名,生肖", f"{code},王芳,龙", f"{code},李四,猫"), ImportKind.CONTACTS)
    assert (report.added, [f.column for f in report.failures]) == (1, ["生肖"])
    [view] = service.contacts.list(people.mei, number)
    assert view.custom == {"animal": "龙"}
    content = service.exports.contacts(people.mei, reason="核对")
    assert "生肖" in content.decode("utf-8-sig").splitlines()[0]
    again = take(people, content, ImportKind.CONTACTS, mode=ImportMode.UPSERT)
    assert (again.updated, again.failed) == (0, 0)


def test_export_and_import_are_inverse(people: Personas) -> None:
    kinds = [kind.value for kind in FieldType]
    for kind in kinds:
        field(people, f"字段{kind}", kind, key=kind)
    good = {kind: raw for kind, raw, _kept in GOOD}
    number = firm(people, by=people.mei, **good)
    before = get(people.mei, number)
    assert set(before.custom) == set(kinds)
    for format in ("csv", "xlsx"):
        content = service.exports.customers(people.mei, reason="备份", format=format)
        report = service.imports.run(
            people.mei, content, filename=f"x.{format}", kind=ImportKind.CUSTOMERS, mode=ImportMode.UPSERT
        )
        assert (report.failures, report.updated, report.skipped) == ([], 0, 1)
    whole = service.exports.customers(people.mei, reason="备份")
    content = service.exports.customers(people.mei, reason="备份", fields=["code", "name", "custom.choice"])
    assert content.decode("utf-8-sig").splitlines()[0] == "客户编号,客户名称,字段choice"
    service.customers.remove(people.mei, number, version=before.version)
    assert take(people, whole).added == 1
    assert service.customers.by_code(people.mei, before.code).custom == before.custom


def test_exports_mask_personal_values(people: Personas) -> None:
    personal(people)
    content = service.exports.customers(people.root, reason="核对").decode()
    assert "••••" in content
    assert "王芳" not in content
    assert "王芳" in service.exports.customers(people.ann, reason="核对").decode()
    report = take(people, service.exports.customers(people.root, reason="核对"), mode=ImportMode.UPSERT)
    assert "紧急联系" in {f.column for f in report.failures}
