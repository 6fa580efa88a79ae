"""What every kind of import shares while it runs: the order, the plan, and the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cim.models.imports import ImportMode, OnDuplicate
from cim.service.importing.lines import Line, Notes

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How a file is to be taken."""

    mode: ImportMode = ImportMode.ADD
    on_duplicate: OnDuplicate = OnDuplicate.REVIEW
    create_missing: bool = False
    dry_run: bool = False


@dataclass
class Plan:
    """What will be done with the lines: `new` and `changed` are carried out, `skipped` rows are left out without fault.
    `doubles` counts the pairs (or rows) that are possible duplicates. The rest belongs to the kind."""

    notes: Notes
    new: list[Any] = field(default_factory=list)
    changed: list[tuple[Line, Any]] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)
    doubles: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    def skip(self, line: Line, column: str, msgid: str, **params: Any) -> None:
        """Leave a row out and list it with the reason."""
        self.skipped.add(line.number)
        self.notes.warn(line, column, msgid, **params)
