"""User text inside Markdown: every label, caption, message and metric of Streamlit is Markdown."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=\"'@/])")
_LINES = re.compile(r"[\r\n\u2028\u2029\x0b\x0c]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def safe(text: object) -> str:
    """Text as Markdown that shows exactly this text on one line: no image, colour, formula, icon or HTML comes of it.
    A web address stays one that can be clicked. None gives ""; direction marks and control characters are dropped."""
    if text is None:
        return ""
    line = _CONTROL.sub("", _LINES.sub(" ", str(text)))
    # Streamlit draws its logo for this word even when it is escaped; a word joiner inside it is not seen
    return _PUNCTUATION.sub(r"\\\1", line.replace(":streamlit:", ":\u2060streamlit:"))


def safe_lines(text: object) -> str:
    """As `safe`, keeping the lines apart."""
    return "  \n".join(safe(line) for line in str(text or "").splitlines())
