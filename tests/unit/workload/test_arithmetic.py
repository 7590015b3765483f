"""From seed to sample there is nothing that differs between processors: no logarithm, no power over arrays."""

import ast
from pathlib import Path

import pytest

import mmesim

ROOT = Path(mmesim.__path__[0])
SOURCES = [*sorted((ROOT / "workload").rglob("*.py")), *sorted((ROOT / "scenario" / "values").glob("times*.py"))]
DIFFER = {"exp", "expm1", "log", "log1p", "log2", "log10", "power", "float_power", "sqrt", "cbrt", "sin", "cos", "tanh"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_no_numpy_function_that_differs_between_processors(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np":
            assert node.attr not in DIFFER, f"{file.name}:{node.lineno}: np.{node.attr}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            # Whole numbers are exact everywhere.
            assert isinstance(node.left, ast.Constant), f"{file.name}:{node.lineno}: **"
            assert isinstance(node.left.value, int)


def test_there_is_something_to_look_at() -> None:
    assert {"requests", "times", "times_from_data", "fingerprint", "poisson", "transform"} <= {
        file.stem for file in SOURCES
    }
