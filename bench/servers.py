"""Servers of their own processes on free ports of this computer, and what they use of the processor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cim.config import PROJECT

START_SECONDS = 90
SCRIPTS = PROJECT / "bench" / "scripts"


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    pid: int

    def cpu(self) -> float:
        """Processor milliseconds that the process has used so far, all its threads together."""
        # the clock of another process, as clock_getcpuclockid(3) makes it: ~pid << 3 | 2
        return time.clock_gettime((~self.pid << 3) | 2) * 1e3


@contextmanager
def tuned(script: str) -> Iterator[Server]:
    """A server of bench/scripts as `python -m cim serve` runs Home.py: uvicorn, and the project's settings."""
    options = ("--log-level", "warning", "--no-access-log", "--no-server-header", "--lifespan", "on")
    command = (sys.executable, "-m", "uvicorn", f"{script}:app", "--app-dir", str(SCRIPTS), *options)
    with _running(lambda port: (*command, "--port", str(port)), PROJECT) as server:
        yield server


@contextmanager
def as_delivered(page: str, folder: Path) -> Iterator[Server]:
    """`streamlit run` of a page of bench/scripts, with every setting as Streamlit comes; `folder` has no settings."""
    command = (sys.executable, "-m", "streamlit", "run", str(SCRIPTS / page), "--server.headless", "true")
    with _running(
        lambda port: (*command, "--server.address", "127.0.0.1", "--server.port", str(port)), folder
    ) as server:
        yield server


@contextmanager
def _running(command: Callable[[int], Sequence[str]], folder: Path) -> Iterator[Server]:
    port = _free_port()
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), str(SCRIPTS)])}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command(port), cwd=folder, env=variables, stdout=said, stderr=said)
        server = Server(f"http://127.0.0.1:{port}", process.pid)
        try:
            _wait(server, process)
            yield server
        except Exception:
            said.seek(0)
            sys.stderr.write(said.read().decode("utf-8", "replace")[-2000:])
            raise
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"a server of the measure ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"a server of the measure was not ready after {START_SECONDS} seconds")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
