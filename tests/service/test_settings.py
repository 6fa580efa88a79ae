"""Settings: bounds, history, and preferences that concern nobody else."""

from __future__ import annotations

import pytest

from cim import service
from cim.errors import Denied, Invalid
from tests.factories import Personas, history, recorded


def _value(people: Personas, name: str) -> int:
    return next(s.value for s in service.settings.everything(people.root) if s.name == name)


def test_a_setting_holds_its_default_until_it_is_changed(people: Personas) -> None:
    assert _value(people, "undo.days") == 90
    with recorded("settings.change", by=people.root, times=1):
        assert service.settings.change(people.root, "undo.days", 30)
    assert _value(people, "undo.days") == 30
    assert not service.settings.change(people.root, "undo.days", 30)


def test_nothing_out_of_bounds_and_nothing_unknown(people: Personas) -> None:
    for wrong in (0, 99999, True, "5"):
        with pytest.raises(Invalid):
            service.settings.change(people.root, "undo.days", wrong)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        service.settings.change(people.root, "no.such", 5)
    with pytest.raises(Denied):
        service.settings.change(people.mei, "undo.days", 5)


def test_a_preference_is_ones_own_and_leaves_no_history(people: Personas) -> None:
    before = len(history())
    service.settings.prefer(people.ann, "columns.customers", ["name", "phone"])
    service.settings.prefer(people.ann, "columns.customers", ["name"])
    assert service.settings.preference(people.ann, "columns.customers") == ["name"]
    assert service.settings.preference(people.bo, "columns.customers") is None
    service.settings.prefer(people.ann, "columns.customers", None)
    assert service.settings.preference(people.ann, "columns.customers") is None
    assert len(history()) == before
