"""What a value of a custom field is, type by type: as typed, as stored, and as a file writes it. No database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from cim import normalize
from cim.models.custom import CustomFieldView, FieldType

Plain = str | bool | list[str]
"""A value as history and views hold it: numbers and days as text, choices as a list."""

LONGEST = 500
MASK = "••••"
"""What somebody sees of a personal value who may not see it."""
CHOOSING = (FieldType.CHOICE, FieldType.CHOICES)
WRITTEN = {True: "是", False: "否"}
_YES = {"是", "有", "对", "yes", "y", "true", "1", "√", "✓", "✔"}
_NO = {"否", "无", "没有", "错", "不", "no", "n", "false", "0", "×", "✗", "✘"}
_PARTS = re.compile(r"[;；|｜\n]")
_COMMAS = re.compile(r"[,，、]")
_DECIMALS = {FieldType.NUMBER: 4, FieldType.MONEY: 2}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


def canonical(field: CustomFieldView, raw: Any) -> Plain | None:
    """The value as it is kept, from text of a form or a cell or from a typed value; None when it is empty.
    Raises normalize.Bad saying what to write instead."""
    if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
        return None
    if field.personal and isinstance(raw, str) and MASK in raw:
        raise normalize.Bad("This value is masked: type the whole value, or leave it as it is.")
    return _READERS[field.type](field, raw)


def cells(field: CustomFieldView, value: Plain) -> list[dict[str, Any]]:
    """The column values of each row that keeps a value: `text` holds all of it, the others are for comparing."""
    blank: dict[str, Any] = {"text": None, "number": None, "day": None, "sealed": None}
    if isinstance(value, list):
        return [blank | {"text": word} for word in value]
    match field.type:
        case FieldType.NUMBER | FieldType.MONEY:
            return [blank | {"text": value, "number": Decimal(str(value))}]
        case FieldType.DATE:
            return [blank | {"text": value, "day": date.fromisoformat(str(value))}]
        case FieldType.YESNO:
            return [blank | {"text": "yes" if value else "no"}]
    return [blank | {"text": value}]


def plain(kind: FieldType, texts: list[str]) -> Plain:
    """The value from the texts of its rows, in the order of their slots."""
    if kind is FieldType.CHOICES:
        return texts
    return texts[0] == "yes" if kind is FieldType.YESNO else texts[0]


def written(value: Any) -> str:
    """A value as an export writes it, and an import reads it back."""
    if isinstance(value, bool):
        return WRITTEN[value]
    return ";".join(value) if isinstance(value, list) else str(value or "")


def offered(field: CustomFieldView, *, held: Iterable[str] = ()) -> list[str]:
    """The words that may be chosen: those in use, and of the retired ones those that the record holds."""
    return [*field.options, *(word for word in field.retired_options if word in held)]


def words_of(value: Any) -> list[str]:
    """The words of a choice, however many it takes."""
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _text(_field: CustomFieldView, raw: Any) -> str:
    return normalize.text(str(raw), limit=LONGEST)


def _number(field: CustomFieldView, raw: Any) -> str:
    if isinstance(raw, bool):
        raise normalize.Bad("{value} is not a number: write it like 1234.50", value=str(raw))
    value = normalize.decimal(f"{raw:f}" if isinstance(raw, Decimal) else str(raw))
    most = _DECIMALS[field.type]
    if value != round(value, most):
        raise normalize.Bad("At most {most} digits may stand behind the point", most=most)
    if field.type is FieldType.MONEY:
        return f"{value:.2f}"
    digits = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def _day(_field: CustomFieldView, raw: Any) -> str:
    return raw.isoformat()[:10] if isinstance(raw, date) else normalize.day(str(raw)).isoformat()


def _yes_or_no(_field: CustomFieldView, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = normalize.squeeze(str(raw))
    if word not in _YES | _NO:
        raise normalize.Bad("{value} is neither yes nor no: write 是 or 否", value=str(raw).strip()[:40])
    return word in _YES


def _choice(field: CustomFieldView, raw: Any) -> str:
    return _word(field, str(raw))


def _choices(field: CustomFieldView, raw: Any) -> list[str]:
    known = [*field.options, *field.retired_options]
    parts = list(raw) if isinstance(raw, list | tuple | set) else _split(str(raw), {_same(word) for word in known})
    chosen = {_word(field, str(part)) for part in parts if str(part).strip()}
    return [word for word in known if word in chosen]


def _split(raw: str, known: set[str]) -> list[str]:
    """A comma parts the words only where what stands around it is no word itself."""
    parts = [part for part in _PARTS.split(raw) if part.strip()]
    return [each for part in parts for each in ([part] if _same(part) in known else _COMMAS.split(part))]


def _word(field: CustomFieldView, raw: str) -> str:
    same = {_same(word): word for word in (*field.retired_options, *field.options)}
    if _same(raw) not in same:
        known = "、".join(field.options[:8]) + ("…" if len(field.options) > 8 else "")
        raise normalize.Bad("{value} is not among the choices: {known}", value=raw.strip()[:40], known=known)
    return same[_same(raw)]


def _same(word: str) -> str:
    return normalize.squeeze(word)


def _link(_field: CustomFieldView, raw: Any) -> str:
    text = normalize.text(str(raw), limit=LONGEST)
    address = text if _SCHEME.match(text) and "://" in text else f"https://{text}"
    refusal = normalize.Bad("{value} is no web address: write it like https://example.com", value=text[:40])
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise refusal from None
    good = parts.scheme.lower() in ("http", "https") and "." in (parts.hostname or "") and port != 0
    if not good or parts.username or parts.password or " " in parts.netloc:
        raise refusal
    # pointed brackets and blanks would end the link early where it is shown as Markdown
    address = quote(address, safe="%/:?#@!$&'()*+,;=~-._")
    if len(address) > LONGEST:
        raise refusal
    return address


_READERS: dict[FieldType, Callable[[CustomFieldView, Any], Plain]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _number,
    FieldType.DATE: _day,
    FieldType.CHOICE: _choice,
    FieldType.CHOICES: _choices,
    FieldType.YESNO: _yes_or_no,
    FieldType.LINK: _link,
}
