"""Custom fields: what an administrator adds to every kind of record in the app, and the values they then have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from cim import normalize
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Customer, CustomField, CustomValue, nouns
from cim.models.base import columns
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, CustomFieldView, Noun
from cim.models.customer import CustomerDraft, Lifecycle
from cim.permissions import Permission
from cim.service import custom_types, custom_values, record, typed
from cim.service.custom_filters import condition
from cim.service.custom_types import MASK
from cim.service.custom_values import ALWAYS, PREFIX, apply, labels, shown, values, write
from cim.service.importing import own_fields
from cim.work import Work, command, query

__all__ = [
    "ALWAYS",
    "MASK",
    "PREFIX",
    "apply",
    "arrange",
    "change",
    "condition",
    "define",
    "fields",
    "labels",
    "retire",
    "shown",
    "values",
    "write",
]

FIELDS = columns(CustomField)
VALUES = columns(CustomValue)

MOST_FIELDS = 60
MOST_OPTIONS = 200
LONGEST_KEY = 20
"""Short, because an entry of the log names every field that it changes."""
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_PARTING = re.compile(r"[;；|｜\n]")
_DRAFTS: dict[Noun, Any] = {Noun.CUSTOMER: CustomerDraft, Noun.CONTACT: ContactDraft}
_TAKEN = ("customer", "owner", "contact", "product", "stage", "lines", "custom", "q", "id")
"""Names by which forms and lists know something else."""
_CHUNK = 500


@query(Permission.CUSTOMER_READ)
def fields(work: Work, noun: Noun, *, retired: bool = False, counted: bool = False) -> list[CustomFieldView]:
    """The fields of a noun in order; `retired` ones too when asked, and on how many records each is filled (`counted`)."""
    found = [field for field in custom_values.catalogue(work, noun).values() if retired or not field.retired]
    if not counted:
        return found
    used = _used(work, [field.id for field in found])
    return [field.model_copy(update={"used": used.get(field.id, 0)}) for field in found]


@command(Permission.SETTINGS_MANAGE)
def define(work: Work, draft: CustomFieldDraft) -> int:
    """Add a field, behind the others, and return its id. It is in every form, list and file from now on.

    Raises Invalid at the field: names that are taken or mean a built-in field, choices that cannot be told apart, more
    than 60 fields.
    """
    work.serialise("custom.define")
    known = custom_values.catalogue(work, draft.noun)
    if len(known) >= MOST_FIELDS:
        raise Invalid("label", "There are {most} fields already: no more can be added.", most=MOST_FIELDS)
    said = _said(work, draft, None)
    key = _key(draft, said["label"], known)
    position = max((field.position for field in known.values()), default=0) + 1
    row = work.add(CustomField(**said, noun=draft.noun, key=key, type=draft.type, position=position))
    custom_values.forget(work)
    return row.id or 0


@command(Permission.SETTINGS_MANAGE)
def change(
    work: Work,
    field_id: int,
    draft: CustomFieldDraft,
    *,
    version: int,
    renamed: Mapping[str, str] | None = None,
) -> bool:
    """Change what a field is called, where it stands, and its choices; False when nothing differed.

    `renamed` says which choice is now called what, {before: after}: the values follow, each with its history. A choice
    that is left out and in use stays on its records but is no longer offered. Key and noun stay. Raises Invalid for
    another type, or to make it personal, once it has values; Conflict when somebody changed it since `version`.
    """
    row = _get(work, field_id, version)
    said = _said(work, draft.model_copy(update={"noun": row.noun}), row)
    used = _used(work, [field_id]).get(field_id, 0)
    if draft.type is not row.type and used:
        raise Invalid("type", "{count} records have a value: the type can no longer change.", count=used)
    if row.personal and not draft.personal:
        raise Invalid("personal", "A personal field stays personal: its history holds personal values.")
    if draft.personal and not row.personal and used:
        raise Invalid("personal", "{count} records have a value: empty them before it becomes personal.", count=used)
    told = {old: new for old, new in (renamed or {}).items() if new in said["options"] and old not in said["options"]}
    said["options"] += [{"retired": word} for word in _retired(work, row, said["options"], told)]
    changed = _set(row, said | {"type": draft.type})
    if changed:
        row.updated_at = work.now
        work.session.flush()
        custom_values.forget(work)
    return _rename(work, row, told) or changed


@command(Permission.SETTINGS_MANAGE)
def retire(work: Work, field_id: int, retired: bool = True, *, version: int | None = None) -> bool:
    """Take a field out of forms, lists and files, or bring it back. Its values and their history stay."""
    row = _get(work, field_id, version)
    if row.retired == retired:
        return False
    row.retired = retired
    row.updated_at = work.now
    work.session.flush()
    custom_values.forget(work)
    return True


@command(Permission.SETTINGS_MANAGE)
def arrange(work: Work, noun: Noun, ids: Sequence[int]) -> bool:
    """Put the fields of a noun in this order; those that are not named follow behind. False when they stood so."""
    found = work.session.execute(select(CustomField).where(FIELDS.noun == noun).order_by(FIELDS.position, FIELDS.id))
    rows = {row.id or 0: row for row in found.scalars()}
    if unknown := [number for number in ids if number not in rows]:
        raise NotFound("This record does not exist or is not yours to see.", id=unknown[0])
    order = [*dict.fromkeys(ids), *(number for number in rows if number not in ids)]
    changed = False
    for position, number in enumerate(order, 1):
        changed |= _set(rows[number], {"position": position})
    work.session.flush()
    custom_values.forget(work)
    return changed


# ---- what may be said about a field


def _said(work: Work, draft: CustomFieldDraft, row: CustomField | None) -> dict[str, Any]:
    """The columns that a draft may set, canonical."""
    label = _label(work, draft, "label", row)
    if not label:
        raise Invalid("label", "Enter the name.")
    if draft.personal and draft.type in custom_types.CHOOSING:
        raise Invalid("personal", "Choices cannot be personal data: take a field of text.")
    if draft.personal and draft.noun is Noun.PRODUCT:
        raise Invalid("personal", "A product belongs to no customer: it holds no personal data.")
    return {
        "label": label,
        "label_en": _label(work, draft, "label_en", row),
        "group": typed.line("group", draft.group, 60),
        "hint": typed.line("hint", draft.hint, 200),
        "personal": draft.personal,
        "options": _options(draft),
        "required_at": _stages(draft),
    }


def _label(work: Work, draft: CustomFieldDraft, name: str, row: CustomField | None) -> str:
    """A name by which files can tell the column: no other field's, and no header of a built-in one."""
    label = typed.line(name, getattr(draft, name), 60)
    same = normalize.squeeze(label)
    if "," in label or label.startswith(("=", "+", "-", "@")):
        raise Invalid(name, "The name of a field holds no comma and begins with no = + - @.")
    if not same:
        return label
    if same in own_fields.meanings(draft.noun):
        raise Invalid(name, "{label} is a built-in field: choose another name.", label=label)
    others = (f for f in custom_values.catalogue(work, draft.noun).values() if row is None or f.id != row.id)
    if any(same in {normalize.squeeze(n) for n in (f.label, f.label_en, f.key)} for f in others):
        raise Invalid(name, "There is a field {label} already.", label=label)
    return label


def _key(draft: CustomFieldDraft, label: str, known: Mapping[str, CustomFieldView]) -> str:
    """The key as given, else made from the English label or the pinyin of the label."""
    table = nouns.TABLES[draft.noun]
    taken = {*known, *_TAKEN, *_DRAFTS.get(draft.noun, table).model_fields, *table.model_fields}
    taken |= {column.name for column in own_fields.built_in(draft.noun)}
    if key := draft.key.strip():
        if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
            raise Invalid("key", "A key has at most {most} small letters, digits and _.", most=LONGEST_KEY)
        if key in taken:
            raise Invalid("key", "The key {key} is taken.", key=key)
        return key
    words = "_".join(normalize.pinyin(draft.label_en.strip() or label))
    made = re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_0123456789")
    made = made if draft.label_en.strip() else made.replace("_", "")
    start = made[:LONGEST_KEY].strip("_") or "field"
    names = (start, *(f"{start[: LONGEST_KEY - 3]}_{number}" for number in range(2, MOST_FIELDS + 3)))
    return next(name for name in names if name not in taken)


def _options(draft: CustomFieldDraft) -> list[Any]:
    if draft.type not in custom_types.CHOOSING:
        return []
    words = [typed.line("options", str(word), 60) for word in draft.options]
    words = [word for word in words if word]
    if not words:
        raise Invalid("options", "Enter the choices, one a line.")
    if len(words) > MOST_OPTIONS:
        raise Invalid("options", "At most {most} choices are possible.", most=MOST_OPTIONS)
    if wrong := next((word for word in words if _PARTING.search(word) or word == "-"), ""):
        raise Invalid("options", "A choice holds no ; or |, and is not just -: {word}", word=wrong)
    same = Counter(normalize.squeeze(word) for word in words)
    if twice := next((word for word in words if same[normalize.squeeze(word)] > 1), ""):
        raise Invalid("options", "The choice {word} stands there twice.", word=twice)
    return list(words)


def _stages(draft: CustomFieldDraft) -> list[Any]:
    known = [ALWAYS, *(stage.value for stage in Lifecycle)] if draft.noun is Noun.CUSTOMER else [ALWAYS]
    if any(stage not in known for stage in draft.required_at):
        raise Invalid("required_at", "Choose stages of a customer's life, or always.")
    return [stage for stage in known if stage in draft.required_at]


# ---- what follows from a change


def _get(work: Work, field_id: int, version: int | None) -> CustomField:
    row = work.find(CustomField, field_id)
    if row is None:
        raise NotFound("This record does not exist or is not yours to see.")
    if version is not None and row.version != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    return row


def _set(row: CustomField, said: Mapping[str, Any]) -> bool:
    different = {name: value for name, value in said.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def _used(work: Work, ids: Iterable[int]) -> dict[int, int]:
    """On how many records each field has a value."""
    counted = select(VALUES.field_id, func.count()).where(VALUES.field_id.in_(list(ids)), VALUES.slot == 0)
    return {row[0]: row[1] for row in work.session.execute(counted.group_by(VALUES.field_id))}


def _retired(work: Work, row: CustomField, now: Sequence[Any], told: Mapping[str, str]) -> list[str]:
    """The words that are offered no longer, but stand on records."""
    known = [word["retired"] if isinstance(word, dict) else word for word in row.options]
    gone = [word for word in known if word not in now and word not in told]
    if not gone:
        return []
    held = select(VALUES.text).where(VALUES.field_id == row.id, VALUES.text.in_(gone)).distinct()
    used = set(work.session.execute(held).scalars())
    return [word for word in gone if word in used]


def _rename(work: Work, row: CustomField, told: Mapping[str, str]) -> bool:
    """Let the values follow the names of their choices, record by record, each with its history."""
    if not told or row.personal:
        return False
    held = select(VALUES.record_id).where(VALUES.field_id == row.id, VALUES.text.in_(list(told))).distinct()
    ids = list(work.session.execute(held.order_by(VALUES.record_id)).scalars())
    table: Any = nouns.TABLES[row.noun]
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        found = custom_values.values(work, row.noun, part)
        records = list(work.session.execute(select(table).where(table.id.in_(part))).scalars())
        work.load_ciphers(r.uid for r in records if isinstance(r, Customer))
        for each in records:
            value = found[each.id][row.key]
            words = [told.get(word, word) for word in custom_types.words_of(value)]
            after = list(dict.fromkeys(words)) if isinstance(value, list) else words[0]
            written = custom_values.write(work, each, row.key, after)
            if written and row.noun is Noun.CUSTOMER and each.deleted_at is None:  # what is removed is not found
                record.reindex(work, each)
    return bool(ids)
