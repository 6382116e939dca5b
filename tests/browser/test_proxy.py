"""Behind nginx, under a path, as docs/deployment.md has it: files, websocket and uploads."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bad_files import saved
from tests.browser.conftest import ROOT
from tests.visitor import Visitor

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")

DOCUMENT = ROOT / "docs" / "deployment.md"
SERVER = """
{user}
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{outside}; {location} }}
}}
"""
UPLOAD = 3_000_000
"""Bytes of a photo at least: nginx takes no more than one million unless it is told to."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """The app's address behind the proxy that the document describes."""
    folder, inside, outside = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    described = re.search(r"( {4}location /lab \{.*?\n {4}\})", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert described
    location = described[1].replace("127.0.0.1:8501", f"127.0.0.1:{inside}")
    configuration = folder / "nginx.conf"
    user = "" if os.getuid() else "user root;"  # else its worker may not write below the test's folder
    configuration.write_text(SERVER.format(user=user, folder=folder, outside=outside, location=location), "ascii")
    app = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={inside}"]
    app += ["--server.headless=true", "--server.baseUrlPath=lab", "--server.address=127.0.0.1"]
    with (folder / "app.log").open("wb") as log:
        processes = [
            subprocess.Popen(app, cwd=ROOT, stdout=log, stderr=log),
            subprocess.Popen(["nginx", "-p", str(folder), "-c", str(configuration)], stdout=log, stderr=log),
        ]
    address = f"http://127.0.0.1:{outside}/lab"
    yield served(address, folder)
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=120)


def served(address: str, folder: Path) -> str:
    for _ in range(240):
        try:
            Visitor(address).close()
            return address
        except (AssertionError, OSError):
            time.sleep(0.25)
    raise RuntimeError(f"{address} is not served: {(folder / 'error.log').read_text()[-500:]}")


@pytest.fixture
def visitor(lab) -> Iterator[Visitor]:
    visitor = Visitor(f"{lab}/?dataset=street")
    yield visitor
    visitor.close()


def test_a_photo_larger_than_a_proxy_usually_takes_gets_its_masks_under_a_path(visitor):
    visitor.until("What do the networks see?")
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1100, 3), dtype=np.uint8)
    photo = saved(Image.fromarray(noise), "PNG")
    assert len(photo) > UPLOAD
    visitor.upload("noise.png", photo)
    visitor.until("noise.png", run_first=True)
    visitor.until("networks done")


def test_static_parts_lie_below_the_path(visitor):
    status, _, page = visitor.get("/")
    assert status == 200
    files = re.findall(r'(?:src|href)="\./(static/[^"]+)"', page.decode())
    assert files
    for file in files:
        status, _, content = visitor.get(f"/{file}")
        assert status == 200
        assert content
