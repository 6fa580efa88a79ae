"""Who may do what: every public function has a guard, the role x function matrix is as written down, scopes hold."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path

import pytest

import cim.service
from cim import service, work
from cim.access import Actor
from cim.errors import CimError, Denied, NotFound
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from cim.permissions import MATRIX, Role
from tests.factories import Personas, history

SNAPSHOT = Path(__file__).parent / "permission_matrix.txt"

for found in pkgutil.walk_packages(cim.service.__path__, "cim.service."):
    importlib.import_module(found.name)


def public_functions() -> list[tuple[str, Callable[..., object]]]:
    functions = []
    for found in pkgutil.walk_packages(cim.service.__path__, "cim.service."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if inspect.isfunction(value) and not name.startswith("_") and value.__module__ == module.__name__:
                functions.append((f"{found.name}.{name}", value))
    return functions


def test_every_public_function_is_guarded_or_joins_a_unit_of_work() -> None:
    """Without @command or @query a function may take an open Work, or no person at all; never an Actor."""
    entrances = {"cim.service.sessions.resolve", "cim.service.sessions.check_password"}
    for name, function in public_functions():
        if hasattr(function, "__cim_guard__"):
            continue
        kinds = {str(parameter.annotation) for parameter in inspect.signature(function).parameters.values()}
        assert "Actor" not in kinds or name in entrances, f"{name} acts for a person without a guard"


def matrix() -> list[str]:
    lines = []
    for action, guard in sorted(work.GUARDS.items()):
        if guard.function.__module__.startswith("cim.service"):
            reach = [f"{role}:{scope}" for role in Role if (scope := MATRIX[role].get(guard.permission))]
            lines.append(f"{action} | {guard.permission} | {' '.join(reach)}")
    return lines


def test_the_matrix_is_as_written_down() -> None:
    """A change of who may do what is made twice: in the code, and in tests/permission_matrix.txt where a person reads it."""
    assert matrix() == SNAPSHOT.read_text("utf-8").splitlines()


@pytest.mark.parametrize("who", ["ann", "mei", "kai", "audrey", "root"])
def test_each_role_is_let_in_exactly_where_the_matrix_says(people: Personas, who: str) -> None:
    me: Actor = getattr(people, who)
    denied = 0
    for action, guard in work.GUARDS.items():
        if not guard.function.__module__.startswith("cim.service"):
            continue
        function = vars(importlib.import_module(guard.function.__module__))[action.split(".")[1]]
        expected = me.role is not None and guard.permission in MATRIX[me.role]
        with pytest.raises((Denied, TypeError)) as refused:
            function(me, no_such_argument=1)
        assert isinstance(refused.value, TypeError) is expected, action
        denied += not expected
    assert len([e for e in history(10_000) if e.result == "denied"]) == denied


RELATIONS = ("own", "other team", "pool")
READS = {
    ("ann", "own"), ("ann", "pool"),
    ("bo", "other team"), ("bo", "pool"),
    *((who, relation) for who in ("mei", "kai", "audrey", "root") for relation in RELATIONS),
}  # fmt: skip
WRITES = {
    ("ann", "own"), ("bo", "other team"), ("mei", "own"), ("mei", "other team"),
    *((who, relation) for who in ("kai", "root") for relation in RELATIONS),
}  # fmt: skip
CLEAR = {("ann", "own"), ("bo", "other team"), ("mei", "own"), ("mei", "other team")}
REVEALS = CLEAR | {("kai", relation) for relation in RELATIONS}
LOGS = READS - {("audrey", relation) for relation in RELATIONS}


@pytest.fixture
def base(people: Personas) -> dict[str, int]:
    """A customer of ann (own), one of bo (other team), one in the public pool."""
    drafts = {
        "own": (people.ann, CustomerDraft(name="安的公司", phone="13800138000")),
        "other team": (people.bo, CustomerDraft(name="博的公司", phone="13900139001")),
        "pool": (people.root, CustomerDraft(name="公海公司", phone="13700137002", owner_id=None)),
    }
    return {relation: service.customers.create(me, draft) for relation, (me, draft) in drafts.items()}


def allowed(function: Callable[[], object]) -> bool:
    try:
        function()
    except (NotFound, Denied):
        return False
    return True


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("who", ["ann", "bo", "mei", "kai", "audrey", "root"])
def test_relations(people: Personas, base: dict[str, int], who: str, relation: str) -> None:
    """Every way to one customer agrees on who reaches it."""
    me, one, here = getattr(people, who), base[relation], (who, relation)
    name = {"own": "安的公司", "other team": "博的公司", "pool": "公海公司"}[relation]
    digits = {"own": "8000", "other team": "9001", "pool": "7002"}[relation]
    assert allowed(lambda: service.customers.get(me, one)) is (here in READS)
    for typed in (name, digits):
        listed = one in [row.id for row in service.customers.search(me, CustomerFilter(q=typed)).rows]
        assert listed is (here in READS)
    assert allowed(lambda: service.contacts.list(me, one)) is (here in READS)
    assert allowed(lambda: service.activities.log(me, one, ActivityDraft(content="电话"))) is (here in LOGS)
    seen = service.activities.timeline(people.mei if relation != "pool" else people.root, customer_id=one)
    assert bool(seen) is (here in LOGS)
    edited = CustomerDraft(name=name, notes=f"{who} 改")
    version = service.customers.get(people.root, one).version
    assert allowed(lambda: service.customers.update(me, one, edited, version=version)) is (here in WRITES)
    assert allowed(lambda: service.customers.reveal(me, one, reason="测试")) is (here in REVEALS)
    if here in READS:
        assert service.customers.get(me, one).masked is (here not in CLEAR)


def test_not_yours_and_not_there_answer_alike(people: Personas, base: dict[str, int]) -> None:
    """A foreign customer and one that never was give the same words."""
    answers = set()
    for one in (base["other team"], 999_999):
        with pytest.raises(CimError) as refused:
            service.customers.get(people.ann, one)
        answers.add((type(refused.value), str(refused.value)))
    assert len(answers) == 1
