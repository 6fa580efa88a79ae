"""Canonical forms of what people type: every function takes raw text and returns one value or raises Bad."""

from cim.normalize.bad import Bad
from cim.normalize.choices import Gender, Kind, gender, grade, kind, kind_guess, tags
from cim.normalize.dates import birthday, day, moment
from cim.normalize.identity import email, id_birthday, id_number, uscc, wechat
from cim.normalize.masks import (
    address_masked,
    birthday_masked,
    email_masked,
    id_number_masked,
    name_masked,
    text_masked,
    wechat_masked,
)
from cim.normalize.names import CompanyName, address_key, company, person
from cim.normalize.numbers import decimal
from cim.normalize.reading import initials, pinyin, pinyin_readings
from cim.normalize.telephone import phone, phone_display, phone_masked, phones
from cim.normalize.texts import fold, multiline, squeeze, text

__all__ = [
    "Bad",
    "CompanyName",
    "Gender",
    "Kind",
    "address_key",
    "address_masked",
    "birthday",
    "birthday_masked",
    "company",
    "day",
    "decimal",
    "email",
    "email_masked",
    "fold",
    "gender",
    "grade",
    "id_birthday",
    "id_number",
    "id_number_masked",
    "initials",
    "kind",
    "kind_guess",
    "moment",
    "multiline",
    "name_masked",
    "person",
    "phone",
    "phone_display",
    "phone_masked",
    "phones",
    "pinyin",
    "pinyin_readings",
    "squeeze",
    "tags",
    "text",
    "text_masked",
    "uscc",
    "wechat",
    "wechat_masked",
]
