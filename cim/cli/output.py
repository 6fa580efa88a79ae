"""What commands say: results on stdout, for people or as JSON; progress and refusals on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from cim import access
from cim.access import Actor
from cim.errors import Invalid

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
As = Annotated[str, typer.Option("--as", metavar="USER", help="The user in whose name this is done and recorded.")]
Where = Annotated[str, typer.Option("--where", metavar="JSON", help='Filters, as in {"action": "customers.create"}.')]

OPERATOR = replace(access.SYSTEM, source="cli")
"""Whoever may run commands here holds the database and the key already: commands without --as act as the system."""


def show(value: Any, as_json: bool, text: Callable[[], str | Iterable[str]]) -> None:
    """Print a result: as one JSON document, or as the lines of `text`."""
    if as_json:
        print(json.dumps(plain(value), ensure_ascii=False, indent=1))
        return
    lines = text()
    for line in [lines] if isinstance(lines, str) else lines:
        print(line)


def say(line: str) -> None:
    """Tell progress, on stderr."""
    print(line, file=sys.stderr, flush=True)


def fail(line: str) -> int:
    """One clear line on stderr; returns the exit code of a refusal."""
    say(" ".join(line.split()))
    return 1


def plain(value: Any) -> Any:
    """A result as JSON can hold it: views as objects, money as decimal strings, moments as ISO text with their zone."""
    match value:
        case BaseModel():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {str(plain(k)): plain(v) for k, v in value.items()}
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case Decimal() | Path():
            return str(value)
        case str() | bytes():
            return value if isinstance(value, str) else value.hex()
        case Iterable():
            return [plain(v) for v in value]
    return value


def filters(where: str, allowed: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The arguments that `--where` gives, each read by its function. Raises Invalid("where") for any other."""
    try:
        asked = json.loads(where or "{}")
    except ValueError as error:
        raise Invalid("where", "--where is not JSON: {problem}", problem=str(error)) from error
    if not isinstance(asked, dict):
        raise Invalid("where", "--where takes an object, as in {example}", example='{"action": "customers.create"}')
    if unknown := sorted(set(asked) - set(allowed)):
        raise Invalid(
            "where", "--where knows {known}, not {unknown}.", known=", ".join(allowed), unknown=", ".join(unknown)
        )
    try:
        return {name: allowed[name](value) for name, value in asked.items()}
    except (ValueError, TypeError) as error:
        raise Invalid("where", "--where holds a value that cannot be read: {problem}", problem=str(error)) from error


def acting(name: str) -> Actor:
    """The actor of `--as NAME`, from the command line. Raises NotFound, or Denied for an account that is not active."""
    from sqlalchemy import select

    from cim import db
    from cim.errors import Denied, NotFound
    from cim.models import User
    from cim.models.user import UserStatus

    table: Any = User
    with db.session(writing=False) as session:
        user = session.execute(select(User).where(table.username == name.strip().lower())).scalar_one_or_none()
    if user is None:
        raise NotFound("There is no user {name}.", name=name)
    if user.status is not UserStatus.ACTIVE:
        raise Denied("The account {name} is not active.", name=name)
    return Actor(user.id, user.username, user.name, user.role, user.team_id, source="cli", language=user.language)
