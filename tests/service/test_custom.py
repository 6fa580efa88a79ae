"""Custom fields through the service: defined in the app, then like built-in ones in records, history, masks, filters,
search, files and charts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from cim import db, service
from cim.access import SYSTEM
from cim.errors import Conflict, Denied, Invalid
from cim.models import Customer
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, CustomFieldView, FieldType, Noun
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from cim.permissions import Permission
from cim.work import GUARDS, Guard, Work
from tests.factories import Personas, history, queries, recorded

custom = service.custom
create, get, update, search = (getattr(service.customers, n) for n in ("create", "get", "update", "search"))
SIZES = ["小型", "中型", "大型"]


def field(people: Personas, label: str = "客户规模", kind: str = "choice", **said: Any) -> CustomFieldView:
    if kind in ("choice", "choices"):
        said.setdefault("options", SIZES)
    made = custom.define(people.root, CustomFieldDraft.model_validate({"label": label, "type": kind, **said}))
    noun = Noun(said.get("noun", "customer"))
    return next(f for f in custom.fields(people.root, noun, retired=True) if f.id == made)


def firm(people: Personas, name: str = "南京信诺环保科技有限公司", by: Any = None, **own: Any) -> int:
    draft = CustomerDraft.model_validate({"name": name, "custom": own})
    return int(create(by or people.ann, draft, duplicate_reason="另一家"))


def given(people: Personas, number: int, **own: Any) -> bool:
    """Whether naming only these custom values changed the customer."""
    draft = CustomerDraft.model_construct(_fields_set={"custom"}, custom=own)
    return bool(update(people.ann, number, draft, version=get(people.ann, number).version))


def found(people: Personas, **asked: str) -> list[int]:
    return sorted(row.id for row in search(people.ann, CustomerFilter(custom=asked)).rows)


def entry_of(people: Personas, name: str) -> Any:
    [entry] = service.audit.entries(people.audrey, field=name, limit=1)
    return entry


# ---- defining


def test_a_field_is_defined_changed_and_retired_with_history(people: Personas) -> None:
    with recorded("custom.define", by=people.root, times=1):
        made = field(people, group="经营情况", hint="按员工人数", label_en="Size")
    assert (made.key, made.options, made.position, made.group) == ("size", SIZES, 1, "经营情况")
    draft = CustomFieldDraft(label="规模", type=FieldType.CHOICE, options=["小", *SIZES[1:]])
    with recorded("custom.change", by=people.root, times=1):
        assert custom.change(people.root, made.id, draft, version=made.version)
    [now] = custom.fields(people.ann, Noun.CUSTOMER)
    assert (now.label, now.options, now.key) == ("规模", ["小", "中型", "大型"], "size")
    assert not custom.change(people.root, made.id, draft, version=now.version)
    with pytest.raises(Conflict):
        custom.change(people.root, made.id, draft, version=made.version)
    with recorded("custom.retire", by=people.root, times=1):
        assert custom.retire(people.root, made.id)
    assert custom.fields(people.ann, Noun.CUSTOMER) == []
    assert not custom.retire(people.root, made.id)
    assert history()[-1].object_type == "custom_field"


def test_only_who_manages_settings_defines(people: Personas) -> None:
    made = field(people)
    for other in (people.ann, people.mei, people.audrey, people.kai):
        for attempt in (
            lambda: custom.define(other, CustomFieldDraft(label="别的")),  # noqa: B023
            lambda: custom.change(other, made.id, CustomFieldDraft(label="别的"), version=1),  # noqa: B023
            lambda: custom.retire(other, made.id),  # noqa: B023
            lambda: custom.arrange(other, Noun.CUSTOMER, [made.id]),  # noqa: B023
        ):
            with pytest.raises(Denied):
                attempt()


@pytest.mark.parametrize(
    ("label", "key"),
    [("客户规模", "kehuguimo"), ("ERP 系统", "erpxitong"), ("2025 目标", "mubiao"), ("名称", "mingcheng")],
)
def test_keys_are_made_from_labels(people: Personas, label: str, key: str) -> None:
    if label == "名称":
        with pytest.raises(Invalid):
            field(people, label, "text")
        label = "明成"
    assert field(people, label, "text").key == key
    assert field(people, f"{label}！", "text").key == f"{key}_2"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("label", {"label": "手机号"}),
        ("label", {"label": "Industry"}),
        ("label", {"label": "姓名"}),
        ("label", {"label": "甲,乙"}),
        ("label", {"label": "=cmd()"}),
        ("label", {"label": " "}),
        ("label", {"label": "客户 规模"}),
        ("label_en", {"label": "别的", "label_en": "kehuguimo"}),
        ("key", {"label": "别的", "key": "Größe"}),
        ("key", {"label": "别的", "key": "phone"}),
        ("key", {"label": "别的", "key": "region_code"}),
        ("key", {"label": "别的", "key": "kehuguimo"}),
        ("options", {"label": "别的", "type": "choice"}),
        ("options", {"label": "别的", "type": "choices", "options": ["A;B"]}),
        ("options", {"label": "别的", "type": "choice", "options": ["-"]}),
        ("options", {"label": "别的", "type": "choice", "options": ["Ａ", "a"]}),
        ("required_at", {"label": "别的", "required_at": ["sometimes"]}),
        ("required_at", {"label": "别的", "noun": "contact", "required_at": ["lost"]}),
        ("personal", {"label": "别的", "type": "choice", "options": ["a"], "personal": True}),
    ],
)
def test_what_cannot_be_a_field_is_refused_at_its_input(people: Personas, wrong: str, said: dict[str, Any]) -> None:
    field(people)
    with pytest.raises(Invalid) as refused:
        custom.define(people.root, CustomFieldDraft.model_validate(said))
    assert refused.value.field == wrong
    assert len(custom.fields(people.root, Noun.CUSTOMER)) == 1


def test_sixty_fields_are_enough(people: Personas) -> None:
    for number in range(60):
        field(people, f"第{number}项", "text", key=f"f{number}")
    with pytest.raises(Invalid):
        field(people, "第六十一个", "text")
    firm(people, **{f"f{number}": "值" for number in range(60)})  # and a log entry can name them all


def test_type_and_personal_stay_once_there_are_values(people: Personas) -> None:
    made = field(people, "说明文字", "text")
    number = firm(people, shuomingwenzi="x")
    for wrong, said in (("type", {"type": "number"}), ("personal", {"personal": True})):
        draft = CustomFieldDraft.model_validate({"label": "说明文字", **said})
        with pytest.raises(Invalid) as refused:
            custom.change(people.root, made.id, draft, version=made.version)
        assert refused.value.field == wrong
    given(people, number, shuomingwenzi="")
    assert custom.change(people.root, made.id, CustomFieldDraft(label="说明文字", type="number"), version=1)


def test_fields_are_put_in_order(people: Personas) -> None:
    ids = [field(people, label, "text").id for label in ("甲项", "乙项", "丙项")]
    with recorded("custom.arrange", by=people.root):
        assert custom.arrange(people.root, Noun.CUSTOMER, [ids[2], ids[0]])
    assert [f.id for f in custom.fields(people.ann, Noun.CUSTOMER)] == [ids[2], ids[0], ids[1]]
    assert not custom.arrange(people.root, Noun.CUSTOMER, [ids[2], ids[0], ids[1]])


def test_values_follow_a_renamed_choice_and_a_used_one_is_retired(people: Personas) -> None:
    made = field(people)
    one, two = firm(people, kehuguimo="小型"), firm(people, "乙公司", kehuguimo="大型")
    draft = CustomFieldDraft(label="客户规模", type="choice", options=["微型", "中型"])
    assert custom.change(people.root, made.id, draft, version=made.version, renamed={"小型": "微型"})
    assert [get(people.ann, number).custom["kehuguimo"] for number in (one, two)] == ["微型", "大型"]
    assert entry_of(people, "custom.kehuguimo").changes["custom.kehuguimo"] == ("小型", "微型")
    [now] = custom.fields(people.ann, Noun.CUSTOMER)
    assert (now.options, now.retired_options) == (["微型", "中型"], ["大型"])
    assert found(people, kehuguimo="大型") == [two]
    assert [row.id for row in search(people.ann, CustomerFilter(q="微型")).rows] == [one]
    assert given(people, two, kehuguimo="大型") is False
    with pytest.raises(Invalid):
        given(people, one, kehuguimo="大型")
    assert given(people, two, kehuguimo="中型")


# ---- values


GOOD = [
    ("text", " 甲  乙 ", "甲 乙"),
    ("number", "1,234.50", "1234.5"),
    ("number", 12, "12"),
    ("number", "-0.0001", "-0.0001"),
    ("number", "999999999999999.1234", "999999999999999.1234"),
    ("money", "￥1.2万", "12000.00"),
    ("money", Decimal("8.5"), "8.50"),
    ("date", "2026年1月5日", "2026-01-05"),
    ("date", "46023", "2026-01-01"),
    ("choice", "大型", "大型"),
    ("choices", ["大型", "小型"], ["小型", "大型"]),
    ("choices", "大型；小型", ["小型", "大型"]),
    ("choices", "小型、中型", ["小型", "中型"]),
    ("yesno", False, False),
    ("yesno", "是", True),
    ("link", "www.example.com/甲(1)", "https://www.example.com/%E7%94%B2(1)"),
    ("link", "HTTP://example.com:8080/?a=b#c", "HTTP://example.com:8080/?a=b#c"),
]
BAD = [
    ("text", "x" * 501),
    ("text", "a\x07b"),
    ("number", "12%"),
    ("number", "1.23456"),
    ("number", True),
    ("money", "1.234"),
    ("money", "很多"),
    ("date", "5.1"),
    ("date", "2026-02-30"),
    ("date", "2345-01-01"),
    ("choice", "巨型"),
    ("choices", ["小型", "巨型"]),
    ("yesno", "也许"),
    ("link", "javascript:alert(1)"),
    ("link", "https://user:pw@example.com"),
    ("link", "无"),
    ("link", "https://a b.com"),
]


@pytest.mark.parametrize(("kind", "raw", "kept"), GOOD)
def test_every_type_is_kept_in_one_form(people: Personas, kind: str, raw: Any, kept: Any) -> None:
    made = field(people, "新字段", kind, key="own")
    number = firm(people, own=raw)
    assert get(people.ann, number).custom == {"own": kept}
    assert entry_of(people, "custom.own").changes["custom.own"] == (None, kept)
    assert given(people, number, own=kept) is False
    assert given(people, number, own=None) is True
    assert get(people.ann, number).custom == {}
    after = entry_of(people, "custom.own")
    assert (after.changes, after.labels) == ({"custom.own": (kept, None)}, {"custom.own": made.label})


@pytest.mark.parametrize(("kind", "raw"), BAD)
def test_every_type_refuses_at_the_field(people: Personas, kind: str, raw: Any) -> None:
    field(people, "新字段", kind, key="own")
    number, before = firm(people), len(history())
    for attempt in (lambda: firm(people, "乙公司", own=raw), lambda: given(people, number, own=raw)):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.field == "custom.own"
    assert len(history()) == before
    assert service.customers.preview(people.ann, CustomerDraft(name="x", custom={"own": raw})).wrong


def test_only_what_is_named_changes_and_the_version_moves(people: Personas) -> None:
    field(people, "甲项", "text", key="a"), field(people, "乙项", "text", key="b")
    number = firm(people, a="1", b="2")
    before = get(people.ann, number)
    with recorded("customers.update", by=people.ann, times=1):
        assert given(people, number, a="9")
    after = get(people.ann, number)
    assert (after.custom, after.version) == ({"a": "9", "b": "2"}, before.version + 1)
    assert history()[-1].fields == "custom.a"
    with pytest.raises(Conflict) as refused:
        update(people.ann, number, CustomerDraft(name="x"), version=before.version)
    assert refused.value.current["custom"]["a"] == "9"
    with pytest.raises(Invalid):
        given(people, number, nothing="x")


def test_a_field_may_have_to_be_filled_always_or_at_a_stage(people: Personas) -> None:
    old = firm(people)
    (
        field(people, "甲项", "text", key="a", required_at=["*"]),
        field(people, "乙项", "text", key="b", required_at=["lost"]),
    )
    for attempt in (lambda: firm(people, "乙公司"), lambda: given(people, old, b="x")):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.field == "custom.a"
    new = firm(people, "乙公司", a="x")
    with pytest.raises(Invalid):
        given(people, new, a=" ")
    assert given(people, old, a="x")


def test_a_retired_field_keeps_its_values_and_their_history(people: Personas) -> None:
    made = field(people)
    number = firm(people, kehuguimo="小型")
    custom.retire(people.root, made.id)
    assert get(people.ann, number).custom == {}
    with pytest.raises(Invalid):
        given(people, number, kehuguimo="大型")
    assert entry_of(people, "custom.kehuguimo").labels == {"custom.kehuguimo": "客户规模"}
    custom.retire(people.root, made.id, False)
    assert get(people.ann, number).custom == {"kehuguimo": "小型"}


def test_contacts_have_fields_of_their_own(people: Personas) -> None:
    field(people, "生肖", "choice", noun="contact", options=["龙", "马"], key="animal")
    field(people, "同名", "text", key="animal")
    number = firm(people)
    made = service.contacts.add(people.ann, number, ContactDraft(name="欧阳建国", custom={"animal": "龙"}))
    [view] = service.contacts.list(people.ann, number)
    assert view.custom == {"animal": "龙"}
    draft = ContactDraft.model_construct(_fields_set={"custom"}, name="欧阳建国", custom={"animal": "马"})
    assert service.contacts.update(people.ann, made, draft, version=view.version)
    assert entry_of(people, "custom.animal").changes["custom.animal"] == ("龙", "马")
    assert get(people.ann, number).custom == {}
    with pytest.raises(Invalid):
        service.contacts.add(people.ann, number, ContactDraft(name="某某", custom={"animal": "猫"}))


# ---- personal values


def personal(people: Personas) -> int:
    field(people, "紧急联系", "text", key="emergency", personal=True)
    return firm(people, emergency="王芳 13912345678")


def test_personal_values_are_sealed_and_masked_for_others(people: Personas) -> None:
    number = personal(people)
    assert get(people.ann, number).custom["emergency"] == "王芳 13912345678"
    for reader in (people.kai, people.audrey, people.root):
        assert get(reader, number).custom == {"emergency": "••••"}
        [row] = search(reader, CustomerFilter(), custom=("emergency",)).rows
        assert row.custom == {"emergency": "••••"}
    with recorded("customers.reveal", by=people.kai):
        assert service.customers.reveal(people.kai, number, reason="回拨").custom["emergency"].startswith("王芳")
    with db.session(writing=False) as session:
        rows = session.execute(text("SELECT text, sealed FROM custom_value")).all()
        documents = session.execute(text("SELECT document FROM customer_search")).scalars().all()
    assert [row[0] for row in rows] == [None]
    assert "王芳".encode() not in bytes(rows[0][1])
    assert not any("王芳" in document for document in documents)


def test_the_audit_log_masks_personal_values_until_revealed(people: Personas) -> None:
    personal(people)
    entry = entry_of(people, "custom.emergency")
    assert entry.changes["custom.emergency"] == (None, "****")
    assert "王芳".encode() not in service.audit.export(people.audrey)
    shown = service.audit.reveal(people.audrey, entry.seq, "核查投诉")
    assert shown.changes["custom.emergency"] == (None, "王芳 13912345678")


def test_a_mask_is_never_saved_and_nothing_personal_is_filtered_by(people: Personas) -> None:
    number = personal(people)
    other = firm(people, "乙公司")
    draft = CustomerDraft.model_construct(_fields_set={"custom"}, custom={"emergency": "••••"})
    with pytest.raises(Invalid):
        update(people.kai, number, draft, version=1)
    with pytest.raises(Invalid):
        found(people, emergency="王芳")
    assert found(people, emergency="-") == [other]
    with pytest.raises(Invalid):
        service.segments.count(people.ann, "custom.emergency")


# ---- writing for undo and merge


def test_write_takes_a_value_as_history_holds_it(people: Personas) -> None:
    made = field(people, "标签组", "choices", key="own")
    number = firm(people, own="小型;大型")
    custom.retire(people.root, made.id)
    with db.session(writing=True) as session:
        work = Work(session, SYSTEM, Guard("undo.test", Permission.CUSTOMER_WRITE, True, False, lambda: None))
        row = work.get(Customer, number)
        assert custom.write(work, row, "own", ["中型"])
        assert not custom.write(work, row, "own", ["中型"])
        assert custom.values(work, Noun.CUSTOMER, [number]) == {number: {"own": ["中型"]}}
        assert custom.write(work, row, "own", None)
        assert custom.values(work, Noun.CUSTOMER, [number]) == {}
        with pytest.raises(Invalid):
            custom.write(work, row, "no_such", "x")


def test_many_records_cost_one_query(people: Personas) -> None:
    field(people, "标签组", "choices", key="own"), field(people, "暗号", "text", key="secret", personal=True)
    ids = [firm(people, f"客户{number}公司", own="小型;大型", secret="x") for number in range(3)]
    with db.session(writing=False) as session:
        work = Work(session, people.ann, next(iter(GUARDS.values())))
        work.load_ciphers(row.uid for row in session.execute(select(Customer)).scalars())
        with queries(1):
            held = custom.values(work, Noun.CUSTOMER, ids)
        with queries(1):
            shown = custom.shown(work, Noun.CUSTOMER, dict.fromkeys(ids, False), only=["secret"])
    assert held[ids[1]] == {"own": ["小型", "大型"], "secret": "x"}
    assert shown[ids[2]] == {"secret": "••••"}
