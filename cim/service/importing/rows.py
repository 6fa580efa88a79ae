"""Cells become drafts, row by row and without the database: every cell that cannot be taken is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar

from cim import clock, divisions, matching, normalize
from cim.config import settings
from cim.errors import Invalid
from cim.i18n import N_
from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.base import Draft
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldView
from cim.models.customer import CustomerDraft, Gender, Grade, Kind
from cim.models.imports import ImportKind
from cim.service import custom_values, index, standards
from cim.service.importing import own_fields, sales_rows
from cim.service.importing.lines import Extras, Line, Notes
from cim.service.importing.mapping import OTHERS, REQUIRED, Headers
from cim.service.places import SHIPPED, Places
from cim.tabular import Row

D = TypeVar("D", bound=Draft)
Readers = Mapping[str, Callable[[str], Any]]
LONGEST_CODE = 40
NO_EXTRAS = Extras()
PEOPLE = ("contact", *(f"contact{number}" for number in OTHERS))
_TYPES = {
    ActivityType.CALL: "电话 通话 打电话 电话沟通 电话跟进 call phone",
    ActivityType.VISIT: "拜访 上门 上门拜访 面访 走访 visit",
    ActivityType.EMAIL: "邮件 电子邮件 邮箱 email e-mail mail",
    ActivityType.WECHAT: "微信 微信沟通 wechat",
    ActivityType.MEETING: "会议 开会 会面 meeting",
    ActivityType.NOTE: "备注 记录 其他 其它 note other",
}
_OUTCOMES = {
    Outcome.NONE: "无 - none",
    Outcome.NO_ANSWER: "无人接听 未接 未接听 未接通 no_answer no-answer",
    Outcome.NO_NEED: "暂无需求 无需求 没有需求 no_need no-need",
    Outcome.PENDING: "待跟进 跟进中 pending",
    Outcome.INTERESTED: "有意向 意向 interested",
    Outcome.DEAL: "已成交 成交 deal won",
}
TYPE_WORDS = {word: kind for kind, words in _TYPES.items() for word in words.split()}
OUTCOME_WORDS = {word: outcome for outcome, words in _OUTCOMES.items() for word in words.split()}
WORD_KEPT = N_("{value} is not a known outcome: it was added to the content.")
REGION_FROM_ADDRESS = N_("Region {value} is not known: the address was used.")


def judge(
    kind: ImportKind,
    headers: Headers,
    rows: Iterable[Row],
    notes: Notes,
    places: Places = SHIPPED,
    *,
    extras: Extras = NO_EXTRAS,
    own: Sequence[CustomFieldView] = (),
) -> list[Line]:
    """The lines that can stand by themselves; whatever cannot is in `notes`, every bad cell of a row at once. `places`
    are the team's own regions, `own` its custom fields."""
    makers: dict[ImportKind, Callable[[Line, Readers, Notes], bool]] = {
        ImportKind.CUSTOMERS: partial(_customer, places=places, own=own),
        ImportKind.CONTACTS: _contact,
        ImportKind.ACTIVITIES: _activity,
    }
    make = makers.get(kind, partial(_sale, kind=kind))
    read = readers_of(kind, own)
    lines = []
    for row in rows:
        cells = {column: row.cells[place] for column, place in headers.places.items() if row.cells[place].strip()}
        line = extras.line(row.number, cells)
        if make(line, read, notes):
            lines.append(line)
    return lines


def readers_of(kind: ImportKind, own: Sequence[CustomFieldView] = ()) -> Readers:
    """What brings a cell of each column into canonical form; raises normalize.Bad."""
    known = {
        ImportKind.CUSTOMERS: _customer_readers,
        ImportKind.CONTACTS: _contact_readers,
        ImportKind.ACTIVITIES: _activity_readers,
    }
    built_in = known[kind]() if kind in known else sales_rows.readers(kind)
    return {**built_in, **own_fields.readers(own)}


def _customer(line: Line, readers: Readers, notes: Notes, places: Places, own: Sequence[CustomFieldView]) -> bool:
    values, good = _read(line, readers, notes)
    name = values.get("name", "")
    line.nameless = not name and "code" in values
    if line.nameless:
        values["name"] = values["code"]
    values.setdefault("name", "")
    guessed = "kind" not in values
    if guessed:
        values["kind"] = Kind(normalize.kind_guess(name or "公司"))
    draft, standard = _standard(line, CustomerDraft, values, partial(standards.customer, places=places), notes)
    good &= _people(line, notes)
    if standard is None or not good:
        return False
    draft.model_fields_set.difference_update({"kind"} if guessed else (), {"name"} if line.nameless else ())
    if not line.nameless:
        line.party = index.party(standard.plain["kind"], standard.plain | standard.sealed)
        line.keys = matching.keys(line.party)
        found_by = standard.plain | standard.sealed | {"custom": custom_values.searched(own, draft.custom)}
        line.facts = index.facts(found_by, line.people(), keys=line.keys)
    line.draft, line.standard = draft, standard
    return True


def _people(line: Line, notes: Notes) -> bool:
    """The contacts that a row of a customer names: the main one when it has a title or numbers of its own, and the
    further ones. False when one of them cannot be taken."""
    if not any(column.startswith("contact") and column != "contact" for column in line.cells):
        return True
    good = True
    for slot in PEOPLE:
        given = {name: line.cells.get(f"{slot}_{name}", "") for name in ("title", "phone", "email")}
        if not any(given.values()) and (slot == "contact" or slot not in line.cells):
            continue
        draft = made(ContactDraft, {"name": line.cells.get(slot, ""), **{n: v for n, v in given.items() if v}})
        try:
            line.contacts.append((draft, standards.contact(draft)))
        except Invalid as error:
            column = slot if error.field == "name" else f"{slot}_{error.field}"
            notes.fail(line, column, error.msgid, **error.params)
            good = False
    return good


def _placed(line: Line, values: dict[str, Any], notes: Notes) -> bool:
    """An unknown region gives way to an address that names its place."""
    if "address" not in values or not divisions.parse(values["address"]):
        return False
    notes.warn(line, "region", REGION_FROM_ADDRESS, value=values.pop("region")[:40])
    return True


def _contact(line: Line, readers: Readers, notes: Notes) -> bool:
    values, good = _read(line, readers, notes)
    values.pop("customer", None), values.pop("customer_name", None)
    values.setdefault("name", "")
    line.draft, standard = _standard(line, ContactDraft, values, standards.contact, notes)
    good &= _names_customer(line, notes)
    if standard is None or not good:
        return False
    line.standard = standard
    return True


def _activity(line: Line, readers: Readers, notes: Notes) -> bool:
    values, good = _read(line, readers, notes)
    if "at" not in line.cells:
        notes.fail(line, "at", "Enter the time.")
        good = False
    good &= _names_customer(line, notes)
    if not good:
        return False
    word = line.cells.get("outcome", "")
    if word and "outcome" not in values:
        text = f"结果：{word.strip()}"
        values["content"] = f"{values['content']}\n{text}" if values.get("content") else text
        notes.warn(line, "outcome", WORD_KEPT, value=word.strip()[:40])
    values.setdefault("type", ActivityType.NOTE)
    author = values.pop("by", "")
    values.pop("customer", None), values.pop("customer_name", None)
    line.draft = made(ActivityDraft, values)
    line.standard.plain = values | {"author": author}
    return True


def _sale(line: Line, readers: Readers, notes: Notes, kind: ImportKind) -> bool:
    """A row of a product, order, opportunity or ticket: its values by column; `plan` of its kind makes sense of them."""
    values, good = _read(line, readers, notes)
    for column in REQUIRED[kind]:
        if column == "customer":
            good &= _names_customer(line, notes)
        elif not line.cells.get(column, "").strip():
            notes.fail(line, column, "Enter a value.")
            good = False
    line.standard.plain = values
    return good


def made(draft_type: type[D], values: Mapping[str, Any]) -> D:
    """A draft with these fields set and the others at their defaults, unchecked: the canonical values are checked, and
    raw cells may be longer than those."""
    given = {name: value for name, value in values.items() if name in draft_type.model_fields}
    return draft_type.model_construct(_fields_set=set(given), **(_defaults(draft_type) | given))


@cache
def _defaults(draft_type: type[Draft]) -> dict[str, Any]:
    # pydantic inspects the signature of a default factory anew for every object, which is most of its cost
    return dict(draft_type.model_construct().__dict__)


def _names_customer(line: Line, notes: Notes) -> bool:
    if line.cells.get("customer") or line.cells.get("customer_name"):
        return True
    notes.fail(line, "customer", "Enter the customer.")
    return False


def _read(line: Line, readers: Readers, notes: Notes) -> tuple[dict[str, Any], bool]:
    """Cells as values. What a reader makes None of is left out."""
    values: dict[str, Any] = {}
    good = True
    for column, cell in line.cells.items():
        try:
            value = readers[column](cell) if column in readers else cell
        except normalize.Bad as bad:
            notes.fail(line, column, bad.msgid, **bad.params)
            good = False
            continue
        if value is not None:
            values[column] = value
    return own_fields.gathered(values), good


def _standard(
    line: Line, draft_type: Any, values: dict[str, Any], judge_draft: Callable[[Any], standards.Standard], notes: Notes
) -> tuple[Any, standards.Standard | None]:
    """The draft and its canonical values; None for these when a field is bad, with every bad field named."""
    draft = made(draft_type, values)
    refused: set[str] = set()
    while True:
        try:
            standard = judge_draft(draft)
        except Invalid as error:
            if error.field in refused:
                return draft, None
            if error.field == "region" and _placed(line, values, notes):
                draft = made(draft_type, values)
                continue
            notes.fail(line, error.field, error.msgid, **error.params)
            refused.add(error.field)
            if error.field == "name":
                values["name"] = "-"
            else:
                values.pop(error.field, None)
            draft = made(draft_type, values)
        else:
            return (draft, None) if refused else (draft, standard)


def _kind(cell: str) -> Kind | None:
    word = normalize.kind(cell)
    return Kind(word) if word else None


def _type(cell: str) -> ActivityType:
    word = normalize.squeeze(cell)
    if word not in TYPE_WORDS:
        raise normalize.Bad(
            "Type {value} is unknown: use 电话, 拜访, 邮件, 微信, 会议 or 备注", value=cell.strip()[:20]
        )
    return TYPE_WORDS[word]


def _limited(limit: int) -> Callable[[str], str]:
    return lambda cell: normalize.text(cell, limit=limit)


def _customer_readers() -> Readers:
    return {
        "code": _limited(LONGEST_CODE),
        "kind": _kind,
        "gender": lambda cell: Gender(normalize.gender(cell)),
        "grade": lambda cell: Grade(normalize.grade(cell)),
        "tags": normalize.tags,
        "owner": _limited(60),
        "created_at": _moments(),
        **_contact_readers(),
    }


def _contact_readers() -> Readers:
    today = clock.today()
    return {"birthday": lambda cell: normalize.birthday(cell, latest=today)}


def _activity_readers() -> Readers:
    moment = _moments()
    return {
        "type": _type,
        "at": moment,
        "by": _limited(60),
        "contact": _limited(60),
        "content": lambda cell: normalize.multiline(cell, limit=4800),
        "outcome": lambda cell: OUTCOME_WORDS.get(normalize.squeeze(cell)),
        "place": _limited(120),
        "next_at": moment,
    }


def _moments() -> Callable[[str], Any]:
    zone = settings().zone
    return lambda cell: normalize.moment(cell, zone=zone)
