"""The walls between the rooms of seg, read from the code itself: what may import what, and where things lie."""

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.imports import MODULES, ROOT, imports, library, room

FLOORS = (
    ("errors", "labels"),
    ("pictures", "models"),
    ("datasets", "catalogue"),
    ("inference",),
    ("anatomy", "likeness", "scores", "losses"),
    ("training",),
    ("service",),
    ("figures",),
    ("reports", "bench"),
    ("app", "cli"),
)
"""The rooms from the ground up: each may import those below it and those beside it, never one above."""

FLOOR = {name: floor for floor, rooms in enumerate(FLOORS) for name in rooms}

DOORS = {"seg", "seg.__main__"}
"""What stands before the rooms and may lead into any."""

INSIDE = {name: {target for target in imports(path) if target in MODULES} - DOORS for name, path in MODULES.items()}
"""Module → the modules of seg that it imports anywhere: an import put off into a function counts, too."""

PAGES = [ROOT / "streamlit_app.py", *sorted((ROOT / "pages").glob("*.py"))]


def circle(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Names that lead back to the first of them, or nothing."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return error.args[1]
    return []


def test_a_circle_is_found():
    assert circle({"a": ["b"], "b": ["c"], "c": ["a"]})
    assert not circle({"a": ["b", "c"], "b": ["c"]})


def test_no_module_lies_loose():
    assert {path.stem for path in (ROOT / "seg").glob("*.py")} == {"__init__", "__main__", "errors", "labels"}
    assert {room(name) for name in MODULES if name not in DOORS} - set(FLOOR) == set()


def test_nothing_is_imported_from_a_floor_above():
    pairs = [(name, target) for name, targets in INSIDE.items() if name not in DOORS for target in targets]
    assert [pair for pair in pairs if FLOOR[room(pair[1])] > FLOOR[room(pair[0])]] == []


def test_no_rooms_import_each_other_in_a_circle():
    graph: dict[str, set[str]] = {name: set() for name in FLOOR}
    for name, targets in INSIDE.items():
        if name not in DOORS:
            graph[room(name)] |= {room(target) for target in targets} - {room(name)}
    assert circle(graph) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circle({name: targets - {name} for name, targets in INSIDE.items() if name not in DOORS}) == []


def test_only_the_app_imports_streamlit():
    found = {room(name) for name, path in MODULES.items() if "streamlit" in map(library, imports(path))}
    assert found == {"app"}


def test_the_models_import_nothing_of_the_rest():
    assert {room(target) for name, targets in INSIDE.items() if room(name) == "models" for target in targets} == {
        "models"
    }


@pytest.mark.parametrize("module", ["seg.catalogue.record", "seg.datasets.record"])
def test_the_records_load_no_torch(module: str):
    code = f"import sys, {module}; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("False\n", "")


def test_the_first_page_waits_for_nothing_that_only_others_need():
    pages = "seg.app.entry, seg.app.sidebar, seg.app.controls, seg.app.parts.compare, seg.app.parts.gallery"
    others = ("lightning", "pandas", "segmentation_models_pytorch", "sympy", "torchmetrics", "torchvision", "triton")
    code = f"import sys, {pages}; print([name for name in {others} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_pages_are_short_and_import_no_torch(page: Path):
    assert "torch" not in map(library, imports(page))
    assert len(page.read_text("utf-8").splitlines()) < 150


def test_modules_are_short():
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: count for name, count in lines.items() if count >= 400} == {}


def test_every_room_has_a_door_plate():
    rooms = [path for path in MODULES.values() if path.name == "__init__.py"]
    assert [path for path in rooms if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_nothing_is_unpickled():
    found = []
    for path in MODULES.values():
        for call in (
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
        ):
            name = ast.unparse(call.func)
            safe = name == "torch.load" and any(ast.unparse(word) == "weights_only=True" for word in call.keywords)
            if name.split(".")[-1] in ("load", "loads") and name.split(".")[0] in ("torch", "pickle") and not safe:
                found.append(f"{path}:{call.lineno}")
    assert found == []


def test_no_class_of_one_data_set_is_named_outside_of_the_data_sets():
    named = re.compile(r"\b(pole|pedestrian|bicycl|pavement|fence|membrane'?s?\b)", re.IGNORECASE)
    sources = [
        path
        for folder in ("pages", "seg/app", "seg/figures", "seg/catalogue", "seg/scores", "seg/training", "seg/losses")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js", ".html")
    ]
    assert len(sources) > 50
    assert [str(path.relative_to(ROOT)) for path in sources if named.search(path.read_text("utf-8"))] == []
