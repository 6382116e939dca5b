"""The JavaScript of the components: its own tests under node, and that its modules can be joined into one script."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from seg.app.components import player as replay_player
from seg.app.components import viewer
from seg.app.components.scripts import joined

TESTS = Path(__file__).parent / "viewer"
VIEWER = Path(viewer.__file__).parent
PLAYER = Path(replay_player.__file__).parent

COMPONENTS = {
    "viewer": list(viewer._MODULES),
    "replay player": list(replay_player._MODULES),
}


def node(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Playwright brings a node of its own, so that none has to be installed."""
    executable = compute_driver_executable()[0]
    return subprocess.run([executable, *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.js")), ids=lambda path: path.name.removesuffix(".test.js"))
def test_javascript(file: Path):
    run = node("--test", file)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


@pytest.mark.parametrize("modules", COMPONENTS.values(), ids=COMPONENTS)
def test_the_modules_of_a_component_are_one_script_without_a_name_used_twice(modules: Sequence[Path], tmp_path: Path):
    script = tmp_path / "joined.mjs"
    script.write_text(joined(modules), "utf-8")
    run = node("--check", script)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("modules", COMPONENTS.values(), ids=COMPONENTS)
def test_types_and_comments_are_not_sent_to_the_browser(modules: Sequence[Path]):
    lines = [line.strip() for line in joined(modules).splitlines()]
    assert not [line for line in lines if line.startswith(("//", "/**", "* ")) and not line.startswith("/** @type")]


@pytest.mark.parametrize("modules", COMPONENTS.values(), ids=COMPONENTS)
def test_modules_import_only_those_joined_before_them(modules: Sequence[Path]):
    before: set[Path] = set()
    for module in modules:
        imports = re.findall(r'^import\b[^;]*from "([^"]+)";$', module.read_text("utf-8"), flags=re.MULTILINE)
        late = [name for name in imports if (module.parent / name).resolve() not in before]
        assert not late, f"{module.name} imports {', '.join(late)}"
        before.add(module.resolve())


@pytest.mark.parametrize(("folder", "modules"), [(VIEWER, COMPONENTS["viewer"]), (PLAYER, COMPONENTS["replay player"])])
def test_every_module_in_the_folder_of_a_component_is_joined(folder: Path, modules: Sequence[Path]):
    assert set(folder.glob("*.js")) <= set(modules)
