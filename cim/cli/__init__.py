"""The command line. One file per group of commands; each has `register(app)` and is named in GROUPS."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from logging.handlers import RotatingFileHandler

import typer
from sqlalchemy.exc import OperationalError

from cim import clock
from cim.cli import output
from cim.config import settings
from cim.errors import CimError
from cim.i18n import N_, _

GROUPS = (
    "system",
    "demo",
    "schema",
    "accounts",
    "data",
    "duplicates",
    "undo",
    "insights",
    "audit",
    "backups",
    "jobs",
    "bench",
)
"""Modules of this package, in the order of the help page."""

UNREACHABLE = N_("The database does not answer ({problem}). Check CIM_DATABASE_URL, or run `python -m cim init` first.")
UNEXPECTED = N_("Something went wrong and nothing was saved. The log in {folder} has the details under {number}.")
NO_KEY = N_("There is no installation in {folder}. Run `python -m cim init` first, or set CIM_HOME.")

log = logging.getLogger("cim.cli")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 (done), 1 (refused or failed, one line on stderr) or 2 (wrong usage); no traceback."""
    command = typer.main.get_command(_built())
    try:
        code = command.main(
            list(sys.argv[1:] if arguments is None else arguments), prog_name="cim", standalone_mode=False
        )
        return code if isinstance(code, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return output.fail(_("Stopped."))
    except typer.TyperException as error:
        output.say(error.format_message())
        return error.exit_code
    except CimError as error:
        return output.fail(_(error.msgid, **error.params))
    except OperationalError as error:
        if "no such" in str(error.orig) and (settings().keys / "kek.key").exists():
            return output.fail(_incident(error))
        return output.fail(_(UNREACHABLE, problem=str(error.orig).splitlines()[0]))
    except FileNotFoundError as error:
        if settings().keys in _parents(error):
            return output.fail(_(NO_KEY, folder=str(settings().home)))
        return output.fail(_("There is no file {name}.", name=str(error.filename)))
    except Exception as error:
        return output.fail(_incident(error))


def _built() -> typer.Typer:
    app = typer.Typer(
        name="cim",
        help="CIM: customer information management. Every command takes --json and exits 0, 1 (refused) or 2 (usage).",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name in GROUPS:
        import_module(f"cim.cli.{name}").register(app)
    return app


def _parents(error: FileNotFoundError) -> list[object]:
    from pathlib import Path

    return list(Path(str(error.filename or "")).parents)


def _incident(error: Exception) -> str:
    """Log what nobody expected, with a number to find it by."""
    number = f"{clock.now():%y%m%d-%H%M%S}"
    folder = settings().logs
    folder.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(folder / "cim.log", maxBytes=5_000_000, backupCount=3, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(file)
    log.propagate = False  # a traceback on the terminal helps nobody who reads it there
    log.error("incident %s: %s", number, type(error).__name__, exc_info=error)
    log.removeHandler(file)
    file.close()
    return _(UNEXPECTED, folder=str(folder), number=number)
