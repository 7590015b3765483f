"""From seed to sample there is nothing that differs between processors: no logarithm, no power over arrays."""

import ast
from collections.abc import Iterator
from pathlib import Path

import mmesim

ROOT = Path(mmesim.__path__[0])
SOURCES = [*sorted((ROOT / "workload").rglob("*.py")), *sorted((ROOT / "scenario" / "values").glob("times*.py"))]
DIFFER = {"exp", "expm1", "log", "log1p", "log2", "log10", "power", "float_power", "sqrt", "cbrt", "sin", "cos", "tanh"}


def differing(source: str) -> Iterator[tuple[int, str]]:
    """Lines, and what stands there, whose values may differ between processors."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np":
            if node.attr in DIFFER:
                yield node.lineno, f"np.{node.attr}"
        # Powers of whole numbers are exact everywhere.
        elif (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Pow)
            and not (isinstance(node.left, ast.Constant) and isinstance(node.left.value, int))
        ):
            yield node.lineno, "**"


def test_no_numpy_function_that_differs_between_processors() -> None:
    found = {file.name: list(differing(file.read_text(encoding="utf-8"))) for file in SOURCES}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_what_differs_would_be_found() -> None:
    source = "np.log(x)\nnp.add(x, y)\nx ** 2\n2 ** x\n2.0 ** x\n"
    assert sorted(differing(source)) == [(1, "np.log"), (3, "**"), (5, "**")]


def test_there_is_something_to_look_at() -> None:
    assert {"requests", "times", "times_from_data", "fingerprint", "poisson", "transform"} <= {
        file.stem for file in SOURCES
    }
