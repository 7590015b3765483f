"""Traces with coarse times, times of ends, and times since 1970: when the calls come, and what is said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.traffic.trace.trace import TraceColumns, TraceSource
from mmesim.workload.requests import blocks
from mmesim.workload.trace.describe.describe import describe
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed
from mmesim.workload.trace.whole import WholeTrace
from tests.unit.workload.conftest import MakeScenario


def times(source: TraceSource, chunk: int = 1000, replication: int = 0) -> np.ndarray:
    parts = replayed(source, Numbered(), Draws(1, replication, "trace"), chunk)
    return np.concatenate([part.time for part in parts] or [np.zeros(0)])


def poisson(rate: float = 10.0, calls: int = 2000) -> np.ndarray:
    return np.cumsum(np.random.default_rng(1).exponential(1.0 / rate, calls))


def table(folder: Path, cells: list[str], **keys: Any) -> TraceSource:
    file = folder / "calls.csv"
    file.write_text("time,model\n" + "".join(f"{cell},a\n" for cell in cells))
    return TraceSource(file=file, **keys)


# -- coarse times


@pytest.mark.parametrize(
    ("unit", "shown"), [(0.01, "10 ms"), (0.1, "100 ms"), (1.0, "1 s"), (3.0, "3 s"), (60.0, "1 min")]
)
def test_a_grid_is_found_said_and_calls_are_spread_inside_it(tmp_path: Path, unit: float, shown: str) -> None:
    exact = poisson(100.0 / max(unit, 0.1), 5000)
    source = table(tmp_path, [f"{np.floor(time / unit) * unit:.2f}" for time in exact])
    with pytest.warns(TraceWarning, match=f"all times are multiples of ({shown}|60 s).*resolution: none") as told:
        found = times(source)
    assert ("cannot be recovered" in str(told[0].message)) == (unit >= 60.0)
    cells = np.bincount(np.floor(exact / unit).astype(int))
    np.testing.assert_array_equal(np.bincount(np.floor(found / unit + 1e-9).astype(int)), cells)
    gaps = np.diff(found)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.filterwarnings("ignore::mmesim.errors.TraceWarning")
def test_the_places_are_seeded_and_do_not_depend_on_the_chunk(tmp_path: Path) -> None:
    source = table(tmp_path, [f"{int(time)}" for time in poisson()])
    first = times(source)
    np.testing.assert_array_equal(first, times(source, chunk=7))
    assert (first != times(source, replication=1)).any()
    np.testing.assert_array_equal(first, times(source.model_copy(update={"resolution": 1.0})))


def test_the_times_can_be_replayed_as_they_are(tmp_path: Path) -> None:
    whole = [float(int(time)) for time in poisson()]
    assert times(table(tmp_path, [f"{time}" for time in whole], resolution="none")).tolist() == whole


@pytest.mark.parametrize("places", [3, 6])
def test_fine_times_are_not_touched(tmp_path: Path, places: int) -> None:
    cells = [f"{time:.{places}f}" for time in poisson(200.0)]
    assert times(table(tmp_path, cells)).tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize("cells", [["0"] * 5 + ["10"] * 5, [str(k) for k in range(500)], ["0.5"] * 100], ids=str)
def test_few_calls_and_calls_with_times_of_their_own_are_not_spread(tmp_path: Path, cells: list[str]) -> None:
    assert times(table(tmp_path, cells)).tolist() == [float(cell) for cell in cells]


def test_bursts_that_a_grid_hides_are_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    cells = np.repeat(np.arange(600), rng.poisson(20.0, 600) * (rng.random(600) < 0.1))
    with pytest.warns(TraceWarning, match=r"vary \d+ times as much as Poisson ones: bursts shorter than 1 s cannot"):
        times(table(tmp_path, [str(cell) for cell in cells]))


def test_order_is_judged_by_the_times_of_the_file(tmp_path: Path) -> None:
    cells = [str(int(time)) for time in poisson(calls=200)]
    cells[100], cells[50] = cells[50], cells[100]
    with (
        pytest.warns(TraceWarning, match="multiples of 1 s"),
        pytest.raises(TraceError, match=r"calls\.csv:\d+: column 'time': time \d+\.0 s comes after"),
    ):
        times(table(tmp_path, cells))


def test_describe_tells_the_grid(tmp_path: Path) -> None:
    trace = WholeTrace(table(tmp_path, [str(int(time)) for time in poisson()]), 1)
    with pytest.warns(TraceWarning, match="multiples of 1 s"):
        found = describe(trace.source.file, trace.calls(), None, lambda: trace.grid)
    assert found.as_dict()["resolution_s"] == 1.0
    assert found.gap_cv == pytest.approx(1.0, abs=0.1)


# -- times of ends

LOG = r'^(?P<time>\S+) "POST /models/(?P<model>\w+)/invoke" 200 (?P<duration>\S+)'


def ended(folder: Path, **keys: Any) -> TraceSource:
    """40 calls within 2 s for one worker of 4.5 s: call k ends at 4.5 (k + 1) s."""
    file = folder / "access.log"
    with file.open("w") as text:
        for k in range(40):
            end = 4.5 * (k + 1)
            stamp = f"2026-01-01T00:{int(end // 60):02d}:{end % 60:09.6f}"
            text.write(f'{stamp} "POST /models/sd/invoke" 200 {end - 0.05 * k:.2f}\n')
    return TraceSource(file=file, format="access-log", pattern=LOG, stamped="end", **keys)


def test_a_call_stamped_at_its_end_begins_its_duration_before(tmp_path: Path) -> None:
    np.testing.assert_allclose(times(ended(tmp_path)), 0.05 * np.arange(40), atol=1e-9)
    np.testing.assert_allclose(times(ended(tmp_path), chunk=7), 0.05 * np.arange(40), atol=1e-9)


def test_a_table_stamped_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("time,model,ms\n5,a,4500\n9,a,8450\n")
    keys = {"stamped": "end", "columns": TraceColumns(duration="ms"), "duration_scale": 1e-3}
    assert times(TraceSource(file=file, **keys)).tolist() == pytest.approx([0.5, 0.55])
    file.write_text("time,model,ms\n1,a,4500\n9,a,8450\n")
    with pytest.raises(TraceError, match=r"calls\.csv:2: .* ends at 1\.0 s begins before 0: count_from: first"):
        times(TraceSource(file=file, **keys))
    assert times(TraceSource(file=file, count_from="first", **keys)).tolist() == pytest.approx([0.0, 4.05])


def test_coarse_ends_are_spread_before_the_duration_is_taken_off(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    begin = poisson(10.0)
    duration = np.round(rng.exponential(30.0, len(begin)), 3)
    order = np.argsort(begin + duration)
    file = tmp_path / "calls.csv"
    rows = [f"{int(begin[k] + duration[k])},a,{duration[k]:.3f}\n" for k in order]
    file.write_text("time,model,took\n" + "".join(rows))
    source = TraceSource(file=file, stamped="end", columns=TraceColumns(duration="took"), count_from="first")
    with pytest.warns(TraceWarning, match="multiples of 1 s"):
        found = times(source)
    assert np.abs(found - (begin - begin[0])).max() < 2.0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"stamped": "end"}, "stamped: end needs the duration of each call"),
        ({"columns": {"duration": "took"}}, "durations are used with stamped: end alone"),
        ({"format": "azure-functions-2021", "stamped": "end"}, "does not apply to azure-functions-2021"),
        ({"format": "access-log", "pattern": LOG}, "durations are used with stamped: end alone"),
        ({"resolution": "fine"}, "'fine' is not a time"),
    ],
)
def test_ends_and_durations_come_together(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TraceSource.model_validate({"file": "x.csv"} | keys)


@pytest.mark.parametrize("column", ["duration", "request_time", "elapsed", "took"])
def test_a_logged_time_is_not_taken_for_the_service_time_without_a_word(tmp_path: Path, column: str) -> None:
    file = tmp_path / "calls.csv"
    file.write_text(f"time,model,{column}\n0,a,1\n")
    with pytest.warns(TraceWarning, match=f"column '{column}' is taken for the service time"):
        times(TraceSource(file=file, columns=TraceColumns(service=column)))


# -- times since 1970


@pytest.mark.parametrize(
    ("cell", "keys", "message"),
    [
        (
            "1767225600000",
            {},
            r"1\.76723e\+12 s since 1970 is not a date, 1\.76723e\+12 ms is 2026-01-01: time_unit: ms",
        ),
        ("1767225600000", {"count_from": "first"}, r"'1767225600000' s is beyond .* ms is 2026-01-01: time_unit: ms"),
        ("1767225600000000", {"count_from": "first"}, r"us is 2026-01-01: time_unit: us"),
        ("1767225600000000000", {}, r"ns is 2026-01-01: time_unit: ns"),
        ("1767225600", {}, r"1\.76723e\+09 s since 1970 is 2026-01-01: count_from: first"),
        ("1767225600000000", {"time_unit": "ms", "count_from": "first"}, "time_unit: us"),
        ("1e300", {"count_from": "first"}, "'1e300' s is beyond the year 2262"),
        ("-1e300", {"count_from": "first"}, "'-1e300' s is beyond the year 2262"),
        ("1e300", {}, "more than three years"),
    ],
)
def test_a_number_that_is_no_time_says_its_unit(tmp_path: Path, cell: str, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(TraceError, match=r"calls\.csv:2: column 'time': .*" + message):
        times(table(tmp_path, [cell, cell], **keys))


@pytest.mark.parametrize("scale", ["", "000", "000000", "000000000"])
def test_a_log_recognises_numbers_since_1970(tmp_path: Path, scale: str) -> None:
    file = tmp_path / "access.log"
    file.write_text(f"1767225600{scale} a\n1767225602{scale} a\n")
    source = TraceSource(file=file, format="access-log", pattern=r"(?P<time>\S+) (?P<model>\S+)")
    assert times(source).tolist() == [0.0, 2.0]
    unit = {0: "s", 3: "ms", 6: "us", 9: "ns"}[len(scale)]
    assert times(source.model_copy(update={"time_unit": unit})).tolist() == [0.0, 2.0]


def test_a_log_with_the_wrong_unit_says_the_right_one(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text("1767225600000 a\n")
    pattern = r"(?P<time>\S+) (?P<model>\S+)"
    with pytest.raises(TraceError, match=r"line 1: group 'time': .* ms is 2026-01-01: time_unit: ms"):
        times(TraceSource(file=file, format="access-log", pattern=pattern, time_unit="s"))


# -- what a run replays


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([], "NO CALL is replayed: there is none"),
        (["200"], r"NO CALL is replayed: the first is at 3\.33 min, the run has 100 s"),
        (["1", "2"], r"the last call is at 2 s, the run has 100 s"),
        (["1", "99", "101"], r"cut by the run: calls after its first 100 s"),
    ],
)
def test_a_trace_that_does_not_fill_the_run_is_said(
    make_scenario: MakeScenario, tmp_path: Path, cells: list[str], message: str
) -> None:
    scenario = make_scenario([Traffic(trace=table(tmp_path, cells))])
    with pytest.warns(TraceWarning, match=message):
        list(blocks(scenario, 0))


def test_a_trace_that_fills_the_run_needs_no_word(make_scenario: MakeScenario, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(blocks(make_scenario([Traffic(trace=table(tmp_path, ["1", "99"]))]), 0))
