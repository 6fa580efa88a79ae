"""The landing page: its numbers, the lists they open, the checklist of a fresh installation, and what it costs."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from cim import clock, i18n, service
from cim.i18n import _
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft
from cim.models.kpi import Direction, KpiView
from cim.models.task import TaskDraft
from cim.ui import charts, kpi_cards
from cim.ui.links import customers as link
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.population import populate


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_everybody_sees_the_numbers_that_the_service_counts(people: Personas, open_page: OpenPage) -> None:
    populate(people, seed=4, customers=30)
    for me in people:
        app = open_page(me)
        assert not app.exception, me.username
        shown = {metric.label: metric.value for metric in app.metric if metric.label != _("Data quality")}
        assert shown == {_(kpi.label): i18n.format_number(kpi.value) for kpi in service.kpis.current(me)}


def test_every_tile_links_to_the_list_it_counts(people: Personas, open_page: OpenPage) -> None:
    populate(people, seed=4, customers=30)
    numbers = {kpi.key: kpi for kpi in service.kpis.current(people.mei)}
    for key in ("customers", "new_customers", "active", "idle", "overdue", "no_next_step", "pool"):
        narrowed = numbers[key].filter
        assert narrowed is not None
        app = open_page(people.mei, "pages/search.py", **link(narrowed))
        assert not app.exception
        assert _("{total} customers", total=numbers[key].value) in texts(app) or not numbers[key].value, key


def test_a_visitor_without_session_is_asked_to_sign_in(people: Personas, open_page: OpenPage) -> None:
    assert not open_page(None).metric


def test_a_task_is_ticked_off_from_the_landing_page(people: Personas, open_page: OpenPage) -> None:
    task = service.tasks.add(people.ann, TaskDraft(title="回访", due_at=clock.now() + timedelta(minutes=1)))
    app = open_page(people.ann)
    with recorded("tasks.done", by=people.ann, times=1):
        app.button(key=f"dashboard.tasks.done.{task}.1").click().run()
    assert not app.exception


def test_the_checklist_goes_when_the_work_has_begun(people: Personas, open_page: OpenPage) -> None:
    assert _("First steps") in texts(open_page(people.ann))
    made = service.customers.create(people.ann, CustomerDraft(name="第一个客户"))
    assert _("First steps") in texts(open_page(people.ann))
    service.activities.log(people.ann, made, ActivityDraft(content="打过电话"))
    assert _("First steps") not in texts(open_page(people.ann))
    assert _("First steps") in texts(open_page(people.root)), "backup and option lists are still missing"
    service.backups.create(people.root)
    assert _("First steps") in texts(open_page(people.root)), "option lists are still missing"
    service.options.take_shipped(people.root, "industry")
    assert _("First steps") not in texts(open_page(people.root))


def test_names_in_the_table_by_person_are_text(people: Personas, open_page: OpenPage) -> None:
    service.customers.create(people.ann, CustomerDraft(name="客户甲"))
    app = open_page(people.mei)
    [table] = app.table
    assert "安晓然" in table.value.to_string()


def test_the_landing_page_does_not_pay_for_charts(people: Personas, open_page: OpenPage) -> None:
    before = "plotly" in sys.modules
    open_page(people.ann)
    assert ("plotly" in sys.modules) is before


@pytest.mark.parametrize(
    ("value", "previous", "shown"),
    [(5, 0, ("0 → 5", None)), (0, 50, ("-100.0%", "50 → 0")), (6, 4, ("+50.0%", "4 → 6")), (4, None, (None, None))],
)
def test_a_change_is_said_correctly(value: int, previous: int | None, shown: tuple[str | None, str | None]) -> None:
    from cim.analytics.change import change

    kpi = KpiView(
        key="x",
        label="x",
        value=value,
        previous=previous,
        change=change(value, previous),
        unit="",
        definition="",
        params={},
        direction=Direction.UP,
        spark=[],
    )
    assert kpi_cards.change(kpi) == shown


def test_what_is_kept_is_kept_apart_and_bounded(people: Personas) -> None:
    assert charts.kept(("a", 1), lambda: 1) == charts.kept(("a", 1), lambda: 2) == 1
    assert charts.kept(("a", 2), lambda: 2) == 2
    for number in range(charts.KEPT):
        charts.kept(("b", number), lambda: 0)
    assert charts.kept(("a", 1), lambda: 3) == 3
