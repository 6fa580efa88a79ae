"""What is exported can be imported into an empty installation and exported again: the same bytes. And no cell is a formula."""

from __future__ import annotations

import io
import random
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from cim import db, tabular
from cim.access import reload
from cim.errors import Invalid
from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft, Gender, Grade, Kind
from cim.models.imports import ImportKind
from cim.permissions import Permission
from cim.service import activities, contacts, customers, exports, imports
from cim.work import GUARDS, Guard, Work
from tests import conftest
from tests.factories import Personas
from tests.tabular.test_writing import ATTACKS

COUNT = 250
"""Customers of the short run; `make assure` takes ten thousand (G10)."""
SIGNS = ["=", "+", "-", "@", "'", "''", "＝", "＋", "－", "＠", '"', "\\", "/", "|", "%", "#"]
PIECES = [
    *SIGNS, "公司", "张三", "歐陽", "ＡＢＣ１２３", "🙂", "👩‍👩‍👧", "𠮷野", "é", "e\u0301", "ﬁ", "Ⅷ", "½", "1", "007", "1E5", "NULL", "NA",
    "TRUE", "2026-03-05", "1/2", ",", ";", "；", "、", "\"a,b\"", "'x'", "<b>", "&amp;", "{x}", "%s", "$1", "`", "\u3000",
    "\u00a0", " ", "\u200b", "нет", "العربية", "한국", "ไทย", "_x000D_", "_x0041_", "&#10;", "￥", "·", "——", "㈱",
]  # fmt: skip


def words(dice: random.Random, most: int, *, lines: bool = False) -> str:
    """Nasty text; with line breaks for notes."""
    pieces = PIECES + (["\n", "\r\n", "\n\n", "\t"] if lines else [])
    return "".join(dice.choice(pieces) for _ in range(dice.randint(0, most)))


def id_number(dice: random.Random) -> str:
    day = datetime(1950, 1, 1) + timedelta(days=dice.randrange(20000))
    body = f"{dice.choice(['110101', '320102', '440305'])}{day:%Y%m%d}{dice.randrange(1000):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def phone(dice: random.Random) -> str:
    return dice.choice(
        [
            f"138{dice.randrange(10**8):08}",
            f"+86 159{dice.randrange(10**8):08}",
            f"0571-{dice.randrange(80_000_000, 90_000_000)}",
            f"010-{dice.randrange(60_000_000, 70_000_000)}转{dice.randrange(1, 9999)}",
            f"+852 5{dice.randrange(10**7):07}",
            f"+1 415 555 {dice.randrange(100, 200):04}",
            "",
        ]
    )


def customer(dice: random.Random, number: int) -> CustomerDraft:
    """A customer nobody would want to meet."""
    person = dice.random() < 0.4
    draft = CustomerDraft(
        kind=Kind.PERSON if person else Kind.COMPANY,
        name=f"{dice.choice([*SIGNS, ''])}{words(dice, 5)}客户{number}{words(dice, 3)}",
        contact=words(dice, 4),
        phone=phone(dice),
        phone2=phone(dice),
        email=dice.choice(["", f"a{number}@qq.com", f"+x.{number}@mail.example.cn"]),
        wechat=dice.choice(["", f"wx_{number}-a", f"zhang{number}"]),
        gender=dice.choice([*Gender]) if person else Gender.UNKNOWN,
        id_number=id_number(dice) if person and dice.random() < 0.5 else "",
        region=dice.choice(["", "320100", "北京市", "广东省深圳市", "香港"]),
        address=dice.choice(["", words(dice, 6), "江苏省南京市江宁区1号", "=1号楼", "-2层"]),
        industry=words(dice, 2),
        source=words(dice, 2),
        grade=dice.choice([*Grade]),
        tags=[words(dice, 3)[:30] for _ in range(dice.randint(0, 4))],
        preference=words(dice, 8, lines=True)[:200],
        notes=dice.choice([words(dice, 30, lines=True), words(dice, 900, lines=True)[:4000], dice.choice(ATTACKS)]),
        created_at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(10**8)),
    )
    if person and not draft.id_number and dice.random() < 0.5:
        draft.birthday = (datetime(1950, 1, 1) + timedelta(days=dice.randrange(20000))).date()
    return draft


def create(work: Work, draft: CustomerDraft, number: int) -> int:
    """Add a customer; what a check refuses in one field is left out of that field."""
    while True:
        try:
            return customers.create(work, draft, duplicate_reason="round trip")
        except Invalid as refused:
            empty = CustomerDraft(name=f"客户{number}")
            field = refused.field if refused.field in CustomerDraft.model_fields else "tags"
            draft = draft.model_copy(update={field: getattr(empty, field)})


@contextmanager
def unit(people: Personas) -> Iterator[Work]:
    """One transaction of the manager's."""
    with db.session(writing=True) as session:
        guard = Guard("customers.create", Permission.CUSTOMER_WRITE, True, False, GUARDS["customers.create"].function)
        work = Work(session, reload(session, people.mei), guard)
        yield work
        work.finish()
        session.commit()


@pytest.fixture(params=[COUNT, pytest.param(10_000, marks=pytest.mark.assure("G10"))])
def count(request: pytest.FixtureRequest) -> int:
    """How many customers go out and come in again."""
    return int(request.param)


@pytest.fixture
def nasty(people: Personas, count: int) -> Personas:
    """Customers of mei's with every trap in their fields, some with contacts and follow-ups."""
    dice = random.Random(24)
    with unit(people) as work:
        for number in range(count):
            one = create(work, customer(dice, number), number)
            if number % 10 == 0:
                name = words(dice, 3) + f"联系人{number}"
                contacts.add(work, one, ContactDraft(name=name, phone=f"139{number:08}", title=words(dice, 2)))
                said = ActivityDraft(
                    type=dice.choice([*ActivityType]),
                    outcome=dice.choice([*Outcome]),
                    content=words(dice, 20, lines=True) + "说",
                    at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(10**7)),
                )
                activities.log(work, one, said)
    return people


@contextmanager
def elsewhere(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Personas]:
    """An empty installation beside the one of the test."""
    fresh = tmp_path / f"home-{uuid.uuid4().hex[:6]}"
    shutil.copytree(template, fresh)
    db.engine().dispose()
    with monkeypatch.context() as patch:
        conftest._enter(patch, fresh, f"cim_test_{uuid.uuid4().hex[:10]}")
        if conftest.POSTGRES:
            conftest._admin(f'CREATE DATABASE "{conftest._name()}" TEMPLATE "{(template / "database").read_text()}"')
        try:
            yield Personas.load()
        finally:
            db.engine().dispose()
            if conftest.POSTGRES:
                conftest._admin(f'DROP DATABASE IF EXISTS "{conftest._name()}" WITH (FORCE)')


def different(first: bytes, again: bytes, name: str) -> list[str]:
    """Where two files differ, in words."""
    one, two = tabular.read(first, filename=name), tabular.read(again, filename=name)
    found = [
        f"row {a.number} {header}: {x!r} became {y!r}"
        for a, b in zip(one.rows, two.rows, strict=False)
        for header, x, y in zip(one.headers, a.cells, b.cells, strict=False)
        if x != y
    ]
    return [f"{len(one.rows)} rows became {len(two.rows)}"] * (len(one.rows) != len(two.rows)) + found[:20]


def test_export_import_export_is_the_same(
    nasty: Personas, count: int, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {format: exports.customers(nasty.mei, reason="x", format=format) for format in ("csv", "xlsx")}
    assert made["csv"].rows == count
    others = {
        ImportKind.CONTACTS: exports.contacts(nasty.mei, reason="x"),
        ImportKind.ACTIVITIES: exports.activities(nasty.mei, reason="x"),
    }
    for format, content in made.items():
        with elsewhere(template, tmp_path, monkeypatch) as people:
            report = imports.run(people.root, bytes(content), filename=f"x.{format}")
            assert (report.added, report.failures[:5]) == (count, [])
            again = exports.customers(people.mei, reason="x", format="csv")
            assert different(made["csv"], again, "x.csv") == []
            assert bytes(again) == bytes(made["csv"])
            if format == "csv":
                for kind, rows in others.items():
                    assert imports.run(people.root, bytes(rows), filename="x.csv", kind=kind).failures == []
                    back = {ImportKind.CONTACTS: exports.contacts, ImportKind.ACTIVITIES: exports.activities}[kind]
                    made_again = back(people.mei, reason="x")
                    assert different(rows, made_again, "x.csv") == []
                    assert bytes(made_again) == bytes(rows)


def test_no_cell_of_a_workbook_is_a_formula(people: Personas) -> None:
    dice = random.Random(5)
    with unit(people) as work:
        for number, attack in enumerate(ATTACKS * 3):
            draft = customer(dice, number).model_copy(update={"notes": attack, "tags": [], "preference": attack})
            draft.name = f"{attack.strip()}客户{number}"
            create(work, draft, number)
    for kind in (exports.customers, exports.contacts, exports.activities):
        content = kind(people.mei, reason="=1+1", format="xlsx")
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} == {"s"}
        assert not any(page._hyperlinks for page in book)
