"""What imports of products, orders, opportunities and tickets share: the customers that rows name, colleagues, money in the
base currency, and inserting rows with their custom fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from cim import normalize
from cim.errors import Denied, Invalid
from cim.i18n import N_
from cim.models import CurrencyRate, CustomValue
from cim.models.base import Model, columns
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft, Kind
from cim.permissions import Permission
from cim.service import bulk, currency, custom_values, standards
from cim.service.importing import people as colleagues
from cim.service.importing import reference
from cim.service.importing.activities import insert
from cim.service.importing.lines import Line, Notes
from cim.service.importing.people import People
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options
from cim.work import Work

CHUNK = 2000
MADE = N_("No customer is called {value}: it will be added.")
NO_COLLEAGUE = N_("There is no user {name}: it goes to whoever looks after the customer.")
NO_RATE = N_("There is no rate for {code}: until you set it, amounts count one to one as {base}.")
OUT_OF_REACH = N_("You cannot give this to {name}.")
FUTURE = Known(0, "", "", None)
"""Stands for a customer that will be added."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")


@dataclass
class Parties:
    """The customers that rows name: those that are known, and by their word those that will be added."""

    known: dict[int, Known]
    missing: dict[str, list[int]] = field(default_factory=dict)

    def of(self, line: Line) -> Known | None:
        """The customer of a line; a stand-in for one that will be added; None when the line cannot be taken."""
        found = self.known.get(line.number)
        if found is None and line.number in self.missing.get(_word(line), ()):
            return FUTURE
        return found

    def create(self, work: Work, *, batch_id: int) -> None:
        """Add those that are missing, under the word that the rows give as code (where it can be one) and name."""
        words = list(self.missing)
        owner = work.actor.user_id if work.actor.can(Permission.CUSTOMER_UNMASK) else None
        made = [
            bulk.NewCustomer(
                standards.customer(CustomerDraft(name=word, kind=Kind(normalize.kind_guess(word)))),
                code=word if _CODE.fullmatch(word) else "",
                owner_id=owner,
            )
            for word in words
        ]
        for word, new, number in zip(words, made, bulk.insert(work, made, batch_id=batch_id), strict=True):
            customer = Known(number, new.uid, new.code, owner)
            self.known |= dict.fromkeys(self.missing[word], customer)
        self.missing = {}


def parties(work: Work, lines: Sequence[Line], options: Options, notes: Notes, *, to: Permission) -> Parties:
    """The customers of lines. With `create_missing` one that nobody knows is to be added, which is a warning; raises
    Denied for who may not add customers."""
    if not options.create_missing:
        return Parties(reference.resolve(work, lines, notes, to=to))
    if not work.actor.can(Permission.CUSTOMER_WRITE):
        raise Denied("Your role does not permit this.")
    unknown: list[Line] = []
    found = Parties(reference.resolve(work, lines, notes, to=to, unknown=unknown))
    for line in unknown:
        word = _word(line)
        if word not in found.missing:
            notes.warn(line, "customer", MADE, value=word[:60])
        found.missing.setdefault(word, []).append(line.number)
    return found


def owner_of(people: People, line: Line, notes: Notes, customer: Known) -> tuple[bool, int | None]:
    """(taken, user) who is to own a row: the colleague it names, else the customer's owner, else the actor where he
    sells. Not taken means that the failure is in `notes`."""
    name = line.standard.plain.get("owner", "")
    found = people.named(name) if name else []
    if len(found) > 1:
        notes.fail(line, "owner", colleagues.SEVERAL_USERS, name=name[:60])
        return False, None
    if found and not people.work.owns(Permission.SALES_WRITE, found[0].id):
        notes.fail(line, "owner", OUT_OF_REACH, name=name[:60])
        return False, None
    if found:
        return True, found[0].id
    if name:
        notes.warn(line, "owner", NO_COLLEAGUE, name=name[:60])
    return True, customer.owner_id if customer.owner_id is not None else people.own


class Rates:
    """Amounts in the base currency, each rate read once. One that nobody set yet counts as 1, which is a warning: a file
    from a shop abroad comes in as it is, and the rate is put right in the settings."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rates: dict[str, Decimal] = {}
        self.assumed: list[str] = []

    def known(self, line: Line, notes: Notes, code: str) -> bool:
        """Whether this is a currency; else the failure is in `notes`."""
        if code in self._rates:
            return True
        try:
            currency.code("currency", code)
        except Invalid as error:
            notes.fail(line, "currency", error.msgid, **error.params)
            return False
        self._rate(code)
        if code in self.assumed:
            notes.warn(line, "currency", NO_RATE, code=code, base=currency.base())
        return True

    def in_base(self, amount: Decimal, code: str) -> Decimal:
        """An amount in the base currency, to the cent."""
        return (amount * self._rate(code)).quantize(currency.CENT, ROUND_HALF_UP)

    def _rate(self, code: str) -> Decimal:
        if code not in self._rates:
            try:
                self._rates[code] = currency.rate_of(self._work, code)
            except Invalid:
                self._rates[code] = Decimal(1)
                self.assumed.append(code)
        return self._rates[code]

    def create(self) -> None:
        """Put the rates that were assumed where an administrator sees and mends them."""
        for code in self.assumed:
            self._work.add(CurrencyRate(code=code, rate=Decimal(1)))


def put(
    work: Work,
    model: type[Model],
    noun: Noun | None,
    rows: Sequence[dict[str, Any]],
    owners: Sequence[Known],
    own: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Insert rows with their history, and the values of their custom fields."""
    values = list(own) or [{} for _row in rows]
    whole = _defaults(model)
    rows = [whole | row for row in rows]
    work.load_ciphers({owner.uid for owner in owners if owner.uid})
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        clear = [custom_values.named(held) for held in values[part]]
        insert(work, model, rows[part], owners[part], clear=clear)
    if noun is None or not any(values):
        return
    cells = [
        cell
        for row, owner, held in zip(rows, owners, values, strict=True)
        for cell in custom_values.stored(
            work, noun, row["id"], row["uid"], held, work.cipher(owner.uid) if owner.uid else None
        )
    ]
    work.bulk(CustomValue, cells)


def revise(work: Work, held: Any, line: Line, fields: Sequence[str]) -> set[str]:
    """Give a stored record what its line says about these fields, where that differs, and about its custom fields; the
    names of what changed ("custom" for these)."""
    values = {name: line.standard.plain[name] for name in fields if name in line.standard.plain}
    values = {name: value for name, value in values.items() if name not in line.defaulted}
    changed = {name for name, value in values.items() if getattr(held, name) != value}
    for name in changed:
        setattr(held, name, values[name])
    own = [custom_values.write(work, held, key, value) for key, value in line.standard.plain.get("custom", {}).items()]
    if any(own):
        changed.add("custom")
    if changed:
        held.updated_at = work.now
    return changed


def common(work: Work, number: int, batch_id: int) -> dict[str, Any]:
    """The columns that every imported row has."""
    return {
        "id": number,
        "batch_id": batch_id,
        "created_at": work.now,
        "updated_at": work.now,
        "deleted_at": None,
        "version": 1,
    }


@cache
def _defaults(model: type[Model]) -> dict[str, Any]:
    """Every column at its default: the history of a row tells of all of them."""
    fields = model.model_fields
    return {
        column.name: fields[column.name].get_default(call_default_factory=True)
        for column in columns(model).__table__.columns
        if column.name in fields and not column.primary_key and column.name != "uid"
    }


def _word(line: Line) -> str:
    return (line.cells.get("customer") or line.cells.get("customer_name", "")).strip()[:120]
