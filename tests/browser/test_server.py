"""What the server gives to those who are no visitors of a page: requests by hand, from elsewhere, for other files."""

import base64
import http.client
import os
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest

SECRET = "root:"
"""What /etc/passwd begins with."""


@pytest.fixture(scope="module")
def host(serve) -> str:
    return urlsplit(serve("streamlit_app.py")).netloc


def asked(
    host: str, method: str, path: str, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b""
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request(method, path, body, dict(headers))
    answer = connection.getresponse()
    read = b"" if answer.status == 101 else answer.read()
    connection.close()
    return answer.status, read.decode(errors="replace")


UP = "/".join([".."] * 12)


@pytest.mark.parametrize(
    "path",
    [
        f"/{UP}/etc/passwd",
        f"/static/{UP}/etc/passwd",
        f"/app/static/{UP}/etc/passwd",
        f"/media/{UP}/etc/passwd",
        f"/component/{UP}/etc/passwd",
        f"/_stcore/bidi-components/{UP}/etc/passwd",
        f"/{UP.replace('..', '%2e%2e')}/etc/passwd",
        f"/static/{UP.replace('/', '%2f')}%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/weights/index.json",
        "/seg/app/resources.py",
        "/.streamlit/config.toml",
    ],
)
def test_no_address_leads_to_a_file_that_is_no_part_of_a_page(host, path):
    _, body = asked(host, "GET", path)
    assert SECRET not in body
    assert "sha256" not in body
    assert "import streamlit" not in body
    assert "maxUploadSize" not in body


def handshake(origin: str) -> dict[str, str]:
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Origin": origin,
    }


def test_a_page_of_another_origin_opens_no_visit_here(host):
    assert asked(host, "GET", "/_stcore/stream", handshake(f"http://{host}"))[0] == 101
    assert asked(host, "GET", "/_stcore/stream", handshake("http://elsewhere.example"))[0] == 403


def test_another_origin_may_not_read_what_a_page_gets(host):
    for path in ("/_stcore/health", "/_stcore/host-config", "/"):
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", path, headers={"Origin": "http://elsewhere.example"})
        answer = connection.getresponse()
        answer.read()
        assert answer.getheader("Access-Control-Allow-Origin") is None, path


def test_files_are_taken_from_visitors_only(host):
    status, _ = asked(host, "PUT", "/_stcore/upload_file/nobody/nothing", {"Content-Length": "4"}, b"data")
    assert status in (400, 401, 403)
