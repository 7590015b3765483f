"""Blocks of a trace drawn with replacement: whole, counted, the same for one seed, others in another replication."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmesim.errors import ScenarioError, TraceError
from mmesim.scenario import Poisson, Scenario, TraceSource, Traffic
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import Constant
from mmesim.workload.requests import blocks, expected_calls
from tests.helpers.texts import load_text
from tests.unit.workload.conftest import MakeScenario

HOURS = 5
HOUR_S = 100.0
"""An hour of these traces is short."""
DAY = [(12.5, 0), (90.0, 1), (100.0, 2), (199.0, 0), (201.0, 1), (202.0, 1), (203.0, 1), (350.0, 2), (499.5, 0)]
"""Time and model; nobody calls twice at one time of an hour, and every hour has other calls."""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    file = tmp_path / "day.csv"
    rows = [f"{time},{'abc'[model]},{0.001 * (i + 1):.3f}" for i, (time, model) in enumerate(DAY)]
    file.write_text("\n".join(["time,model,service", *rows]) + "\n")
    return file


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    """Six minutes of two functions, each cell with a count of its own."""
    file = tmp_path / "minutes.csv"
    file.write_text("HashFunction,1,2,3,4,5,6\na,1,2,3,4,5,6\nb,10,20,30,40,50,60\n")
    return file


SERVICES = {name: Service(cpu=Constant(0.01)) for name in "abc"}


def traced(make: MakeScenario, file: Path, bootstrap_s: float | None = HOUR_S, **changes: Any) -> Scenario:
    window = {"duration_s": HOURS * HOUR_S} | changes
    stream = {k: window.pop(k) for k in ("start_s", "end_s") if k in window}
    traffic = Traffic(trace=TraceSource(file=file), bootstrap_s=bootstrap_s, **stream)
    return make([traffic], services=SERVICES, **window)


def calls(scenario: Scenario, replication: int = 0, block_size: int = 65536) -> list[tuple[float, int, float]]:
    return [
        (round(t, 9), m, round(c, 9))
        for block in blocks(scenario, replication, block_size)
        for t, m, c in zip(block.time.tolist(), block.model.tolist(), block.cpu.tolist(), strict=True)
    ]


def by_hour(found: list[tuple[float, int, float]]) -> list[tuple[tuple[float, int, float], ...]]:
    """The calls of each hour, counted from its beginning."""
    hours: list[list[tuple[float, int, float]]] = [[] for _ in range(HOURS)]
    for time, model, cpu in found:
        hours[int(time // HOUR_S)].append((round(time % HOUR_S, 9), model, cpu))
    return [tuple(hour) for hour in hours]


RECORDED = by_hour([(time, model, round(0.001 * (i + 1), 9)) for i, (time, model) in enumerate(DAY)])


def test_every_block_is_whole(make_scenario: MakeScenario, day: Path) -> None:
    of = traced(make_scenario, day)
    drawn = [by_hour(calls(of, replication)) for replication in range(40)]
    assert all(hour in RECORDED for hours in drawn for hour in hours)
    # and with replacement: some hour comes twice, some not at all, each comes somewhere
    assert any(len(set(hours)) < HOURS for hours in drawn)
    assert {hour for hours in drawn for hour in hours} == set(RECORDED)


def test_each_block_is_as_likely(make_scenario: MakeScenario, day: Path) -> None:
    of = traced(make_scenario, day)
    hours = [RECORDED.index(hour) for replication in range(400) for hour in by_hour(calls(of, replication))]
    counts = np.bincount(hours, minlength=HOURS)
    # 2,000 draws of 5 hours: 400 each, standard deviation 18
    assert np.all(np.abs(counts - 400) < 5 * 18)


def test_without_it_all_replications_have_the_same_calls(make_scenario: MakeScenario, day: Path) -> None:
    of = traced(make_scenario, day, None)
    assert calls(of, 0) == calls(of, 1)
    assert by_hour(calls(of, 0)) == RECORDED


def test_with_it_replications_differ_and_a_seed_repeats(make_scenario: MakeScenario, day: Path) -> None:
    of = traced(make_scenario, day)
    assert len({tuple(calls(of, replication)) for replication in range(10)}) > 5
    assert calls(of, 3) == calls(of, 3)
    assert calls(of, 3) == calls(of, 3, block_size=2)
    assert calls(of, 0) != calls(traced(make_scenario, day, seed=2), 0)


def test_the_window_keeps_its_length_and_cuts_the_last_block(make_scenario: MakeScenario, day: Path) -> None:
    long = [calls(traced(make_scenario, day, duration_s=8 * HOUR_S), r) for r in range(30)]
    assert all(time < 8 * HOUR_S for found in long for time, _, _ in found)
    assert max(time for found in long for time, _, _ in found) > 7 * HOUR_S
    part = traced(make_scenario, day, start_s=50.0, end_s=180.0)
    for replication in range(30):
        found = [time for time, _, _ in calls(part, replication)]
        assert all(50.0 <= time < 180.0 for time in found)


def test_the_same_draws_whatever_the_window(make_scenario: MakeScenario, day: Path) -> None:
    short, long = (calls(traced(make_scenario, day, duration_s=n * HOUR_S), 4) for n in (3, 5))
    assert short == [call for call in long if call[0] < 3 * HOUR_S]


def test_a_last_block_that_is_not_whole_is_left_out(make_scenario: MakeScenario, tmp_path: Path) -> None:
    file = tmp_path / "cut.csv"
    file.write_text("time,model\n10,a\n110,b\n210,c\n")
    of = traced(make_scenario, file)
    models = {model for replication in range(30) for _, model, _ in calls(of, replication)}
    assert models == {0, 1}


def test_warm_models_are_ranked_by_what_a_window_has_on_average(make_scenario: MakeScenario, day: Path) -> None:
    of = traced(make_scenario, day, duration_s=2.5 * HOUR_S)
    counts = np.bincount([model for _, model in DAY], minlength=3)
    assert expected_calls(of) == pytest.approx(counts / HOURS * 2.5)


@pytest.mark.parametrize(
    ("bootstrap_s", "message"),
    [
        (300.0, r"day.csv: the trace covers .* less than two whole blocks of bootstrap: 5 min: write at most"),
        (1e6, r"less than two whole blocks"),
    ],
)
def test_one_block_is_refused(make_scenario: MakeScenario, day: Path, bootstrap_s: float, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        calls(traced(make_scenario, day, bootstrap_s))


def test_an_empty_trace_is_refused(make_scenario: MakeScenario, tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("time,model\n")
    with pytest.raises(TraceError, match="no request"):
        calls(traced(make_scenario, file))


def counted(make: MakeScenario, file: Path, bootstrap_s: float | None, duration_s: float = 360.0) -> Scenario:
    return make(
        [Traffic(trace=TraceSource(file=file, format="azure-functions-2019"), bootstrap_s=bootstrap_s)],
        services=SERVICES,
        duration_s=duration_s,
    )


def per_minute(found: list[tuple[float, int, float]], minutes: int = 6) -> list[tuple[int, int]]:
    matrix = np.zeros((minutes, 2), dtype=int)
    for time, model, _ in found:
        matrix[int(time // 60), model] += 1
    return [(a, b) for a, b in matrix.tolist()]


def test_minute_counts_are_drawn_in_blocks_too(make_scenario: MakeScenario, minutes: Path) -> None:
    of = counted(make_scenario, minutes, 120.0)
    recorded = [((1, 10), (2, 20)), ((3, 30), (4, 40)), ((5, 50), (6, 60))]
    drawn = set()
    for replication in range(40):
        found = per_minute(calls(of, replication))
        pairs = list(zip(found[::2], found[1::2], strict=True))
        assert all(pair in recorded for pair in pairs)
        drawn.add(tuple(pairs))
    assert len(drawn) > 10
    assert {pair for pairs in drawn for pair in pairs} == set(recorded)
    assert expected_calls(of) == pytest.approx([21.0, 210.0, 0.0])


def test_calls_of_a_minute_that_comes_twice_are_placed_anew(make_scenario: MakeScenario, minutes: Path) -> None:
    for replication in range(40):
        found = calls(counted(make_scenario, minutes, 180.0), replication)
        first = [round(t, 6) for t, _, _ in found if t < 180.0]
        second = [round(t - 180.0, 6) for t, _, _ in found if t >= 180.0]
        assert first != second


def test_minutes_that_fill_no_whole_block_are_left_out(make_scenario: MakeScenario, minutes: Path) -> None:
    of = counted(make_scenario, minutes, 240.0)
    with pytest.raises(TraceError, match="less than two whole blocks"):
        calls(of)
    # two blocks of three minutes, whatever the length of the window
    assert max(per_minute(calls(counted(make_scenario, minutes, 180.0, 1000.0)), 17)) <= (6, 60)


def test_only_recorded_calls_have_blocks() -> None:
    with pytest.raises(ValueError, match="other calls are random anyway"):
        Traffic(arrivals=Poisson(rate_per_s=1.0), bootstrap_s=60.0)
    with pytest.raises(ValueError, match="write a multiple of 1 min"):
        Traffic(trace=TraceSource(file=Path("x.csv"), format="azure-functions-2019"), bootstrap_s=90.0)
    with pytest.raises(ValueError, match="greater than 0"):
        Traffic(trace=TraceSource(file=Path("x.csv")), bootstrap_s=0.0)


def test_in_a_file_it_is_a_time(day: Path) -> None:
    text = f"""\
name: day
endpoint: {{vcpu: 2, memory: 8 GiB}}
models: [{{name: a, artifact_size: 1 MB, memory: 10 MB, service: {{cpu: 20 ms}}}}]
traffic: [{{trace: {{file: {day}}}, bootstrap: 1 h}}]
run: {{duration: 100 s}}
"""
    assert load_text(text, "day.yaml").traffic[0].bootstrap_s == 3600.0
    with pytest.raises(ScenarioError, match=r"day.yaml:4: traffic.traffic-0.bootstrap"):
        load_text(text.replace("1 h", "an hour"), "day.yaml")


def test_what_a_stream_replays(day: Path) -> None:
    trace = TraceSource(file=day)
    assert Traffic(trace=trace).replays
    assert not Traffic(trace=trace, bootstrap_s=60.0).replays
    assert Traffic(trace=TraceSource(file=day, format="azure-functions-2019")).replays
    assert not Traffic(arrivals=Poisson(rate_per_s=1.0)).replays
