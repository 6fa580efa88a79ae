"""What customers can be counted by, built in and custom, and what each is called."""

from __future__ import annotations

from collections.abc import Mapping

from cim import service
from cim.i18n import _, language
from cim.models.custom import Noun
from cim.models.segment import Dimension
from cim.service.segments import COUNTED
from cim.work import Actor


def dimensions(me: Actor) -> dict[str, str]:
    """Every dimension with its name; custom fields as `custom.KEY`."""
    found = (f for f in service.custom.fields(me, Noun.CUSTOMER) if f.type in COUNTED and not f.personal)
    own = {f"custom.{field.key}": field.named(language()) for field in found}
    return {dimension.value: name(dimension, {}) for dimension in Dimension} | own


def name(dimension: str, own: Mapping[str, str]) -> str:
    """What a dimension is called; `own` are the names of custom fields."""
    names: dict[str, str] = {
        Dimension.REGION: _("Region"),
        Dimension.INDUSTRY: _("Industry"),
        Dimension.GRADE: _("Grade"),
        Dimension.LIFECYCLE: _("Lifecycle"),
        Dimension.SOURCE: _("Source"),
        Dimension.OWNER: _("Owner"),
    }
    return names.get(dimension) or own.get(dimension, dimension)
