"""Random work and random undo against a simple model: no difference in any field of any record, and the log holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from cim import clock, service
from cim.errors import CimError
from cim.models.activity import ActivityDraft
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind, ImportMode, OnDuplicate
from cim.models.listing import CustomerFilter, Selection
from cim.models.task import TaskDraft
from tests.factories import Personas, history
from tests.service.undo_model import Model, differing, picture, wrong

OPERATIONS = 80
SEEDS = (1, 2, 3)
LONG = [pytest.param(seed, marks=pytest.mark.assure("G38")) for seed in range(4, 36)]
NAMES = (
    "南京信诺环保科技",
    "成都远山食品",
    "武汉江汉仪表",
    "西安古都旅行社",
    "安吉竹器厂",
    "大连海风水产",
    "昆明春城花卉",
)
TAGS = ("重点", "账期长", "展会", "老客户")
WORDS = ("环保", "食品", "仪表", "旅游", "")


class Office:
    """People at work: each verb does one random thing, or nothing where there is nothing to do it to."""

    def __init__(self, people: Personas, random: Random) -> None:
        self.people, self.random = people, random
        self.model = Model()
        self.done: Counter[str] = Counter()
        self.serial = 0

    def live(self, table: str = "customer") -> list[int]:
        rows = self.model.now.items()
        return sorted(key[1] for key, row in rows if key[0] == table and not row["deleted_at"])

    def pick(self, table: str = "customer") -> int:
        return self.random.choice(self.live(table))

    def phone(self) -> str:
        self.serial += 1
        return f"138{self.random.randrange(10**4):04d}{self.serial:04d}"

    def values(self) -> dict[str, Any]:
        """Some fields with random values."""
        chance = self.random
        offered: dict[str, Callable[[], Any]] = {
            "phone": self.phone,
            "phone2": self.phone,
            "email": lambda: f"a{chance.randrange(50)}@qq.com",
            "wechat": lambda: f"wx_{chance.randrange(10**6):06d}",
            "address": lambda: chance.choice(("江宁区迎宾路892号", "高新区1号", "")),
            "birthday": lambda: chance.choice(("1990-02-03", None)),
            "grade": lambda: chance.choice(("A", "B", "C", "")),
            "industry": lambda: chance.choice(WORDS),
            "notes": lambda: chance.choice(("付款慢", "要发票\n要样品", "")),
            "tags": lambda: sorted(chance.sample(TAGS, chance.randrange(3))),
            "custom": lambda: {"secret": chance.choice(("甲", "乙", "")), "size": chance.choice(("大", "小", ""))},
        }
        return {name: offered[name]() for name in chance.sample(sorted(offered), chance.randrange(1, 6))}

    # ---- verbs
    def create(self) -> None:
        owner = self.random.choice((self.people.ann, self.people.bo)).user_id
        draft = {"name": self.random.choice(NAMES), "owner_id": owner} | self.values()
        service.customers.create(self.people.root, CustomerDraft.model_validate(draft), duplicate_reason="另一家")

    def edit(self) -> None:
        view = service.customers.get(self.people.root, self.pick())
        name = self.random.choice(NAMES) if self.random.random() < 0.3 else view.name
        changed = {"name": name} | self.values()
        service.customers.update(self.people.root, view.id, CustomerDraft.model_validate(changed), version=view.version)

    def remove(self) -> None:
        view = service.customers.get(self.people.root, self.pick())
        service.customers.remove(self.people.root, view.id, version=view.version)

    def restore(self) -> None:
        found = service.recycle.customers(self.people.root).rows
        service.recycle.restore(self.people.root, self.random.choice(found).id)

    def assign(self) -> None:
        to = self.random.choice((self.people.ann.user_id, self.people.bo.user_id, None))
        service.customers.assign(self.people.mei, self.pick(), to)

    def take_file(self) -> None:
        """Import rows whose codes are few, so that they meet what is removed or there already."""
        lines = ["客户编号,客户名称,手机,行业,标签"]
        for code in self.random.sample(range(8), self.random.randrange(1, 5)):
            words = (self.random.choice(WORDS), self.random.choice(TAGS))
            lines.append(f"P{code},{self.random.choice(NAMES)}{code},{self.phone()},{','.join(words)}")
        mode = self.random.choice((ImportMode.ADD, ImportMode.UPSERT, ImportMode.UPDATE))
        content = "\n".join(lines).encode()
        service.imports.run(
            self.people.root, content, filename="p.csv", kind=ImportKind.CUSTOMERS, mode=mode,
            on_duplicate=OnDuplicate.REVIEW,
        )  # fmt: skip

    def contact(self) -> None:
        draft = ContactDraft(name="王小明", phone=self.phone(), custom={"cell": self.phone()})
        service.contacts.add(self.people.root, self.pick(), draft)

    def change_contact(self) -> None:
        number = self.pick("contact")
        customer = self.model.now["contact", number]["customer_id"]
        view = next(c for c in service.contacts.list(self.people.root, customer) if c.id == number)
        if self.random.random() < 0.3:
            service.contacts.remove(self.people.root, number)
            return
        draft = ContactDraft(name=view.name, phone=self.phone(), title=self.random.choice(("经理", "")))
        service.contacts.update(self.people.root, number, draft, version=view.version)

    def follow_up(self) -> None:
        plan = clock.now() + timedelta(days=self.random.randrange(1, 9)) if self.random.random() < 0.5 else None
        draft = ActivityDraft(content="谈了报价", outcome=self.random.choice(("deal", "")), next_at=plan)
        service.activities.log(self.people.root, self.pick(), draft)

    def task(self) -> None:
        due = clock.now() + timedelta(days=2)
        to = self.random.choice((self.people.ann.user_id, self.people.bo.user_id))
        service.tasks.add(
            self.people.root, TaskDraft(title="送样品", due_at=due, customer_id=self.pick(), assignee_id=to)
        )

    def tick(self) -> None:
        service.tasks.done(self.people.root, self.pick("task"))

    def merge(self) -> None:
        winner, *losers = self.random.sample(self.live(), self.random.choice((2, 2, 3)))
        service.customers.merge(self.people.root, winner, losers)

    def bulk(self) -> None:
        ids = self.random.sample(self.live(), min(4, len(self.live())))
        chosen, bulk, me = Selection(ids=ids), service.bulk_edit, self.people.root
        verb = self.random.randrange(5)
        if verb == 0:
            bulk.set_field(me, chosen, "industry", self.random.choice(WORDS[:4]))
        elif verb == 1:
            bulk.tag(me, chosen, add=[self.random.choice(TAGS)], remove=[self.random.choice(TAGS)])
        elif verb == 2:
            bulk.assign(me, chosen, self.random.choice((self.people.ann.user_id, self.people.bo.user_id)))
        elif verb == 3:
            bulk.set_field(me, chosen, "custom.size", self.random.choice(("大", "小")))
        else:
            bulk.remove(me, Selection(ids=ids[:2]))

    def undo(self) -> None:
        """Take any change back that is not taken back now; what was made lately more often."""
        numbers = [number for number in self.model.changes if not self.model.undone(number)]
        number = numbers[-1 - min(int(self.random.expovariate(0.3)), len(numbers) - 1)]
        expected, counts = self.model.undo(number)
        told = service.undo.change_set(self.people.root, number)
        after = picture()
        assert wrong(expected, after) == {}, f"undo of {number}"
        quiet = all(key[0] == "duplicate_pair" for key in self.model.changes[number].effect)
        if not quiet:
            found = (told.undone, told.kept, told.failed)
            assert found == (counts.undone, counts.kept, counts.failed), (number, told.details)
        self.done.update(undone=told.undone, kept=told.kept, failed=told.failed)
        if told.change_set is not None:
            self.model.saw(told.change_set, after, undoes=number)

    def step(self) -> None:
        """One thing; what is refused has changed nothing."""
        verbs = [
            self.create,
            self.edit,
            self.edit,
            self.remove,
            self.restore,
            self.assign,
            self.take_file,
            self.contact,
        ]
        verbs += [self.change_contact, self.follow_up, self.task, self.tick, self.merge, self.bulk, self.bulk]
        verb = self.random.choice([*verbs, *[self.undo] * 7])
        before, name = _newest(), verb.__name__
        try:
            verb()
        except (CimError, IndexError, ValueError):
            name += " refused"
        self.done[name] += 1
        if name.endswith("refused"):
            assert differing(self.model.now, picture()) == {}, name
        elif verb != self.undo and _newest() != before:
            self.model.saw(_newest(), picture(), merge=verb == self.merge)


def _newest() -> int:
    entries = history(1_000_000)
    return entries[-1].change_set_id if entries else 0


@pytest.mark.parametrize("seed", [*SEEDS, *LONG])
def test_undo_is_what_the_model_says(people: Personas, seed: int) -> None:
    """80 operations of five seeds are 400 in all."""
    for noun, label, key in ((Noun.CUSTOMER, "暗号", "secret"), (Noun.CONTACT, "家里电话", "cell")):
        service.custom.define(people.root, CustomFieldDraft(noun=noun, label=label, key=key, personal=True))
    service.custom.define(people.root, CustomFieldDraft(noun=Noun.CUSTOMER, label="规模", key="size"))
    office = Office(people, Random(seed))
    for _start in range(4):
        office.create()
        office.model.saw(_newest(), picture())
    for _turn in range(OPERATIONS):
        office.step()
    assert office.done["undo"] >= 8, office.done
    report = service.audit.verify(people.audrey, reconcile=True)
    assert not report.problem
    assert [name for name in report.drifted if not name.startswith(("app_user", "team"))] == []
    _what_follows_holds(people, office)


def _what_follows_holds(people: Personas, office: Office) -> None:
    """Search finds exactly the live customers by their phones, and their dates are those of what lies under them."""
    now = picture()
    for (table, number), row in now.items():
        if table == "customer" and row["phone"]:
            hits = {hit.id for hit in service.customers.search(people.root, CustomerFilter(q=row["phone"])).rows}
            assert (number in hits) is (row["deleted_at"] is None), (number, row)
    for number in office.live():
        view = service.customers.get(people.root, number)
        below = [row for key, row in now.items() if row.get("customer_id") == number and not row["deleted_at"]]
        due = [row["due_at"] for row in below if "due_at" in row and not row["done_at"]]
        assert (view.next_due_at.isoformat() if view.next_due_at else None) == min(due, default=None)
        calls = [row["at"] for row in below if row.get("type", "note") != "note"]
        assert (view.last_contact_at.isoformat() if view.last_contact_at else None) == max(calls, default=None)
