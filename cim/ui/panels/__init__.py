"""Parts of pages, one per concern; each draws itself and calls the service."""
