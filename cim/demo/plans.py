"""The tasks of the demo: open ones in every group of the worklist, and those done in the last twelve weeks."""

from __future__ import annotations

import random
from bisect import bisect_left
from datetime import date, timedelta

from cim.demo import sentences
from cim.demo.days import Days
from cim.demo.party import Party, Plan
from cim.models.customer import Lifecycle
from cim.models.task import TaskGroup

OPEN = {
    "ann": {TaskGroup.OVERDUE: 7, TaskGroup.TODAY: 6, TaskGroup.TOMORROW: 4, TaskGroup.WEEK: 7, TaskGroup.LATER: 9},
    "bo": {TaskGroup.OVERDUE: 4, TaskGroup.TODAY: 5, TaskGroup.TOMORROW: 5, TaskGroup.WEEK: 6, TaskGroup.LATER: 8},
    "mei": {TaskGroup.OVERDUE: 2, TaskGroup.TODAY: 3, TaskGroup.TOMORROW: 2, TaskGroup.WEEK: 3, TaskGroup.LATER: 4},
    "kai": {TaskGroup.OVERDUE: 3, TaskGroup.TODAY: 5, TaskGroup.TOMORROW: 3, TaskGroup.WEEK: 4, TaskGroup.LATER: 6},
}
"""Open tasks by person and group. From Saturday on nothing is left of the week: those fall into the next one."""
_WEEKS = 12
_DONE_A_WEEK = {"ann": 14, "bo": 12, "mei": 4, "kai": 7}
_NEXT_STEPS = 0.45
"""The share of recently contacted customers that have a next step planned."""


class Plans:
    """Puts tasks into parties."""

    def __init__(self, chance: random.Random, days: Days, parties: list[Party]) -> None:
        self._chance = chance
        self._days = days
        known = sorted((p for p in parties if p.day < days.ago(10)), key=lambda p: p.day)
        self._of = {by: [p for p in known if self._theirs(by, p)] for by in OPEN}
        self._recent = [p for p in parties if p.owner and p.story and p.story[-1].day >= days.ago(30)]

    def open(self) -> None:
        """What is to be done."""
        for by, groups in OPEN.items():
            wanted = [group for group, count in groups.items() for _task in range(count)]
            for group, party in zip(wanted, self._chance.sample(self._of[by], len(wanted)), strict=True):
                self._plan(party, by, self._due(group))
        for party in self._recent:
            if not party.plans and party.owner and self._chance.random() < _NEXT_STEPS:
                self._plan(party, party.owner, self._days.today + timedelta(days=self._chance.randint(2, 40)))

    def done(self) -> None:
        """What was done, three in four on time."""
        for by, count in _DONE_A_WEEK.items():
            for number in range(count * _WEEKS):
                due = self._days.ago(3 + number * 7 // count)
                known = bisect_left(self._of[by], due - timedelta(days=9), key=lambda p: p.day)
                party = self._of[by][self._chance.randrange(max(1, known))]
                plan = self._plan(party, by, self._days.working(due))
                late = self._chance.randint(1, 8) if self._chance.random() < 0.25 else -self._chance.randint(0, 1)
                finished = self._days.at(min(self._days.today, due + timedelta(days=late)))
                plan.done_at = max(finished, plan.made_at)

    def _plan(self, party: Party, by: str, due: date) -> Plan:
        made = max(party.day, min(self._days.today, due) - timedelta(days=self._chance.randint(2, 9)))
        titles = {"mei": sentences.MANAGER_TITLES, "kai": sentences.SERVICE_TITLES}.get(by, sentences.TITLES)
        title = sentences.filled(self._chance, self._chance.choice(titles), party.who)
        party.plans.append(Plan(title, self._days.planned(due), self._days.at(made), by))
        return party.plans[-1]

    def _due(self, group: TaskGroup) -> date:
        today, sunday = self._days.today, self._days.today + timedelta(days=6 - self._days.today.weekday())
        match group:
            case TaskGroup.OVERDUE:
                return self._days.ago(self._chance.randint(1, 9))
            case TaskGroup.TODAY:
                return today
            case TaskGroup.TOMORROW:
                return today + timedelta(days=1)
            case TaskGroup.WEEK if (sunday - today).days >= 2:
                return today + timedelta(days=self._chance.randint(2, max(2, (sunday - today).days - 2)))
        return sunday + timedelta(days=self._chance.randint(1 + (sunday == today), 26))

    def _theirs(self, by: str, party: Party) -> bool:
        if by == "kai":
            return party.owner is not None and party.stage in (Lifecycle.ESTABLISHED, Lifecycle.AT_RISK)
        return party.owner == by
