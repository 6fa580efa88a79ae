"""The house rules hold for this code, and each rule notices when it is broken."""

import pytest

from tests.architecture import habits, layers, safety
from tests.architecture.source import Code, Rule

RULES: list[Rule] = [
    layers.floors,
    layers.pages_use,
    layers.no_table_above_the_service,
    layers.no_cycles,
    layers.sign_in_is_light,
    layers.packages_stay_in_place,
    safety.one_file_commits,
    safety.sql_text_is_rare,
    safety.nothing_is_evaluated,
    safety.caches_are_listed,
    safety.one_clock,
    safety.one_reader_of_the_environment,
    habits.sizes,
    habits.pages_open_with_the_gate,
    habits.names_say_what_is_inside,
    habits.nothing_is_left_for_later,
    habits.files_say_what_they_are,
    habits.tests_are_honest,
]
MODELS = "class Grade(StrEnum): ...\nclass Customer(Model, table=True): ...\nclass CustomerDraft(Draft): ...\n"
PAGE = '"""A page."""\nfrom cim.ui import shell\n'


@pytest.fixture(scope="module")
def code() -> Code:
    """This project's source."""
    return Code.read()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(code: Code, rule: Rule) -> None:
    complaints = rule(code)
    assert not complaints, f"{rule.__name__}: {rule.__doc__}\n  " + "\n  ".join(complaints)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_an_empty_tree_breaks_no_rule(rule: Rule) -> None:
    assert rule(Code.of({})) == []


BROKEN: list[tuple[Rule, dict[str, str]]] = [
    (layers.floors, {"cim/models/customer.py": "from cim.service import customers"}),
    (layers.floors, {"cim/service/customers.py": "from cim.ui import shell"}),
    (layers.floors, {"cim/service/customers.py": "def f():\n    from cim import demo"}),
    (layers.floors, {"cim/crypto.py": "from cim.models.base import Model"}),
    (layers.floors, {"cim/server.py": "from cim.ui import shell"}),
    (layers.floors, {"cim/models/deep/x.py": "from ...service import customers"}),
    (layers.floors, {"pages/search.py": "import pages.customer", "pages/customer.py": ""}),
    (layers.floors, {"cim/novelty.py": ""}),
    (layers.pages_use, {"pages/search.py": "from cim import db"}),
    (layers.pages_use, {"pages/search.py": "from cim.analytics import rfm"}),
    (
        layers.no_table_above_the_service,
        {"pages/search.py": "from cim.models import Customer", "cim/models/c.py": MODELS},
    ),
    (layers.no_table_above_the_service, {"cim/ui/forms.py": "from cim import models"}),
    (layers.no_table_above_the_service, {"cim/ui/forms.py": "from cim.work import Work"}),
    (layers.no_table_above_the_service, {"Home.py": "from cim.db import engine"}),
    (
        layers.no_cycles,
        {
            "cim/service/a.py": "from cim.service import b",
            "cim/service/b.py": "def f():\n    from cim.service.a import g",
        },
    ),
    (layers.no_cycles, {"cim/db.py": "import cim.audit", "cim/audit.py": "from cim import db"}),
    (layers.sign_in_is_light, {"cim/service/insights.py": "import pandas as pd"}),
    (
        layers.sign_in_is_light,
        {"cim/ui/shell.py": "from cim.ui import charts", "cim/ui/charts.py": "import plotly.express as px"},
    ),
    (layers.packages_stay_in_place, {"cim/service/customers.py": "import streamlit as st"}),
    (layers.packages_stay_in_place, {"cim/service/users.py": "from cryptography.fernet import Fernet"}),
    (layers.packages_stay_in_place, {"cim/ui/account.py": "import streamlit_authenticator"}),
    (layers.packages_stay_in_place, {"cim/service/users.py": "import random"}),
    (layers.packages_stay_in_place, {"cim/demo.py": "import pickle"}),
    (safety.one_file_commits, {"cim/service/customers.py": "session.commit()"}),
    (safety.one_file_commits, {"cim/service/customers.py": "with engine.begin() as c: ..."}),
    (safety.one_file_commits, {"cim/db.py": "session.rollback()"}),
    (safety.sql_text_is_rare, {"cim/service/customers.py": "from sqlmodel import text\ntext('SELECT 1')"}),
    (safety.sql_text_is_rare, {"cim/service/customers.py": "c.exec_driver_sql('SELECT 1')"}),
    (safety.sql_text_is_rare, {"cim/work.py": "from sqlalchemy import text\ntext(f'SELECT {x}')"}),
    (safety.nothing_is_evaluated, {"cim/ui/feedback.py": "st.markdown(x, unsafe_allow_html=True)"}),
    (safety.nothing_is_evaluated, {"pages/search.py": "st.html(x)"}),
    (safety.nothing_is_evaluated, {"cim/service/rules.py": "eval(rule)"}),
    (safety.nothing_is_evaluated, {"cim/service/backup.py": "subprocess.run(command, shell=True)"}),
    (safety.nothing_is_evaluated, {"cim/service/backup.py": "pd.read_pickle(path)"}),
    (safety.caches_are_listed, {"cim/ui/tables.py": "@st.cache_data\ndef rows(): ..."}),
    (safety.one_clock, {"cim/service/tasks.py": "datetime.now(UTC)"}),
    (safety.one_reader_of_the_environment, {"cim/db.py": "os.environ['CIM_HOME']"}),
    (habits.sizes, {"pages/search.py": "x = 1\n" * 101}),
    (habits.sizes, {"cim/models/customer.py": "x = 1\n" * 201}),
    (habits.sizes, {"cim/work.py": "x = 1\n" * 401}),
    (habits.sizes, {"cim/work.py": "def f():\n" + "    x = 1\n" * 40}),
    (habits.sizes, {"cim/work.py": "class A:\n    async def f(self):\n" + "        x = 1\n" * 40}),
    (habits.pages_open_with_the_gate, {"pages/search.py": PAGE + "st.title('x')\nme = shell.open_page('x')"}),
    (habits.pages_open_with_the_gate, {"pages/search.py": PAGE + "shell.open_page('x')"}),
    (habits.pages_open_with_the_gate, {"pages/search.py": PAGE + "if x:\n    me = shell.open_page('x')"}),
    (habits.pages_open_with_the_gate, {"pages/search.py": '"""Nothing yet."""'}),
    (habits.names_say_what_is_inside, {"cim/ui/form_helpers.py": ""}),
    (habits.names_say_what_is_inside, {"cim/utils/x.py": ""}),
    (habits.nothing_is_left_for_later, {"cim/work.py": "x = 1  # TO" + "DO: later"}),
    (habits.files_say_what_they_are, {"cim/work.py": "x = 1"}),
    (habits.tests_are_honest, {"tests/test_x.py": "pytest.skip('slow')"}),
    (habits.tests_are_honest, {"tests/test_x.py": "time.sleep(1)"}),
    (habits.tests_are_honest, {"tests/test_x.py": "from unittest.mock import patch"}),
]


@pytest.mark.parametrize(("rule", "sources"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_rule_is_noticed(rule: Rule, sources: dict[str, str]) -> None:
    complaints = rule(Code.of(sources))
    assert complaints
    assert all(complaint.split(":")[0] in sources for complaint in complaints)


def test_code_as_it_should_be_breaks_no_rule() -> None:
    code = Code.of(
        {
            "Home.py": '"""Entry."""\nimport streamlit as st\nfrom cim import server\nfrom cim.ui import shell\n',
            "pages/search.py": PAGE
            + "from cim import service\nfrom cim.models import CustomerDraft, Grade\n"
            + "me = shell.open_page('search')\nservice.customers.search(me, 'x')\n",
            "cim/ui/shell.py": '"""Shell."""\nimport streamlit as st\nfrom cim.work import Actor\n'
            + "from cim import service\ndef chart():\n    import plotly.express as px\n",
            "cim/service/__init__.py": '"""Services."""\nfrom cim.service import customers\n',
            "cim/service/customers.py": '"""Customers."""\nfrom typing import TYPE_CHECKING\n'
            + "from cim.models.c import Customer\nfrom cim.work import Work\n"
            + "if TYPE_CHECKING:\n    from cim.ui import shell\n",
            "cim/work.py": '"""Work."""\nfrom cim import db\nsession.commit()\n',
            "cim/db.py": '"""Engine."""\nfrom cim.config import settings\n',
            "cim/models/c.py": f'"""Customer."""\nfrom cim.i18n import N_\n{MODELS}',
            "cim/demo.py": '"""Demo."""\nimport random\nfrom cim import service\n',
            "cim/migrations/versions/0001_first.py": '"""First."""\ndef upgrade():\n' + "    op.x()\n" * 500,
        }
    )
    assert [complaint for rule in RULES for complaint in rule(code)] == []
