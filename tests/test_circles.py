"""No module imports itself by way of others, not even inside functions; imports for the type checker do not count."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import mmesim

ROOT = Path(mmesim.__path__[0])

ALLOWED = {
    ("scenario.scenario", "scenario.file.load"),
    ("scenario.scenario", "scenario.file.template"),
}
"""Imports inside a method each: `Scenario` reads itself from a file, and the reader builds scenarios."""


def at_run_time(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """Every `from ... import` but those under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            yield child
        elif not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield from at_run_time(child)


@cache
def imports() -> dict[str, set[str]]:
    """Module -> modules of the package that it imports, named without `mmesim.`"""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
    found: dict[str, set[str]] = {name: set() for name in files}
    for name, path in files.items():
        for node in at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
            base = (node.module or "").removeprefix("mmesim").removeprefix(".")
            for target in (f"{base}.{alias.name}".removeprefix(".") for alias in node.names):
                found[name] |= {one for one in (target, base) if one in files and one != name}
    return found


def test_imports_do_not_go_in_circles() -> None:
    graph = imports()
    assert sum(map(len, graph.values())) > 500
    needed = {(name, target) for name, target in ALLOWED if target in graph[name]}
    assert needed == ALLOWED
    graphlib.TopologicalSorter(
        {name: {one for one in targets if (name, one) not in ALLOWED} for name, targets in graph.items()}
    ).prepare()


def test_a_circle_would_be_found() -> None:
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(imports()).prepare()
