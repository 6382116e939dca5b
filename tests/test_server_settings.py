"""How the server is set up for visitors that nobody knows."""

import re
import tomllib

from streamlit.testing.v1 import AppTest

from tests.imports import ROOT

SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


def test_nothing_that_keeps_other_origins_out_is_switched_off():
    server = SETTINGS["server"]
    assert not {"enableCORS", "enableXsrfProtection", "corsAllowedOrigins"} & set(server)
    assert server["maxUploadSize"] <= 200


def test_an_error_that_nobody_thought_of_shows_no_path_and_no_secret():
    page = AppTest.from_string("raise RuntimeError('/srv/lab: token=abc')").run()
    (shown,) = page.exception
    assert "token" not in f"{shown.message}{shown.value}{shown.stack_trace}"
    assert "/srv" not in f"{shown.message}{shown.value}{shown.stack_trace}"


def test_every_test_that_the_security_notes_name_is_there():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text()))
    written = {name for file in ROOT.glob("tests/**/*.py") for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert len(named) > 10
    assert named - written == set()
