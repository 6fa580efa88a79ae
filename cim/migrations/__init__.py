"""Alembic revisions. Configured in cim/schema.py."""
