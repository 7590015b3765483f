"""Azure Functions 2019 minute counts: every header in use, exact counts, uniform places, and wrong files."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mmesim.errors import TraceError
from mmesim.workload.trace.formats import azure_minutes as azure
from mmesim.workload.trace.names import Known
from tests.helpers.files import AZURE_DAY, DATA

EXCERPT = DATA / "azure2019_20f_60min.csv"
TRIGGER = DATA / "azure2019_20f_60min_with_trigger.csv"


def _table(file: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows, by the csv module alone."""
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as text:
        header, *rows = csv.reader(text)
    return header, rows


def _ids(file: Path) -> dict[str, int]:
    header, rows = _table(file)
    return {row[header.index("HashFunction")]: i for i, row in enumerate(rows)}


def _matrix(file: Path) -> np.ndarray:
    """[functions, minutes]: the counts, by the csv module alone."""
    header, rows = _table(file)
    first = next(i for i, name in enumerate(header) if name in {"1", "minute_1"})
    return np.array([[int(cell) for cell in row[first:]] for row in rows])


def _dense(counts: azure.MinuteCounts, functions: int) -> np.ndarray:
    matrix = np.zeros((functions, counts.minutes), dtype=np.int64)
    np.add.at(matrix, (counts.model, counts.minute), counts.count)
    return matrix


def _place(counts: azure.MinuteCounts, end_s: float = 1e9, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    parts = list(azure.arrivals(counts, lambda minute: np.random.default_rng([seed, minute]), end_s))
    empty = np.zeros(0)
    return np.concatenate([empty, *(p.time for p in parts)]), np.concatenate([empty, *(p.model for p in parts)])


@pytest.mark.parametrize(
    ("before", "minute"),
    [
        (["HashOwner", "HashApp", "HashFunction", "Trigger"], "{}"),
        (["HashFunction", "Trigger"], "{}"),
        (["HashFunction", "HashOwner", "HashApp"], "minute_{}"),
        (["HashOwner", "HashApp", "HashFunction"], "{}_minute"),
    ],
    ids=["original", "with trigger only", "minute_n", "n_minute"],
)
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "minutes backwards"])
def test_every_header_gives_the_same_counts(tmp_path: Path, before: list[str], minute: str, backwards: bool) -> None:
    matrix = _matrix(EXCERPT)
    functions, minutes = matrix.shape
    order = range(minutes)[::-1] if backwards else range(minutes)
    file = tmp_path / "counts.csv"
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([*before, *(minute.format(m + 1) for m in order)])
        for f in range(functions):
            writer.writerow([*(f"f{f}" if name == "HashFunction" else "x" for name in before), *matrix[f, list(order)]])
    counts = azure.read(file, Known({f"f{f}": f for f in range(functions)}))
    assert counts.minutes == minutes
    np.testing.assert_array_equal(_dense(counts, functions), matrix)


@pytest.mark.parametrize(("file", "total"), [(EXCERPT, 364), (TRIGGER, 780), (AZURE_DAY, 608_228)])
def test_calls_of_each_function_and_minute_are_exactly_those_of_the_file(file: Path, total: int) -> None:
    expected = _matrix(file)
    assert expected.sum() == total
    time, model = _place(azure.read(file, Known(_ids(file))))
    assert np.all(np.diff(time) >= 0)
    placed = np.zeros_like(expected)
    np.add.at(placed, (model.astype(np.int64), np.floor(time / 60).astype(np.int64)), 1)
    np.testing.assert_array_equal(placed, expected)


def test_calls_are_uniform_in_their_minute() -> None:
    # False alarm: 1 in 1,000, were the seed not fixed.
    time, _ = _place(azure.read(TRIGGER, Known(_ids(TRIGGER))))
    assert stats.kstest(time % 60 / 60, "uniform").pvalue > 1e-3


def test_the_run_ends_before_later_minutes_are_made() -> None:
    counts = azure.read(EXCERPT, Known(_ids(EXCERPT)))
    made: list[int] = []

    def generator(minute: int) -> np.random.Generator:
        made.append(minute)
        return np.random.default_rng(minute)

    list(azure.arrivals(counts, generator, 600.0))
    assert max(made) == 9


def test_the_last_instant_of_a_minute_stays_in_it() -> None:
    class Last(np.random.Generator):
        def random(self, *args: Any, **keys: Any) -> Any:
            return np.full(args[0], np.nextafter(1.0, 0.0))

    counts = azure.MinuteCounts(2000, np.array([0, 1999]), np.array([0, 0]), np.array([1, 1]))
    parts = azure.arrivals(counts, lambda minute: Last(np.random.PCG64(minute)), 1e9)
    assert [part.time[0] // 60 for part in parts] == [0, 1999]


def test_a_function_with_two_triggers_gets_the_calls_of_both(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("HashFunction,Trigger,1,2\nf,http,1,0\nf,timer,2,3\n")
    assert _dense(azure.read(file, Known({"f": 0})), 1).tolist() == [[3, 3]]


def test_minutes_without_any_call(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("HashFunction,1,2,3\nf,0,0,1\n")
    time, _ = _place(azure.read(file, Known({"f": 0})))
    assert len(time) == 1
    assert 120 <= time[0] < 180


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("HashApp,1\nf,1\n", r":1: column 'HashFunction' is missing"),
        ("HashFunction,Trigger\nf,http\n", r":1: no column is a minute"),
        ("HashFunction,1,2,4\nf,1,1,1\n", r":1: minute 3 is missing"),
        ("HashFunction,0,1\nf,1,1\n", r":1: minute 2 is missing"),
        ("HashFunction,1,minute_1\nf,1,1\n", r":1: '1' and 'minute_1' are the same minute"),
        ("HashFunction,1,2\nf,1,1\ng,1,1\n", r":3: column 'HashFunction': unknown model 'g'"),
        ("HashFunction,1,2\nf,1,many\n", r":2: column '2': 'many' is not a number"),
        ("HashFunction,1,2\nf,1,1.5\n", r":2: column '2': 1.5 is not a number of calls"),
        ("HashFunction,1,2\nf,-1,1\n", r":2: column '1': -1 is not a number of calls"),
        ("HashFunction,1,2\nf,1,1e30\n", r":2: column '2': 1e\+30 is not a number of calls"),
        ("HashFunction,1,2\nf,,1\n", r":2: column '1': '' is not a number"),
        ("HashFunction,1,2\nf,1\n", r":2: 2 cells where the header has 3 columns"),
        ("HashFunction,1,2\n", r"no function"),
        ("", r"the file is empty"),
    ],
)
def test_a_wrong_file_names_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(text)
    with pytest.raises(TraceError, match=r"counts\.csv.*" + message):
        azure.read(file, Known({"f": 0}))
