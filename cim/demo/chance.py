"""Drawing by weighted lot."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def by_lot(chance: random.Random, weights: Mapping[T, int]) -> T:
    """One of the keys, each as likely as its weight says."""
    return chance.choices(list(weights), list(weights.values()))[0]
