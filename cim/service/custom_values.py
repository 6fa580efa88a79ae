"""Values of custom fields: read for many records at once, written with their history, masked where they are personal.

A service makes its records extensible by three calls, with `draft.custom: dict[str, Any]` and `view.custom` of the same
type (service/contacts.py does it):
    own = custom_values.weigh(work, Noun.ORDER, draft.custom, stage="")    check: before anything is written; the row itself
                                                                           instead of the noun where there is one already
    changed |= custom_values.settle(work, row, own)                        write: after work.add(row)
    custom = custom_values.of(work, row, seen=work.may_see_clear(owner))   show: `owner` is that of the customer
`shown` is `of` for many records at once. Files, lists, filters, undo, merging and the log need nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, literal, select

from cim import crypto, normalize
from cim.errors import Invalid
from cim.i18n import N_, language
from cim.models import Customer, CustomField, CustomValue, nouns
from cim.models.base import columns
from cim.models.custom import CustomFieldView, FieldType, Noun
from cim.service import custom_types
from cim.service.custom_types import MASK, Plain
from cim.work import Work

FIELDS = columns(CustomField)
VALUES = columns(CustomValue)
CUSTOMERS = columns(Customer)

PREFIX = "custom."
"""Names a custom field among the others: in refusals, history, columns of files and filters."""
ALWAYS = "*"
CHUNK = 1000
NO_FIELD = N_("There is no field {key}.")
FILL_IN = N_("Fill in {label}.")
RETIRED_WORD = N_("{value} is no longer offered: choose another one.")
_SEARCHED = (FieldType.TEXT, FieldType.CHOICE, FieldType.CHOICES)
_KEPT = "custom fields"


def catalogue(work: Work, noun: Noun) -> dict[str, CustomFieldView]:
    """Every field of a noun by key, retired ones too, in order; read once per unit of work."""
    kept: dict[Noun, dict[str, CustomFieldView]] = work.session.info.setdefault(_KEPT, {})
    if noun not in kept:
        found = select(CustomField).where(FIELDS.noun == noun).order_by(FIELDS.position, FIELDS.id)
        kept[noun] = {row.key: view(row) for row in work.session.execute(found).scalars()}
    return kept[noun]


def forget(work: Work) -> None:
    """After a change of a field in this unit of work: read the fields anew."""
    work.session.info.pop(_KEPT, None)


def live(work: Work, noun: Noun) -> list[CustomFieldView]:
    """The fields in use, in order."""
    return [field for field in catalogue(work, noun).values() if not field.retired]


def view(row: CustomField, *, used: int = 0) -> CustomFieldView:
    """A field as it leaves the service."""
    plain = {
        n: getattr(row, n) for n in CustomFieldView.model_fields if n not in ("options", "retired_options", "used")
    }
    gone = [word["retired"] for word in row.options if isinstance(word, dict)]
    offered = [word for word in row.options if isinstance(word, str)]
    return CustomFieldView(**plain, options=offered, retired_options=gone, used=used)


def labels(work: Work, names: Iterable[str], noun: Noun | None = None) -> dict[str, str]:
    """What the `custom.KEY` among these names are called in the language of the reader; nothing is asked without any."""
    keys = {name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)}
    found: dict[str, str] = {}
    for each in (noun,) if noun else tuple(Noun) if keys else ():
        known = catalogue(work, each) if keys else {}
        found |= {
            PREFIX + key: known[key].named(language()) for key in keys & known.keys() if PREFIX + key not in found
        }
    return found


def personal(work: Work, noun: Noun) -> set[str]:
    """Names (`custom.KEY`) of the fields that hold personal data."""
    return {PREFIX + field.key for field in catalogue(work, noun).values() if field.personal}


def values(work: Work, noun: Noun, ids: Sequence[int]) -> dict[int, dict[str, Plain]]:
    """The values of many records in clear, by record and key; those of retired fields too. Never leaves the service."""
    found: dict[int, dict[str, Plain]] = {}
    for record_id, key, value, *_flags in _read(work, noun, ids):
        if value is not None:
            found.setdefault(record_id, {})[key] = value
    return found


def shown(
    work: Work, noun: Noun, seen: Mapping[int, bool], *, only: Collection[str] | None = None
) -> dict[int, dict[str, Plain]]:
    """The values of the fields in use as somebody may see them. `seen` says of each record whether personal values are
    clear; `only` names the keys that are wanted."""
    found: dict[int, dict[str, Plain]] = {record_id: {} for record_id in seen}
    for record_id, key, value, sealed, retired in _read(work, noun, list(seen), seen=seen, only=only):
        if retired:
            continue
        if sealed and not seen[record_id]:
            found[record_id][key] = MASK
        elif value is not None:
            found[record_id][key] = value
    return found


def of(work: Work, row: Any, *, seen: bool) -> dict[str, Plain]:
    """The values of one record as somebody may see them; `seen`: personal ones in clear."""
    return shown(work, _noun(row), {row.id or 0: seen})[row.id or 0]


@dataclass(frozen=True)
class Wanted:
    """A value that a record is to get, found good."""

    field: CustomFieldView
    before: Plain | None
    after: Plain | None


def apply(work: Work, row: Any, given: Mapping[str, Any], *, stage: str | None = None) -> bool:
    """Give a record the values that were typed, `given` by key; what is not named stays. False when nothing differed.
    Raises what `weigh` raises, and has then written nothing. The row must be in the database."""
    return settle(work, row, weigh(work, row, given, stage=stage))


def weigh(work: Work, row: Any, given: Mapping[str, Any], *, stage: str | None = None) -> list[Wanted]:
    """Find the typed values of a record good, and fields that must be filled at this `stage` of life filled (None: not asked).
    Give the noun for a record that is still to be made. Raises Invalid("custom.KEY")."""
    noun = row if isinstance(row, Noun) else _noun(row)
    asked = [] if stage is None else [f for f in live(work, noun) if {ALWAYS, stage} & set(f.required_at)]
    if not (given or asked):
        return []
    number = 0 if isinstance(row, Noun) else row.id or 0
    held = values(work, noun, [number]).get(number, {}) if number else {}
    wanted = []
    for key, raw in given.items():
        field = _field(work, noun, key)
        value = judged(field, raw)
        offered = custom_types.offered(field, held=custom_types.words_of(held.get(key)))
        if field.options and (gone := [word for word in custom_types.words_of(value) if word not in offered]):
            raise Invalid(PREFIX + key, RETIRED_WORD, value=gone[0])
        wanted.append(Wanted(field, held.get(key), value))
    after = held | {each.field.key: each.after for each in wanted}
    for field in asked:
        if after.get(field.key) is None:
            raise Invalid(PREFIX + field.key, FILL_IN, label=field.named(language()))
    return wanted


def settle(work: Work, row: Any, wanted: Iterable[Wanted]) -> bool:
    """Write what `weigh` found good. False when nothing differed."""
    return any([_put(work, row, each.field, each.before, each.after) for each in wanted])


def write(work: Work, row: Any, key: str, value: Plain | None) -> bool:
    """Give a record a value as history holds it (None takes it away), also of a retired field or word: for undoing and
    merging. False when it had it. The search index is left to the caller (record.refresh)."""
    noun = _noun(row)
    field = catalogue(work, noun).get(key)
    if field is None:
        raise Invalid(PREFIX + key, NO_FIELD, key=key)
    return _put(work, row, field, values(work, noun, [row.id or 0]).get(row.id or 0, {}).get(key), value)


def judged(field: CustomFieldView, raw: Any) -> Plain | None:
    """A typed value as it is kept. Raises Invalid naming the field."""
    try:
        return custom_types.canonical(field, raw)
    except normalize.Bad as bad:
        raise Invalid(PREFIX + field.key, bad.msgid, **bad.params) from bad


def checked(work: Work, noun: Noun, given: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """What is wrong with typed values: message and parameters by `custom.KEY`, for hints while typing."""
    wrong: dict[str, tuple[str, dict[str, Any]]] = {}
    for key, raw in given.items():
        try:
            judged(_field(work, noun, key), raw)
        except Invalid as invalid:
            wrong[invalid.field] = (invalid.msgid, invalid.params)
    return wrong


def unfit(fields: Iterable[CustomFieldView], held: Mapping[str, Plain | None], *, stage: str = "") -> Iterator[Invalid]:
    """Why a new record cannot have exactly these values: one is missing that must be filled at this stage, a word is no
    longer offered, or a field is gone since they were read."""
    fields = list(fields)
    for key in held.keys() - {field.key for field in fields}:
        yield Invalid(PREFIX + key, NO_FIELD, key=key)
    for field in fields:
        value = held.get(field.key)
        if value is None and {ALWAYS, stage} & set(field.required_at):
            yield Invalid(PREFIX + field.key, FILL_IN, label=field.named(language()))
        if gone := [word for word in custom_types.words_of(value) if word in field.retired_options]:
            yield Invalid(PREFIX + field.key, RETIRED_WORD, value=gone[0])


def texts(work: Work, row: Customer) -> list[str]:
    """By what values of its own fields a customer is found: texts and chosen words, none of them personal."""
    if not any(_is_searched(field) for field in live(work, Noun.CUSTOMER)):
        return []
    return searched(live(work, Noun.CUSTOMER), values(work, Noun.CUSTOMER, [row.id or 0]).get(row.id or 0, {}))


def named(held: Mapping[str, Plain]) -> dict[str, Plain]:
    """Values under the names that history gives them."""
    return {PREFIX + key: value for key, value in held.items()}


def searched(fields: Iterable[CustomFieldView], held: Mapping[str, Any]) -> list[str]:
    """As `texts`, from values that are at hand."""
    return [word for field in fields if _is_searched(field) for word in custom_types.words_of(held.get(field.key))]


def stored(
    work: Work, noun: Noun, record_id: int, uid: str, held: Mapping[str, Plain], cipher: crypto.Cipher | None
) -> list[dict[str, Any]]:
    """The rows that keep the values of one record, for a bulk insert. Values of fields unknown by now are left out."""
    known = catalogue(work, noun)
    return [
        {"field_id": known[key].id, "record_id": record_id, "slot": slot} | cell
        for key, value in held.items()
        if key in known
        for slot, cell in enumerate(_cells(known[key], value, uid, cipher))
    ]


def _is_searched(field: CustomFieldView) -> bool:
    return field.type in _SEARCHED and not field.personal and not field.retired


def _noun(row: Any) -> Noun:
    noun = nouns.of(row)
    if noun is None:
        raise LookupError(f"a {row.__tablename__} has no custom fields")
    return noun


def _field(work: Work, noun: Noun, key: str) -> CustomFieldView:
    field = catalogue(work, noun).get(key)
    if field is None or field.retired:
        raise Invalid(PREFIX + key, NO_FIELD, key=key)
    return field


def _put(work: Work, row: Any, field: CustomFieldView, before: Any, after: Any) -> bool:
    after = None if after in ("", []) else after
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return False
    cipher = work.cipher(_subject(work, row)) if field.personal else None
    if field.personal and cipher is None:
        return False  # the key was erased: nothing personal can be kept any more
    held = [VALUES.field_id == field.id, VALUES.record_id == row.id]
    work.session.execute(delete(CustomValue).where(*held))
    if after is not None:
        work.bulk(CustomValue, stored(work, field.noun, row.id or 0, row.uid, {field.key: after}, cipher))
    work.note(row, PREFIX + field.key, before, after)
    row.updated_at = work.now
    return True


def _subject(work: Work, row: Any) -> str:
    return str(row.uid) if isinstance(row, Customer) else work.subject_of(row.customer_id)


def _cells(field: CustomFieldView, value: Plain, uid: str, cipher: crypto.Cipher | None) -> list[dict[str, Any]]:
    if not field.personal:
        return custom_types.cells(field, value)
    sealed = cipher.seal(json.dumps(value, ensure_ascii=False), place(field.id, uid)) if cipher else None
    return [{"text": None, "number": None, "day": None, "sealed": sealed}] if sealed else []


def place(field_id: int, uid: str) -> str:
    """Where a personal value of a record is sealed."""
    return f"custom_value.sealed.{field_id}.{uid}"


def _read(
    work: Work,
    noun: Noun,
    ids: Sequence[int],
    *,
    seen: Mapping[int, bool] | None = None,
    only: Collection[str] | None = None,
) -> Iterator[tuple[int, str, Plain | None, bool, bool]]:
    """(record, key, value, whether it is sealed, whether its field is retired). What is sealed is opened unless `seen`
    says that it will be masked."""
    for start in range(0, len(ids), CHUNK):
        statement = _statement(noun).where(VALUES.record_id.in_(ids[start : start + CHUNK]))
        if only is not None:
            statement = statement.where(FIELDS.key.in_(sorted(only)))
        rows = work.session.execute(statement.order_by(VALUES.record_id, FIELDS.position, FIELDS.id, VALUES.slot)).all()
        work.load_ciphers(row.subject for row in rows if row.sealed is not None)
        texts: dict[tuple[int, str], list[str]] = {}
        for row in rows:
            texts.setdefault((row.record_id, row.key), []).append(row.text)
        for row in rows:
            if row.slot == 0:
                clear = seen is None or seen[row.record_id]
                value = _value(work, row, texts[row.record_id, row.key]) if clear or row.sealed is None else None
                yield row.record_id, row.key, value, row.sealed is not None, row.retired


def _statement(noun: Noun) -> Any:
    table = nouns.TABLES[noun]
    chosen = (VALUES.record_id, VALUES.field_id, VALUES.slot, VALUES.text, VALUES.sealed, FIELDS.key, FIELDS.type)
    # whose key seals it; what belongs to no customer holds nothing sealed
    subject = CUSTOMERS.uid if "customer_id" in table.model_fields or noun is Noun.CUSTOMER else literal("")
    statement = (
        select(*chosen, FIELDS.retired, table.uid, subject.label("subject"))
        .join(CustomField, FIELDS.id == VALUES.field_id)
        .join(table, table.id == VALUES.record_id)
    )
    if "customer_id" in table.model_fields:
        statement = statement.join(Customer, CUSTOMERS.id == table.customer_id)
    return statement.where(FIELDS.noun == noun)


def _value(work: Work, row: Any, texts: list[str]) -> Plain | None:
    if row.sealed is None:
        return custom_types.plain(row.type, texts)
    cipher = work.cipher(row.subject)
    opened: Plain | None = json.loads(cipher.open(bytes(row.sealed), place(row.field_id, row.uid))) if cipher else None
    return opened
