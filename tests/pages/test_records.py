"""The list of a noun, on a page: views, filters in the address, ticked rows, the way to a record."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft
from cim.models.saved_view import SavedViewDraft
from tests.factories import Personas
from tests.pages.conftest import Browser

SCRIPT = """
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import gate
from cim.ui.panels import records
records.show(gate.require(Permission.SALES_READ), Noun({noun!r}))
"""


def test_x(people: Personas, visitor: Browser) -> None:
    one = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保"))
    for n in ("水泵更换", "阀门采购"):
        service.opportunities.create(people.ann, one, OpportunityDraft(name=n, amount=1000, source="展会"))
    service.custom.define(people.root, CustomFieldDraft(noun=Noun.OPPORTUNITY, label="渠道", key="channel"))
    visitor.sign_in(people.ann)
    for noun in ("opportunity", "order", "contract", "product", "ticket"):
        app = AppTest.from_string(SCRIPT.format(noun=noun), default_timeout=30).run()
        assert not app.exception, app.exception
    app = AppTest.from_string(SCRIPT.format(noun="opportunity"), default_timeout=30).run()
    print(app.dataframe[0].value)
    app.query_params["q"] = "水泵"
    app.run()
    print(app.dataframe[0].value, [b.key for b in app.button])
    app.query_params["source"] = "展会"
    app.query_params["owner"] = str(people.ann.user_id)
    app.run()
    print([b.label for b in app.button])
    assert 0
