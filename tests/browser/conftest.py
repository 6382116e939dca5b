import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LOGS: list[Path] = []
"""What the servers that run say: of an exception a page shows visitors one sentence, and its traceback stands here."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.failed:
        for log in LOGS:
            report.sections.append((f"server {log.stem}", log.read_text(errors="replace")[-20_000:]))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own where there is none."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[str | Path], str]]:
    """``serve(script)`` starts a Streamlit script, a path below the project's root, once and returns its address."""
    running: dict[Path, tuple[str, subprocess.Popen]] = {}

    def address(script: str | Path) -> str:
        path = (ROOT / script).resolve()
        if path not in running:
            running[path] = _start(path)
        return running[path][0]

    yield address
    for _, process in running.values():
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def fresh_app() -> Iterator[str]:
    """The address of the app on a server that nobody has visited yet."""
    url, process = _start(ROOT / "streamlit_app.py")
    yield url
    process.terminate()
    process.wait(timeout=20)


def _start(script: Path) -> tuple[str, subprocess.Popen]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    settings = {
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    log = Path(tempfile.mkdtemp()) / f"{script.stem}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in settings.items())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SEG_LOCAL_FOLDERS": "1"},
            stdout=said,
            stderr=said,
        )
    LOGS.append(log)
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"{script.name} ended with exit status {process.returncode} instead of being served")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return url, process
        except OSError:
            time.sleep(0.25)
    process.terminate()
    raise RuntimeError(f"{script.name} was not served within a minute")
