"""How much a decoded text looks like Chinese that a person wrote: tells GB18030 from Big5 and both from rubbish."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

_HANZI = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
# Punctuation, full-width forms and circled figures occur in every reading: they prove nothing.
_NEUTRAL = (
    (0x00A0, 0x00BF),
    (0x2010, 0x203F),
    (0x20A0, 0x20BF),
    (0x2100, 0x214F),
    (0x2460, 0x24FF),
    (0x3000, 0x301F),
    (0xFF00, 0xFFEF),
)


def likelihood(text: str) -> float | None:
    """Mean weight of the characters outside ASCII, 0 to 1; None when there are none that say anything.

    Weights: 1 for the 3,755 characters of GB 2312 level 1, 0.95 for the 5,401 of Big5 level 1, 0.8 for GB 2312 level 2,
    0.5 for emoji, 0.25 for rare Chinese characters, 0.1 for other letters (kana, Greek, accents), 0 for private use.
    """
    total = 0.0
    counted = 0
    for character, times in Counter(text).items():
        weight = _weight(character)
        if weight is not None:
            total += weight * times
            counted += times
    return total / counted if counted else None


@lru_cache(maxsize=30_000)
def _weight(character: str) -> float | None:
    code = ord(character)
    if code < 0x80 or _within(code, _NEUTRAL):
        return None
    known = _common().get(character)
    if known is not None:
        return known
    if _within(code, _HANZI):
        return 0.25
    if code >= 0x1F000:
        return 0.5
    return 0.0 if 0xE000 <= code <= 0xF8FF else 0.1


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


@lru_cache(maxsize=1)
def _common() -> dict[str, float]:
    """Weight of each common character, taken from the order of the two standards themselves."""
    weights = dict.fromkeys(_block("gb2312", 0xD8, 0xF7), 0.8)
    weights.update(dict.fromkeys(_block("big5", 0xA4, 0xC6), 0.95))
    weights.update(dict.fromkeys(_block("gb2312", 0xB0, 0xD7), 1.0))
    return weights


def _block(encoding: str, first: int, last: int) -> str:
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    return "".join(pair.decode(encoding, "ignore") for pair in pairs if pair[1] != 0x7F)
