"""What the codes of the audit log are called for people: actions, kinds of record, and their fields. Data, no code."""

from cim.labels import customers, days, desk, sales, system
from cim.labels.records import FIELDS, OBJECTS

ACTIONS: dict[str, str] = customers.ACTIONS | days.ACTIONS | sales.ACTIONS | desk.ACTIONS | system.ACTIONS
"""Every guarded action (`cim.work.GUARDS`) and every recorded event, by code. A test finds missing ones."""

__all__ = ["ACTIONS", "FIELDS", "OBJECTS"]
