"""Which part may import which: the arrows of the architecture, read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmesim

ROOT = Path(mmesim.__path__[0])

ANYONE = {"arrays", "errors", "units"}
ARROWS: dict[str, set[str]] = {
    "cli": {"report", "experiment", "workload.trace", "scenario", "results.result"},
    "experiment": {"engine", "results", "analytic", "scenario", "stats", "workload"},
    "engine": {"policies", "workload", "scenario", "results", "stats"},
    "report": {"results", "experiment", "scenario", "stats", "workload.trace"},  # it shows what a trace is like, too
    "analytic": {"scenario"},
    "workload": {"scenario"},
    "policies": {"scenario"},
    "results": {"scenario", "stats"},
    "scenario": set(),
    "stats": set(),
    "arrays": set(),
    "errors": set(),
    "units": set(),
}
"""Part -> parts that it may import, besides itself and `ANYONE`."""

EXCEPTIONS = {
    ("experiment/diff.py", "report.plots.diff.differences"),
    ("experiment/sweep/result.py", "report.plots.sweep.sweep_plot"),
    ("results/result.py", "report.plots.run.latency"),
}
"""Imports against the arrows, inside a method each: a result draws itself."""

KERNEL = ("engine", "kernel")
KERNEL_MAY_IMPORT = ({"numpy", "numba"} | sys.stdlib_module_names) - {"random"}
GENERATES_CODE = "prefetch.py"
"""The one module that speaks to Numba's own compiler library."""


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Full names of everything that a module imports, also inside functions."""
    package = ("mmesim", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*start, *([node.module] if node.module else [])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def part_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def allowed(part: str, target: str) -> bool:
    """True when a part may import a module, named without `mmesim.`"""
    may = ARROWS[part] | ANYONE | {part}
    return any(target == one or target.startswith(f"{one}.") for one in may)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_import_follows_an_arrow(path):
    part = part_of(path)
    if part in ("__init__", "__main__"):
        pytest.skip("the front doors re-export")
    own = [name.removeprefix("mmesim.") for name in imports(path) if name.startswith("mmesim.")]
    place = path.relative_to(ROOT).as_posix()
    wrong = [name for name in own if not allowed(part, name) and name != "__version__"]
    wrong = [name for name in wrong if (place, name) not in EXCEPTIONS]
    assert wrong == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_but_the_front_door_imports_the_command_line(path):
    if part_of(path) in ("cli", "__main__"):
        return
    assert [name for name in imports(path) if name.startswith("mmesim.cli")] == []


@pytest.mark.parametrize("path", sorted((ROOT.joinpath(*KERNEL)).glob("**/*.py")), ids=lambda path: path.name)
def test_the_kernel_imports_only_numpy_numba_and_itself(path):
    itself = ".".join(("mmesim", *KERNEL))
    foreign = {name for name in imports(path) if not name.startswith(itself)}
    may = KERNEL_MAY_IMPORT | ({"llvmlite"} if path.name == GENERATES_CODE else set())
    assert {name.split(".")[0] for name in foreign} <= may


def test_every_part_has_its_arrows():
    found = {part_of(path) for path in modules()} - {"__init__", "__main__"}
    assert found <= set(ARROWS)


def test_a_wrong_arrow_would_be_found():
    assert not allowed("scenario", "workload.requests")
    assert not allowed("results", "engine.simulation")
    assert not allowed("cli", "workload.requests")
    assert allowed("cli", "workload.trace.read")
    assert allowed("engine", "engine.kernel.jit")
