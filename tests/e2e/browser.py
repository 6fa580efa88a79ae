"""A served demo company and the moves of a person in Chromium. Journeys say what is done, this file says how."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Playwright, expect

ROOT = Path(__file__).resolve().parents[2]
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--metrics-recording-only",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
]
PATIENCE = 30_000
"""Milliseconds to wait for a page: the first load of a cold server on a busy machine takes a good part of them."""


@dataclass
class Server:
    """A running `python -m cim serve` with its own data folder. `passwords` holds the demo accounts' by user name."""

    url: str
    home: Path
    passwords: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End it as an operator does. Raises when it does not go by itself within 20 seconds."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the server ignored SIGTERM:\n{self.said()}") from None

    def said(self) -> str:
        """The end of what the server wrote."""
        return self.log.read_text("utf-8", "replace")[-4000:]


def serve_demo(home: Path, *, project: Path = ROOT, **settings: str) -> Server:
    """Load the demo company into the empty folder `home` and serve it on a free local port.

    `settings` are environment variables (CIM_TZ="UTC"); none of the caller's CIM_ variables are passed on. Raises
    RuntimeError with the output when a command fails or the server does not answer within 90 seconds.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CIM_", "STREAMLIT_"))}
    environment = {**inherited, "PYTHONUNBUFFERED": "1", "CIM_HOME": str(home), **settings}
    cim = [sys.executable, "-m", "cim"]
    demo = subprocess.run([*cim, "demo", "--json"], cwd=project, env=environment, capture_output=True, text=True)
    if demo.returncode:
        raise RuntimeError(f"`cim demo` ended with {demo.returncode}:\n{demo.stdout}{demo.stderr}")
    port = _free_port()
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*cim, "serve", "--port", str(port)],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    passwords = {account["username"]: account["password"] for account in json.loads(demo.stdout)["accounts"]}
    server = Server(f"http://127.0.0.1:{port}", home, passwords, process, log)
    _wait_until_healthy(server)
    return server


def _free_port() -> int:
    """A port nobody listens on: health must be answered by our server, not by somebody else's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: Server, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}:\n{server.said()}")
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    server.process.kill()
    raise RuntimeError(f"the server did not become healthy in {seconds:.0f} s:\n{server.said()}")


def chromium(playwright: Playwright) -> Browser:
    """Start the system's Chromium. Raises RuntimeError with what to install when there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise RuntimeError("no Chromium here; on Debian: apt-get install chromium fonts-wqy-zenhei")
    return playwright.chromium.launch(executable_path=found, headless=True, args=ARGS)


def settled(page: Page) -> None:
    """Wait until Streamlit is connected, has drawn something and runs no script, so that what is shown will stay.

    A click starts its run a moment later: after one, wait with `expect` for what it should bring.
    """
    app = "[data-testid='stApp'][data-test-connection-state='CONNECTED']"
    page.locator(f"{app} [data-testid='stElementContainer']").first.wait_for(state="attached", timeout=PATIENCE)
    page.locator(f"{app}[data-test-script-state='notRunning']").wait_for(timeout=PATIENCE)
    # widgets fetch their code when first used and stand in as grey bars until then
    expect(page.locator("[data-testid='stSkeleton'], [data-testid='stAppSkeleton']")).to_have_count(0, timeout=PATIENCE)


def open_path(page: Page, server: Server, path: str = "/") -> None:
    """Go to a path as by typing it into the address bar, and wait until it has settled."""
    page.goto(server.url + path, timeout=PATIENCE)
    settled(page)


def sign_in(page: Page, server: Server, name: str, *, path: str = "/") -> None:
    """Sign in as a demo account on `path` and wait for the page behind the form, whatever language the form is in."""
    open_path(page, server, path)
    submit_sign_in(page, name, server.passwords[name])
    expect(sign_in_form(page)).to_have_count(0, timeout=PATIENCE)
    settled(page)


def submit_sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the sign-in form and send it; what happens then is for the caller to wait for."""
    form = sign_in_form(page)
    form.locator("input:not([type='password'])").first.fill(name)
    form.locator("input[type='password']").first.fill(password)
    form.get_by_test_id("stFormSubmitButton").get_by_role("button").click()


def sign_in_form(page: Page) -> Locator:
    """The first form with a password in it."""
    return page.get_by_test_id("stForm").filter(has=page.locator("input[type='password']")).first


def outside(url: str, server: Server) -> bool:
    """Whether a request leaves the machine: pages must draw without any other host."""
    return not url.startswith((server.url, server.url.replace("http:", "ws:"), "data:", "blob:", "about:"))
