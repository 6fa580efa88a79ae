"""What journeys prepare and look up through the service, in the database of the server that they visit."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cim import db, service
from cim.models.customer import CustomerDraft
from tests.e2e.browser import Server
from tests.factories import Personas

LOCALES = ("zh-CN", "en-US")
"""What a journey is made in: Chinese and English."""


@contextmanager
def acting(server: Server) -> Iterator[Personas]:
    """The personas as acting users of service calls on the data of a running server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CIM_HOME", str(server.home))
        for name in ("CIM_DATABASE_URL", "CIM_LANG"):
            patch.delenv(name, raising=False)
        try:
            yield Personas.load()
        finally:
            db.engine().dispose()


def customer_of_ann(server: Server, name: str) -> int:
    """Add a customer that ann looks after; its id."""
    with acting(server) as people:
        return service.customers.create(people.ann, CustomerDraft(name=name), duplicate_reason="a journey of its own")
