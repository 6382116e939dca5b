"""What the modules of seg import, read from their text."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted((ROOT / "seg").rglob("*.py"))}
"""Module → file."""


def room(module: str) -> str:
    """`seg.models.unet` → models."""
    return module.split(".")[1] if "." in module else ""


def library(module: str) -> str:
    """`torch.nn` → torch."""
    return module.split(".")[0]


@cache
def imports(path: Path, anywhere: bool = True) -> frozenset[str]:
    """What a file imports: modules of seg by their whole names, others as they are written.

    ``anywhere``: imports within functions count, too, else only those that run when the module is imported.
    """
    found = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.parents[node.level - 1].relative_to(ROOT).parts if node.level else ()
            source = ".".join([*above, *([node.module] if node.module else [])])
            found.update(name if (name := f"{source}.{alias.name}") in MODULES else source for alias in node.names)
        elif anywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            nodes.extend(ast.iter_child_nodes(node))
    return frozenset(found)
