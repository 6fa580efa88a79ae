"""THE service module: `from cim import service`, then `service.customers.create(me, draft)`. Each noun is a module."""

from cim.service import activities, contacts, customers, duplicates, regions, tasks

__all__ = ["activities", "contacts", "customers", "duplicates", "regions", "tasks"]
