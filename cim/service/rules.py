"""Rules of fields that an administrator sets without code: what must be filled, and what a value must look like, by kind
of customer and lifecycle stage. How they meet old records: docs/decisions/0013-rules-of-fields.md."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import select

from cim.errors import Conflict, Invalid, NotFound
from cim.models import Contact, Customer, FieldRule
from cim.models.base import columns
from cim.models.contact import ContactDraft
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft, Kind, Lifecycle
from cim.models.rule import FieldRuleDraft, FieldRuleView, RuleCheck
from cim.permissions import Permission
from cim.service import options, patterns, record, regions, rulebook, standards, typed, views
from cim.service.rulebook import Rule, Rulebook
from cim.service.standards import Standard
from cim.work import Work, command, query

RULES = columns(FieldRule)


@query(Permission.SETTINGS_MANAGE)
def everything(work: Work) -> list[FieldRuleView]:
    """Every rule, resting ones too, by kind of record and field."""
    order = (RULES.noun, RULES.field, RULES.id)
    return [
        FieldRuleView(**{name: getattr(row, name) for name in FieldRuleView.model_fields})
        for row in work.session.execute(select(FieldRule).order_by(*order)).scalars()
    ]


@command(Permission.SETTINGS_MANAGE)
def add(work: Work, draft: FieldRuleDraft) -> int:
    """Set a rule and return its id. It holds for what is saved from now on; stored records are not touched.

    Raises Invalid at the field, the check or the parameter."""
    work.serialise("rules")
    row = FieldRule(**_checked(draft))
    _unique(work, row)
    work.session.info.pop("rules", None)
    return work.add(row).id or 0


@command(Permission.SETTINGS_MANAGE)
def change(work: Work, rule_id: int, draft: FieldRuleDraft, *, version: int) -> bool:
    """Change the parts of a rule that the draft sets; False when nothing differs. Raises as `add`, and Conflict."""
    work.serialise("rules")
    row = _row(work, rule_id, version)
    stored = {name: getattr(row, name) for name in FieldRuleDraft.model_fields}
    given = {name: getattr(draft, name) for name in draft.model_fields_set}
    wanted = _checked(FieldRuleDraft.model_validate(stored | given))
    if wanted == stored:
        return False
    for name, value in wanted.items():
        setattr(row, name, value)
    _unique(work, row)
    work.session.info.pop("rules", None)
    return True


@command(Permission.SETTINGS_MANAGE)
def remove(work: Work, rule_id: int, *, version: int) -> None:
    """Let a rule go. Nothing that is stored changes."""
    work.session.delete(_row(work, rule_id, version))
    work.session.info.pop("rules", None)


def book(work: Work, noun: Noun) -> Rulebook:
    """The rules in force for a kind of record: one query in a unit of work, and one more for each option list they name."""
    held: dict[Noun, Rulebook] = work.session.info.setdefault("rules", {})
    if not held:
        found: dict[Noun, list[Rule]] = {each: [] for each in Noun}
        kept = (RULES.noun, RULES.field, RULES.check, RULES.kind, RULES.stage, RULES.parameter, RULES.message)
        for row in work.session.execute(select(*kept).where(RULES.active.is_(True)).order_by(RULES.id)):
            found[row.noun].append(Rule(*row[1:]))
        for each, rules in found.items():
            named = {rule.field for rule in rules if rule.check is RuleCheck.AMONG}
            held[each] = Rulebook(tuple(rules), {name: options.words(work, name) for name in sorted(named)})
    return held[noun]


def check(
    work: Work, noun: Noun, values: Mapping[str, Any], *, kind: str, stage: str, held: Mapping[str, Any] | None = None
) -> None:
    """Refuse a record that breaks a rule: Invalid at the field. `values` go by the names of the draft, canonical and in
    clear; `held` are those stored so far, None for a new record."""
    for broken in book(work, noun).broken(values, kind=kind, stage=stage, held=held):
        raise broken


def check_customer(
    work: Work, standard: Standard, *, row: Customer | None = None, given: set[str] | None = None
) -> None:
    """Refuse a customer draft that breaks a rule. `row` is the customer as stored, `given` what the draft sets. One who
    becomes another kind is judged as a whole."""
    if not book(work, Noun.CUSTOMER):
        return
    values, kind = rulebook.of_customer(standard), str(standard.plain["kind"])
    if row is None:
        return check(work, Noun.CUSTOMER, values, kind=kind, stage=Lifecycle.PROSPECT)
    if "tags" not in (given or set()):
        del values["tags"]
    held = None if row.kind != kind else _stored(work, row)
    return check(work, Noun.CUSTOMER, values, kind=kind, stage=views.lifecycle(row), held=held)


def missing(work: Work, draft: CustomerDraft, *, row: Customer | None = None) -> list[str]:
    """The fields that must be filled and are not yet, for the hints while typing. Of a stored customer (`row`) what it
    lacks counts too, although that does not keep anybody from saving."""
    found = book(work, Noun.CUSTOMER)
    if not any(rule.check is RuleCheck.REQUIRED for rule in found.rules):
        return []
    given, values = draft.model_fields_set, rulebook.of_draft(draft)
    if row is not None:
        values = _stored(work, row) | {name: value for name, value in values.items() if name in given}
    if not values["region"] and draft.address.strip():
        values["region"] = regions.places(work, draft.address).of_address(draft.address)
    if draft.kind is Kind.PERSON:
        values["birthday"] = values["birthday"] or draft.id_number  # the number tells it
    stage = views.lifecycle(row) if row is not None else Lifecycle.PROSPECT
    only = Rulebook(tuple(rule for rule in found.rules if rule.check is RuleCheck.REQUIRED))
    kind = str(draft.kind if "kind" in given or row is None else row.kind)
    return list(dict.fromkeys(broken.field for broken in only.broken(values, kind=kind, stage=stage)))


def check_contact(
    work: Work, customer: Customer, standard: Standard, *, row: Contact | None = None, given: set[str] | None = None
) -> None:
    """Refuse a contact draft that breaks a rule. Kind and stage are those of its customer; `row` and `given` as for a
    customer."""
    if not book(work, Noun.CONTACT):
        return
    values, held = rulebook.of_contact(standard), None
    if row is not None:
        values = {name: value for name, value in values.items() if name in (given or set())}
        clear = views.contact(work, row, owner_id=None, clear=True)
        held = {name: getattr(clear, name) for name in rulebook.FIELDS[Noun.CONTACT]}
        held["phone"] = standards.contact(ContactDraft(name=row.name, phone=held["phone"])).sealed["phone"]
    check(work, Noun.CONTACT, values, kind=customer.kind, stage=views.lifecycle(customer), held=held)


def contacts_of(work: Work, customer_ids: Collection[int]) -> Callable[[int, Standard], Iterable[Invalid]]:
    """Judges new contacts of these customers: what each breaks. For an import, which reads the customers once."""
    found = book(work, Noun.CONTACT)
    standing: dict[int, tuple[str, str]] = {}
    wanted = sorted(customer_ids) if found else []
    for start in range(0, len(wanted), 500):
        part = select(Customer).where(columns(Customer).id.in_(wanted[start : start + 500]))
        standing |= {row.id: (row.kind, views.lifecycle(row)) for row in work.session.execute(part).scalars()}

    def broken(customer_id: int, standard: Standard) -> Iterable[Invalid]:
        if customer_id not in standing:
            return ()
        kind, stage = standing[customer_id]
        return found.broken(rulebook.of_contact(standard), kind=kind, stage=stage)

    return broken


def _stored(work: Work, row: Customer) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in rulebook.FIELDS[Noun.CUSTOMER] if name in Customer.model_fields}
    return plain | views.opened(work, row) | {"region": row.region_code, "tags": record.tags(work, row)}


def _checked(draft: FieldRuleDraft) -> dict[str, Any]:
    """The values of a rule, or Invalid naming what does not go together."""
    if draft.field not in rulebook.FIELDS.get(draft.noun, ()):
        raise Invalid("field", "There is no field {name}.", name=draft.field[:60])
    if draft.field not in rulebook.allowed(draft.noun, draft.check):
        raise Invalid("field", "This check does not go with this field.")
    if draft.kind not in ("", *Kind):
        raise Invalid("kind", "Choose a kind of customer, or any.")
    if draft.stage not in ("", *Lifecycle):
        raise Invalid("stage", "Choose a lifecycle stage, or any.")
    made = {name: getattr(draft, name) for name in FieldRuleDraft.model_fields}
    made["message"] = typed.line("message", draft.message, 200)
    made["parameter"] = ""
    if draft.check is RuleCheck.PATTERN:
        made["parameter"] = patterns.checked(draft.parameter)
    elif draft.check is RuleCheck.LENGTH:
        least, most = rulebook.bounds(draft.parameter)
        made["parameter"] = f"{least}-{most}"
    return made


def _unique(work: Work, row: FieldRule) -> None:
    same = select(RULES.id).where(
        *(getattr(RULES, name) == getattr(row, name) for name in ("noun", "field", "kind", "stage", "check"))
    )
    with work.session.no_autoflush:
        if any(other != row.id for other in work.session.execute(same).scalars()):
            raise Invalid("field", "There is such a rule already: change that one.")


def _row(work: Work, rule_id: int, version: int) -> FieldRule:
    row = work.find(FieldRule, rule_id)
    if row is None:
        raise NotFound("This rule is no longer there.")
    if row.version != version:
        raise Conflict("Somebody changed this rule while you were editing it.")
    return row
