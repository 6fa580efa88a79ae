"""The command line: exit codes, JSON, one clear line on stderr, and nothing half-done."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cim import backup, cli, db, schema
from cim.config import PROJECT, settings
from cim.service import sessions, users
from tests.factories import Personas, history

COMMANDS = ("audit", "backup", "db", "init", "restore", "serve", "team", "user")


class Shell:
    """Runs commands in this process. `out` and `err` are what the last one printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capsys, self._patch = capsys, patch
        self.out = self.err = ""

    def __call__(self, *arguments: str, stdin: str = "") -> int:
        self._patch.setenv("CIM_LANG", "en")
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        code = cli.main(list(arguments))
        self.out, self.err = self._capsys.readouterr()
        return code

    def json(self, *arguments: str, stdin: str = "", code: int = 0) -> Any:
        assert self(*arguments, "--json", stdin=stdin) == code, self.err
        return json.loads(self.out)

    def refused(self, *arguments: str, stdin: str = "") -> str:
        assert self(*arguments, stdin=stdin) == 1
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """CIM_HOME where nothing was set up."""
    monkeypatch.setenv("CIM_HOME", str(tmp_path / "new"))
    monkeypatch.delenv("CIM_DATABASE_URL", raising=False)
    yield tmp_path / "new"
    db.engine().dispose()


# ---- the frame


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["audit"], ["backup", "verify"], ["user", "add", "x"], ["db", "check", "--no"]]
)
def test_wrong_usage_is_2(run: Shell, arguments: list[str]) -> None:
    assert run(*arguments) == 2
    assert run.out == ""
    assert "Traceback" not in run.err


def test_help_names_every_command(run: Shell) -> None:
    assert run("--help") == 0
    assert all(name in run.out for name in COMMANDS)


def test_a_process_of_its_own(people: Personas) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cim", "audit", "list", "--as", "nobody", "--json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_without_an_installation_one_line_says_what_to_do(run: Shell, nowhere: Path) -> None:
    for command in (["user", "list"], ["audit", "verify"], ["backup", "create"], ["audit", "list", "--as", "root"]):
        assert "init" in run.refused(*command)


def test_a_bug_is_a_number_and_a_log(run: Shell, people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.engine().begin() as connection:
        connection.execute(text("ALTER TABLE team RENAME COLUMN name TO name2"))
    said = run.refused("team", "list")
    log = (settings().logs / "cim.log").read_text()
    assert said.split()[-1].rstrip(".") in log


# ---- init


def test_init_makes_keys_database_regions_and_a_setup_code(run: Shell, nowhere: Path) -> None:
    first = run.json("init")
    assert first["created_keys"] is True
    assert first["setup_code"]
    key = (nowhere / "keys" / "kek.key").read_bytes()
    assert len(key) == 32
    assert run.json("db", "check")["ok"] is True
    second = run.json("init")
    assert second["created_keys"] is False
    assert second["setup_code"] != first["setup_code"]
    assert (nowhere / "keys" / "kek.key").read_bytes() == key
    assert run("user", "add", "root", "--role", "admin", "--password-stdin", stdin="correct horse 42 battery\n") == 0
    assert run.json("init")["setup_code"] == ""
    assert run.json("audit", "verify", "--reconcile")["ok"] is True


def test_init_never_makes_a_second_key_for_a_database(run: Shell, people: Personas) -> None:
    key = settings().keys / "kek.key"
    held = key.read_bytes()
    key.unlink()
    assert "key file" in run.refused("init")
    assert not key.exists()
    key.write_bytes(held)


# ---- accounts


def test_user_add_list_disable_enable_reset(run: Shell, people: Personas) -> None:
    made = run.json(
        "user",
        "add",
        "Cy",
        "--role",
        "rep",
        "--team",
        "华东组",
        "--full-name",
        "陈怡",
        "--password-stdin",
        stdin="correct horse 42 battery\n",
    )
    assert (made["username"], made["password"]) == ("cy", None)
    assert sessions.check_password(sessions.VISITOR, "cy", "correct horse 42 battery").ok
    listed = {u["username"]: u for u in run.json("user", "list")}
    assert (listed["cy"]["role"], listed["cy"]["team"], listed["cy"]["status"]) == ("rep", "华东组", "active")
    assert run.json("user", "disable", "cy")["status"] == "disabled"
    assert "not active" in run.refused("audit", "list", "--as", "cy")
    assert run.json("user", "enable", "cy")["status"] == "active"
    password = run.json("user", "reset", "cy")["password"]
    assert sessions.check_password(sessions.VISITOR, "cy", password).must_change_password
    assert {(e.actor, e.source) for e in history() if e.action == "users.add"} == {("system", "cli")}


def test_a_generated_password_is_printed_once(run: Shell, people: Personas) -> None:
    assert run("user", "add", "cy", "--role", "rep") == 0
    assert sessions.check_password(sessions.VISITOR, "cy", run.out.strip()).must_change_password


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["user", "add", "ann", "--role", "rep"], ""),
        (["user", "add", "a b", "--role", "rep"], ""),
        (["user", "add", "cy", "--role", "rep", "--team", "没有"], ""),
        (["user", "add", "cy", "--role", "rep", "--password-stdin"], "short\n"),
        (["user", "add", "cy", "--role", "rep", "--password-stdin"], ""),
        (["user", "disable", "nobody"], ""),
        (["user", "disable", "root"], ""),
        (["user", "reset", "nobody"], ""),
        (["team", "add", "华东组"], ""),
    ],
)
def test_accounts_refuse_and_change_nothing(run: Shell, people: Personas, arguments: list[str], stdin: str) -> None:
    before = (len(history()), len(users.everyone(people.root)))
    run.refused(*arguments, stdin=stdin)
    assert (len(history()), len(users.everyone(people.root))) == before


# ---- audit


def test_audit_list_acts_as_the_user(run: Shell, people: Personas) -> None:
    users.add_team(people.root, "组")
    found = run.json(
        "audit", "list", "--as", "audrey", "--where", '{"action": "users.add_team", "since": "2020-01-01"}'
    )
    assert [(e["actor"], e["changes"]["name"]) for e in found] == [("root", [None, "组"])]
    assert run.json("audit", "list", "--as", "AUDREY", "--limit", "1")[0]["seq"] == found[0]["seq"]
    run.refused("audit", "list", "--as", "ann")
    assert (history()[-1].actor, history()[-1].source, history()[-1].result) == ("ann", "cli", "denied")


@pytest.mark.parametrize("where", ["{", "[]", '{"nonsense": 1}', '{"since": "yesterday"}', '{"result": "x"}'])
def test_audit_list_refuses_filters_it_does_not_know(run: Shell, people: Personas, where: str) -> None:
    assert "--where" in run.refused("audit", "list", "--as", "audrey", "--where", where)


def test_audit_verify_fails_and_says_where(run: Shell, people: Personas) -> None:
    users.add_team(people.root, "组")
    last = history()[-1].seq
    assert run.json("audit", "verify")["ok"] is True
    with db.engine().begin() as connection:
        drop = (
            "DROP TRIGGER audit_entry_update" if settings().is_sqlite else "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
        )
        connection.execute(text(drop))
        connection.execute(text(f"UPDATE audit_entry SET actor = 'bo' WHERE seq = {last}"))
    report = run.json("audit", "verify", code=1)
    assert (report["ok"], report["broken_at"]) == (False, last)
    assert str(last) in run.err


# ---- backups


def test_backup_create_verify_list_restore(run: Shell, people: Personas, tmp_path: Path) -> None:
    assert run("backup", "create", "--to", str(tmp_path / "b")) == 0
    assert "NOT in the backup" in run.err
    path = run.out.strip()
    assert run.json("backup", "verify", path)["head"]
    made = run.json("backup", "create")
    assert [b["path"] for b in run.json("backup", "list")] == [made["path"]]
    users.add_team(people.root, "后来的组")
    report = run.json("restore", path)
    assert Path(report["kept"]).exists()
    assert "后来的组" not in [t.name for t in users.teams(people.root)]
    assert run.json("audit", "verify")["ok"] is True


def test_backup_refuses_what_is_not_one(run: Shell, people: Personas, tmp_path: Path) -> None:
    path = Path(run.json("backup", "create")["path"])
    copied = tmp_path / path.name
    copied.write_bytes(path.read_bytes()[:-1])
    run.refused("backup", "verify", str(copied))
    copied.with_name(f"{path.name}.json").write_text(path.with_name(f"{path.name}.json").read_text())
    assert "damaged" in run.refused("backup", "verify", str(copied))
    assert "damaged" in run.refused("restore", str(copied))
    run.refused("restore", str(tmp_path / "nothing.db"))
    assert len(backup.held()) == 1


# ---- database and server


def test_db_check_and_upgrade(run: Shell, people: Personas) -> None:
    assert run.json("db", "check") == {
        "ok": True,
        "revision": schema.newest(),
        "newest": schema.newest(),
        "problems": [],
    }
    assert run.json("db", "upgrade")["backup"] is None
    with db.engine().begin() as connection:
        connection.execute(text("ALTER TABLE team ADD COLUMN extra INTEGER"))
    assert any("extra" in p for p in run.json("db", "check", code=1)["problems"])


def test_a_newer_database_is_left_alone(run: Shell, people: Personas) -> None:
    with db.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (["db", "upgrade"], ["init"]):
        assert "newer version" in run.refused(*command)
    assert run("serve") == 1


def test_the_demo_company_is_served_on_this_machine_only(
    run: Shell, people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings().home / "demo").touch()
    monkeypatch.setenv("CIM_PORT", "8999")  # settings are read anew when the environment differs
    assert "127.0.0.1" in run.refused("serve", "--host", "0.0.0.0")


def test_a_taken_port_is_told(run: Shell, people: Personas) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "--port" in run.refused("serve", "--port", str(taken.getsockname()[1]))
