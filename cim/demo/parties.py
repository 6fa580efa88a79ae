"""The customers of the demo and their contacts, drawn by lot with believable shares."""

from __future__ import annotations

import random
from datetime import date, timedelta

from cim.demo.chance import by_lot
from cim.demo.days import Days
from cim.demo.identities import Identities
from cim.demo.names import Names, addressed
from cim.demo.party import DEALT, Party
from cim.demo.places import SITES, STREETS, City, cities
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft, Gender, Grade, Kind, Lifecycle
from cim.models.customer import Party as Relation

_SOURCES = {"转介绍": 24, "展会": 20, "官网": 18, "微信": 13, "电话": 10, "广告": 8, "活动签到": 5, "其他": 2}
_GRADES = {"A": 3, "B": 14, "C": 40, "D": 23, "": 20}
_GRADES_DEALT = {"A": 28, "B": 41, "C": 24, "D": 5, "": 2}
_RELATIONS = {"prospect": 66, "customer": 14, "agent": 5, "distributor": 7, "supplier": 5, "partner": 3}
_RELATIONS_DEALT = {"customer": 90, "distributor": 6, "agent": 3, "partner": 1}
_TAGS = {
    "重点客户": 8,
    "可转介绍": 9,
    "价格敏感": 13,
    "技术型": 10,
    "账期长": 7,
    "竞品用户": 8,
    "已寄样品": 9,
    "需开专票": 10,
    "老板直谈": 6,
}
_PREFERENCES = (
    "下午联系",
    "微信沟通",
    "邮件报价",
    "不接受营销电话",
    "拜访请提前一天预约",
    "只收顺丰",
    "电话前先发微信",
    "周五不安排会议",
)
_NOTES = (
    "老客户推荐认识",
    "对交期要求高，需提前两周备货",
    "采购由集团统一安排",
    "年底集中采购",
    "希望提供上门培训",
    "关注节能改造补贴",
    "付款习惯好",
)
_JOBS = {
    "采购经理": 22,
    "总经理": 12,
    "技术总监": 9,
    "设备主管": 14,
    "财务主管": 7,
    "工程师": 13,
    "行政主任": 6,
    "仓储主管": 7,
    "副总经理": 10,
}
_ROLES = {
    "总经理": "决策者",
    "副总经理": "决策者",
    "技术总监": "影响者",
    "工程师": "使用者",
    "设备主管": "使用者",
    "采购经理": "经办人",
}
_SOUTH = ("south", "southwest", "central", "hmt")


class Parties:
    """Draws customers. The same seed and the same day give the same customers."""

    def __init__(self, chance: random.Random, days: Days) -> None:
        self._chance = chance
        self._days = days
        self._names = Names(chance)
        self._identities = Identities(chance)
        self._cities = cities()
        self._weights = [city.weight for city in self._cities]

    def party(self, day: date) -> Party:
        """A customer that came in on a day."""
        chance = self._chance
        city = chance.choices(self._cities, self._weights)[0]
        seller = "bo" if city.area in _SOUTH else "ann"
        stage = self._stage((self._days.today - day).days)
        company = chance.random() < 0.74
        draft = self._company(city) if company else self._person(city)
        draft.grade = Grade(by_lot(chance, _GRADES_DEALT if stage in DEALT else _GRADES))
        draft.party = Relation(by_lot(chance, _RELATIONS_DEALT if stage in DEALT else _RELATIONS))
        draft.source = "" if chance.random() < 0.04 else by_lot(chance, _SOURCES)
        draft.tags = [tag for tag in _TAGS if chance.random() < _TAGS[tag] / 100]
        draft.preference = chance.choice(_PREFERENCES) if chance.random() < 0.3 else ""
        draft.notes = chance.choice(_NOTES) if chance.random() < 0.22 else ""
        draft.created_at = self._days.at(day)
        if draft.grade is Grade.A and chance.random() < 0.45:
            seller = "mei"
        pooled = {Lifecycle.PROSPECT: 0.12, Lifecycle.LOST: 0.12}.get(stage, 0) if seller != "mei" else 0
        owner = None if chance.random() < pooled else seller
        made = Party(draft, day, seller, owner, stage, who=addressed(draft.name, draft.gender, ""))
        if company:
            self._main_contact(made)
        return made

    def contact(self, party: Party) -> None:
        """Add one more person to a company."""
        chance = self._chance
        name, gender = self._names.person()
        title = by_lot(chance, _JOBS)
        phone = self._identities.mobile() if chance.random() < 0.92 else ""
        email = self._identities.email(name) if chance.random() < 0.5 else ""
        made = ContactDraft(name=name, title=title, role=_ROLES.get(title, ""), phone=phone, email=email)
        made.birthday = self._birthday() if chance.random() < 0.15 else None
        party.people.append(made)
        if len(party.people) == 1:
            party.who = addressed(name, gender, title)

    def double(self, original: Party, day: date) -> Party:
        """The same customer entered once more by somebody else, the name a little different, the phone the same."""
        old = original.draft
        name = old.name.replace("有限责任公司", "公司").replace("股份有限公司", "公司").replace("有限公司", "公司")
        draft = CustomerDraft(kind=old.kind, name=name, contact=old.contact, phone=old.phone, region=old.region)
        draft.source, draft.industry, draft.gender = (
            self._chance.choice(("展会", "电话", "微信")),
            old.industry,
            old.gender,
        )
        draft.created_at = self._days.at(day)
        seller = "bo" if original.seller == "ann" else "ann"
        owner = None if self._chance.random() < 0.3 else seller
        return Party(draft, day, seller, owner, Lifecycle.PROSPECT, who=original.who, double_of=original)

    def _stage(self, age: int) -> Lifecycle:
        """What becomes of a customer that is `age` days old: one that was lost has to be old enough for that."""
        weights = {
            Lifecycle.NEW: 6 if age >= 4 else 0,
            Lifecycle.ESTABLISHED: 15 if age >= 110 else 0,
            Lifecycle.AT_RISK: 9 if age >= 210 else 0,
            Lifecycle.LOST: 15 if age >= 390 else 0,
        }
        weights[Lifecycle.PROSPECT] = 100 - sum(weights.values())
        return by_lot(self._chance, weights)

    def _company(self, city: City) -> CustomerDraft:
        chance = self._chance
        industry = self._names.industry()
        draft = CustomerDraft(kind=Kind.COMPANY, name=self._names.company(city, industry), industry=industry)
        draft.uscc = self._identities.uscc(city) if chance.random() < 0.6 else ""
        draft.phone2 = self._identities.landline(city) if chance.random() < 0.35 else ""
        draft.region = city.code
        draft.address = self._address(city, office=True) if chance.random() < 0.75 else ""
        return draft

    def _main_contact(self, party: Party) -> None:
        """The person that the company's own record names, often also a contact with a job title."""
        chance, draft = self._chance, party.draft
        name, gender = self._names.person()
        draft.contact = name
        draft.phone = self._identities.mobile() if chance.random() < 0.95 else ""
        draft.email = self._identities.email(name) if chance.random() < 0.6 else ""
        draft.wechat = self._identities.wechat(name) if chance.random() < 0.35 else ""
        party.who = addressed(name, gender, chance.choice(("采购经理", "总经理", "工程师", "")))

    def _person(self, city: City) -> CustomerDraft:
        chance = self._chance
        name, gender = self._names.person()
        draft = CustomerDraft(kind=Kind.PERSON, name=name, gender=gender if chance.random() < 0.9 else Gender.UNKNOWN)
        draft.industry = self._names.industry() if chance.random() < 0.3 else ""
        draft.phone = self._identities.mobile()
        draft.email = self._identities.email(name) if chance.random() < 0.35 else ""
        draft.wechat = self._identities.wechat(name) if chance.random() < 0.5 else ""
        draft.birthday = self._birthday() if chance.random() < 0.45 else None
        if draft.birthday and chance.random() < 0.4:
            draft.id_number = self._identities.id_number(city, draft.birthday, gender)
        draft.region = city.code
        draft.address = self._address(city, office=False) if chance.random() < 0.5 else ""
        return draft

    def _address(self, city: City, *, office: bool) -> str:
        chance = self._chance
        district = chance.choice(city.districts) if city.districts else ""
        street = f"{city.full_name}{district}{chance.choice(STREETS)}{chance.randrange(1, 990)}号"
        if office:
            return f"{street}{chance.choice(SITES)}{chance.randrange(1, 20)}层"
        return f"{street}{chance.randrange(1, 30)}栋{chance.randrange(101, 2800)}室"

    def _birthday(self) -> date:
        return date(1962, 1, 1) + timedelta(days=self._chance.randrange(15_700))
