"""`init` and `serve`."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import closing
from typing import Annotated

import typer

from cim import backup, crypto, db, schema
from cim.cli import output
from cim.config import PROJECT, settings
from cim.errors import Conflict, Denied
from cim.i18n import N_, _

SETUP = N_("No account yet. Open the page within 30 minutes and enter this setup code: {code}")
KEEP_KEY = N_("The key file is {path}. Copy it to a safe place now: without it data and backups cannot be read.")


def register(above: typer.Typer) -> None:
    """Add both commands to the command line."""
    above.command()(init)
    above.command()(serve)


def init(as_json: output.Json = False) -> None:
    """Create keys and database; print the one-time setup code for the first administrator."""
    made = prepare()
    code = setup_code()
    if made:
        output.say(_(KEEP_KEY, path=str(settings().keys / "kek.key")))
    result = {"home": settings().home, "created_keys": made, "schema": schema.current(), "setup_code": code}
    output.show(result, as_json, lambda: _(SETUP, code=code) if code else _("Ready: {path}", path=str(settings().home)))


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; default CIM_HOST or 127.0.0.1.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; default CIM_PORT or 8501.")] = 0,
    as_json: output.Json = False,
) -> None:
    """Run the app until it is stopped."""
    import uvicorn

    host, port = host or settings().host, port or settings().port
    _may_listen(host, port)
    if settings().is_sqlite or schema.current() is None:
        prepare()
    elif schema.current() != schema.newest():
        raise Conflict("The schema is not the newest. Run `python -m cim db upgrade`.")
    _tell_setup()
    if settings().demo:
        from cim.demo import staff

        names = ", ".join(employee.username for employee in staff.EMPLOYEES)
        output.say(_("Demo accounts {names}; the password of each is {password}", names=names, password=staff.PASSWORD))
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    output.show({"url": url}, as_json, lambda: _("CIM runs at {url}", url=url))
    uvicorn.run(
        "Home:app",
        app_dir=str(PROJECT),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # addresses of pages name customers
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
    )


def prepare() -> bool:
    """Keys, newest schema (an older database is backed up first) and the list of regions. True when the keys are new.
    Raises Conflict when there is a database but no key for it, or when it belongs to a newer program."""
    from cim.service import shipped

    db.wait_for_server()
    missing_key = not (settings().keys / "kek.key").exists()
    if missing_key and schema.current() is not None:
        raise Conflict(
            "There is a database, but not its key file {path}. Put the key file back.",
            path=str(settings().keys / "kek.key"),
        )
    made = crypto.create_keys()
    if kept := backup.upgrade_with_backup():
        output.say(_("The previous database is kept in {path}", path=str(kept)))
    shipped.seed(output.OPERATOR)
    return made


def _tell_setup() -> None:
    """How the first administrator comes in. A code that `init` has just shown stays good."""
    from cim.service import users

    if users.nobody_yet(output.OPERATOR):
        code = users.setup_code(output.OPERATOR, keep=True)
        output.say(
            _(SETUP, code=code) if code else _("No account yet. Open the page and enter the setup code of `init`.")
        )


def setup_code() -> str:
    """A fresh setup code while there is no account, else ""."""
    from cim.service import users

    return users.setup_code(output.OPERATOR) if users.nobody_yet(output.OPERATOR) else ""


def _may_listen(host: str, port: int) -> None:
    if settings().demo and not _is_loopback(host):
        raise Denied(
            "The demo company has known accounts: it is served on this machine only (127.0.0.1), not on {host}.",
            host=host,
        )
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise Conflict(
            "Cannot listen on {host}:{port} ({problem}). Choose another with --port.",
            host=host,
            port=port,
            problem=error.strerror or str(error),
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
