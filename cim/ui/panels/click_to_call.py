"""Click to call: a number as a link that the telephone opens. The button beside it is in quick_log.py."""

from __future__ import annotations

import re

from cim.ui.text import safe

_DIALLED = re.compile(r"\+?[0-9]{5,20}")
_BETWEEN = re.compile(r"[\s().\-–/]+")


def link(phone: str) -> str:
    """A number as Markdown: a `tel:` link where it can be dialled. A masked one stays text."""
    dialled = _BETWEEN.sub("", phone)
    return f"[{safe(phone)}](tel:{dialled})" if _DIALLED.fullmatch(dialled) else safe(phone)


def can_be_called(phone: str) -> bool:
    """Whether a number can be dialled: it is one, and not masked."""
    return bool(_DIALLED.fullmatch(_BETWEEN.sub("", phone)))
