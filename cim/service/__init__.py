"""THE service module: `from cim import service`, then `service.customers.create(me, draft)`. Each noun is a module."""

from cim.service import (
    activities,
    audit,
    backups,
    contacts,
    customers,
    duplicates,
    exports,
    imports,
    insights,
    kpis,
    regions,
    segments,
    sessions,
    settings,
    tasks,
    users,
)

__all__ = [
    "activities",
    "audit",
    "backups",
    "contacts",
    "customers",
    "duplicates",
    "exports",
    "imports",
    "insights",
    "kpis",
    "regions",
    "segments",
    "sessions",
    "settings",
    "tasks",
    "users",
]
