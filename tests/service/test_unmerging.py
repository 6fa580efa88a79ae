"""Merges taken apart: random ones in random order to the byte, chains, parts of a bulk merge, and what others did since."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import SYSTEM
from cim.errors import Conflict, Denied, NotFound
from cim.models import Contact, Customer, DuplicatePair, Star, metadata
from cim.models.activity import ActivityDraft
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.customer import CustomerDraft, Grade, Kind
from cim.models.search import PairStatus
from cim.models.task import TaskDraft
from cim.permissions import Permission
from cim.service import custom, record
from cim.work import Work, command
from tests.factories import Personas, history, recorded

merge, unmerge = service.customers.merge, service.customers.unmerge
TABLES = ("customer", "contact", "activity", "task", "stored_file", "customer_tag", "star", "duplicate_pair")
FREE = {"version", "updated_at", "quality", "pool_warned_at", "keys"}
"""Columns that are no part of a record's content: counters, dates of writing, and the keys a file collects."""


def stored() -> dict[str, Any]:
    """Everything that a merge can touch, as it is stored."""
    found: dict[str, Any] = {}
    with db.session(writing=False) as session:
        for name in TABLES:
            table = metadata.tables[name]
            kept = [column for column in table.columns if column.name not in FREE]
            found[name] = sorted(repr(tuple(row)) for row in session.execute(select(*kept)))
        values = metadata.tables["custom_value"].c
        kept = [values[name] for name in ("field_id", "record_id", "slot", "text", "number", "day", "sealed")]
        found["custom_value"] = sorted(repr(tuple(row)) for row in session.execute(select(*kept)))
        lookups = metadata.tables["lookup_key"].c
        kept = [lookups[name] for name in ("customer_id", "contact_id", "kind", "digest")]
        found["lookup_key"] = sorted(repr(tuple(row)) for row in session.execute(select(*kept)))
        documents = metadata.tables["customer_search"].c
        kept = [documents.customer_id, documents.document]
        found["customer_search"] = sorted(repr(tuple(row)) for row in session.execute(select(*kept)))
    return found


def assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    for name, rows in before.items():
        assert set(rows) - set(after[name]) == set(), f"{name}: lost or changed"
        assert after[name] == rows, f"{name}: more than before"


@command(Permission.CUSTOMER_WRITE)
def build(work: Work, chance: Random, count: int) -> list[int]:
    """Customers with some of everything below them, in one transaction."""
    return [_customer(work, chance, number) for number in range(count)]


def _customer(work: Work, chance: Random, number: int) -> int:
    some = [f"{number:04d}", ""]
    draft = CustomerDraft(
        name=f"客户{number}号{chance.choice(['科技', '贸易', ''])}有限公司",
        kind=chance.choice(list(Kind)),
        grade=chance.choice(list(Grade)),
        phone=chance.choice([f"1380013{number:04d}", ""]),
        email=chance.choice([f"a{number}@xinnuo.cn", ""]),
        wechat=chance.choice([f"wx_{number:06d}", ""]),
        address=chance.choice([f"江苏省南京市江宁区迎宾路{number}号", ""]),
        contact=chance.choice(["郑霞燕", ""]),
        source=chance.choice(["展会", ""]),
        notes=chance.choice([f"备注{number}", "老客户", ""]),
        preference=chance.choice(["下午联系", ""]),
        tags=chance.sample(["重点", "账期长", "出口", "直销"], chance.randrange(3)),
    )
    made = service.customers.create(work, draft, duplicate_reason="随机")
    row = work.get(Customer, made)
    for key, value in (("level", chance.choice(some)), ("secret", chance.choice(some))):
        custom.write(work, row, key, value or None)
    for _again in range(chance.randrange(3)):
        draft_contact = ContactDraft(
            name=chance.choice(["郑霞燕", "何立"]), phone=f"1391111{chance.randrange(9999):04d}"
        )
        contact = service.contacts.add(work, made, draft_contact)
        custom.write(work, work.get(Contact, contact), "birth", chance.choice(["江宁", None]))
    for _again in range(chance.randrange(3)):
        planned = {"next_at": work.now} if chance.random() < 0.3 else {}
        service.activities.log(work, made, ActivityDraft(content=f"谈了{chance.random()}", **planned))
    for _again in range(chance.randrange(2)):
        service.tasks.add(work, TaskDraft(title="回访", due_at=work.now, customer_id=made))
    _compared(work, chance, made)
    if chance.random() < 0.3:
        work.session.add(Star(user_id=work.actor.user_id or 0, customer_id=made, created_at=work.now))
    record.refresh(work, row)
    return made


def _compared(work: Work, chance: Random, made: int) -> None:
    """Now and then a pair with one of the customers before, unless there is one."""
    other = made - chance.choice([1, 2, 3])
    pair: Any = DuplicatePair
    there = select(pair.id).where(pair.a_id == other, pair.b_id == made)
    if chance.random() < 0.4 and other > 0 and work.session.execute(there).first() is None:
        status = chance.choice([PairStatus.OPEN, PairStatus.OPEN, PairStatus.DISMISSED])
        work.add(DuplicatePair(a_id=other, b_id=made, score=70, status=status, found_at=work.now))


@pytest.fixture
def fields(people: Personas) -> None:
    for noun, key, personal in ((Noun.CUSTOMER, "level", False), (Noun.CUSTOMER, "secret", True)):
        service.custom.define(
            people.root, CustomFieldDraft(noun=noun, key=key, label=f"我们的{key}", personal=personal)
        )
    service.custom.define(people.root, CustomFieldDraft(noun=Noun.CONTACT, key="birth", label="老家", personal=True))


@pytest.mark.parametrize("merges", [15, pytest.param(200, marks=pytest.mark.assure("G37"))])
def test_random_merges_come_apart_to_the_byte_in_any_order(
    people: Personas, fields: None, merges: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("tried", merges)
    chance = Random(3)
    sizes = [chance.choice((2, 2, 3)) for _number in range(merges)]
    ids = build(people.ann, chance, sum(sizes))
    chance.shuffle(ids)
    before = stored()
    made = []
    for size in sizes:
        winner, *losers = [ids.pop() for _member in range(size)]
        names = chance.sample(["name", "phone", "notes", "grade", "tags", "custom.secret", "custom.level"], 3)
        merge(people.ann, winner, losers, choices={name: chance.choice([winner, *losers]) for name in names})
        made.append(chance.choice(losers))
    between = stored()
    assert between["customer"] != before["customer"]
    assert all(len(between[name]) == len(before[name]) for name in ("contact", "activity", "task"))
    chance.shuffle(made)
    for loser in made:
        result = unmerge(people.ann, loser)
        assert (result.kept, result.failed) == (0, 0)
    assert_same(before, stored())
    report = service.audit.verify(people.audrey, reconcile=True)
    assert not report.problem
    assert not [name for name in report.drifted if not name.startswith(("app_user", "team"))]


def test_a_chain_comes_apart_from_its_end(people: Personas, fields: None) -> None:
    one, two, three = build(people.ann, Random(5), 3)
    before = stored()
    merge(people.ann, two, [one])
    merge(people.ann, three, [two])
    with pytest.raises(Conflict):
        unmerge(people.ann, one)
    unmerge(people.ann, two)
    unmerge(people.ann, one)
    assert_same(before, stored())


def test_who_merged_twice_into_one_takes_either_apart(people: Personas) -> None:
    one, two, three = (
        service.customers.create(people.ann, CustomerDraft(name=name)) for name in ("甲公司", "乙工厂", "丙商行")
    )
    for customer in (two, three):
        service.contacts.add(people.ann, customer, ContactDraft(name=f"联系人{customer}"))
    before = stored()
    merge(people.ann, one, [two])
    merge(people.ann, one, [three])
    with recorded("customers.unmerge", by=people.mei):
        unmerge(people.mei, two)
    assert [c.name for c in service.contacts.list(people.ann, two)] == [f"联系人{two}"]
    assert [c.name for c in service.contacts.list(people.ann, one)] == [f"联系人{three}"]
    unmerge(people.ann, three)
    assert_same(before, stored())


def test_what_somebody_changed_since_stays(people: Personas) -> None:
    one = service.customers.create(people.ann, CustomerDraft(name="甲公司", notes="一"))
    two = service.customers.create(people.ann, CustomerDraft(name="乙工厂", notes="二", phone="13800138000"))
    contact = service.contacts.add(people.ann, two, ContactDraft(name="何立", phone="13911112222"))
    merge(people.ann, one, [two])
    view = service.customers.get(people.ann, one)
    service.customers.update(people.ann, one, CustomerDraft(name="甲公司", notes="改过"), version=view.version)
    [person] = service.contacts.list(people.ann, one)
    service.contacts.update(people.ann, contact, ContactDraft(name="何立", phone="13933334444"), version=person.version)
    service.activities.log(people.ann, one, ActivityDraft(content="合并后"))
    result = unmerge(people.ann, two)
    assert result.kept == 1
    view = service.customers.get(people.ann, one)
    assert (view.notes, view.phone) == ("改过", "")
    assert [c.phone for c in service.contacts.list(people.ann, two)] == ["13933334444"]
    assert [a.content for a in service.activities.timeline(people.ann, customer_id=one)] == ["合并后"]
    assert service.activities.timeline(people.ann, customer_id=two) == []


def test_the_owner_of_the_other_record_gets_it_back(people: Personas) -> None:
    one = service.customers.create(people.ann, CustomerDraft(name="甲公司"))
    two = service.customers.create(people.bo, CustomerDraft(name="乙工厂"))
    due = service.tasks.add(people.bo, TaskDraft(title="回访", due_at=clock.now(), customer_id=two))
    merge(people.mei, one, [two])
    [task] = service.tasks.for_customer(people.ann, one)
    assert (task.id, task.assignee) == (due, "安晓然")
    with pytest.raises(NotFound):
        unmerge(people.ann, two)
    with pytest.raises(Denied):
        unmerge(people.audrey, two)
    unmerge(people.mei, two)
    assert service.customers.get(people.bo, two).name == "乙工厂"
    assert [task.assignee for task in service.tasks.for_customer(people.bo, two)] == ["薄文博"]


def test_the_name_of_a_customer_out_of_reach_is_not_told(people: Personas) -> None:
    one, two, three = (
        service.customers.create(who, CustomerDraft(name=name))
        for who, name in ((people.ann, "甲公司"), (people.ann, "乙公司"), (people.bo, "薄的公司"))
    )
    merge(people.ann, one, [two])
    service.customers.assign(people.mei, one, people.bo.user_id)
    merge(people.bo, three, [one])
    with pytest.raises(Denied) as refused:
        unmerge(people.ann, two)
    assert refused.value.params == {}


def test_a_part_of_a_bulk_merge_comes_apart_and_together_as_often_as_one_likes(people: Personas) -> None:
    def twins(name: str, phone: str) -> set[int]:
        names = (f"{name}有限公司", f"{name}公司")
        drafts = [CustomerDraft(name=called, phone=phone) for called in names]
        return {service.customers.create(people.ann, draft, duplicate_reason="分店") for draft in drafts}

    groups = [twins("广州百川物流", "13700137000"), twins("成都远山食品", "13800138000")]
    service.duplicates.scan(SYSTEM)
    before = stored()
    assert service.duplicates.accept(people.mei, least=85, dry_run=False).groups == 2
    standing = {row.id for row in service.customers.search(people.mei).rows}
    [one], [two] = (group - standing for group in groups)
    merged = stored()["customer"]

    def undo() -> None:
        assert service.undo.change_set(people.mei, history(100_000)[-1].change_set_id).failed == 0

    for _again in range(2):
        unmerge(people.mei, one)
        undo()  # merged again
        assert stored()["customer"] == merged
    unmerge(people.mei, one)
    undo()
    undo()  # the undo of the undo: apart
    with pytest.raises(NotFound):
        unmerge(people.mei, one)
    unmerge(people.mei, two)
    assert stored()["customer"] == before["customer"]
    undo()
    unmerge(people.mei, two)
    assert stored()["customer"] == before["customer"]
