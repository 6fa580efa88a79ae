"""THE service module: `from cim import service`, then `service.customers.create(me, draft)`. Each noun is a module."""
