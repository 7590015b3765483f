"""The hash of the sources, which a store's keys contain: it covers whatever a simulation imports."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmesim
from mmesim.experiment.execute.versions import SHOWN_ONLY, hash_of

ROOT = Path(mmesim.__path__[0])

ENTRY = ("engine/simulation.py", "experiment/warmup.py", "experiment/store/pack.py", "results/measured/run_data.py")
"""What makes an entry of a store: a replication is simulated after its warm-up was found, measured, and packed."""


def file_of(name: str) -> Path | None:
    """The source of a module or package, None when the name is neither."""
    place = ROOT.parent.joinpath(*name.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def imported(path: Path) -> Iterator[Path]:
    """The files of the package that a module imports anywhere, also inside functions, with the packages they are in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] == "mmesim":
                parts = name.split(".")
                yield from filter(None, (file_of(".".join(parts[:k])) for k in range(1, len(parts) + 1)))


def reachable() -> list[Path]:
    """Every module that an entry of a store depends on; the front door `mmesim` itself only names what it offers."""
    found: set[Path] = set()
    waiting = [ROOT / one for one in ENTRY]
    while waiting:
        path = waiting.pop()
        if path not in found and path != ROOT / "__init__.py":
            found.add(path)
            waiting += imported(path)
    return sorted(found)


def edited(copy: Path, path: Path) -> str:
    """The hash of a copy of the package in which one file has another line."""
    file = copy / path.relative_to(ROOT)
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "# edited\n", encoding="utf-8")
    found = hash_of(copy)
    file.write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("package") / "mmesim"
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.mark.slow
def test_an_edit_of_any_module_that_a_simulation_imports_changes_the_hash(copy: Path) -> None:
    modules = reachable()
    names = {path.relative_to(ROOT).as_posix() for path in modules}
    assert {"errors.py", "arrays.py", "units.py", "stats/mser.py", "engine/kernel/jit.py"} <= names
    before = hash_of(copy)
    assert [path for path in modules if edited(copy, path) == before] == []
    assert hash_of(copy) == before


def test_an_edit_of_what_only_shows_results_keeps_the_hash(copy: Path) -> None:
    before = hash_of(copy)
    for room in SHOWN_ONLY:
        sources = sorted((ROOT / room).rglob("*.py"))
        assert sources
        assert [path for path in sources if edited(copy, path) != before] == []


def test_data_counts_and_what_python_leaves_behind_does_not(copy: Path) -> None:
    before = hash_of(copy)
    assert hash_of(ROOT) == before
    assert edited(copy, ROOT / "scenario" / "endpoint" / "data" / "instances.csv") != before
    (copy / "engine" / "__pycache__").mkdir()
    (copy / "engine" / "__pycache__" / "simulation.pyc").write_bytes(b"compiled")
    assert hash_of(copy) == before
