"""Parts of cim/service/imports.py: headers to columns, cells to drafts, names to people and customers, doubles."""
