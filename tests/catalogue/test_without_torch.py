"""Records, tables of scores and figures are read without torch, which takes seconds to load."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIGURES = [f"seg.figures.{path.stem}" for path in (ROOT / "seg" / "figures").glob("[a-z]*.py")]


@pytest.mark.parametrize(
    "modules",
    [
        ["seg.catalogue.record"],
        ["seg.catalogue.store", "seg.catalogue.comparisons"],
        ["seg.models", "seg.training.recipe"],
        ["seg.scores.leaderboard", *FIGURES],
    ],
    ids=lambda modules: modules[0],
)
def test_importing_what_reads_records_does_not_load_torch(modules):
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_network_can_be_built_from_the_package_of_the_names():
    code = "from seg.models import KNOWN, build_model; build_model(KNOWN[0], 2)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
