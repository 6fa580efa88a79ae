"""The demo company: the same rows every time, whole in its history, and with something in every chart."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cim import cli, clock, crypto, db, demo, passwords, service
from cim.config import settings
from cim.models import (
    Activity,
    Contact,
    Customer,
    CustomerTag,
    DuplicatePair,
    Opportunity,
    SalesOrder,
    SubjectKey,
    Task,
    Ticket,
    User,
)
from cim.models.activity import ActivityType, Outcome
from cim.models.customer import Grade, Kind, Lifecycle, Party
from cim.models.listing import Contacted, CustomerFilter
from cim.models.segment import Dimension
from cim.models.task import TaskGroup
from cim.normalize import phone_masked
from tests.factories import PASSWORD_HASH, Personas, history

NOW = "2026-09-17T10:30"  # a Thursday
PEOPLE = ("ann", "bo", "mei", "kai", "audrey", "root")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """CIM_HOME of an installation that `demo` made out of nothing; on SQLite, so that its file can be looked into."""
    home = tmp_path_factory.mktemp("demo") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CIM_HOME", str(home))
        patch.setenv("CIM_NOW", NOW)
        patch.setenv("CIM_LANG", "en")
        patch.delenv("CIM_DATABASE_URL", raising=False)
        assert cli.main(["demo"]) == 0
        yield home
        db.engine().dispose()


@pytest.fixture(scope="module")
def rows(company: Path) -> dict[str, list[Any]]:
    """All it stored, opened once."""
    return content()


@pytest.fixture
def people(company: Path) -> Personas:
    """The employees as actors."""
    return Personas.load()


def numbers(model: type[Any]) -> int:
    with db.session(writing=False) as session:
        return int(session.execute(select(func.count()).select_from(model)).scalar_one())


def content() -> dict[str, list[Any]]:
    """Everything the demo stored, opened, without the ids and keys that are different in every database."""
    with db.session(writing=False) as session:
        keys = session.execute(select(SubjectKey.uid, SubjectKey.wrapped)).all()
        ciphers = {uid: crypto.keys().open_subject(uid, bytes(wrapped)) for uid, wrapped in keys}
        names = dict(session.execute(select(User.id, User.username)).all())
        customers = {c.id: c for c in session.execute(select(Customer).order_by(Customer.id)).scalars()}
        place = {key: number for number, key in enumerate(customers)}

        def plain(row: Any) -> dict[str, Any]:
            uid = row.uid if isinstance(row, Customer) else customers[row.customer_id].uid
            values = row.model_dump(exclude={"id", "uid", "code", "updated_at"})
            for name, value in values.items():
                if name.endswith("_id") and name != "customer_id":
                    values[name] = names.get(value)
                elif isinstance(value, bytes):
                    values[name] = ciphers[uid].open(value, f"{row.__tablename__}.{name}.{row.uid}")
            return values | {"customer_id": place[getattr(row, "customer_id", row.id)]}

        rows = {
            model.__name__: [plain(row) for row in session.execute(select(model).order_by(model.id)).scalars()]
            for model in (Customer, Contact, Activity, Task)
        }
        tags = session.execute(select(CustomerTag.customer_id, CustomerTag.tag)).all()
        pairs = session.execute(select(DuplicatePair.a_id, DuplicatePair.b_id, DuplicatePair.score)).all()
        rows["tags"] = sorted((place[key], tag) for key, tag in tags)
        rows["pairs"] = sorted((place[a], place[b], score) for a, b, score in pairs)
        return rows


# ---- what is there
def test_it_has_the_promised_numbers_of_rows(company: Path) -> None:
    assert [numbers(model) for model in (User, Customer, Contact, Activity)] == [6, 2000, 1300, 4700]
    assert numbers(Task) > 500
    assert numbers(DuplicatePair) == 14


def test_its_accounts_take_the_published_password_at_once(company: Path) -> None:
    with db.session(writing=False) as session:
        users = {user.username: user for user in session.execute(select(User)).scalars()}
    assert sorted(users) == sorted(PEOPLE)
    for name, user in users.items():
        passwords.check(demo.PASSWORD, username=name)
        assert passwords.matches(demo.PASSWORD, user.password_hash)
        assert not user.must_change_password


def test_it_is_marked_so_that_it_is_served_on_this_machine_only(company: Path) -> None:
    assert (company / "demo").exists()


def test_every_chart_has_a_shape(rows: dict[str, list[Any]], people: Personas) -> None:
    def groups(dimension: Dimension) -> Counter[str]:
        return Counter({row.value: row.count for row in service.segments.count(people.mei, dimension).rows})

    assert set(groups(Dimension.GRADE)) == {grade.value for grade in Grade}
    stages = groups(Dimension.LIFECYCLE)
    assert set(stages) == {stage.value for stage in Lifecycle}
    assert min(stages.values()) > 50
    assert len(groups(Dimension.SOURCE)) >= 8
    assert len(groups(Dimension.INDUSTRY)) >= 12
    assert len(groups(Dimension.REGION)) >= 7
    pool = service.customers.search(people.mei, CustomerFilter(owner=0)).total
    assert 150 <= pool <= 250
    for field, values in (("kind", Kind), ("party", Party)):
        assert {row[field] for row in rows["Customer"]} == set(values)


def test_it_covers_the_country_and_weighs_the_coast(rows: dict[str, list[Any]]) -> None:
    provinces = Counter(row["region_code"][:2] for row in rows["Customer"])
    assert len(provinces) >= 20
    coast = sum(provinces[code] for code in ("31", "32", "33", "35", "37", "44", "11", "12"))
    assert coast > 1000


@pytest.mark.parametrize(("table", "column"), [("Customer", "created_at"), ("Activity", "at")])
def test_every_one_of_24_months_has_rows_and_they_grow(rows: dict[str, list[Any]], table: str, column: str) -> None:
    months = Counter(f"{clock.local(row[column]):%Y-%m}" for row in rows[table])
    counts = [months[month] for month in sorted(months)]
    assert len(counts) == 24
    assert sum(counts[-13:-1]) > 1.5 * sum(counts[:12])


def test_follow_ups_come_in_every_type_and_outcome(rows: dict[str, list[Any]]) -> None:
    told = rows["Activity"]
    assert {row["type"] for row in told} == set(ActivityType)
    assert {row["outcome"] for row in told} == set(Outcome)
    assert all(row["content"] for row in told)
    assert len({row["content"] for row in told}) > 3000
    assert {row["author_id"] for row in told} == {"ann", "bo", "mei", "kai"}


def test_nothing_lies_in_the_future_but_plans(rows: dict[str, list[Any]]) -> None:
    now = clock.now()
    customers = rows["Customer"]
    assert max(row["created_at"] for row in customers) <= now
    for told in rows["Activity"]:
        assert customers[told["customer_id"]]["created_at"] <= told["at"] <= now
    for task in rows["Task"]:
        assert task["created_at"] <= (task["done_at"] or now) <= now


def test_this_week_has_follow_ups_on_each_day_up_to_today(rows: dict[str, list[Any]]) -> None:
    days = Counter(clock.local(row["at"]).date() for row in rows["Activity"])
    today = clock.today()
    assert today == date(2026, 9, 17)
    assert all(days[today - timedelta(days=back)] >= 5 for back in range(today.weekday() + 1))


def test_the_worklists_of_those_who_sell_and_serve_have_every_group(people: Personas) -> None:
    for actor in (people.ann, people.bo, people.mei, people.kai):
        counts = service.tasks.mine(actor).counts
        assert all(counts[group] > 0 for group in TaskGroup), (actor.username, counts)


def test_some_customers_wait_and_some_were_contacted_today(people: Personas) -> None:
    for actor in (people.ann, people.bo, people.mei):
        assert service.customers.search(actor, CustomerFilter(idle_days=31)).total > 40
        assert service.customers.search(actor, CustomerFilter(overdue=True)).total > 0
    assert service.customers.search(people.mei, CustomerFilter(contacted=Contacted.TODAY)).total > 0


def test_contacts_are_found_by_phone(rows: dict[str, list[Any]], people: Personas) -> None:
    person = next(row for row in rows["Contact"] if row["phone"])
    hits = service.customers.search(people.mei, CustomerFilter(q=person["phone"].removeprefix("+86")))
    assert rows["Customer"][person["customer_id"]]["name"] in {row.name for row in hits.rows}


def test_its_numbers_belong_to_nobody(rows: dict[str, list[Any]]) -> None:
    for row in (*rows["Customer"], *rows["Contact"]):
        assert re.fullmatch(r"\+861\d{2}0000\d{4}|", row["phone"] or ""), phone_masked(row["phone"])
        assert re.fullmatch(r".+@example\.(com|cn|org)|", row["email"] or "")
        assert "MADEM" in row.get("uscc", "") or not row.get("uscc")


# ---- how it is stored
def test_the_audit_log_is_whole_and_no_row_differs_from_it(company: Path) -> None:
    assert cli.main(["audit", "verify", "--reconcile"]) == 0


def test_every_row_has_its_history(company: Path) -> None:
    rows = {(entry.object_type, entry.object_id) for entry in history(100_000) if entry.action == "demo.load"}
    told = Counter(table for table, _number in rows)
    for model in (Customer, Contact, Activity, Task, User, DuplicatePair, SalesOrder, Opportunity, Ticket):
        assert told[model.__tablename__] == numbers(model)


def test_no_personal_value_is_readable_in_the_files(company: Path, rows: dict[str, list[Any]]) -> None:
    """Compared with the numbers that are stored: random names of keys are full of digits too."""
    people = [*rows["Customer"], *rows["Contact"]]
    stored = {row["phone"].removeprefix("+86").encode() for row in people if row["phone"]}
    assert len(stored) > 2000
    for file in (company / "cim.db", company / "cim.db-wal"):
        raw = file.read_bytes() if file.exists() else b""
        assert stored & set(re.findall(rb"(?=(1\d\d0000\d{4}))", raw)) == set()
        assert re.findall(rb"\+86\d{2,3}5555\d+|[a-z]+\d+@example\.|demo_[a-z]+\d{4}", raw) == []
        assert "号启航大厦".encode() not in raw


# ---- loading it again
def test_a_second_demo_is_refused(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = numbers(Customer)
    for arguments in (["demo"], ["demo", "--force"]):
        capsys.readouterr()
        assert cli.main(arguments) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
    assert numbers(Customer) == before


def test_existing_data_is_refused_and_leaves_no_marker(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo"]) == 1
    assert "--force" in capsys.readouterr().err
    assert not (home / "demo").exists()
    assert numbers(Customer) == 0


def test_the_same_moment_gives_the_same_rows_also_beside_existing_data(
    company: Path, rows: dict[str, list[Any]], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`home` holds the personas already: --force keeps their accounts as they are."""
    capsys.readouterr()
    assert cli.main(["demo", "--force", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["accounts"], said["customers"], said["contacts"]) == ([], 2000, 1300)
    assert (settings().home / "demo").exists()
    with db.session(writing=False) as session:
        assert set(session.execute(select(User.password_hash)).scalars()) == {PASSWORD_HASH}
    again = content()
    for table in rows:
        assert again[table] == rows[table], table
