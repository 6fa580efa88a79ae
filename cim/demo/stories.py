"""The follow-ups of each customer: how it was won, kept or lost, so that every stage of the lifecycle occurs."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from datetime import date, timedelta
from itertools import accumulate

from cim.demo import sentences
from cim.demo.chance import by_lot
from cim.demo.days import Days
from cim.demo.party import DEALT, FollowUp, Party
from cim.models.activity import ActivityDraft, Outcome
from cim.models.activity import ActivityType as Type
from cim.models.customer import Lifecycle

_FIRST = {Type.CALL: 46, Type.WECHAT: 24, Type.EMAIL: 13, Type.VISIT: 11, Type.MEETING: 6}
_ON_THE_WAY = {Type.VISIT: 30, Type.CALL: 31, Type.WECHAT: 19, Type.MEETING: 11, Type.EMAIL: 9}
_CLOSING = {Type.VISIT: 42, Type.MEETING: 25, Type.CALL: 15, Type.WECHAT: 12, Type.EMAIL: 6}
_AFTER = {Type.CALL: 42, Type.WECHAT: 25, Type.VISIT: 16, Type.EMAIL: 9, Type.NOTE: 8}
_SILENT = {Type.CALL: 75, Type.WECHAT: 20, Type.EMAIL: 5}
_BEFORE_WORK = {Type.WECHAT: 60, Type.EMAIL: 40}
_EACH_DAY, _AT_WEEKENDS = 9, 4
"""So many follow-ups at least on each day of the running week."""
_STEPS = {Outcome.PENDING: 42, Outcome.INTERESTED: 30, Outcome.NO_ANSWER: 20, Outcome.NO_NEED: 8}
_LAST_DEAL = {
    Lifecycle.NEW: (0, 84),
    Lifecycle.ESTABLISHED: (3, 172),
    Lifecycle.AT_RISK: (184, 352),
    Lifecycle.LOST: (364, 700),
}
"""How many days ago the last deal was, within the limits of each stage and with room for a weekend."""


class Stories:
    """Writes follow-ups into parties."""

    def __init__(self, chance: random.Random, days: Days) -> None:
        self._chance = chance
        self._days = days

    def tell(self, party: Party) -> None:
        """The follow-ups that lead to the party's stage; none for some prospects."""
        if party.stage is Lifecycle.PROSPECT:
            self._court(party, self._chance.choices(range(6), (21, 32, 24, 13, 7, 3))[0], until=0)
        else:
            self._sell(party)

    def fill(self, parties: list[Party], total: int) -> None:
        """Calls and visits that bring all together to `total`, where the months have too few for a growing team."""
        missing = total - sum(len(party.story) for party in parties)
        months, wanted = self._days.months(), self._days.spread(total, growth=3.2)
        told = Counter((f.day.year, f.day.month) for party in parties for f in party.story)
        gaps = [max(0, w - told[m.year, m.month]) for w, m in zip(wanted, months, strict=True)]
        week = [day for day, needed in self._quiet_days(parties) for _one in range(needed)]
        drawn = self._chance.choices(months, gaps, k=max(0, missing - len(week)))
        oldest_first = sorted(parties, key=lambda party: party.day)
        known_since = [party.day for party in oldest_first]
        likely = list(accumulate(4 if party.stage in DEALT else 1 for party in oldest_first))
        for day in [*week, *map(self._days.in_month, drawn)][: max(0, missing)]:
            known = max(1, bisect_left(known_since, day))
            party = self._chance.choices(oldest_first[:known], cum_weights=likely[:known])[0]
            sold = any(f.outcome is Outcome.DEAL and f.day < day for f in party.story)
            outcome = Outcome.NONE if sold else by_lot(self._chance, _STEPS)
            party.story.append(FollowUp(max(day, party.day), self._by(party), outcome, after_sale=sold))
        self._shorten(parties, max(0, -missing))

    def write(self, party: Party) -> None:
        """Give each follow-up of a settled story its time, type, place and text, oldest first."""
        party.story.sort(key=lambda f: f.day)
        for number, told in enumerate(party.story):
            told.first = number == 0
            told.type = self._type(told)
            at = self._days.at(told.day)
            if party.draft.created_at is not None and at < party.draft.created_at:
                at = min(self._days.now, party.draft.created_at + timedelta(minutes=self._chance.randint(5, 90)))
            if self._days.is_before_work(at):
                told.type = by_lot(self._chance, _BEFORE_WORK)
            told.draft = self._draft(party, told)
            told.draft.at = at
            if number + 1 < len(party.story) and self._chance.random() < 0.5:
                told.draft.next_at = self._days.planned(party.story[number + 1].day)

    def _sell(self, party: Party) -> None:
        chance, age = self._chance, (self._days.today - party.day).days
        nearest, farthest = _LAST_DEAL[party.stage]
        last = chance.randint(nearest, max(nearest, min(farthest, age - 2)))
        deals = [last]
        if party.stage is Lifecycle.ESTABLISHED:
            deals += self._earlier(last, age, chance.choices((0, 1, 2, 3), (34, 40, 18, 8))[0] or int(last <= 95))
        elif party.stage is not Lifecycle.NEW:
            deals += self._earlier(last, age, chance.choices((0, 1, 2), (60, 28, 12))[0])
        self._court(party, chance.choices((1, 2, 3), (45, 38, 17))[0], until=max(deals))
        for ago in deals:
            party.story.append(FollowUp(self._day(party, ago), party.seller, Outcome.DEAL))
            if ago > 20 and chance.random() < 0.45:
                day = self._day(party, chance.randint(max(0, ago - 45), ago - 7))
                party.story.append(FollowUp(day, self._by(party), Outcome.NONE, after_sale=True))
        if party.stage in (Lifecycle.LOST, Lifecycle.AT_RISK) and chance.random() < 0.6:
            day = self._day(party, chance.randint(last // 3, last - 30))
            party.story.append(FollowUp(day, party.seller, chance.choice((Outcome.NO_ANSWER, Outcome.NO_NEED))))

    def _earlier(self, last: int, age: int, count: int) -> list[int]:
        """Days ago of earlier deals, at least two weeks before the last one; the customer has to be old enough."""
        return [self._chance.randint(last + 14, age - 1) for _deal in range(count)] if age - 1 >= last + 14 else []

    def _court(self, party: Party, steps: int, *, until: int) -> None:
        """Contacts from the first day on, until `until` days ago or until the customer says no."""
        chance = self._chance
        day = party.day + timedelta(days=min(chance.randint(0, 12), chance.randint(0, 12)))
        for step in range(steps):
            if day > self._days.ago(until):
                return
            outcome = by_lot(self._chance, _STEPS)
            if outcome is Outcome.NO_NEED and (until or step == 0):
                outcome = Outcome.PENDING
            party.story.append(FollowUp(max(party.day, self._days.working(day)), party.seller, outcome))
            if outcome is Outcome.NO_NEED:
                return
            day += timedelta(days=chance.randint(3, 14) + chance.randint(0, 40))

    def _quiet_days(self, parties: list[Party]) -> list[tuple[date, int]]:
        """The days of the running week, and how many follow-ups each lacks."""
        told = Counter(f.day for party in parties for f in party.story)
        week = [self._days.ago(back) for back in range(self._days.today.weekday() + 1)]
        return [(day, max(0, (_EACH_DAY if day.weekday() < 5 else _AT_WEEKENDS) - told[day])) for day in week]

    def _shorten(self, parties: list[Party], surplus: int) -> None:
        """Leave out follow-ups that no stage depends on."""
        spare = [(p, f) for p in parties for f in p.story if f.outcome is not Outcome.DEAL and len(p.story) > 1]
        for party, told in self._chance.sample(spare, min(surplus, len(spare))):
            party.story.remove(told)

    def _day(self, party: Party, ago: int) -> date:
        return max(party.day, self._days.working(self._days.ago(ago)))

    def _by(self, party: Party) -> str:
        """Service calls some of those who bought, the manager visits some of the others."""
        if party.stage is not Lifecycle.PROSPECT and self._chance.random() < 0.4:
            return "kai"
        return "mei" if self._chance.random() < 0.05 else party.seller

    def _type(self, told: FollowUp) -> Type:
        if told.outcome is Outcome.NO_ANSWER:
            return by_lot(self._chance, _SILENT)
        if told.outcome is Outcome.DEAL:
            return by_lot(self._chance, _CLOSING)
        return by_lot(self._chance, _AFTER if told.after_sale else _FIRST if told.first else _ON_THE_WAY)

    def _draft(self, party: Party, told: FollowUp) -> ActivityDraft:
        chance = self._chance
        draft = ActivityDraft(type=told.type, outcome=told.outcome)
        draft.content = sentences.content(chance, told.type, told.outcome, party.who)
        draft.place = chance.choice(sentences.PLACES[told.type]) if told.type in sentences.PLACES else ""
        if told.type is Type.VISIT:
            draft.purpose = (
                "首次拜访"
                if told.first and told.outcome is not Outcome.DEAL
                else chance.choice(sentences.PURPOSES[told.outcome])
            )
        draft.contact = party.people[0].name if party.people and chance.random() < 0.6 else party.draft.contact
        return draft
