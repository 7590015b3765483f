"""The points of a sweep, from Python, from a file and from the words of a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim import units
from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.sweep.points import points, read_points
from mmesim.experiment.sweep.words import from_words, read_section, read_sweep
from tests.helpers.texts import load_text

COUNT, MEMORY = "endpoint.instance_count", "models.tenant.memory"

SCENARIO = """
name: swept
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 10 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s}
"""


def sample(method: str = "sobol", n: int = 16, **ranges: Any) -> dict[str, object]:
    return {"sample": {"method": method, "n": n, "ranges": ranges}}


def test_a_grid_is_all_combinations_the_last_field_fastest() -> None:
    found = points(read_sweep({COUNT: [2, 4], "endpoint.eviction": ["lru", "lfu"]}), seed=1)
    assert [tuple(point.values()) for point in found] == [(2, "lru"), (2, "lfu"), (4, "lru"), (4, "lfu")]
    assert list(found[0]) == [COUNT, "endpoint.eviction"]


def test_one_value_needs_no_list() -> None:
    assert points(read_section({"grid": {COUNT: 2, MEMORY: ["1 MB"]}}), seed=1) == ({COUNT: 2, MEMORY: "1 MB"},)


def test_a_list_of_points_is_taken_as_it_is() -> None:
    listed = [{COUNT: 2, MEMORY: "40 MiB"}, {COUNT: 8, MEMORY: "20 MiB"}]
    assert list(points(read_sweep(listed), seed=1)) == listed


@pytest.mark.parametrize("method", ["lhs", "sobol"])
def test_a_sample_covers_its_ranges_evenly(method: str) -> None:
    spans: dict[str, Any] = {MEMORY: {"low": "40 MiB", "high": "80 MiB"}, COUNT: {"low": 1, "high": 4}}
    found = points(read_section(sample(method, **spans)), seed=1)
    memory = sorted(units.split(point[MEMORY]) or (0, "") for point in found)
    assert {unit for _, unit in memory} == {"MiB"}
    # One value in each sixteenth of the range: that is what makes it a Latin hypercube, and what Sobol's nets do too.
    assert [int((number - 40) / 2.5) for number, _ in memory] == list(range(16))
    assert sorted(str(point[COUNT]) for point in found) == sorted("1234" * 4)
    assert found == points(read_section(sample(method, **spans)), seed=1)
    assert found != points(read_section(sample(method, **spans)), seed=2)


def test_a_logarithmic_range_halves_at_its_geometric_middle() -> None:
    span = {"low": "10 /s", "high": "1000 /s", "scale": "log"}
    found = points(read_section(sample(rate=span)), seed=1)
    numbers = [(units.split(point["rate"]) or (0, ""))[0] for point in found]
    assert sum(number < 100 for number in numbers) == 8
    assert all(10 <= number <= 1000 for number in numbers)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (6, (6, "")),
        (0.8, (0.8, "")),
        ("6", (6, "")),
        ("1.50 GiB", (1.5, "GiB")),
        ("80 %", (80, "%")),
        ("120 /s", (120, "/s")),
        ("lru", None),
        (True, None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_number_and_unit_of_a_value(value: object, expected: object) -> None:
    assert units.split(value) == expected


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"grid": {}}, "grid: is empty: name a field and its values"),
        ({"grid": {COUNT: []}}, f"{COUNT}: is empty: give at least one value"),
        ({"points": []}, "points: is empty: give at least one point"),
        ({"points": [{}]}, "points: is empty: give at least one point"),
        ({"points": [{COUNT: 1}, {MEMORY: "1 MB"}]}, "every point must give the same fields"),
        ({"grid": {COUNT: [1]}, "points": [{COUNT: 1}]}, "grid and points exclude each other"),
        ({}, "needs one of grid, points and sample"),
        ({"grid": {"sweep.grid": [1]}}, "a sweep cannot vary itself"),
        (sample("sobol", 0, a={"low": 1, "high": 2}), "sample.n: 0 is too small: at least 1"),
        (sample("halton", 4, a={"low": 1, "high": 2}), "'halton' is not one of lhs, sobol"),
        (sample(), "sample.ranges: is empty"),
        (sample(a={"low": 2, "high": 2}), "low must be below high, not 2 and 2"),
        (sample(a={"low": "1 MiB", "high": "2 GiB"}), "low and high need one unit, not 'MiB' and 'GiB'"),
        (sample(a={"low": "few", "high": "2 GiB"}), "'few' is not a number"),
        (sample(a={"low": 0, "high": 2, "scale": "log"}), "must be above 0 with scale: log"),
    ],
)
def test_what_cannot_be_swept_is_refused(section: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_section(section)
    assert message in str(refused.value)


def test_a_section_of_the_scenario_is_checked_with_its_line() -> None:
    with pytest.raises(ScenarioError, match=r"<text>:8: sweep\.grid\.endpoint\.instance_count: is empty"):
        load_text(SCENARIO + "sweep:\n  grid: {endpoint.instance_count: []}\n")
    with pytest.raises(ScenarioError, match=r"<text>:8: sweep\.gird: unknown key, one of grid, points, sample"):
        load_text(SCENARIO + "sweep:\n  gird: {endpoint.instance_count: [1]}\n")
    assert load_text(SCENARIO + "sweep: {grid: {endpoint.instance_count: [1]}}\n").sweep is not None


def test_points_of_a_csv_file(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text(f"{COUNT}, {MEMORY}\n2,40 MiB\n\n4,20 MiB\n")
    assert read_points(file) == ({COUNT: "2", MEMORY: "40 MiB"}, {COUNT: "4", MEMORY: "20 MiB"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", ":3: 1 values for 2 fields"),
        ("a,a\n1,2\n", "duplicate column 'a'"),
        ("a,\n1,2\n", "a column has no name"),
        ("a\n", "no points"),
        ("", "no points"),
    ],
)
def test_a_csv_file_that_is_no_list_of_points(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "points.csv"
    file.write_text(text)
    with pytest.raises(UserError) as refused:
        read_points(file)
    assert message in str(refused.value)
    with pytest.raises(UserError, match="cannot be read"):
        read_points(tmp_path / "none.csv")


def test_words_of_a_command_line() -> None:
    assert from_words([], None, None, []) is None
    grid = from_words([f"{COUNT}=2,4", f"{MEMORY}=40 MiB, 80 MiB", "a={zipf: 0.9},uniform"], None, None, [])
    assert grid is not None
    assert grid.grid == {COUNT: (2, 4), MEMORY: ("40 MiB", "80 MiB"), "a": ({"zipf": 0.9}, "uniform")}
    drawn = from_words([], None, "lhs:8", [f"{MEMORY}=40 MiB..80 MiB", f"{COUNT}=2..8 log", "share=0.5..0.9"])
    assert drawn is not None
    assert drawn.sample is not None
    spans = drawn.sample.ranges
    assert [(span.low, span.high, span.scale) for span in spans.values()] == [
        ("40 MiB", "80 MiB", "linear"),
        (2, 8, "log"),
        (0.5, 0.9, "linear"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (([COUNT], None, None, []), "write a field and values"),
        (([f"{COUNT}="], None, None, []), "is empty: give at least one value"),
        (([f"{COUNT}=[2"], None, None, []), "is not YAML"),
        (([], None, "halton:3", ["a=1..2"]), "write lhs:64 or sobol:64"),
        (([], None, "sobol", ["a=1..2"]), "write lhs:64 or sobol:64"),
        (([], None, "sobol:4", []), "needs ranges"),
        (([], None, "sobol:4", ["a=1"]), "write a field and a range"),
        (([], None, None, ["a=1..2"]), "add --sample"),
        (([f"{COUNT}=1"], None, "sobol:4", ["a=1..2"]), "grid and sample exclude each other"),
    ],
)
def test_words_that_mean_nothing(words: Any, message: str) -> None:
    with pytest.raises(UserError) as refused:
        from_words(*words)
    assert message in str(refused.value)
