"""Run by Alembic: one transaction on the engine in force."""

from alembic import context

from cim import db
from cim.migrations.filters import compare_options
from cim.models import metadata

with db.engine().execution_options(immediate=True).connect() as connection, db.unchecked_references(connection):
    context.configure(connection=connection, target_metadata=metadata, **compare_options())
    with context.begin_transaction():
        context.run_migrations()
