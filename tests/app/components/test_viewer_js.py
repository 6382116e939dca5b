"""The JavaScript of the components: its own tests under node, and that its modules can be joined into one script."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from seg.app import components
from seg.app.components.scripts import joined, modules

TESTS = Path(__file__).parent / "viewer"
FOLDER = Path(components.__file__).parent
ENTRIES = {path.parent.name: path for path in FOLDER.glob("*/*.js") if "export default" in path.read_text("utf-8")}


def node(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Playwright brings a node of its own, so that none has to be installed."""
    executable = compute_driver_executable()[0]
    return subprocess.run([executable, *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.js")), ids=lambda path: path.name.removesuffix(".test.js"))
def test_javascript(file: Path):
    run = node("--test", file)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_the_modules_of_a_component_are_one_script_without_a_name_used_twice(entry: Path, tmp_path: Path):
    script = tmp_path / "joined.mjs"
    script.write_text(joined(entry), "utf-8")
    run = node("--check", script)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_types_comments_and_inner_exports_are_not_sent_to_the_browser(entry: Path):
    lines = [line.strip() for line in joined(entry).splitlines()]
    assert not [line for line in lines if line.startswith(("//", "/**", "* ")) and not line.startswith("/** @type")]
    assert not [line for line in lines if line.startswith("import ")]
    assert [line.split("(")[0] for line in lines if line.startswith("export")] == ["export default function "]


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_module_stands_once_and_behind_those_it_imports(entry: Path):
    joint = modules(entry)
    assert len(joint) == len(set(joint))
    for i, module in enumerate(joint):
        names = re.findall(r'^import\b[^;]*from "([^"]+)";$', module.read_text("utf-8"), flags=re.MULTILINE)
        assert {(module.parent / name).resolve() for name in names} <= set(joint[:i])


def test_every_module_belongs_to_a_component():
    assert set(FOLDER.rglob("*.js")) == {module for entry in ENTRIES.values() for module in modules(entry)}
