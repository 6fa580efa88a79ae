"""Run by Alembic: one transaction on the engine in force."""

from alembic import context

from cim import db
from cim.migrations.filters import compare_options
from cim.models import metadata

with db.engine().execution_options(immediate=True).connect() as connection, db.unchecked_references(connection):
    # said aloud: Alembic thinks that Python's SQLite driver cannot undo a change of tables, and ours can (cim/db.py)
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, **compare_options())
    with context.begin_transaction():
        context.run_migrations()
        db.check_references(connection)
