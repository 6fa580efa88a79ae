"""A served demo company and the moves of a person in Chromium. Journeys say what is done, this file says how."""

import contextlib
import json
import os
import re
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
from playwright.sync_api import TimeoutError as Late

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
PORTS = range(8700, 8791)
"""Below those that the system hands out to clients: nobody takes one between the look and the start."""
ROW = 33
"""Pixels of a table's row."""
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
    RuntimeError with the output when a command fails or the server does not answer within 120 seconds.
    """
    loaded = json.loads(run("demo", "--json", home=home, project=project, **settings))
    passwords = {account["username"]: account["password"] for account in loaded["accounts"]}
    return serve(home, passwords, project=project, **settings)


def serve(home: Path, passwords: dict[str, str], *, project: Path = ROOT, **settings: str) -> Server:
    """Serve the data that is in `home` by a new process on a free local port. Raises as `serve_demo`."""
    port = _free_port()
    log = home / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cim", "serve", "--port", str(port)],
            cwd=project,
            env=_environment(home, settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", home, passwords, process, log)
    try:
        _wait_until_healthy(server)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def run(*arguments: str, home: Path, said: str = "", project: Path = ROOT, **settings: str) -> str:
    """What `python -m cim ARGUMENTS` prints for the data in `home`; `said` goes to its input. Raises RuntimeError when it
    ends with an error."""
    command = [sys.executable, "-m", "cim", *arguments]
    done = subprocess.run(
        command, cwd=project, env=_environment(home, settings), input=said, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"`cim {arguments[0]}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CIM_", "STREAMLIT_"))}
    return {**inherited, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "CIM_HOME": str(home), **settings}


def _free_port() -> int:
    """A port nobody listens on: health must be answered by our server, not by somebody else's."""
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port between {PORTS.start} and {PORTS.stop - 1}")


def _wait_until_healthy(server: Server, seconds: float = 120) -> None:
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
    # the form goes before the cookie is there: only the page behind it has a way out
    part(page, "sign-out").wait_for(state="attached", timeout=PATIENCE)
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


def part(page: Page | Locator, key: str, *, begins: bool = False) -> Locator:
    """What was drawn with this Streamlit key; with `begins` whatever has a key that begins so (tokens and ids follow)."""
    name = "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key)
    return page.locator(f"[class*='{name}']" if begins else f".{name}")


def press(page: Page | Locator, key: str, *, begins: bool = False) -> None:
    """Press the button of this key."""
    part(page, key, begins=begins).get_by_role("button").first.click(timeout=PATIENCE)


def table_of(page: Page) -> Locator:
    """The table of a page, once it has rows. It is painted on a canvas, and has no key; in the canvas stands what a screen
    reader reads."""
    table = page.get_by_test_id("stDataFrame").first
    table.locator("td").first.wait_for(state="attached", timeout=PATIENCE)
    return table


def cells(table: Locator, column: int) -> dict[int, str]:
    """Row number and text of the rows of a table that are drawn; the first column is 0."""
    found = table.locator(f"td[aria-colindex='{column + 1}']").evaluate_all(
        "all => all.map(cell => [Number(cell.parentElement.getAttribute('aria-rowindex')), cell.textContent])"
    )
    return {row - 2: text for row, text in found}  # the header is row 1


def press_cell(table: Locator, row: int, *, x: int = 60) -> None:
    """Press a row of a table, `x` pixels from its left edge, once the page has come to rest: a table that is being drawn
    anew loses the press."""
    settled(table.page)
    table.scroll_into_view_if_needed(timeout=PATIENCE)
    canvas = table.get_by_test_id("data-grid-canvas")
    canvas.click(position={"x": x, "y": ROW * (row + 1) + ROW // 2}, timeout=PATIENCE, force=True)


def open_row(table: Locator, row: int, url: str, *, x: int = 60) -> None:
    """Press a row of a table until its page opens, as a person does whose first press met a table still being drawn."""
    page = table.page
    for patience in (6_000, 6_000, PATIENCE):
        press_cell(table, row, x=x)
        with contextlib.suppress(Late):
            page.wait_for_url(url, timeout=patience)
            return
    raise AssertionError(f"{url} did not open")


def number(text: str) -> int:
    """The first number in a text, without its thousands separators."""
    found = re.search(r"\d[\d,]*", text)
    assert found, f"there is no number in {text!r}"
    return int(found[0].replace(",", ""))


def outside(url: str) -> bool:
    """Whether a request leaves the machine: pages must draw without any other host."""
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))
