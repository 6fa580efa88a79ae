"""The state of the database schema, and how it moves forward: Alembic, configured in code."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cim import db


def config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("path_separator", "os")
    return made


def current() -> str | None:
    """The revision the database is at; None for an empty one."""
    with db.engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this version of CIM needs."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def is_known(revision: str | None) -> bool:
    """Whether this version of CIM knows a revision: a newer backup must not be opened by older code."""
    return revision is None or revision in {s.revision for s in ScriptDirectory.from_config(config()).walk_revisions()}


def upgrade() -> None:
    """Bring the database to the newest revision. Takes no backup: callers do (cim/backup.py)."""
    command.upgrade(config(), "head")


def differences() -> list[str]:
    """What the tables in the database lack or have beyond the models; empty when they agree."""
    from alembic.autogenerate import compare_metadata

    from cim.migrations.filters import compare_options
    from cim.models import metadata

    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts=compare_options())
        return [str(difference) for difference in compare_metadata(context, metadata)]
