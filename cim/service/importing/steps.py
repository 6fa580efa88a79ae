"""What every kind of import shares while it runs: the order, the plan, and the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cim.models.imports import ImportMode, OnDuplicate, RowDouble
from cim.service.importing.lines import Line, Notes
from cim.tabular.table import shown

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How a file is to be taken."""

    mode: ImportMode = ImportMode.ADD
    on_duplicate: OnDuplicate = OnDuplicate.REVIEW
    create_missing: bool = False
    dry_run: bool = False
    choices: Mapping[int, str] = field(default_factory=dict)
    """What was decided about single rows: "add", "skip", "update", "row:N", or the code of the customer to update."""
    repeats_are_contacts: bool = False
    """Whether a row that repeats a company with another contact person is a contact of it."""
    progress: Progress | None = None

    def decided(self, number: int) -> OnDuplicate:
        """What becomes of this row when it is a possible duplicate."""
        choice = self.choices.get(number)
        if not choice:
            return self.on_duplicate
        return {"add": OnDuplicate.REVIEW, "skip": OnDuplicate.SKIP}.get(choice, OnDuplicate.UPDATE)


@dataclass
class Plan:
    """What will be done with the lines: `new` and `changed` are carried out, `skipped` rows are left out without fault.
    `doubles` counts the pairs (or rows) that are possible duplicates. The rest belongs to the kind."""

    notes: Notes
    new: list[Any] = field(default_factory=list)
    changed: list[tuple[Line, Any]] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)
    doubles: int = 0
    asked: list[RowDouble] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def skip(self, line: Line, column: str, msgid: str, **params: Any) -> None:
        """Leave a row out and list it with the reason."""
        self.skipped.add(line.number)
        self.notes.warn(line, column, msgid, **params)

    def ask(self, line: Line, options: Options, *, update: str = "", other: str = "", score: int = 100) -> None:
        """Note a row that a person may decide about; `update` is the choice that changes what is there already."""
        policy = options.decided(line.number)
        choice = {OnDuplicate.REVIEW: "add", OnDuplicate.SKIP: "skip"}.get(policy, update or "add")
        name = line.cells.get("name") or line.cells.get("content") or line.cells.get("customer", "")
        given = ["add", "skip", *([update] if update else [])]
        self.asked.append(
            RowDouble(
                row=line.number, name=shown(name), other=other or shown(name), score=score, options=given, choice=choice
            )
        )
