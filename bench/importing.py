"""The import of a file in a process of its own, so that its memory is its own. Run as `python -m bench.importing`."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import base, rows
from bench.measure import Line, bounded, compared
from cim import service
from cim.access import Actor
from cim.config import PROJECT
from cim.models.imports import ImportKind

MOST, WARM = 50_000, 50
"""Rows in one file; more of them come as several files, as the limit on the size of a file demands. Fifty rows come first, so that what
a process loads once is loaded."""

_HEADERS = ("类型", "客户名称", "联系人", "手机", "邮箱", "地区", "地址", "行业", "来源", "等级")


def lines(count: int, folder: Path) -> list[Line]:
    """Import `count` customers into an empty installation: time, rows a second, peak memory."""
    command = (sys.executable, "-m", "bench.importing", str(count), str(folder / "import"))
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    rate = count / found["cpu"]
    against = "executemany of the same rows, 4 indexes, CPU"
    facts = {"wall": found["wall"], "parse": found["parse"], "taken": int(found["taken"])}
    return [
        compared("import of customers", found["cpu"], found["raw"], 25, against=against, unit="s", facts=facts),
        bounded("import: rows a second of CPU", rate, 3000, unit="rows/s", direction="at least"),
        bounded("import: peak memory", found["memory"], 600, unit="MiB", facts={"before": found["before"]}),
    ]


def main(count: int, home: Path) -> dict[str, Any]:
    """Import `count` rows in `home`; seconds of processor time (also wall clock), MiB of memory, rows taken."""
    with base.installed(home):
        base.found()
        me = base.actor("root")
        _take(me, next(_files(WARM, first=90_000_000)))
        before = _memory()
        wall, cpu, parse, taken = time.perf_counter(), time.process_time(), 0.0, 0
        for content in _files(count):
            prepared, added = _take(me, content)
            parse, taken = parse + prepared, taken + added
        wall, cpu, memory = time.perf_counter() - wall, time.process_time() - cpu, _memory()
        raw = _raw(home)
    told = {"wall": wall, "cpu": cpu, "parse": parse, "taken": taken, "raw": raw}
    return told | {"memory": memory, "before": before}


def _take(me: Actor, content: bytes) -> tuple[float, int]:
    """Import one file: processor seconds of reading and normalising it, and the rows taken."""
    started = time.process_time()
    prepared = service.imports.prepare(me, content, filename="measured.csv", kind=ImportKind.CUSTOMERS)
    parse = time.process_time() - started
    return parse, service.imports.run(me, prepared).added


def _files(count: int, *, first: int = 1) -> Iterator[bytes]:
    for start in range(0, count, MOST):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(_HEADERS)
        writer.writerows(
            _cells(one) for one in rows.customers(min(MOST, count - start), seed=start + 5, first=first + start)
        )
        yield text.getvalue().encode("utf-8-sig")


def _cells(one: rows.Invented) -> tuple[str, ...]:
    kind = "企业" if one.company else "个人"
    return (
        kind,
        one.name,
        one.contact,
        one.phone,
        one.email,
        one.region,
        one.address,
        one.industry,
        one.source,
        one.grade,
    )


def _raw(home: Path) -> float:
    """Seconds of processor time for the rows that the import stored, by one executemany into a table with four indexes."""
    with base.raw() as stored, base.raw(home / "raw.db") as connection:
        told = stored.execute("SELECT * FROM customer").fetchall()
        names = [column[1] for column in stored.execute("PRAGMA table_info(customer)")]
        connection.execute(f"CREATE TABLE customer ({', '.join(names)}, PRIMARY KEY (id))")
        for column in ("uid", "code", "owner_id", "created_at"):
            connection.execute(f"CREATE INDEX ix_{column} ON customer ({column})")
        started = time.process_time()
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO customer VALUES ({', '.join('?' * len(names))})", told)
        connection.execute("COMMIT")
        return time.process_time() - started


def _memory() -> float:
    """Peak resident memory of this process so far, MiB: of itself alone, not of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))))
