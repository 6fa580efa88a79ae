"""Imports: what came in with which file."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field

from cim.models.base import Model, View, text_enum


class ImportKind(StrEnum):
    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    ACTIVITIES = "activities"
    PRODUCTS = "products"
    ORDERS = "orders"
    OPPORTUNITIES = "opportunities"
    TICKETS = "tickets"


class ImportMode(StrEnum):
    ADD = "add"
    UPSERT = "upsert"
    UPDATE = "update"


class OnDuplicate(StrEnum):
    REVIEW = "review"
    SKIP = "skip"
    UPDATE = "update"


class ImportBatch(Model, table=True):
    """One committed import. The rows it brought carry its id."""

    __tablename__ = "import_batch"
    id: int | None = Field(default=None, primary_key=True)
    kind: ImportKind = text_enum(ImportKind.CUSTOMERS)
    mode: ImportMode = text_enum(ImportMode.ADD)
    filename: str = Field(default="", max_length=200)
    actor_id: int | None = Field(default=None, foreign_key="app_user.id")
    at: datetime
    rows: int = 0
    added: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    duplicates: int = 0


class Failure(View):
    """A cell that could not be taken: 1-based row of the file, the file's column name, the value, and what to do."""

    row: int
    column: str
    value: str
    reason: str


class RowDouble(View):
    """A row that may double a record the actor can see, or an earlier row. `options` are the choices there are for it,
    `choice` the one in force."""

    row: int
    name: str
    other: str
    score: int
    options: list[str]
    choice: str


class ImportReport(View):
    """Counts read back from the database. Nothing is written when `dry_run`, and `batch` is None."""

    batch: int | None
    rows: int
    added: int
    updated: int
    skipped: int
    failed: int
    duplicates: int
    failures: list[Failure]
    warnings: list[Failure]
    mapping: dict[str, str]
    unknown_columns: list[str]
    dry_run: bool = False
    contacts: int = 0
    """Contacts that rows of customers brought along."""
    doubles: list[RowDouble] = []


class ImportPreview(View):
    """What a file looks like before anything is taken from it."""

    headers: list[str]
    sample: list[list[str]]
    rows: int
    mapping: dict[str, str]
    unknown_columns: list[str]
    encoding: str
    delimiter: str
    sheet: str
    other_sheets: list[str]
    details: dict[str, Any] = {}


class ImportChoices(View):
    """What a person decided in the wizard: `defaults` are values by column that the file does not have."""

    mode: ImportMode = ImportMode.ADD
    on_duplicate: OnDuplicate = OnDuplicate.REVIEW
    create_missing: bool = False
    repeats_are_contacts: bool = False
    defaults: dict[str, str] = {}


class GridRow(View):
    """A row of the file that cannot be taken as it is: its cells by column, and those of them that are wrong."""

    row: int
    dropped: bool
    wrong: list[str]
    reasons: str
    cells: dict[str, str]


class DeskView(View):
    """An import on its way: `checking` and `running` are numbers of jobs, `report` what the last check found. `token`
    names the state that a press of the button imports."""

    kind: ImportKind
    filename: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    mapping: dict[str, str] | None
    choices: ImportChoices
    checking: int | None
    running: int | None
    report: ImportReport | None
    edited: int
    dropped: int
    token: str
