"""What leaves the house: a message, and how a way of sending says that it did not arrive."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cim import normalize
from cim.i18n import _

_ADDRESS = re.compile(r"\S+@\S+")
_PERSONAL = re.compile(
    r"(?<![\w.-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
    r"|(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[ -]?\d){8}(?!\d)"  # mobile
    r"|(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"  # landline
    r"|(?<!\d)\d{17}[\dXx](?!\d)"  # identity card
)
_MOST = 300


@dataclass(frozen=True)
class Letter:
    """One message: a line, the text, and a name that stays the same when it is tried again."""

    subject: str
    text: str
    name: str


class NotSent(Exception):
    """It certainly did not arrive. `problem` is a message id, `detail` what the other side said; `for_good` when trying
    again would change nothing."""

    def __init__(self, problem: str, detail: str = "", *, for_good: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail
        self.for_good = for_good


class Unsure(Exception):
    """The way broke off after everything was handed over and before it was acknowledged: it may have arrived."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail


def discreet(text: str) -> str:
    """Text that may leave the house: numbers and addresses of people, which somebody wrote into a title, are hidden.
    Numbers of orders and tickets stay."""
    return _PERSONAL.sub(lambda found: normalize.text_masked(found[0]), text)


def stored(problem: str, detail: str = "") -> str:
    """A problem as the table keeps it: without addresses, which other servers like to repeat."""
    said = _ADDRESS.sub("…", " ".join(detail.split()))
    return f"{problem}\n{said}"[:_MOST] if said else problem


def told(problem: str) -> str:
    """A stored problem in the reader's language."""
    sentence, _line, detail = problem.partition("\n")
    return f"{_(sentence)} {detail}".strip() if sentence else ""
