"""Benchmarks: each work beside a baseline measured in the same run. Read docs/decisions/0007-bench.md."""
