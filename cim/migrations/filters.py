"""What Alembic leaves out of its comparisons, and how it writes our column types."""

from __future__ import annotations

from typing import Any

from cim.models.base import TextEnum


def included(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """FTS5 keeps its own tables, and the gram column exists on PostgreSQL only."""
    text = name or ""
    return (
        not text.startswith("customer_fts")
        and not (kind == "column" and text == "grams")
        and text != "ix_customer_search_grams"
    )


def rendered(kind: str, value: Any, _context: Any) -> str | bool:
    """Our types as plain SQLAlchemy, so that a revision never imports the models."""
    if kind == "type" and isinstance(value, TextEnum):
        return "sa.String(length=32)"
    if kind == "type" and type(value).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def compare_options() -> dict[str, Any]:
    """Options shared by the migration environment and by `db check`."""
    return {"include_object": included, "render_item": rendered, "compare_type": False, "render_as_batch": True}
