"""How a number changed, with the right answer where one side is zero."""

from __future__ import annotations


def change(value: float, previous: float | None) -> float | None:
    """The change from `previous` to `value` as a fraction of `previous`: 50 -> 0 is -1.0, 4 -> 6 is 0.5.

    None where no fraction exists: from zero (0 -> 5 is five more, not some percentage) and without an earlier number.
    Formula: (value - previous) / |previous|.
    """
    return None if not previous else (value - previous) / abs(previous)
