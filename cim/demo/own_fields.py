"""The custom fields of the demo company, and what its customers have in them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

from cim.demo.chance import by_lot
from cim.demo.days import Days
from cim.demo.party import DEALT, Party
from cim.models.custom import CustomFieldDraft, CustomFieldView, FieldType, Noun
from cim.service import custom, custom_values
from cim.work import Work

SEED = 7
"""Of a source of chance of their own: whatever is drawn here leaves the rest of the company as it was."""
_SIZES = {"微型（20人以下）": 30, "小型（20–99人）": 38, "中型（100–499人）": 22, "大型（500人以上）": 10}
_VOLUME = {"微": (1, 10), "小": (5, 40), "中": (20, 180), "大": (100, 900)}
FIELDS = (
    CustomFieldDraft(
        key="size",
        label="客户规模",
        label_en="Company size",
        type=FieldType.CHOICE,
        options=list(_SIZES),
        group="经营情况",
        hint="按员工人数",
    ),
    CustomFieldDraft(
        key="volume", label="年采购额", label_en="Purchases a year", type=FieldType.MONEY, group="经营情况"
    ),
    CustomFieldDraft(key="contract_end", label="合同到期日", label_en="Contract ends", type=FieldType.DATE),
)


def fill(parties: Iterable[Party], days: Days) -> None:
    """Give the companies their sizes and volumes, and those who bought the end of their contract."""
    chance = random.Random(SEED)
    for party in parties:
        own: dict[str, str] = {}
        if party.company and chance.random() < 0.8:
            own["size"] = by_lot(chance, _SIZES)
            low, high = _VOLUME[own["size"][0]]
            if chance.random() < 0.7:
                own["volume"] = f"{chance.randint(low, high)}0000.00"
        if party.stage in DEALT and chance.random() < 0.6:
            own["contract_end"] = (days.today + timedelta(days=chance.randint(-90, 420))).isoformat()
        party.draft.custom = dict(own)


def define(work: Work) -> list[CustomFieldView]:
    """Add the fields, unless there are some of the same key; returns those that the values of the demo fit."""
    known = custom_values.catalogue(work, Noun.CUSTOMER)
    for draft in FIELDS:
        if draft.key not in known:
            custom.define(work, draft)
    asked = {draft.key: draft for draft in FIELDS}
    return [
        field
        for field in custom_values.live(work, Noun.CUSTOMER)
        if field.key in asked
        and field.type is asked[field.key].type
        and set(asked[field.key].options) <= set(field.options)
    ]
