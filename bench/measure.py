"""Watches, quantiles, and the line that one work prints."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Direction = Literal["at most", "at least"]


@dataclass
class Samples:
    """Repeated measures of one thing, in milliseconds: wall clock and processor time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float) -> None:
        """Take one more measure."""
        self.wall.append(wall)
        self.cpu.append(cpu)

    @property
    def p50(self) -> float:
        return median(self.wall)

    @property
    def p95(self) -> float:
        return quantile(self.wall, 0.95)

    @property
    def cpu_p50(self) -> float:
        return median(self.cpu)

    @property
    def cpu_p95(self) -> float:
        return quantile(self.cpu, 0.95)


@dataclass(frozen=True)
class Line:
    """One work: its value, the baseline of the same run, and what was promised about one of the two or their ratio.

    `goal` is compared with `judged`, which is the ratio to the baseline, or the value where the promise is absolute.
    """

    name: str
    value: float
    unit: str
    baseline: float | None
    against: str
    goal: float
    judged: float
    direction: Direction = "at most"
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.judged <= self.goal if self.direction == "at most" else self.judged >= self.goal

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self) | {"ratio": self.ratio, "ok": self.ok}


def compared(
    name: str,
    value: float,
    baseline: float,
    goal: float,
    *,
    against: str,
    unit: str = "ms",
    facts: dict[str, Any] | None = None,
) -> Line:
    """A line whose ratio to the baseline must be at most `goal`."""
    return Line(name, value, unit, baseline, against, goal, value / baseline, facts=facts or {})


def bounded(
    name: str,
    value: float,
    goal: float,
    *,
    unit: str = "ms",
    direction: Direction = "at most",
    facts: dict[str, Any] | None = None,
) -> Line:
    """A line whose value itself is bounded."""
    return Line(name, value, unit, None, "", goal, value, direction, facts or {})


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed, interpolated."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and processor milliseconds of this process for one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def repeat(work: Callable[[], Any], times: int = 7, *, warm: int = 1) -> Samples:
    """Measure a call `times` times after `warm` calls that do not count; the collector waits meanwhile."""
    return each([work] * times, warm=warm)


def each(works: Sequence[Callable[[], Any]], *, warm: int = 1) -> Samples:
    """Measure every call once, after the first `warm` of them were made once more beforehand."""
    for work in works[:warm]:
        work()
    found = Samples()
    gc.collect()
    gc.disable()
    try:
        for work in works:
            found.add(*timed(work))
    finally:
        gc.enable()
    return found


def pairwise(ours: Sequence[Callable[[], Any]], theirs: Sequence[Callable[[], Any]]) -> tuple[Samples, Samples]:
    """Measure two series in turns, so that a busy moment of the machine meets both."""
    ours[0](), theirs[0]()
    mine, other = Samples(), Samples()
    gc.collect()
    gc.disable()
    try:
        for here, there in zip(ours, theirs, strict=True):
            mine.add(*timed(here))
            other.add(*timed(there))
    finally:
        gc.enable()
    return mine, other


def table(lines: Iterable[Line]) -> list[str]:
    """The lines as text, in columns: name, value, baseline, ratio, goal, ok or MISSED."""
    shown = [("work", "value", "baseline", "ratio", "goal", "", "")]
    for line in lines:
        baseline = f"{number(line.baseline)} {line.unit}" if line.baseline is not None else "-"
        ratio = f"{line.ratio:.2f}x" if line.ratio is not None else "-"
        sign = "<=" if line.direction == "at most" else ">="
        by_ratio = line.ratio is not None and line.judged == line.ratio
        goal = f"{sign} {number(line.goal)}{'x' if by_ratio else ' ' + line.unit}"
        facts = ", ".join(f"{k.replace('_', ' ')} {_fact(v)}" for k, v in line.facts.items())
        against = f"against {line.against}" if line.against else ""
        verdict = "ok" if line.ok else "MISSED"
        said = "; ".join(part for part in (against, facts) if part)
        shown.append((line.name, f"{number(line.value)} {line.unit}", baseline, ratio, goal, verdict, said))
    widths = [max(len(row[place]) for row in shown) for place in range(6)]
    return ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[6]]).rstrip() for row in shown]


def number(value: float) -> str:
    """Three digits that say something, and thousands as such."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _fact(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)
