"""Rules of fields: what is refused at the field, for whom, and that an old incomplete record can still be worked with."""

from __future__ import annotations

import pytest

from cim import i18n, service
from cim.access import Actor
from cim.errors import Conflict, Denied, Invalid
from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.contact import ContactDraft
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind, ImportMode
from cim.models.option import OptionDraft
from cim.models.rule import FieldRuleDraft, RuleCheck
from cim.service import options, patterns, rules
from tests.factories import Personas, history, queries, recorded


def customer(me: Actor, name: str = "甲公司", **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}))


def change(me: Actor, customer_id: int, **values: object) -> bool:
    view = service.customers.get(me, customer_id)
    draft = CustomerDraft.model_validate({"name": view.name, **values})
    return service.customers.update(me, customer_id, draft, version=view.version)


def rule(people: Personas, field: str, check: RuleCheck = RuleCheck.REQUIRED, **values: object) -> int:
    return rules.add(people.root, FieldRuleDraft.model_validate({"field": field, "check": check, **values}))


def translated(error: Invalid) -> str:
    with i18n.use("zh"):
        return i18n._(error.msgid, **error.params)


def refused_at(call: object, *args: object, **values: object) -> str:
    with pytest.raises(Invalid) as refused:
        call(*args, **values)  # type: ignore[operator]
    return refused.value.field


def test_a_phone_is_required_of_persons_and_not_of_companies(people: Personas) -> None:
    with recorded("rules.add", by=people.root, times=1):
        rule(people, "phone", kind="person")
    before = len(history())
    with pytest.raises(Invalid, match="required") as refused:
        customer(people.ann, "李四", kind="person")
    assert refused.value.field == "phone"
    assert len(history()) == before
    customer(people.ann, "李四", kind="person", phone="13800138000")
    customer(people.ann, "乙公司")


def test_an_old_incomplete_record_can_be_edited_elsewhere_but_not_emptied(people: Personas) -> None:
    old, full = customer(people.ann), customer(people.ann, "乙公司", phone="13800138000", industry="软件")
    rule(people, "phone")
    rule(people, "industry", RuleCheck.AMONG)
    assert change(people.ann, old, notes="仍可编辑", phone="")
    assert change(people.ann, full, notes="原样保留", phone="138 0013 8000", industry="软件")
    assert refused_at(change, people.ann, full, phone="") == "phone"
    assert refused_at(change, people.ann, full, industry="游戏") == "industry"
    assert service.customers.get(people.ann, full).phone == "13800138000"


def test_one_who_becomes_a_person_is_judged_as_a_person(people: Personas) -> None:
    made = customer(people.ann, "李四")
    rule(people, "phone", kind="person")
    assert refused_at(change, people.ann, made, kind="person") == "phone"
    assert change(people.ann, made, kind="person", phone="13800138000")


def test_a_stage_narrows_a_rule(people: Personas) -> None:
    rule(people, "uscc", stage="new")
    made = customer(people.ann)
    assert change(people.ann, made, notes="潜在客户不需要")
    assert service.customers.preview(people.ann, CustomerDraft(name="甲公司"), but=made).missing == []
    deal = ActivityDraft(type=ActivityType.VISIT, content="签约", outcome=Outcome.DEAL)
    service.activities.log(people.ann, made, deal)
    assert service.customers.preview(people.ann, CustomerDraft(name="甲公司"), but=made).missing == ["uscc"]
    assert change(people.ann, made, notes="旧记录仍可编辑")


@pytest.mark.parametrize(
    ("field", "check", "parameter", "good", "bad"),
    [
        ("contact", RuleCheck.LENGTH, "2-4", "王小明", "王"),
        ("notes", RuleCheck.LENGTH, "5-", "五个字以上", "短"),
        ("phone", RuleCheck.PATTERN, r"1[3-9]\d{9}", "138 0013 8000", "025-84726391"),
        ("phone", RuleCheck.LENGTH, "11-11", "+86 13800138000", "025-84726391"),
        ("email", RuleCheck.PATTERN, r".+@(qq|163)\.com", "a@qq.com", "a@example.com"),
        ("industry", RuleCheck.AMONG, "", "软件", "游戏"),
        ("tags", RuleCheck.AMONG, "", ["重点"], ["重点", "随便"]),
    ],
)
def test_what_a_value_must_look_like(
    people: Personas, field: str, check: RuleCheck, parameter: str, good: object, bad: object
) -> None:
    options.add(people.root, OptionDraft(list="industry", value="软件"))
    options.add(people.root, OptionDraft(list="tags", value="重点"))
    rule(people, field, check, parameter=parameter)
    assert refused_at(customer, people.ann, **{field: bad}) == field
    customer(people.ann, **{field: good})
    customer(people.ann, "完全不同的名称")  # an empty value is the matter of another rule


def test_our_own_sentence_or_the_administrators(people: Personas) -> None:
    rule(people, "source")
    with pytest.raises(Invalid) as refused:
        customer(people.ann)
    assert translated(refused.value) == "来源为必填项，请填写。"
    [view] = rules.everything(people.root)
    draft = FieldRuleDraft(field="source", message="请写明客户{来源}，如：转介绍")
    assert rules.change(people.root, view.id, draft, version=view.version)
    with pytest.raises(Invalid) as refused:
        customer(people.ann)
    assert translated(refused.value) == "来源：请写明客户{来源}，如：转介绍"


def test_contacts_obey_their_own_rules(people: Personas) -> None:
    made = customer(people.ann)
    old = service.contacts.add(people.ann, made, ContactDraft(name="旧人"))
    rules.add(people.root, FieldRuleDraft(noun=Noun.CONTACT, field="phone", kind="company"))
    assert refused_at(service.contacts.add, people.ann, made, ContactDraft(name="新人")) == "phone"
    new = service.contacts.add(people.ann, made, ContactDraft(name="新人", phone="13800138000"))
    assert service.contacts.update(people.ann, old, ContactDraft(name="旧人", title="经理", phone=""), version=1)
    assert (
        refused_at(service.contacts.update, people.ann, new, ContactDraft(name="新人", phone=""), version=1) == "phone"
    )
    assert service.contacts.update(people.ann, new, ContactDraft(name="新人", title="总监"), version=1)


def test_an_import_names_row_and_column(people: Personas) -> None:
    rule(people, "phone", kind="person")
    rule(people, "source", message="来源必填")
    customer(people.ann, "丁公司", code="C9", source="官网", phone="13800138009")
    rows = ["客户编号,客户名称,类型,手机,来源", ",李四,个人,,官网", ",乙公司,公司,,", ",丙公司,公司,13800138000,官网"]
    file = "\n".join([*rows, "C9,丁公司,公司,13800138009,"])
    report = service.imports.run(
        people.ann, file.encode(), filename="a.csv", kind=ImportKind.CUSTOMERS, mode=ImportMode.UPSERT
    )
    assert (report.added, report.failed) == (1, 2)
    assert [(f.row, f.column) for f in report.failures] == [(2, "手机"), (3, "来源")]
    assert report.failures[1].reason == "来源：来源必填"


def test_an_import_of_contacts_goes_on_after_a_refusal(people: Personas) -> None:
    customer(people.ann, "甲公司")
    service.contacts.add(people.ann, 1, ContactDraft(name="王五", phone="13800138001"))
    rules.add(people.root, FieldRuleDraft(noun=Noun.CONTACT, field="title"))
    rules.add(
        people.root,
        FieldRuleDraft(noun=Noun.CONTACT, field="phone", check=RuleCheck.PATTERN, parameter=r"13800138\d+"),
    )
    file = "客户,姓名,职务,手机\n甲公司,赵六,,\n甲公司,孙七,经理,\n甲公司,王五,经理,13900139000\n".encode()
    report = service.imports.run(people.ann, file, filename="a.csv", kind=ImportKind.CONTACTS, mode=ImportMode.UPSERT)
    assert (report.added, report.updated, report.failed) == (1, 0, 2)
    assert [(f.row, f.column) for f in report.failures] == [(2, "职务"), (4, "手机")]


def test_hints_say_what_is_still_missing(people: Personas) -> None:
    for field in ("phone", "region", "tags"):
        rule(people, field)
    preview = service.customers.preview(people.ann, CustomerDraft(name="甲公司"))
    assert preview.missing == ["phone", "region", "tags"]
    draft = CustomerDraft(name="甲公司", phone="13800138000", address="南京市江宁区迎宾路1号", tags=["重点"])
    assert service.customers.preview(people.ann, draft).missing == []


def test_without_rules_a_save_pays_one_query_and_with_them_no_more(people: Personas) -> None:
    made = customer(people.ann)
    view = service.customers.get(people.ann, made)
    draft = CustomerDraft(name=view.name, notes="甲", source="官网")
    with queries(60) as seen:
        service.customers.update(people.ann, made, draft, version=view.version)
    assert sum("field_rule" in statement for statement in seen) == 1
    assert not any('FROM "option"' in statement or "FROM option" in statement for statement in seen)


def test_changing_resting_and_removing_a_rule(people: Personas) -> None:
    made = rule(people, "phone")
    assert refused_at(rule, people, "phone") == "field"
    [view] = rules.everything(people.root)
    with recorded("rules.change", by=people.root, times=1):
        assert rules.change(people.root, made, FieldRuleDraft(field="phone", active=False), version=view.version)
    assert not rules.change(people.root, made, FieldRuleDraft(field="phone", active=False), version=view.version + 1)
    customer(people.ann)
    with pytest.raises(Conflict):
        rules.remove(people.root, made, version=view.version)
    with recorded("rules.remove", by=people.root, times=1):
        rules.remove(people.root, made, version=view.version + 1)
    assert rules.everything(people.root) == []


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"field": "password"}, "field"),
        ({"field": "name"}, "field"),
        ({"field": "uscc", "noun": "contact"}, "field"),
        ({"field": "region", "check": "pattern", "parameter": "a"}, "field"),
        ({"field": "notes", "check": "pattern", "parameter": "a"}, "field"),
        ({"field": "contact", "check": "among"}, "field"),
        ({"field": "phone", "kind": "robot"}, "kind"),
        ({"field": "phone", "stage": "never"}, "stage"),
        ({"field": "phone", "check": "length", "parameter": "9"}, "parameter"),
        ({"field": "phone", "check": "length", "parameter": "9-3"}, "parameter"),
        ({"field": "phone", "check": "pattern", "parameter": "("}, "parameter"),
        ({"field": "phone", "check": "pattern", "parameter": "(a+)+"}, "parameter"),
    ],
)
def test_rules_that_make_no_sense_are_refused(people: Personas, values: dict[str, str], at: str) -> None:
    before = len(history())
    assert refused_at(rules.add, people.root, FieldRuleDraft.model_validate(values)) == at
    assert len(history()) == before


def test_only_who_keeps_the_settings_sets_rules(people: Personas) -> None:
    for me in (people.ann, people.mei, people.kai, people.audrey):
        with pytest.raises(Denied):
            rules.add(me, FieldRuleDraft(field="phone"))
        with pytest.raises(Denied):
            rules.everything(me)


@pytest.mark.parametrize(
    "good", [r"1[3-9]\d{9}", "[A-Z]{2,4}-[0-9]+", "(甲|乙)?.*", r"\w+@\w+\.(com|cn)", "(?i)abc", "(ab){3}"]
)
def test_sound_patterns_are_taken(good: str) -> None:
    assert patterns.checked(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        *("(a+)+$", "(a*)*", "(a|aa)+", "(a|b|ab)*c", "(.*)(.*)(.*)x", r"(a)\1", "(?=a)b", "(?<!a)b", "(", "["),
        *("(?:a?){50}a{50}", "x" * 201, "", "(?P<n>a)(?P=n)", "a**", "(((a+)?)+)?"),
    ],
)
def test_patterns_that_could_run_away_are_not(bad: str) -> None:
    with pytest.raises(Invalid):
        patterns.checked(bad)


def test_the_whole_value_is_compared_and_a_long_one_does_not_fit() -> None:
    assert patterns.fits("a+b?", "aab")
    assert not patterns.fits("a+b?", "aabc")
    assert not patterns.fits(patterns.checked(".*.*(a|b|c|d)x"), "a" * patterns.LONGEST)
    assert not patterns.fits(".*", "a" * (patterns.LONGEST + 1))
