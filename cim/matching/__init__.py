"""Which customers may be one and the same: blocking keys to find candidates, and a score that explains itself."""

from cim.matching.parties import KEY_CAPS, PERSONAL_KEYS, Party, keys, prepare
from cim.matching.scoring import ALMOST_SURE, HIGHEST, REVIEW, Match, Reason, score

__all__ = [
    "ALMOST_SURE",
    "HIGHEST",
    "KEY_CAPS",
    "PERSONAL_KEYS",
    "REVIEW",
    "Match",
    "Party",
    "Reason",
    "keys",
    "prepare",
    "score",
]
