"""What whoever runs the app may set, and what holds where he has set what cannot be."""

import re

import pytest
from pydantic import ValidationError

from seg.app.limits import Limits, limits, problems, variable
from tests.imports import ROOT


def test_the_environment_says_what_visitors_may(monkeypatch):
    monkeypatch.setenv("SEG_PICTURES", " 3 ")
    monkeypatch.setenv("SEG_TRAINING", "0")
    assert limits() == Limits(pictures=3, training=False)
    assert problems() == []


@pytest.mark.parametrize(
    ("name", "said"), [("pictures", "0"), ("pictures", "many"), ("megapixels", "1e99"), ("training", "?")]
)
def test_what_cannot_be_is_a_sentence_and_the_usual_limit_holds(monkeypatch, name, said):
    monkeypatch.setenv(variable(name), said)
    monkeypatch.setenv("SEG_OWN_SETS", "no")
    assert limits() == Limits(own_sets=False)
    (sentence,) = problems()
    assert sentence.startswith(f"{variable(name)} is {said!r}: ")
    assert f"Until then it is {getattr(Limits(), name)}." in sentence


def test_limits_cannot_be_changed_by_a_page():
    with pytest.raises(ValidationError):
        limits().pictures = 10**6


def test_every_setting_is_listed_where_whoever_runs_the_app_looks():
    listed = set(re.findall(r"^\| `(SEG_\w+)`", (ROOT / "docs" / "deployment.md").read_text(), re.M))
    assert {variable(name) for name in Limits.model_fields} <= listed
