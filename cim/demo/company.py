"""The whole demo company: 2,000 customers with their people, follow-ups and tasks. Pure: no database."""

from __future__ import annotations

import random

from cim.demo import own_fields
from cim.demo.days import Days
from cim.demo.parties import Parties
from cim.demo.party import Party
from cim.demo.plans import Plans
from cim.demo.stories import Stories

SEED = 2026
CUSTOMERS, DOUBLES, CONTACTS, FOLLOW_UPS = 2000, 14, 1300, 4700
_GROWTH = 1.5
"""The last months bring two and a half times as many customers as the first ones."""


def build() -> list[Party]:
    """Every party in the order it came in. The same for the same moment (CIM_NOW): nothing else is left to chance."""
    chance = random.Random(SEED)
    days = Days(chance)
    drawn = Parties(chance, days)
    parties = [
        drawn.party(days.in_month(month))
        for month, count in zip(days.months(), days.spread(CUSTOMERS - DOUBLES, growth=_GROWTH), strict=True)
        for _customer in range(count)
    ]
    parties += _doubles(chance, days, drawn, parties)
    _people(chance, drawn, parties)
    stories = Stories(chance, days)
    for party in parties:
        stories.tell(party)
    stories.fill(parties, FOLLOW_UPS)
    for party in parties:
        stories.write(party)
    plans = Plans(chance, days, parties)
    plans.open()
    plans.done()
    own_fields.fill(parties, days)
    return sorted(parties, key=lambda party: party.draft.created_at or days.now)


def _doubles(chance: random.Random, days: Days, drawn: Parties, parties: list[Party]) -> list[Party]:
    """Customers of the last year that came in once more in the last two months."""
    known = [p for p in parties if p.owner and p.draft.phone and days.ago(365) < p.day < days.ago(60)]
    chosen = chance.sample(known, DOUBLES)
    return [drawn.double(original, days.working(days.ago(chance.randint(1, 55)))) for original in chosen]


def _people(chance: random.Random, drawn: Parties, parties: list[Party]) -> None:
    """Contacts for the companies, more for those that bought."""
    firms = [party for party in parties if party.company and party.double_of is None]
    weights = {"A": 7, "B": 4, "C": 2}
    for party in chance.choices(firms, [weights.get(p.draft.grade, 1) for p in firms], k=CONTACTS):
        drawn.contact(party)
