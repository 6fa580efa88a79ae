"""The rules of one kind of record as plain data, and what a record breaks. No database: an import judges every row by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cim import normalize, words
from cim.errors import Invalid
from cim.i18n import N_
from cim.models.contact import ContactDraft
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft
from cim.models.rule import RuleCheck
from cim.service import patterns
from cim.service.options import LISTS
from cim.service.standards import Standard

FIELDS: dict[Noun, tuple[str, ...]] = {
    Noun.CUSTOMER: (
        *("name", "contact", "phone", "phone2", "email", "wechat", "gender", "birthday", "id_number", "uscc"),
        *("industry", "region", "address", "source", "grade", "tags", "preference", "notes"),
    ),
    Noun.CONTACT: ("name", "title", "role", "phone", "email", "birthday"),
}
"""What can be ruled, in the order of the form."""
_NO_TEXT = {"gender", "birthday", "region", "grade", "tags"}
_LONG = {"preference", "notes"}


@dataclass(frozen=True)
class Rule:
    """One rule in force. `kind` and `stage` "" are any; `message` goes before our own sentence."""

    field: str
    check: RuleCheck
    kind: str = ""
    stage: str = ""
    parameter: str = ""
    message: str = ""


@dataclass(frozen=True)
class Rulebook:
    """All rules of a kind of record, and the option lists that they name. Empty is false."""

    rules: tuple[Rule, ...] = ()
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def broken(
        self, values: Mapping[str, Any], *, kind: str, stage: str, held: Mapping[str, Any] | None = None
    ) -> Iterator[Invalid]:
        """What a record with these values breaks, by field. `held` are the values it had: what stays as it was is not
        judged again, and what was empty may stay so (docs/decisions/0013-rules-of-fields.md)."""
        for rule in self.rules:
            if rule.kind not in ("", kind) or rule.stage not in ("", stage):
                continue
            value = values.get(rule.field)
            if rule.field not in values or (held is not None and _plain(held.get(rule.field)) == _plain(value)):
                continue
            if (complaint := self._complaint(rule, value)) is not None:
                yield complaint

    def _complaint(self, rule: Rule, value: Any) -> Invalid | None:
        label = words.field(rule.field)
        if rule.check is RuleCheck.REQUIRED:
            return None if _plain(value) else _refused(rule, N_("{label} is required: fill it in."), label=label)
        if not _plain(value):
            return None
        text = _shown(rule.field, value)
        if rule.check is RuleCheck.LENGTH:
            least, most = bounds(rule.parameter)
            if least <= len(text) <= most:
                return None
            return _refused(
                rule, N_("{label} needs {least} to {most} characters."), label=label, least=least, most=most
            )
        if rule.check is RuleCheck.PATTERN:
            if patterns.fits(rule.parameter, text):
                return None
            return _refused(rule, N_("{label} has not the required form {form}."), label=label, form=rule.parameter)
        allowed = self.words.get(rule.field, frozenset())
        wrong = [word for word in (value if isinstance(value, list) else [text]) if word not in allowed]
        if not wrong:
            return None
        return _refused(rule, N_("{label}: {value} is not in the list of options."), label=label, value=wrong[0])


def of_customer(standard: Standard) -> dict[str, Any]:
    """The values of a customer by the names that rules use."""
    return standard.plain | standard.sealed | {"region": standard.plain["region_code"], "tags": standard.tags}


def of_contact(standard: Standard) -> dict[str, Any]:
    """The values of a contact by the names that rules use."""
    return standard.plain | standard.sealed


def of_draft(draft: CustomerDraft | ContactDraft) -> dict[str, Any]:
    """The values of a draft as typed, for hints before it is saved."""
    return {name: getattr(draft, name) for name in type(draft).model_fields}


def bounds(parameter: str) -> tuple[int, int]:
    """The bounds of a rule on length, from "6-20", "6-" or "-20". Raises Invalid when it says none."""
    least, dash, most = parameter.replace(" ", "").partition("-")
    if not dash or not (least or most) or not all(part == "" or part.isdecimal() for part in (least, most)):
        raise Invalid("parameter", "Give the length as least-most, such as 6-20.")
    low, high = int(least or 0), int(most or 5000)
    if not low <= high <= 5000:
        raise Invalid("parameter", "Give the length as least-most, such as 6-20.")
    return low, high


def allowed(noun: Noun, check: RuleCheck) -> tuple[str, ...]:
    """The fields that a check can be put on."""
    fields = FIELDS[noun]
    if check is RuleCheck.REQUIRED:
        return tuple(name for name in fields if name != "name")  # a name is always required
    if check is RuleCheck.AMONG:
        return tuple(name for name in fields if name in LISTS)
    unfit = _NO_TEXT | (_LONG if check is RuleCheck.PATTERN else set())
    return tuple(name for name in fields if name not in unfit)


def _refused(rule: Rule, msgid: str, **params: Any) -> Invalid:
    if rule.message:
        return Invalid(rule.field, "{label}: {message}", label=params["label"], message=rule.message)
    return Invalid(rule.field, msgid, **params)


def _shown(name: str, value: Any) -> str:
    return normalize.phone_display(value) if name in ("phone", "phone2") else str(value)


def _plain(value: Any) -> Any:
    """A value for comparing: nothing and empty are the same, and so are spaces."""
    if isinstance(value, str):
        return value.strip()
    return value or ""
