"""The inverse of a change-set: what it did (entries), values (values), row by row (rows, verdicts), what follows (follow)."""
