"""Public holidays of China and the working days that make up for them, as the State Council gave notice of them.

The table is data/holidays_cn.csv (docs/decisions/0025-service-desk.md says where it is from).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from cim.i18n import N_

_TABLE = Path(__file__).parent / "data" / "holidays_cn.csv"
NAMES = {
    "new_year": N_("New Year's Day"),
    "spring_festival": N_("Spring Festival"),
    "qingming": N_("Tomb-Sweeping Day"),
    "labour_day": N_("Labour Day"),
    "dragon_boat": N_("Dragon Boat Festival"),
    "mid_autumn": N_("Mid-Autumn Festival"),
    "national_day": N_("National Day"),
}


@dataclass(frozen=True, slots=True)
class PublicDay:
    """One day: whether it is worked, its name as a message id, and the notice that says so."""

    day: date
    works: bool
    name: str
    source: str


@lru_cache(maxsize=1)
def published() -> Mapping[date, PublicDay]:
    """Every day that a notice names, in order. The file is read once."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = [
            PublicDay(date.fromisoformat(row["day"]), row["kind"] == "work", NAMES[row["name"]], row["source"])
            for row in csv.DictReader(file)
        ]
    return MappingProxyType({row.day: row for row in rows})


@lru_cache(maxsize=1)
def years() -> tuple[int, ...]:
    """The years of which the notice is in the table."""
    return tuple(sorted({day.year for day in published()}))
