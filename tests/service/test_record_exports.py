"""Every noun as a file: the columns an import reads, scope, masks, cap, reason, record, and the way back in."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cim import service
from cim.errors import Invalid
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.imports import ImportKind
from cim.models.order import OrderLineDraft
from cim.models.record_list import ExportKind, RecordFilter
from cim.permissions import EXPORT_CAP, Role
from cim.service import custom_types
from tests.factories import Personas, history, recorded
from tests.service.record_makers import LISTED, OWNED, firm, make

exports = service.exports


def rows(made: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.decode("utf-8-sig"))))


def out(me: Any, noun: Noun, **options: Any) -> list[dict[str, str]]:
    return rows(exports.records(me, noun, reason="对账", **options))


@pytest.mark.parametrize("noun", LISTED)
def test_a_file_holds_what_the_list_shows_in_the_columns_of_an_import(people: Personas, noun: Noun) -> None:
    mine, his = firm(people.ann), firm(people.bo, "薄的客户")
    make(noun, people.root, mine, "甲级")
    make(noun, people.root, his, "乙级")
    with recorded("exports.records", by=people.ann, times=1):
        found = out(people.ann, noun)
    reached = 2 if noun is Noun.PRODUCT else 1
    assert len(found) == reached == service.records.search(people.ann, noun).total
    assert list(found[0]) == [column.header for column in exports.record_choices(people.ann, noun)]
    assert len(out(people.mei, noun)) == 2
    assert len(out(people.mei, noun, narrowed=RecordFilter(q="乙级"))) == 1
    assert len(out(people.ann, noun, ids=[1, 2, 3, 10**12])) == reached
    made = exports.records(people.mei, noun, reason="对账", format="xlsx")
    assert (made.rows, made[:2]) == (2, b"PK")
    if noun is not Noun.PRODUCT:
        assert {row["客户名称"] for row in found} == {"南京信诺环保科技有限公司"}
    name = found[0].keys() & {"商机名称", "订单号", "产品名称", "合同名称", "主题"}
    assert found[0][name.pop()] == "甲级"


@pytest.mark.parametrize("noun", LISTED)
def test_who_may_not_and_what_is_wrong(people: Personas, noun: Noun) -> None:
    from cim.errors import Denied

    with pytest.raises(Denied):
        exports.records(people.kai, noun, reason="x")
    for wrong in ({"reason": " "}, {"format": "pdf"}, {"fields": ["secret"]}, {"fields": []}):
        with pytest.raises(Invalid):
            exports.records(people.ann, noun, **({"reason": "x"} | wrong))  # type: ignore[arg-type]


def test_the_cap_counts_rows(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPORT_CAP, Role.REP, 2)
    pump = make(Noun.PRODUCT, people.mei, 0, "水泵", price=Decimal(10))
    lines = [OrderLineDraft(product_id=pump), OrderLineDraft(name="运费", unit_price=Decimal(5))]
    customer = firm(people.ann)
    make(Noun.ORDER, people.ann, customer, "1", lines=lines)
    assert len(out(people.ann, Noun.ORDER)) == 2
    make(Noun.ORDER, people.ann, customer, "2")
    with pytest.raises(Invalid):
        out(people.ann, Noun.ORDER)


def test_an_order_is_a_row_for_each_line(people: Personas) -> None:
    pump = make(Noun.PRODUCT, people.mei, 0, "水泵", price=Decimal("10.5"), code="P1")
    make(Noun.PRODUCT, people.mei, 0, "阀门", code="P2")
    twin = make(Noun.PRODUCT, people.mei, 0, "阀门", price=Decimal(3), code="P3")
    lines = [
        OrderLineDraft(product_id=pump, quantity=Decimal("2")),
        OrderLineDraft(product_id=twin),
        OrderLineDraft(name="运费", unit_price=Decimal("5")),
    ]
    make(Noun.ORDER, people.ann, firm(people.ann), "SO-1", lines=lines, ordered_on=date(2026, 5, 4))
    found = out(people.ann, Noun.ORDER)
    assert [(row["产品"], row["数量"], row["单价"], row["金额"]) for row in found] == [
        ("水泵", "2", "10.5", "21"),
        ("P3", "1", "3", "3"),
        ("运费", "1", "5", "5"),
    ]
    assert {(row["订单号"], row["日期"], row["币种"], row["状态"]) for row in found} == {
        ("SO-1", "2026-05-04", "CNY", "已确认")
    }


@pytest.mark.parametrize("noun", OWNED)
def test_custom_fields_go_out_masked_and_count_against_the_budget(people: Personas, noun: Noun) -> None:
    service.custom.define(people.root, CustomFieldDraft(noun=noun, key="size", label="规格型号"))
    service.custom.define(people.root, CustomFieldDraft(noun=noun, key="secret", label="暗号", personal=True))
    customer = firm(people.ann)
    for name in ("甲", "乙"):
        make(noun, people.root, customer, name, custom={"size": "大", "secret": "张三"})
    assert {(row["规格型号"], row["暗号"]) for row in out(people.ann, noun)} == {("大", "张三")}
    assert exports.used_today(people.ann).used == 1
    assert {(row["规格型号"], row["暗号"]) for row in out(people.audrey, noun)} == {("大", custom_types.MASK)}
    assert exports.used_today(people.audrey).used == 0
    assert [list(row.values()) for row in out(people.mei, noun, fields=["custom.size"])] == [["大"], ["大"]]


def test_a_selection_is_recorded_without_its_numbers(people: Personas) -> None:
    make(Noun.ORDER, people.ann, firm(people.ann), "1")
    out(people.ann, Noun.ORDER, ids=[1])
    assert history(10_000)[-1].reason == "对账"


@pytest.mark.parametrize("kind", [ImportKind.PRODUCTS, ImportKind.ORDERS, ImportKind.OPPORTUNITIES, ImportKind.TICKETS])
def test_what_went_out_comes_in_again(people: Personas, kind: ImportKind) -> None:
    noun = ExportKind(kind.value).noun
    assert noun is not None
    service.custom.define(people.root, CustomFieldDraft(noun=noun, key="size", label="规格型号"))
    pump = make(Noun.PRODUCT, people.mei, 0, "水泵", price=Decimal("10.5"), category="泵", unit="台")
    customer = firm(people.ann)
    given: dict[str, Any] = {"custom": {"size": "大"}}
    if noun is Noun.ORDER:
        given["lines"] = [
            OrderLineDraft(product_id=pump, quantity=Decimal(3)),
            OrderLineDraft(name="运费", unit_price=5),
        ]
    for name in ("甲级", "乙级"):
        make(noun, people.root, customer, name, **given)
    before = exports.records(people.root, noun, reason="x")
    count = service.records.search(people.root, noun).total
    ids = [row.id for row in service.records.search(people.root, noun).rows if row.name != "水泵"]
    service.record_edit.remove(people.root, noun, service.record_edit.RecordSelection(ids=ids))
    if noun is Noun.PRODUCT:
        service.record_edit.remove(people.root, noun, service.record_edit.RecordSelection(ids=[pump]))
    prepared = service.imports.prepare(people.root, before, filename="x.csv", kind=kind)
    report = service.imports.run(people.root, prepared)
    assert (report.failed, report.failures) == (0, [])
    assert service.records.search(people.root, noun).total == count
    after = exports.records(people.root, noun, reason="x")
    keep = {"状态"} if noun is not Noun.PRODUCT else set()
    assert [{k: v for k, v in row.items() if k not in keep} for row in rows(after)] == [
        {k: v for k, v in row.items() if k not in keep} for row in rows(before)
    ]


def test_a_phone_number_that_was_searched_for_stays_out_of_the_log(people: Personas) -> None:
    exports.records(people.root, Noun.TICKET, RecordFilter(q="13800138000"), reason="核对")
    assert not any(b"13800138000" in bytes(entry.changes or b"") for entry in history())
