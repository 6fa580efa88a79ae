"""Changes of many customers at once: what is changed, what is left out and why, and what that leaves in the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from cim import clock, db, service
from cim.access import Actor
from cim.errors import Denied, Invalid
from cim.models import ChangeSet, Customer
from cim.models.base import columns
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, FieldType
from cim.models.customer import CustomerDraft, Grade
from cim.models.listing import BulkResult, CellEdit, CustomerFilter, Selection
from cim.models.rule import FieldRuleDraft, RuleCheck
from cim.models.task import TaskDraft
from tests.factories import Personas, history, queries, recorded

bulk = service.bulk_edit


def make(me: Actor, count: int, *, start: int = 0, **more: object) -> list[int]:
    return [
        service.customers.create(
            me,
            CustomerDraft(name=f"批量{'甲乙丙丁戊己庚辛'[n % 8]}{n}号商行", phone=f"138{n:08d}", **more),  # type: ignore[arg-type]
            duplicate_reason="试验数据",
        )
        for n in range(start, start + count)
    ]


@pytest.fixture
def hers(people: Personas) -> list[int]:
    return make(people.ann, 3, industry="零售")


@pytest.fixture
def his(people: Personas) -> list[int]:
    return make(people.bo, 2, start=100)


def these(*ids: int) -> Selection:
    return Selection(ids=list(ids))


def of(me: Actor, ids: list[int], name: str) -> list[object]:
    return [getattr(service.customers.get(me, number), name) for number in ids]


def reasons(result: BulkResult) -> dict[int, str]:
    return {each.id: each.msgid for each in result.skipped}


def test_a_field_is_set_for_all_in_one_change(people: Personas, hers: list[int]) -> None:
    with recorded("bulk_edit.set_field", by=people.ann, times=3):
        result = bulk.set_field(people.ann, these(*hers), "grade", "A", reason="年度评级")
    assert (result.done, result.skipped) == (3, [])
    assert of(people.ann, hers, "grade") == [Grade.A] * 3
    entries = [entry for entry in history() if entry.action == "bulk_edit.set_field"]
    assert {entry.change_set_id for entry in entries} == {result.change_set}
    assert {entry.reason for entry in entries} == {"年度评级"}
    with db.session(writing=False) as session:
        change_set = session.get(ChangeSet, result.change_set)
        assert change_set is not None
        assert change_set.entries == 3


def test_what_is_so_already_is_not_changed_again(people: Personas, hers: list[int]) -> None:
    bulk.set_field(people.ann, these(hers[0]), "grade", "A")
    with recorded("bulk_edit.set_field", by=people.ann, times=2):
        assert bulk.set_field(people.ann, these(*hers), "grade", "A").done == 2
    with recorded("bulk_edit.set_field", by=people.ann, times=0):
        nothing = bulk.set_field(people.ann, these(*hers), "grade", "A")
    assert (nothing.done, nothing.change_set) == (0, None)


def test_others_are_left_out_with_the_reason(people: Personas, hers: list[int], his: list[int]) -> None:
    pool = service.customers.create(people.root, CustomerDraft(name="公海里的商行", owner_id=None))
    result = bulk.set_field(people.ann, these(*hers, *his, pool, 999_999), "industry", "批发")
    assert result.done == 3
    found = reasons(result)
    assert found[pool] == bulk.IN_POOL
    assert {found[number] for number in (*his, 999_999)} == {bulk.NOT_YOURS}
    assert not any(each.name for each in result.skipped if each.id != pool)
    assert of(people.mei, his, "industry") == ["", ""]


def test_the_auditor_changes_nothing(people: Personas, hers: list[int]) -> None:
    with pytest.raises(Denied):
        bulk.set_field(people.audrey, these(*hers), "grade", "A")
    with pytest.raises(Denied):
        bulk.remove(people.audrey, these(*hers))
    with pytest.raises(Denied):
        bulk.assign(people.ann, these(*hers), people.bo.user_id)


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone", "13800138000"), ("name", "x"), ("owner_id", 1), ("grade", "Z"), ("region", "火星"), ("custom.no", "x")],
)
def test_what_cannot_be_set_is_refused_as_a_whole(people: Personas, hers: list[int], field: str, value: object) -> None:
    with recorded("bulk_edit.set_field", by=people.ann, times=0), pytest.raises(Invalid):
        bulk.set_field(people.ann, these(*hers), field, value)


def test_a_new_region_is_found_and_judged(people: Personas, hers: list[int]) -> None:
    service.contacts.add(people.ann, hers[0], ContactDraft(name="孙联系人", phone="13912345678"))
    before = of(people.ann, hers, "completeness")
    assert bulk.set_field(people.ann, these(*hers), "region", "江苏省南京市").done == 3
    assert of(people.ann, hers, "region") == ["江苏省南京市"] * 3
    assert all(
        int(str(new)) > int(str(old)) for new, old in zip(of(people.ann, hers, "completeness"), before, strict=True)
    )
    for asked in ("南京", "孙联系人", "5678"):
        found = service.customers.search(people.ann, CustomerFilter(q=asked))
        assert hers[0] in {row.id for row in found.rows}, asked


def test_a_rule_leaves_out_only_whom_it_concerns(people: Personas, hers: list[int]) -> None:
    person = make(people.ann, 1, start=50, kind="person")
    service.rules.add(people.root, FieldRuleDraft(field="industry", check=RuleCheck.REQUIRED, kind="company"))
    bulk.set_field(people.ann, these(*person), "industry", "零售")
    result = bulk.set_field(people.ann, these(*hers, *person), "industry", "")
    assert result.done == 1
    assert set(reasons(result)) == set(hers)
    assert of(people.ann, hers, "industry") == ["零售"] * 3


def test_a_custom_field_is_set(people: Personas, hers: list[int]) -> None:
    service.custom.define(people.root, CustomFieldDraft(label="规模", key="size", type=FieldType.NUMBER))
    service.custom.define(people.root, CustomFieldDraft(label="车牌", key="plate", personal=True))
    assert bulk.set_field(people.ann, these(*hers), "custom.size", "120").done == 3
    assert bulk.set_field(people.ann, these(*hers), "custom.size", "120").done == 0
    assert {row.custom["size"] for row in service.customers.search(people.ann, custom=("size",)).rows} == {"120"}
    for wrong in (("custom.size", "many"), ("custom.plate", "苏A12345")):
        with pytest.raises(Invalid):
            bulk.set_field(people.ann, these(*hers), *wrong)
    assert bulk.set_field(people.ann, these(*hers), "custom.size", "").done == 3


def test_tags_are_given_and_taken_and_the_others_stay(people: Personas, hers: list[int]) -> None:
    bulk.tag(people.ann, these(hers[0]), add=["老客户", "展会"])
    version = service.customers.get(people.ann, hers[0]).version
    with recorded("bulk_edit.tag", by=people.ann, times=3):
        assert bulk.tag(people.ann, these(*hers), add=["重点"], remove=["展会"]).done == 3
    assert of(people.ann, hers, "tags") == [["老客户", "重点"], ["重点"], ["重点"]]
    assert service.customers.get(people.ann, hers[0]).version > version
    with pytest.raises(Invalid):
        bulk.tag(people.ann, these(*hers), add=[" "])


def test_customers_are_assigned_with_their_open_tasks(people: Personas, hers: list[int]) -> None:
    due = clock.now() + timedelta(days=2)
    service.tasks.add(people.ann, TaskDraft(title="回访", due_at=due, customer_id=hers[0]))
    pool = service.customers.create(people.root, CustomerDraft(name="公海里的商行", owner_id=None))
    with recorded("bulk_edit.assign", by=people.mei):
        result = bulk.assign(people.mei, these(*hers, pool), people.bo.user_id, reason="片区调整")
    assert result.done == 4
    assert of(people.mei, [*hers, pool], "owner_id") == [people.bo.user_id] * 4
    assert [task.assignee_id for task in service.tasks.for_customer(people.bo, hers[0])] == [people.bo.user_id]
    assert bulk.assign(people.mei, these(*hers), None).done == 3
    assert of(people.mei, hers, "owner_id") == [None] * 3
    with pytest.raises(Invalid):
        bulk.assign(people.mei, these(*hers), people.root.user_id)


def test_removed_customers_are_in_no_list(people: Personas, hers: list[int], his: list[int]) -> None:
    with recorded("bulk_edit.remove", by=people.ann, times=3):
        result = bulk.remove(people.ann, these(*hers, *his), reason="重复录入")
    assert result.done == 3
    assert len(result.skipped) == 2
    assert service.customers.search(people.mei).total == 2


def test_all_that_a_filter_lets_through(people: Personas, hers: list[int], his: list[int]) -> None:
    chosen = Selection(narrowed=CustomerFilter(industry="零售"))
    assert bulk.set_field(people.mei, chosen, "source", "展会").done == 3
    assert of(people.mei, [*hers, *his], "source") == ["展会"] * 3 + [""] * 2
    found = Selection(narrowed=CustomerFilter(q="商行"))
    assert bulk.set_field(people.mei, found, "source", "官网").done == 5
    for none in (Selection(), Selection(narrowed=CustomerFilter(industry="没有"))):
        with pytest.raises(Invalid):
            bulk.set_field(people.mei, none, "source", "x")


@pytest.mark.parametrize("field", ["grade", "region", "tags", "owner", "pool"])
def test_the_number_of_queries_does_not_grow_with_the_rows(people: Personas, field: str) -> None:
    few, many = make(people.ann, 2), make(people.ann, 12, start=20)

    def run(ids: list[int]) -> int:
        with queries(60) as seen:
            if field == "tags":
                bulk.tag(people.mei, these(*ids), add=["重点"])
            elif field in ("owner", "pool"):
                bulk.assign(people.mei, these(*ids), people.bo.user_id if field == "owner" else None)
            else:
                bulk.set_field(people.mei, these(*ids), field, {"grade": "B", "region": "320100"}[field])
        # the mapper writes each row by a statement of its own, to see that nobody changed it meanwhile
        return len([statement for statement in seen if not statement.startswith("UPDATE customer ")])

    assert run(many) == run(few)


# ---- the grid
def edit(me: Actor, customer_id: int, field: str, value: object) -> CellEdit:
    version = service.customers.get(me, customer_id).version
    return CellEdit(id=customer_id, version=version, field=field, value=value)


def test_right_cells_are_saved_and_wrong_ones_are_named(people: Personas, hers: list[int]) -> None:
    wanted = [("grade", "B"), ("region", "火星"), ("tags", ["重点"]), ("contact", "王经理"), ("industry", "批" * 61)]
    edits = [edit(people.ann, hers[0], field, value) for field, value in wanted]
    with recorded("bulk_edit.cells", by=people.ann, times=1):
        result = bulk.cells(people.ann, [*edits, edit(people.ann, hers[1], "grade", None)])
    assert result.done == 3
    assert {(each.id, each.field) for each in result.skipped} == {(hers[0], "region"), (hers[0], "industry")}
    view = service.customers.get(people.ann, hers[0])
    assert (view.grade, view.tags, view.contact, view.industry) == (Grade.B, ["重点"], "王经理", "零售")


def test_a_cell_of_an_older_version_is_not_saved(people: Personas, hers: list[int]) -> None:
    old = edit(people.ann, hers[0], "grade", "B")
    bulk.set_field(people.ann, these(hers[0]), "source", "展会")
    result = bulk.cells(people.ann, [old, edit(people.ann, hers[1], "grade", "C")])
    assert result.done == 1
    assert set(reasons(result)) == {hers[0]}
    assert of(people.ann, hers[:2], "grade") == [Grade.NONE, Grade.C]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "13912345678"),
        ("id_number", "110101199003070000"),
        ("owner_id", 1),
        ("deleted_at", "2026-01-01"),
        ("name", "别的名字"),
        ("custom.nothing", "x"),
        ("grade", "Z"),
        ("tags", "no list"),
        ("contact", {"a": 1}),
    ],
)
def test_a_forged_cell_changes_nothing(people: Personas, hers: list[int], field: str, value: object) -> None:
    before = service.customers.get(people.ann, hers[0])
    with recorded("bulk_edit.cells", by=people.ann, times=0):
        result = bulk.cells(people.ann, [edit(people.ann, hers[0], field, value)])
    assert (result.done, [each.field for each in result.skipped]) == (0, [field])
    assert service.customers.get(people.ann, hers[0]) == before


def test_a_forged_cell_of_somebody_elses_customer_is_refused_and_says_nothing(
    people: Personas, hers: list[int], his: list[int]
) -> None:
    result = bulk.cells(people.ann, [CellEdit(id=his[0], version=1, field="grade", value="A")])
    assert (result.done, reasons(result)) == (0, {his[0]: bulk.NOT_YOURS})
    assert result.skipped[0].name == ""
    assert of(people.bo, his, "grade") == [Grade.NONE] * 2
    pool = service.customers.create(people.root, CustomerDraft(name="公海里的商行", owner_id=None))
    result = bulk.cells(people.ann, [edit(people.ann, pool, "grade", "A")])
    assert reasons(result) == {pool: bulk.SOMEBODY_ELSES}


def test_a_personal_custom_field_is_no_cell(people: Personas, hers: list[int]) -> None:
    service.custom.define(people.root, CustomFieldDraft(label="车牌", key="plate", personal=True))
    service.custom.define(people.root, CustomFieldDraft(label="规模", key="size", type=FieldType.NUMBER))
    edits = [edit(people.ann, hers[0], "custom.plate", "苏A12345"), edit(people.ann, hers[0], "custom.size", "80")]
    result = bulk.cells(people.ann, edits)
    assert (result.done, [each.field for each in result.skipped]) == (1, ["custom.plate"])
    assert service.customers.get(people.ann, hers[0]).custom == {"size": "80"}


def test_too_many_cells_are_refused(people: Personas, hers: list[int]) -> None:
    one = edit(people.ann, hers[0], "grade", "A")
    with pytest.raises(Invalid):
        bulk.cells(people.ann, [one] * (bulk.MOST_CELLS + 1))


def test_a_record_that_broke_since_it_was_stored_says_so(people: Personas, hers: list[int]) -> None:
    customer = columns(Customer)
    with db.session(writing=True) as session:
        session.execute(update(Customer).where(customer.id == hers[0]).values(name=""))
        session.commit()
    result = bulk.cells(people.ann, [edit(people.ann, hers[0], "grade", "A")])
    assert (result.done, [each.field for each in result.skipped]) == (0, ["grade"])
