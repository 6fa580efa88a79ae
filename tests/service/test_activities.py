"""Follow-ups through the service: what is logged and refused, what follows for the customer, and the history it leaves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import use
from cim.models import Customer
from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft, Lifecycle
from cim.models.listing import CustomerFilter
from tests.factories import Personas, history, queries, recorded

NOON = "2026-11-21T12:00:00+08:00"
log, timeline, update, remove = (getattr(service.activities, n) for n in ("log", "timeline", "update", "remove"))
CALL, VISIT, NOTE = ActivityType.CALL, ActivityType.VISIT, ActivityType.NOTE


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", NOON)


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's."""
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))


def called(content: str = "谈了报价", **values: object) -> ActivityDraft:
    return ActivityDraft.model_validate({"content": content, **values})


def test_log_is_shown_and_recorded_under_the_customer(people: Personas, firm: int) -> None:
    with recorded("activities.log", by=people.ann, times=1):
        log(people.ann, firm, called("  已寄 样品\r\n下周再联系 ", type=VISIT, place="江宁 区", contact="张三"))
    [view] = timeline(people.ann)
    assert (view.customer, view.customer_code, view.author) == ("南京信诺环保科技有限公司", "C000001", "安晓然")
    assert (view.content, view.place, view.type) == ("已寄 样品\n下周再联系", "江宁 区", VISIT)
    assert view.at == clock.now()
    assert view.may_edit
    assert not view.imported
    entry = history()[-1]
    assert entry.object_type == "activity"
    assert entry.subject_uid == service.customers.get(people.ann, firm).uid
    assert entry.changes is not None
    assert "样品".encode() not in entry.changes


def test_double_pressed_save_is_one_activity_and_one_task(people: Personas, firm: int) -> None:
    draft = called(next_at=datetime(2026, 11, 23, 9))
    assert log(people.ann, firm, draft, token="t") == log(people.ann, firm, draft, token="t")
    assert len(timeline(people.ann)) == 1
    assert len(service.tasks.for_customer(people.ann, firm)) == 1


def test_contact_date_comes_from_everything_but_notes(people: Personas, firm: int) -> None:
    log(people.ann, firm, called(at=datetime(2026, 11, 3, 10)))
    log(people.ann, firm, called(type=NOTE))
    customer = service.customers.get(people.ann, firm)
    assert customer.last_contact_at == datetime(2026, 11, 3, 2, tzinfo=UTC)
    assert customer.version == 1, "logging must not invalidate an open form"


def test_typed_time_is_the_teams_wall_clock_and_no_day_shifts(people: Personas, firm: int) -> None:
    log(people.ann, firm, called(at=datetime(2026, 11, 20, 0, 30), next_at=datetime(2026, 11, 23, 0, 30)))
    [view] = timeline(people.ann)
    assert view.at == datetime(2026, 11, 19, 16, 30, tzinfo=UTC)
    assert clock.local(view.at).date().isoformat() == "2026-11-20"
    [task] = service.tasks.for_customer(people.ann, firm)
    assert clock.local(task.due_at).date().isoformat() == "2026-11-23"


def test_deal_moves_the_lifecycle_and_taking_it_back_too(people: Personas, firm: int) -> None:
    made = log(people.ann, firm, called(outcome=Outcome.DEAL))
    assert service.customers.get(people.ann, firm).lifecycle == Lifecycle.NEW
    assert update(people.ann, made, called(outcome=Outcome.PENDING), version=1)
    assert service.customers.get(people.ann, firm).lifecycle == Lifecycle.PROSPECT
    update(people.ann, made, called(outcome=Outcome.DEAL), version=2)
    remove(people.ann, made)
    customer = service.customers.get(people.ann, firm)
    assert (customer.lifecycle, customer.last_contact_at) == (Lifecycle.PROSPECT, None)


def test_next_step_becomes_a_task_of_the_writer_in_his_language(people: Personas, firm: int) -> None:
    with use("en"):
        log(people.kai, firm, called(next_at=datetime(2026, 11, 22, 9)))
    log(people.ann, firm, called(next_at=datetime(2026, 11, 24, 9), next_title="送 合同"))
    assert [(t.title, t.assignee) for t in service.tasks.mine(people.kai).tasks] == [("Follow up", "凯思远")]
    assert [(t.title, t.customer) for t in service.tasks.mine(people.ann).tasks] == [
        ("送 合同", "南京信诺环保科技有限公司")
    ]
    assert service.customers.get(people.ann, firm).next_due_at == datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert service.customers.search(people.ann, CustomerFilter(no_next_step=True)).total == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("at", {"at": datetime(2026, 11, 22, 12, 1)}),
        ("at", {"at": datetime(1, 1, 1)}),
        ("next_at", {"next_at": datetime(2026, 11, 20, 23, 59)}),
        ("content", {"content": "  "}),
        ("content", {"content": "", "type": VISIT, "outcome": Outcome.PENDING}),
        ("content", {"content": "", "type": NOTE, "outcome": Outcome.PENDING}),
        ("place", {"place": "a\u202eb"}),
    ],
)
def test_refused_at_the_field_and_nothing_is_stored(
    people: Personas, firm: int, field: str, values: dict[str, object]
) -> None:
    before = len(history())
    with pytest.raises(Invalid) as refused:
        log(people.ann, firm, called(**values))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert (timeline(people.ann), len(history())) == ([], before)


@pytest.mark.parametrize(
    "values",
    [{"outcome": Outcome.NO_ANSWER}, {"type": VISIT, "place": "客户办公室"}, {"at": datetime(2026, 11, 22, 11)}],
)
def test_short_ones_are_enough(people: Personas, firm: int, values: dict[str, object]) -> None:
    assert log(people.ann, firm, called(**({"content": ""} | values if "at" not in values else values)))  # type: ignore[arg-type]


def test_other_teams_customers_do_not_exist_and_auditors_only_read(people: Personas, firm: int) -> None:
    made = log(people.ann, firm, called())
    for attempt in (
        lambda: log(people.bo, firm, called()),
        lambda: update(people.bo, made, called("改"), version=1),
        lambda: remove(people.bo, made),
        lambda: timeline(people.bo, customer_id=firm),
        lambda: service.activities.history(people.bo, firm),
        lambda: service.activities.get(people.bo, made),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert timeline(people.bo) == []
    assert timeline(people.mei) == timeline(people.ann)
    with recorded("activities.log", by=people.audrey, times=1), pytest.raises(Denied):
        log(people.audrey, firm, called())
    assert [a.may_edit for a in timeline(people.audrey)] == [False]


def test_pool_customer_may_be_called_but_what_others_wrote_stays(people: Personas) -> None:
    pool = service.customers.create(people.root, CustomerDraft(name="公海客户", owner_id=None))
    made = log(people.ann, pool, called())
    assert [a.may_edit for a in timeline(people.bo)] == [False]
    with pytest.raises(Denied):
        update(people.bo, made, called("改"), version=1)
    assert update(people.mei, made, called("改"), version=1)


def test_update_of_an_old_version_and_without_difference(people: Personas, firm: int) -> None:
    made = log(people.ann, firm, called())
    before = len(history())
    assert not update(people.ann, made, called(), version=1)
    assert len(history()) == before
    with recorded("activities.update", by=people.ann, times=1):
        update(people.ann, made, called("改了"), version=1)
    assert history()[-1].fields == "content"
    with pytest.raises(Conflict) as refused:
        update(people.mei, made, called("又改"), version=1)
    assert refused.value.current["content"] == "改了"


def test_timeline_pages_by_key_without_gap_or_repeat(people: Personas, firm: int) -> None:
    for number in range(12):  # three share each moment: the id decides
        log(people.ann, firm, called(f"第{number}次", at=datetime(2026, 11, 1 + number // 3, 9)))
    whole = timeline(people.ann)
    parts: list[int] = []
    before = None
    while part := timeline(people.ann, before=before, limit=5):
        parts += [a.id for a in part]
        before = (part[-1].at, part[-1].id)
    assert parts == [a.id for a in whole] == sorted((a.id for a in whole), reverse=True)


def test_timeline_narrows_by_person_type_and_period(people: Personas, firm: int) -> None:
    log(people.ann, firm, called(at=datetime(2026, 10, 31, 23, 59)))
    log(people.mei, firm, called(type=VISIT, at=datetime(2026, 11, 1, 0, 0)))
    log(people.ann, firm, called(type=NOTE, at=datetime(2026, 11, 2, 0, 0)))
    first, second = clock.start_of(datetime(2026, 11, 1).date()), clock.start_of(datetime(2026, 11, 2).date())
    assert [a.type for a in timeline(people.mei, since=first, until=second)] == [VISIT]
    assert [a.type for a in timeline(people.mei, author_id=people.ann.user_id)] == [NOTE, CALL]
    assert [a.type for a in timeline(people.mei, types=[CALL, VISIT])] == [VISIT, CALL]


@pytest.mark.parametrize("count", [3, 30])
def test_timeline_counts_its_queries(people: Personas, firm: int, count: int) -> None:
    for number in range(count):
        log(people.ann, firm, called(f"第{number}次"))
    with queries(3):
        assert len(timeline(people.ann)) == count
    with queries(4):
        assert len(timeline(people.ann, customer_id=firm)) == count


def test_history_names_fields_never_values_and_folds_what_is_close(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(at: str, **values: str) -> None:
        monkeypatch.setenv("CIM_NOW", at)
        version = service.customers.get(people.ann, firm).version
        draft = CustomerDraft(name="南京信诺环保科技有限公司", **values)  # type: ignore[arg-type]
        service.customers.update(people.ann, firm, draft, version=version)

    change("2026-11-22T10:00:00+08:00", phone="13900139001")
    change("2026-11-22T10:01:00+08:00", notes="老客户")
    change("2026-11-22T10:30:00+08:00", grade="A")
    service.customers.reveal(people.kai, firm, reason="回电")
    changes = service.activities.history(people.mei, firm)
    assert [(c.action, c.fields) for c in changes[:2]] == [
        ("customers.update", ["grade"]),
        ("customers.update", ["notes", "phone"]),
    ]
    assert [c.action for c in changes] == ["customers.update", "customers.update", "customers.create"]
    assert changes[0].actor == "安晓然"
    assert "139" not in str(changes)


def test_dates_are_right_when_many_log_at_once(people: Personas, firm: int) -> None:
    moments = [clock.now() - timedelta(hours=hours) for hours in range(1, 13)]

    def each(at: datetime) -> None:
        log(people.ann, firm, called(at=at, outcome=Outcome.DEAL))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(each, moments))
    stored = [view.at for view in timeline(people.ann, customer_id=firm)]
    [row] = service.customers.search(people.ann).rows
    assert len(stored) == len(moments)
    assert row.last_contact_at == max(stored)
    with db.session(writing=False) as session:
        customer = session.execute(select(Customer)).scalar_one()
    assert (customer.deal_count, customer.first_deal_at) == (len(stored), min(stored))


def test_touch_takes_as_many_statements_for_many_as_for_one(people: Personas, firm: int) -> None:
    from cim.access import SYSTEM
    from cim.permissions import Permission
    from cim.work import Work, command

    log(people.ann, firm, called())

    @command(Permission.ACTIVITY_WRITE)
    def refreshed(work: Work) -> None:
        with queries(2 if db.is_sqlite(work.session) else 3):  # the second waits for others
            service.activities.touch(work, [*range(firm, firm + 400)])

    before = len(history())
    refreshed(SYSTEM)
    assert len(history()) == before
    assert service.customers.get(people.ann, firm).last_contact_at == clock.now()


def test_future_reach_is_one_day(people: Personas, firm: int) -> None:
    log(people.ann, firm, called(at=clock.now() + timedelta(days=1)))
    with pytest.raises(Invalid):
        log(people.ann, firm, called(at=clock.now() + timedelta(days=1, minutes=1)))


@pytest.mark.parametrize("recent", [1, 4, 5000])
def test_timeline_is_whole_however_few_of_the_newest_are_ones_own(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(service.activities, "RECENT", recent)
    theirs = service.customers.create(people.bo, CustomerDraft(name="深圳远大仪器厂"))
    for day in (1, 2, 3):
        log(people.ann, firm, called(at=datetime(2026, 10, day)))
    for day in (4, 5, 6, 7):
        log(people.bo, theirs, called(at=datetime(2026, 10, day)))
    assert [clock.local(a.at).day for a in timeline(people.ann)] == [3, 2, 1]
    assert [clock.local(a.at).day for a in timeline(people.mei, limit=5)] == [7, 6, 5, 4, 3]
    assert [clock.local(a.at).day for a in timeline(people.kai, types=[CALL])] == [7, 6, 5, 4, 3, 2, 1]


def test_contact_minutes_and_records_of_the_customer(people: Personas, firm: int) -> None:
    person = service.contacts.add(people.ann, firm, ContactDraft(name="郑霞燕"))
    made = log(people.ann, firm, called(contact_id=person, minutes=25, type=VISIT, place="江宁", purpose="验收"))
    [view] = timeline(people.ann)
    assert (view.contact, view.contact_id, view.minutes, view.purpose) == ("郑霞燕", person, 25, "验收")
    assert service.activities.choices(people.ann, firm).contacts == {person: "郑霞燕"}
    update(people.ann, made, called("改了"), version=1)
    assert timeline(people.ann)[0].minutes == 25, "what a form does not show stays"
    theirs = service.customers.create(people.ann, CustomerDraft(name="别家"))
    stranger = service.contacts.add(people.ann, theirs, ContactDraft(name="外人"))
    for field, value in (("contact_id", stranger), ("contact_id", 999), ("ticket_id", 1), ("minutes", 0)):
        with pytest.raises(Invalid) as refused:
            log(people.ann, firm, called(**{field: value}))
        assert refused.value.field == field


def test_pinning_is_recorded_bounded_and_not_for_others(people: Personas, firm: int) -> None:
    made = log(people.kai, firm, called())
    pin, unpin = service.activities.pin, service.activities.unpin
    with recorded("activities.pin", by=people.ann, times=1):
        assert pin(people.ann, made), "who looks after the customer pins what others wrote"
    assert not pin(people.ann, made)
    with pytest.raises(NotFound):
        pin(people.bo, made)
    with pytest.raises(Denied):
        pin(people.audrey, made)
    assert unpin(people.kai, made)
    assert not unpin(people.kai, made)
    for _each in range(service.activities.MOST_PINNED):
        pin(people.ann, log(people.ann, firm, called()))
    with pytest.raises(Invalid):
        pin(people.ann, made)


def test_an_earlier_wording_comes_back_and_stays_private(people: Personas, firm: int) -> None:
    made = log(people.ann, firm, called("谈了 报价", place="江宁"))
    update(people.ann, made, called("谈崩了", outcome=Outcome.NO_NEED), version=1)
    update(people.mei, made, called("又谈"), version=2)
    second, first = service.activities.former(people.ann, made)
    assert (first.values, first.actor) == ({"content": "谈了 报价", "outcome": ""}, "安晓然")
    assert (second.values, second.actor) == ({"content": "谈崩了"}, "梅若华")
    with recorded("activities.restore", by=people.ann, times=1):
        assert service.activities.restore(people.ann, made, first.seq, version=3)
    [view] = timeline(people.ann)
    assert (view.content, view.outcome, view.place) == ("谈了 报价", Outcome.NONE, "江宁")
    assert not service.activities.restore(people.ann, made, first.seq, version=4)
    other = log(people.ann, firm, called())
    with pytest.raises(NotFound):
        service.activities.restore(people.ann, other, first.seq, version=1)
    with pytest.raises(NotFound):
        service.activities.former(people.bo, made)


def test_follow_ups_of_a_ticket_or_an_opportunity_are_listed(people: Personas, firm: int) -> None:
    log(people.ann, firm, called())
    assert timeline(people.ann, ticket_id=1) == timeline(people.ann, opportunity_id=1) == []
