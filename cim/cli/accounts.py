"""`user add`, `user list`, `user disable`, `user enable`, `user reset`, and `team add`, `team list`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cim.cli import output
from cim.errors import Invalid, NotFound
from cim.i18n import _
from cim.models.user import TeamView, UserDraft, UserView
from cim.permissions import Role

users = typer.Typer(help="Accounts.", no_args_is_help=True)
teams = typer.Typer(help="Teams.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="User name, for signing in.")]


def register(above: typer.Typer) -> None:
    """Add the groups to the command line."""
    above.add_typer(users, name="user")
    above.add_typer(teams, name="team")


@users.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    team: Annotated[str, typer.Option(help="Name of the user's team.")] = "",
    full_name: Annotated[str, typer.Option(help="Name as colleagues see it; default the user name.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    must_change: Annotated[bool, typer.Option(help="A password from stdin must be changed at once.")] = False,
    as_json: output.Json = False,
) -> None:
    """Create an account. Without --password-stdin a one-time password is made and printed once."""
    from cim.service import users as service

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    draft = _draft(name, full_name or name, role, _team(team).id if team else None)
    made = service.add(output.OPERATOR, draft, password=password, must_change=must_change or password is None)
    result = {"id": made.user_id, "username": made.username, "role": role, "password": made.password or None}
    output.show(result, as_json, lambda: made.password or made.username)


@users.command("list")
def everyone(as_json: output.Json = False) -> None:
    """Every account."""
    found = _everyone()
    output.show(found, as_json, lambda: ["  ".join((u.username, u.role, u.status, u.team, u.name)) for u in found])


@users.command()
def disable(name: Name, as_json: output.Json = False) -> None:
    """Lock an account out, at once."""
    from cim.service import users as service

    user = _user(name)
    service.disable(output.OPERATOR, user.id)
    output.show(_user(name), as_json, lambda: _("{name} is disabled and signed out.", name=user.username))


@users.command()
def enable(name: Name, as_json: output.Json = False) -> None:
    """Let a disabled account sign in again."""
    from cim.service import users as service

    user = _user(name)
    service.enable(output.OPERATOR, user.id)
    output.show(_user(name), as_json, lambda: _("{name} may sign in.", name=user.username))


@users.command()
def reset(name: Name, as_json: output.Json = False) -> None:
    """Print a one-time password, to be changed at the next sign-in; the user is signed out."""
    from cim.service import users as service

    made = service.reset(output.OPERATOR, _user(name).id)
    result = {"id": made.user_id, "username": made.username, "password": made.password}
    output.show(result, as_json, lambda: made.password)


@teams.command("add")
def add_team(
    name: Annotated[str, typer.Argument(help="The team's name.")],
    under: Annotated[str, typer.Option(help="Name of the team above.")] = "",
    as_json: output.Json = False,
) -> None:
    """Create a team."""
    from cim.service import users as service

    made = service.add_team(output.OPERATOR, name, parent_id=_team(under).id if under else None)
    output.show({"id": made, "name": name}, as_json, lambda: name)


@teams.command("list")
def all_teams(as_json: output.Json = False) -> None:
    """Every team."""
    found = _teams()
    output.show(found, as_json, lambda: [team.name for team in found])


def _draft(name: str, full_name: str, role: Role, team_id: int | None) -> UserDraft:
    from pydantic import ValidationError

    try:
        return UserDraft(username=name, name=full_name, role=role, team_id=team_id)
    except ValidationError as error:
        said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise Invalid("username", "The account cannot be created: {problem}", problem=_(said)) from error


def _everyone() -> list[UserView]:
    from cim.service import users as service

    return service.everyone(output.OPERATOR)


def _teams() -> list[TeamView]:
    from cim.service import users as service

    return service.teams(output.OPERATOR)


def _user(name: str) -> UserView:
    found = next((u for u in _everyone() if u.username == name.strip().lower()), None)
    if found is None:
        raise NotFound("There is no user {name}.", name=name)
    return found


def _team(name: str) -> TeamView:
    found = next((t for t in _teams() if t.name == name.strip()), None)
    if found is None:
        raise NotFound("There is no team {name}. Create it: python -m cim team add {name}", name=name)
    return found
