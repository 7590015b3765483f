"""Functions of the user that are not there. Nothing of theirs is run: a file is looked for, and read."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.scenario.values.function import Function


def missing(offered: Offered) -> Iterator[Finding]:
    """Each process, rule of eviction and scaling policy with no module or no function of its name."""
    for one in offered.scenario.own_code:
        why = _why(one)
        if why is not None:
            yield Finding(
                id="own_code",
                severity="problem",
                text=f"{one.function} cannot be called: {why}",
                evidence={},
                source="docs/how-to/run-your-own-process.md",
                try_=None,
            )


def _why(one: Function) -> str | None:
    folder = (one.folder or Path.cwd()).resolve()
    steps = one.module.split(".")
    file = next((path for path in _files(folder, steps) if path.is_file()), None)
    if file is None:
        if steps[0] in sys.stdlib_module_names:
            return f"{steps[0]} belongs to Python: name a function of your own"
        there = PathFinder.find_spec(steps[0], [str(folder), *sys.path])
        return None if there is not None else f"there is no module {one.module} in {folder} or on Python's path"
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError, OSError) as error:
        return f"{file} cannot be read as Python: {error}"
    names = set(_names(tree))
    # What a module takes from everywhere, or makes when it is asked, cannot be told without running it.
    return None if names & {one.name, "*", "__getattr__"} else f"{file} has no function {one.name}"


def _files(folder: Path, steps: list[str]) -> Iterator[Path]:
    place = folder.joinpath(*steps)
    yield place.with_name(f"{steps[-1]}.py")
    yield place / "__init__.py"


def _names(tree: ast.Module) -> Iterator[str]:
    """Every name that is bound anywhere outside functions and classes."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        if isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        waiting += ast.iter_child_nodes(node)
