"""What an import carries from step to step: a judged line, and what there is to say about lines that are not taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cim import matching
from cim.errors import Invalid
from cim.i18n import _
from cim.models.contact import ContactDraft
from cim.models.imports import Failure
from cim.service import index
from cim.service.standards import Standard
from cim.tabular.table import shown


@dataclass
class Line:
    """One row of the file that can stand by itself: cells by canonical column, and what they became."""

    number: int
    cells: dict[str, str]
    draft: Any
    standard: Standard = field(default_factory=Standard)
    party: matching.Party | None = None
    keys: list[tuple[str, str]] = field(default_factory=list)
    facts: index.Facts | None = None
    nameless: bool = False
    contacts: list[tuple[ContactDraft, Standard]] = field(default_factory=list)
    """People at the customer of this line that become contacts of their own."""
    defaulted: frozenset[str] = frozenset()
    """Columns that the file does not have: their values are for new records only."""

    def people(self) -> list[index.Person]:
        """Its contacts as search needs them."""
        found = [standard for _draft, standard in self.contacts]
        return [index.Person(one.plain["name"], one.sealed["phone"], one.sealed["email"]) for one in found]


@dataclass(frozen=True)
class Extras:
    """What is added to the cells of a file: corrections by row and column, values for columns it does not have."""

    edits: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)

    def line(self, number: int, cells: dict[str, str]) -> Line:
        """The line of these cells. An empty correction empties its cell."""
        if number in self.edits:
            cells = {column: cell for column, cell in {**cells, **self.edits[number]}.items() if cell.strip()}
        lacking = {column: value for column, value in self.defaults.items() if column not in cells}
        return Line(number, cells | lacking, None, defaulted=frozenset(lacking))


@dataclass
class Notes:
    """Failures and warnings so far, in the language of the actor. `names` gives the file's header of a column."""

    names: Mapping[str, str]
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)

    def fail(self, line: Line, column: str, msgid: str, **params: Any) -> None:
        """This row is left out, because of this column."""
        self.failed.add(line.number)
        self.failures.append(self._made(line.number, line.cells, column, msgid, params))

    def refuse(self, line: Line, refusals: Iterable[Invalid]) -> bool:
        """This row is left out for each of these reasons; whether there were any."""
        found = list(refusals)
        for refusal in found:
            self.fail(line, refusal.field, refusal.msgid, **refusal.params)
        return bool(found)

    def warn(self, line: Line, column: str, msgid: str, **params: Any) -> None:
        """Something about this row that its owner should know."""
        self.warnings.append(self._made(line.number, line.cells, column, msgid, params))

    def copy(self) -> Notes:
        """Notes to go on from, so that one preparation serves a check and then a run."""
        return Notes(self.names, list(self.failures), list(self.warnings), set(self.failed))

    def _made(
        self, number: int, cells: Mapping[str, str], column: str, msgid: str, params: Mapping[str, Any]
    ) -> Failure:
        return Failure(
            row=number,
            column=self.names.get(column, column),
            value=shown(cells.get(column, "")),
            reason=_(msgid, **params),
        )
