"""THE service module: `from cim import service`, then `service.customers.create(me, draft)`. Each noun is a module."""

from cim.service import customers, duplicates, regions

__all__ = ["customers", "duplicates", "regions"]
