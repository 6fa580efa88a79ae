"""User text inside Markdown: every label, caption, message and metric of Streamlit is Markdown."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=\"'@/])")
_LINES = re.compile(r"[\r\n\u2028\u2029\x0b\x0c]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def safe(text: object) -> str:
    """Text as Markdown that shows exactly this text on one line: no image, link, colour, formula, icon or HTML.
    None gives "". Invisible direction marks and control characters are dropped."""
    if text is None:
        return ""
    return _PUNCTUATION.sub(r"\\\1", _CONTROL.sub("", _LINES.sub(" ", str(text))))


def safe_lines(text: object) -> str:
    """As `safe`, keeping the lines apart."""
    return "  \n".join(safe(line) for line in str(text or "").splitlines())
