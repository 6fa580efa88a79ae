"""Rules about fields that an administrator sets without code: what must be filled, and what a value must look like."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, Versioned, View, text_enum
from cim.models.custom import Noun


class RuleCheck(StrEnum):
    """REQUIRED: not empty. LENGTH: `parameter` is "min-max" characters. PATTERN: `parameter` is a regular expression that
    the whole value matches. AMONG: only words of the option list of the field."""

    REQUIRED = "required"
    LENGTH = "length"
    PATTERN = "pattern"
    AMONG = "among"


class FieldRuleFields(SQLModel):
    """`kind` (company, person) and `stage` (a lifecycle stage) narrow the rule; "" is any. `field` is a field of the noun,
    or "custom.KEY". `message` replaces the standard sentence."""

    noun: Noun = text_enum(Noun.CUSTOMER)
    field: str = Field(max_length=60)
    kind: str = Field(default="", max_length=20)
    stage: str = Field(default="", max_length=20)
    check: RuleCheck = text_enum(RuleCheck.REQUIRED)
    parameter: str = Field(default="", max_length=200)
    message: str = Field(default="", max_length=200)
    active: bool = True


class FieldRuleDraft(FieldRuleFields, Draft):
    field: str
    parameter: str = ""
    message: str = ""


class FieldRule(FieldRuleFields, Versioned, Model, table=True):
    __tablename__ = "field_rule"
    id: int | None = Field(default=None, primary_key=True)


class FieldRuleView(View):
    id: int
    noun: Noun
    field: str
    kind: str
    stage: str
    check: RuleCheck
    parameter: str
    message: str
    active: bool
    version: int
