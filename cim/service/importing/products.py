"""Products of a file: known by their code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from cim import search_text
from cim.errors import Denied
from cim.i18n import N_
from cim.models import Product
from cim.models.base import columns, new_uid
from cim.models.custom import Noun
from cim.models.imports import ImportMode
from cim.permissions import Permission
from cim.service import currency, custom_values
from cim.service.importing import sales
from cim.service.importing.lines import Line, Notes
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

PRODUCTS = columns(Product)
TAKEN = N_("Product code {code} is taken already: choose “add or update”, or another code.")
TWICE = N_("Product code {code} stands in row {row} already.")
NOT_KNOWN = N_("No product has this code: nothing to update.")
UNCHANGED = N_("Nothing differs from the stored product.")
NOBODY = Known(0, "", "", None)
FIELDS = ("name", "category", "unit", "price", "currency", "margin", "description")


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line. Raises Denied for who may not keep products."""
    if not work.actor.can(Permission.PRODUCT_MANAGE):
        raise Denied("Your role does not permit this.")
    made = Plan(notes)
    stored = by_code(work, {line.standard.plain.get("code", "") for line in lines})
    own = custom_values.live(work, Noun.PRODUCT)
    first: dict[str, int] = {}
    for line in lines:
        code = line.standard.plain.get("code", "")
        if code and code in first:
            notes.fail(line, "code", TWICE, code=code, row=first[code])
            continue
        first.setdefault(code, line.number)
        there = stored.get(code) if code else None
        if notes.refuse(line, custom_values.unfit(own, line.standard.plain.get("custom", {}))):
            continue
        if there is not None and options.mode is not ImportMode.ADD:
            made.changed.append((line, there))
        elif there is not None:
            notes.fail(line, "code", TAKEN, code=code)
        elif options.mode is ImportMode.UPDATE:
            made.skip(line, "code", NOT_KNOWN)
        else:
            made.new.append((line, NOBODY))
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out and return how many rows updated a product."""
    ids = list(work.next_ids(Product, len(made.new)))
    given = [line.standard.plain.get("code", "") for line, _nobody in made.new]
    numbers = free_codes(work, ids, given)
    rows = [
        row(work, number, code, line.standard.plain, batch_id)
        for number, code, (line, _nobody) in zip(ids, numbers, made.new, strict=True)
    ]
    own = [line.standard.plain.get("custom", {}) for line, _nobody in made.new]
    sales.put(work, Product, Noun.PRODUCT, rows, [NOBODY] * len(rows), own)
    return sum(_update(work, made, line, product_id) for line, product_id in made.changed)


def by_code(work: Work, codes: set[str]) -> dict[str, int]:
    """Ids of the standing products with these codes."""
    found: dict[str, int] = {}
    wanted = sorted(codes - {""})
    for start in range(0, len(wanted), 500):
        here = select(PRODUCTS.code, PRODUCTS.id).where(
            PRODUCTS.code.in_(wanted[start : start + 500]), PRODUCTS.deleted_at.is_(None)
        )
        found |= {code: number for code, number in work.session.execute(here)}
    return found


def free_codes(work: Work, ids: Sequence[int], given: Sequence[str]) -> list[str]:
    """The code of each new product: as given, else P and its number, passing over those in use."""
    wanted = [code or f"P{number:05d}" for code, number in zip(given, ids, strict=True)]
    used = set(by_code(work, set(wanted))) | {code for code in given if code}
    following = max(ids, default=0)
    made = []
    for code, asked in zip(wanted, given, strict=True):
        while not asked and code in used:
            following += 1
            code = f"P{following:05d}"
        used.add(code)
        made.append(code)
    return made


def row(work: Work, number: int, code: str, values: Mapping[str, Any], batch_id: int) -> dict[str, Any]:
    """A product as it is stored."""
    return {
        **sales.common(work, number, batch_id),
        "uid": new_uid(),
        "code": code,
        "name": values["name"],
        "category": values.get("category", ""),
        "unit": values.get("unit", ""),
        "price": values.get("price", Decimal(0)),
        "currency": values.get("currency") or currency.base(),
        "margin": values.get("margin"),
        "description": values.get("description", ""),
        "retired": False,
        "name_folded": search_text.fold(values["name"]),
    }


def _update(work: Work, made: Plan, line: Line, product_id: int) -> bool:
    if sales.revise(work, work.get(Product, product_id), line, FIELDS):
        return True
    made.skip(line, "name", UNCHANGED)
    return False
