"""Whatever went wrong, a visitor reads a sentence, and never what a library says to programmers."""

import pytest

from seg.app import answers
from seg.app.answers import sentence
from seg.errors import OptionError, SegError, ServiceError, WeightsError
from seg.service.service import Place

FAILED = "The network failed ({}): try another picture or weight set."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (WeightsError("The weights are damaged."), "The weights are damaged."),
        (OptionError("Choose auto or cpu."), "Choose auto or cpu."),
        (ServiceError(), FAILED.format("ServiceError")),
        (SegError("  "), FAILED.format("SegError")),
        (ValueError("too many values to unpack (expected 2)"), FAILED.format("ValueError")),
        (KeyError("blocks.3.weight"), FAILED.format("KeyError")),
        (SystemExit(), FAILED.format("SystemExit")),
    ],
)
def test_only_our_own_words_are_shown_and_everything_else_is_named_by_its_kind(error, said):
    assert sentence(error) == said


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_memory_that_ran_out_is_said_in_our_words(error):
    assert sentence(error).startswith("There is not enough memory for this picture: choose a coarser detail")


@pytest.mark.parametrize(
    ("ahead", "seconds", "expected"),
    [(0, 0, 0.5), (0, 4, 0.5), (0, 20, 2.0), (0, 90, 6.0), (3, 0.2, 0.5), (3, 4, 2.8), (3, 20, 6.0)],
)
def test_who_waits_long_looks_less_often(ahead, seconds, expected, monkeypatch):
    monkeypatch.setattr(answers.resources.SERVICE, "place", lambda _: Place(ahead, seconds))
    assert answers.next_look([]) == pytest.approx(expected)
