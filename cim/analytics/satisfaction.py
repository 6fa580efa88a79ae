"""Satisfaction figures from scores (DATA.md section 5): CSAT, NPS with its interval, CES. Pure; undefined is None, never 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.96
"""The 95 % quantile of the normal distribution, two-sided."""


@dataclass(frozen=True)
class Figure:
    """A figure with the number of answers behind it, and its 95 % interval where it has one."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


def csat(scores: Sequence[int]) -> Figure:
    """The share of 4 and 5 among scores from 1 to 5, as a fraction."""
    if not scores:
        return Figure(None, 0)
    return Figure(sum(score >= 4 for score in scores) / len(scores), len(scores))


def nps(scores: Sequence[int]) -> Figure:
    """Net promoter score (Reichheld 2003) of whole answers from 0 to 10: per cent of 9-10 less per cent of 0-6, with the
    interval ± 1.96 sqrt((p + d - (p - d)^2) / n) of the difference of two shares of one sample, within -100 and 100."""
    n = len(scores)
    if not n:
        return Figure(None, 0)
    promoters = sum(score >= 9 for score in scores) / n
    detractors = sum(score <= 6 for score in scores) / n
    value = promoters - detractors
    half = Z * math.sqrt(max(0.0, promoters + detractors - value**2) / n)
    return Figure(100 * value, n, max(-100.0, 100 * (value - half)), min(100.0, 100 * (value + half)))


def ces(scores: Sequence[int]) -> Figure:
    """Customer effort score: the mean of scores from 1 to 7."""
    return Figure(sum(scores) / len(scores), len(scores)) if scores else Figure(None, 0)
