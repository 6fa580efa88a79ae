"""One timeline: every source is in it, for whoever may read it; it pages without gap or double, and stays quick."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from cim import clock, db, service
from cim.errors import NotFound
from cim.i18n import _
from cim.models import (
    Activity,
    Contract,
    ImportBatch,
    Opportunity,
    Payment,
    SalesOrder,
    Stage,
    StageChange,
    SurveyAnswer,
    Task,
    Ticket,
)
from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.base import Model
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind
from cim.models.survey import SurveyKind
from cim.models.task import TaskDraft
from cim.models.timeline import EventGroup, EventKind, Timeline, TimelineEntry
from tests.factories import Personas, history, queries, recorded

of, story, follow_ups = (getattr(service.timeline, n) for n in ("of", "story", "follow_ups"))
NOON = "2026-11-21T12:00:00+08:00"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", NOON)


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's."""
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))


def put(*rows: Model) -> None:
    """Rows past the service: what happened, whoever writes it."""
    with db.session(writing=True) as session:
        for row in rows:
            session.add(row)
            session.flush()
        session.commit()


def at(day: int, hour: int = 9, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def sentences(found: Timeline) -> list[str]:
    return [sentence(entry) for entry in found.entries]


def sentence(entry: TimelineEntry) -> str:
    return _(entry.title, **entry.params)


def everything(people: Personas, firm: int) -> None:
    """One of each, on days of November 2026 of their own."""
    stages = {stage.key: stage.id for stage in service.stages.everything(people.mei)}
    own: dict[str, Any] = {"customer_id": firm}
    put(
        Opportunity(id=1, name="脱硫改造", stage_id=stages["won"], stage_since=at(3), owner_id=people.ann.user_id, **own),
        StageChange(opportunity_id=1, to_stage_id=stages["lead"], at=at(1), actor_id=people.ann.user_id, **own),
        StageChange(
            opportunity_id=1, from_stage_id=stages["lead"], to_stage_id=stages["proposal"], at=at(2), amount=5, **own
        ),
        StageChange(opportunity_id=1, from_stage_id=stages["proposal"], to_stage_id=stages["won"], at=at(3), **own),
        SalesOrder(
            id=1, order_no="SO-1", ordered_on=date(2026, 11, 4), delivered_on=date(2026, 11, 6), amount=Decimal(900), **own
        ),
        Payment(order_id=1, amount=Decimal("900.50"), paid_on=date(2026, 11, 5), method="转账", **own),
        Contract(
            id=1, number="HT-1", title="年度", signed_on=date(2026, 11, 7), ends_on=date(2026, 11, 8), owner_id=1, **own
        ),
        Ticket(
            id=1, number="T-1", subject="漏水", content="阀门漏水", opened_at=at(9), resolved_at=at(10), handler="老王",
            resolution="换阀门", satisfaction=5, rated_at=at(11), rating_comment="很快", **own,
        ),
        SurveyAnswer(kind=SurveyKind.NPS, score=9, comment="愿意推荐", at=at(12), **own),
        ImportBatch(id=1, kind=ImportKind.CUSTOMERS, filename="客户.xlsx", at=at(13), actor_id=people.ann.user_id),
    )  # fmt: skip
    with db.session(writing=True) as session:
        session.execute(text("UPDATE customer SET batch_id = 1 WHERE id = :id"), {"id": firm})
        session.commit()


def test_every_source_is_told_of_newest_first(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    everything(people, firm)
    monkeypatch.setenv("CIM_NOW", "2026-11-14T12:00:00+08:00")
    service.activities.log(people.ann, firm, ActivityDraft(content="谈了报价", outcome=Outcome.PENDING))
    service.comments.add(people.mei, "customer", firm, "重点客户")
    service.files.add(people.ann, firm, "合同.pdf", PDF)
    task = service.tasks.add(people.ann, TaskDraft(title="送样品", due_at=at(15), customer_id=firm))
    monkeypatch.setenv("CIM_NOW", "2026-11-15T12:00:00+08:00")
    service.tasks.done(people.ann, task)
    other = service.customers.create(people.ann, CustomerDraft(name="信诺环保"))
    monkeypatch.setenv("CIM_NOW", "2026-11-16T12:00:00+08:00")
    service.customers.merge(people.mei, firm, [other])
    monkeypatch.setenv("CIM_NOW", "2026-11-17T12:00:00+08:00")
    service.customers.assign(people.mei, firm, people.bo.user_id)
    found = of(people.mei, firm)
    assert {entry.kind for entry in found.entries} == set(EventKind)
    assert not found.more
    assert [entry.at for entry in found.entries] == sorted((e.at for e in found.entries), reverse=True)
    told = sentences(found)
    for expected in (
        "移交给 薄文博", "与 信诺环保（C000002）合并", "任务完成：送样品", "添加文件：合同.pdf", "对客户的批注", "电话",
        "从 客户.xlsx 导入", "推荐意愿：9 / 10", "工单 T-1 评分：5 / 5", "工单 T-1 已解决：漏水", "投诉 T-1：漏水",
        "合同 HT-1 已到期：年度", "签订合同 HT-1：年度", "订单 SO-1 已交付", "订单 SO-1 收款", "订单 SO-1",
        "赢得商机：脱硫改造", "商机 脱硫改造：线索 → 方案报价", "新商机 脱硫改造：线索",
    ):  # fmt: skip
        assert expected in told, f"{expected} is not in {told}"
    by_kind = {entry.kind: entry for entry in found.entries}
    assert (by_kind[EventKind.PAYMENT].amount, by_kind[EventKind.PAYMENT].currency) == (Decimal("900.50"), "CNY")
    assert by_kind[EventKind.PAYMENT].dated
    assert clock.local(by_kind[EventKind.PAYMENT].at).date() == date(2026, 11, 5)
    assert by_kind[EventKind.RESOLVED].actor == "老王"
    assert by_kind[EventKind.TICKET].link == "/ticket?id=1"
    assert by_kind[EventKind.HANDOVER].actor == "梅若华"


def test_sales_service_and_tasks_only_for_who_may_read_them(people: Personas, firm: int) -> None:
    everything(people, firm)
    task = service.tasks.add(people.ann, TaskDraft(title="送样品", due_at=at(22), customer_id=firm))
    service.tasks.done(people.ann, task)
    service.comments.add(people.ann, "task", task, "已送")
    with pytest.raises(NotFound):
        of(people.bo, firm)
    assert EventKind.TASK in {entry.kind for entry in of(people.audrey, firm).entries}
    kinds = {entry.kind for entry in of(people.kai, firm).entries}
    assert {EventKind.TICKET, EventKind.ORDER} <= kinds
    assert not {EventKind.TASK, EventKind.COMMENT} & kinds, "the task of a colleague, and what is said about it"


def test_edits_name_fields_never_values_and_fold(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment, values in (
        ("2026-11-22T10:00:00+08:00", {"phone": "13900139001"}),
        ("2026-11-22T10:01:00+08:00", {"notes": "老客户", "phone": "13900139001"}),
        ("2026-11-22T10:30:00+08:00", {"grade": "A", "phone": "13900139001", "notes": "老客户"}),
    ):
        monkeypatch.setenv("CIM_NOW", moment)
        version = service.customers.get(people.ann, firm).version
        draft = CustomerDraft.model_validate({"name": "南京信诺环保科技有限公司", **values})
        service.customers.update(people.ann, firm, draft, version=version)
    found = of(people.root, firm)
    assert [(e.kind, e.fields) for e in found.entries] == [
        (EventKind.CHANGE, ["grade"]),
        (EventKind.CHANGE, ["notes", "phone"]),
        (EventKind.CHANGE, []),
    ]
    assert "139" not in str(found)
    first = of(people.root, firm, limit=1)
    assert first.more
    rest = of(people.root, firm, before=first.entries[-1].mark, limit=1)
    assert rest.entries == found.entries[1:2], "a fold is the same wherever the page begins"


def test_narrowed_by_group_person_period_and_text(people: Personas, firm: int) -> None:
    everything(people, firm)
    service.activities.log(people.ann, firm, ActivityDraft(content="寄出ＡＢＣ样品", contact="郑霞燕"))
    service.activities.log(people.kai, firm, ActivityDraft(content="回访", type=ActivityType.NOTE))
    sales = of(people.ann, firm, groups=[EventGroup.SALES])
    assert {e.kind for e in sales.entries} <= {
        *(EventKind.STAGE, EventKind.ORDER, EventKind.DELIVERY, EventKind.PAYMENT),
        *(EventKind.CONTRACT, EventKind.CONTRACT_END),
    }
    assert len(sales.entries) == 8
    assert [e.text for e in of(people.ann, firm, person=people.kai.user_id).entries] == ["回访"]
    for typed in ("abc", "样品 寄", "霞燕"):
        assert [e.text for e in of(people.ann, firm, text=typed).entries] == ["寄出ＡＢＣ样品"], typed
    assert [e.kind for e in of(people.ann, firm, text="阀门").entries] == [EventKind.RESOLVED, EventKind.TICKET]
    inside = of(people.ann, firm, since=at(5, 0), until=at(8, 0))
    assert {clock.local(e.at).day for e in inside.entries} == {5, 6, 7}


def test_masked_reader_neither_sees_nor_finds_a_number_in_a_file_name(people: Personas, firm: int) -> None:
    call = service.activities.log(people.ann, firm, ActivityDraft(content="寄合同"))
    service.files.add(people.ann, firm, "合同13800138000.pdf", PDF)
    service.files.add(people.ann, firm, "名片13800138000.pdf", PDF + b"\n", activity_id=call)
    assert len(of(people.ann, firm, text="13800138000").entries) == 1
    assert of(people.root, firm, text="13800138000").entries == []
    assert "13800138000" not in str(of(people.root, firm))
    [entry] = [e for e in of(people.ann, firm).entries if e.kind is EventKind.ACTIVITY]
    assert [(f.name, f.may_download) for f in entry.files] == [("名片13800138000.pdf", True)]
    [entry] = [e for e in of(people.root, firm).entries if e.kind is EventKind.ACTIVITY]
    assert [f.may_download for f in entry.files] == [False]


def test_pinned_follow_ups_stand_on_top_of_the_first_page(people: Personas, firm: int) -> None:
    calls = [
        service.activities.log(people.ann, firm, ActivityDraft(content=f"第{day}次", at=datetime(2026, 11, day, 9)))
        for day in range(1, 6)
    ]
    with recorded("activities.pin", by=people.ann, times=1):
        assert service.activities.pin(people.ann, calls[0])
    first = of(people.ann, firm, limit=2)
    assert [e.text for e in first.pinned] == ["第1次"]
    assert of(people.ann, firm, before=first.entries[-1].mark, limit=2).pinned == []
    assert service.activities.unpin(people.ann, calls[0])
    assert of(people.ann, firm).pinned == []


def test_original_authors_of_imported_follow_ups_are_kept(people: Personas, firm: int) -> None:
    everything(people, firm)
    put(
        Activity(
            customer_id=firm, at=at(20), content="老系统", author="王前任", batch_id=1, author_id=people.ann.user_id
        )
    )
    [entry] = of(people.ann, firm, text="老系统").entries
    assert (entry.actor, entry.imported) == ("王前任", True)


def test_what_was_removed_is_not_told(people: Personas, firm: int) -> None:
    call = service.activities.log(people.ann, firm, ActivityDraft(content="谈了报价"))
    service.comments.add(people.mei, "activity", call, "好")
    assert len(of(people.ann, firm).entries) == 3
    service.activities.remove(people.ann, call)
    assert [e.kind for e in of(people.ann, firm).entries] == [EventKind.CHANGE]


def test_printing_is_whole_and_recorded_and_reading_is_not(people: Personas, firm: int) -> None:
    for _each in range(3):
        service.activities.log(people.ann, firm, ActivityDraft(content="好"))
    before = len(history())
    of(people.ann, firm)
    assert len(history()) == before
    with recorded("timeline.story", by=people.ann, times=1):
        printed = story(people.ann, firm, groups=[EventGroup.FOLLOW_UPS])
    assert len(printed.entries) == 3
    assert history()[-1].object_id == str(firm)


def test_team_list_pages_and_names_customers(people: Personas, firm: int) -> None:
    theirs = service.customers.create(people.bo, CustomerDraft(name="深圳远大仪器厂"))
    for number in range(3):
        service.activities.log(people.ann, firm, ActivityDraft(content=f"a{number}"))
        service.activities.log(people.bo, theirs, ActivityDraft(content=f"b{number}"))
    first = follow_ups(people.mei, limit=4)
    assert first.more
    rest = follow_ups(people.mei, before=first.entries[-1].mark, limit=4)
    assert [e.text for e in (*first.entries, *rest.entries)] == ["b2", "a2", "b1", "a1", "b0", "a0"]
    assert {e.customer for e in first.entries} == {"南京信诺环保科技有限公司", "深圳远大仪器厂"}
    assert {e.customer for e in follow_ups(people.bo).entries} == {"深圳远大仪器厂"}


def many(firm: int, author: int | None, count: int) -> None:
    """Follow-ups past the service, three at each moment."""
    moments = (at(1, month=1) + timedelta(hours=number // 3) for number in range(count))
    rows = [
        {"customer_id": firm, "at": m, "type": "call", "content": "谈", "author_id": author, "created_at": m}
        | {"updated_at": m, "author": "", "outcome": "", "contact": "", "place": "", "purpose": "", "version": 1}
        for m in moments
    ]
    with db.session(writing=True) as session:
        db.insert_many(session, Activity.__table__, rows)  # type: ignore[attr-defined]
        session.commit()


@pytest.mark.parametrize("count", [60, 5000])
def test_queries_do_not_grow_with_what_happened(people: Personas, firm: int, count: int) -> None:
    many(firm, people.ann.user_id, count)
    with queries(9):
        assert len(of(people.ann, firm).entries) == 50
    with queries(8):
        assert len(of(people.ann, firm, text="谈").entries) == 50
    last = of(people.ann, firm).entries[-1]
    with queries(8):
        of(people.ann, firm, before=last.mark)


def test_queries_of_a_page_with_everything(people: Personas, firm: int) -> None:
    everything(people, firm)
    service.activities.log(people.ann, firm, ActivityDraft(content="好"))
    with queries(26):
        of(people.ann, firm)


@pytest.fixture
def crowded(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[tuple[int, int]]], int]:
    """Things of several kinds at few moments: (kind, moment) each."""

    def fill(what: list[tuple[int, int]]) -> int:
        with db.session(writing=True) as session:
            for table in ("stage_change", "activity", "task", "survey_answer"):
                session.execute(text(f"DELETE FROM {table}"))
            stage = session.execute(select(Stage.id).limit(1)).scalar_one()  # type: ignore[call-overload]
            if session.get(Opportunity, 1) is None:
                session.add(Opportunity(id=1, customer_id=firm, name="商机", stage_id=stage, stage_since=at(1)))
                session.flush()
            for kind, hour in what:
                own: dict[str, Any] = {"customer_id": firm, "at": at(2, hour)}
                made: list[Model] = [
                    Activity(content="好", **own),
                    StageChange(opportunity_id=1, to_stage_id=stage, **own),
                    SurveyAnswer(score=4, **own),
                    Task(
                        title="做", due_at=at(1), done_at=at(2, hour), customer_id=firm, assignee_id=people.ann.user_id
                    ),
                ]
                session.add(made[kind])
            session.commit()
        return firm

    return fill


@given(
    what=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12),
    size=st.integers(1, 5),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_have_no_gap_and_no_double(
    people: Personas, crowded: Callable[[list[tuple[int, int]]], int], what: list[tuple[int, int]], size: int
) -> None:
    firm = crowded(what)
    whole = of(people.ann, firm, limit=200).entries
    assert len(whole) == len(what) + 1
    parts: list[TimelineEntry] = []
    before = None
    while True:
        page = of(people.ann, firm, before=before, limit=size)
        parts += page.entries
        if not page.more:
            break
        before = page.entries[-1].mark
    assert [e.mark for e in parts] == [e.mark for e in whole]
