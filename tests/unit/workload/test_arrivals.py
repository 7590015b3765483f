"""All requests of a run: windows, sources, what each brings, and who is asked for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mmesim.arrays import Floats
from mmesim.errors import ScenarioError, TraceError, TraceWarning
from mmesim.scenario import (
    CpuWait,
    OnOff,
    Overhead,
    Poisson,
    Scenario,
    Server,
    Service,
    TraceColumns,
    TraceSource,
    Traffic,
    Weights,
    Zipf,
)
from mmesim.scenario.values.times import Constant, Exponential, Lognormal, Uniform
from mmesim.workload.arrivals.modulated import Paths
from mmesim.workload.block import Block, join
from mmesim.workload.requests import blocks, expected_calls

MakeScenario = Callable[..., Scenario]


def _all(scenario: Scenario, replication: int = 0, block_size: int = 65536) -> Block:
    return join(list(blocks(scenario, replication, block_size)))


def _poisson(rate: float, **keys: object) -> Traffic:
    return Traffic.model_validate({"arrivals": Poisson(rate_per_s=rate)} | keys)


def _trace(folder: Path, text: str, **keys: object) -> Traffic:
    file = folder / "calls.csv"
    file.write_text(text)
    columns = keys.pop("columns", TraceColumns())
    return Traffic.model_validate({"trace": TraceSource(file=file, columns=columns)} | keys)


def test_poisson_gaps_and_counts(make_scenario: MakeScenario) -> None:
    # False alarm: 1 in 1,000 for each of the three tests, were the seed not fixed.
    time = _all(make_scenario([_poisson(50.0)], duration_s=1000.0)).time
    assert stats.kstest(np.diff(time), stats.expon(scale=1 / 50).cdf).pvalue > 1e-3
    counts = np.bincount(time.astype(np.int64), minlength=1000)
    assert abs(counts.sum() - 50_000) < 3.29 * np.sqrt(50_000)
    dispersion = stats.chi2(999).cdf(999 * counts.var(ddof=1) / counts.mean())
    assert 5e-4 < dispersion < 1 - 5e-4


def test_a_rate_stretches_the_same_arrivals(make_scenario: MakeScenario) -> None:
    slow = _all(make_scenario([_poisson(10.0, popularity=Zipf(1.0))], duration_s=100.0))
    fast = _all(make_scenario([_poisson(20.0, popularity=Zipf(1.0))], duration_s=50.0))
    np.testing.assert_array_equal(fast.time, slow.time / 2)
    np.testing.assert_array_equal(fast.model, slow.model)


def test_popularity_decides_the_models(make_scenario: MakeScenario) -> None:
    services = {f"m{i}": Service(cpu=Constant(0.01)) for i in range(10)}
    block = _all(make_scenario([_poisson(100.0, popularity=Zipf(1.0))], duration_s=500.0, services=services))
    share = 1 / np.arange(1, 11)
    # False alarm: 1 in 1,000, were the seed not fixed.
    assert stats.chisquare(np.bincount(block.model), len(block) * share / share.sum()).pvalue > 1e-3


@pytest.mark.parametrize(
    ("chosen", "expected"), [(["b"], {1}), (["g"], {2, 3, 4}), (["g-001", "a"], {0, 3}), (None, set(range(5)))]
)
def test_a_stream_calls_its_own_models(
    make_scenario: MakeScenario, chosen: list[str] | None, expected: set[int]
) -> None:
    services = {name: Service(cpu=Constant(0.01)) for name in ("a", "b", "g")}
    scenario = make_scenario([_poisson(20.0, models=chosen)], services=services, counts={"g": 3})
    assert set(_all(scenario).model.tolist()) == expected


def test_a_stream_for_unknown_models_is_refused(make_scenario: MakeScenario) -> None:
    scenario = make_scenario([_poisson(1.0, name="day", models=["a", "bb"])])
    with pytest.raises(ScenarioError, match=r"traffic\.day\.models: no model or group 'bb' \(did you mean b\?\)"):
        _all(scenario)


def test_a_stream_keeps_to_its_window(make_scenario: MakeScenario) -> None:
    streams = [_poisson(20.0, name="x", start_s=10.0, end_s=30.0), _poisson(20.0, name="y", start_s=90.0, end_s=500.0)]
    block = _all(make_scenario(streams))
    first, second = block.time[block.stream == 0], block.time[block.stream == 1]
    assert 10 <= first.min() < 11
    assert 29 < first.max() < 30
    assert 90 <= second.min() < 91
    assert 99 < second.max() < 100


def test_a_window_moves_the_arrivals_of_its_stream(make_scenario: MakeScenario) -> None:
    early = _all(make_scenario([_poisson(10.0)], duration_s=50.0))
    late = _all(make_scenario([_poisson(10.0, start_s=64.0)], duration_s=114.0))
    np.testing.assert_allclose(late.time, early.time + 64.0, rtol=1e-12)


def test_streams_do_not_share_draws(make_scenario: MakeScenario) -> None:
    block = _all(make_scenario([_poisson(10.0, name="x"), _poisson(10.0, name="y")]))
    assert not set(block.time[block.stream == 0].tolist()) & set(block.time[block.stream == 1].tolist())
    alone = _all(make_scenario([_poisson(10.0, name="y")]))
    np.testing.assert_array_equal(alone.time, block.time[block.stream == 1])
    np.testing.assert_array_equal(alone.route, block.route[block.stream == 1])


def test_replications_differ(make_scenario: MakeScenario) -> None:
    scenario = make_scenario([_poisson(10.0)])
    assert _all(scenario, 0).time[0] != _all(scenario, 1).time[0]


def test_the_routers_chance_is_uniform(make_scenario: MakeScenario) -> None:
    # False alarm: 1 in 1,000, were the seed not fixed.
    route = _all(make_scenario([_poisson(100.0)])).route
    assert stats.kstest(route, "uniform").pvalue > 1e-3


def test_constant_overheads_cost_nothing(make_scenario: MakeScenario) -> None:
    assert _all(make_scenario([_poisson(10.0)])).overhead is None


def test_random_overheads_come_with_all_columns(make_scenario: MakeScenario) -> None:
    overhead = Overhead(
        pre=CpuWait(cpu=Exponential(0.001), wait=Constant(0.002)), post=CpuWait(wait=Uniform(0.003, 0.004))
    )
    scenario = make_scenario([_poisson(50.0)], server=Server(overhead=overhead))
    columns = _all(scenario).overhead
    assert columns is not None
    assert columns.shape[1] == 6
    assert np.all(columns[:, 1] == 0.002)
    assert not columns[:, [2, 3, 4]].any()
    assert np.all((columns[:, 5] >= 0.003) & (columns[:, 5] < 0.004))
    assert columns[:, 0].mean() == pytest.approx(0.001, rel=0.1)
    assert len(np.unique(columns[:, 0])) == len(columns)


def test_a_trace_is_replayed_from_the_start_of_its_stream(make_scenario: MakeScenario, tmp_path: Path) -> None:
    traffic = _trace(tmp_path, "time,model\n0,a\n1.5,b\n1.5,a\n7,b\n", start_s=10.0, end_s=17.0)
    block = _all(make_scenario([traffic]))
    assert block.time.tolist() == [10, 11.5, 11.5]
    assert block.model.tolist() == [0, 1, 0]
    assert block.cpu.tolist() == [0.01, 0.02, 0.01]


def test_service_times_of_a_trace_replace_the_drawn_part(make_scenario: MakeScenario, tmp_path: Path) -> None:
    services = {
        "cpu": Service(cpu=Exponential(1.0)),
        "both": Service(cpu=Constant(1.0), wait=Constant(2.0)),
        "wait": Service(wait=Exponential(2.0)),
    }
    traffic = _trace(tmp_path, "time,model,service\n0,cpu,0.1\n1,both,0.2\n2,wait,0.3\n")
    block = _all(make_scenario([traffic], services=services))
    assert block.cpu.tolist() == [0.1, 0.2, 0.0]
    assert block.wait.tolist() == [0.0, 2.0, 0.3]


def test_without_a_service_column_requests_draw_their_own(make_scenario: MakeScenario, tmp_path: Path) -> None:
    services = {"a": Service(cpu=Lognormal(1.0, 0.5))}
    block = _all(make_scenario([_trace(tmp_path, "time,model\n0,a\n1,a\n")], services=services))
    assert np.all(block.cpu > 0)
    assert block.cpu[0] != block.cpu[1]


def test_a_service_column_that_was_named_must_be_there(make_scenario: MakeScenario, tmp_path: Path) -> None:
    traffic = _trace(tmp_path, "time,model\n0,a\n", columns=TraceColumns(service="service_s"))
    with pytest.raises(TraceError, match="column 'service_s' is missing"):
        _all(make_scenario([traffic]))


def test_a_service_column_can_be_left_alone(make_scenario: MakeScenario, tmp_path: Path) -> None:
    traffic = _trace(tmp_path, "time,model,service\n0,a,9\n", columns=TraceColumns(service=None))
    assert _all(make_scenario([traffic])).cpu.tolist() == [0.01]


def test_a_trace_calls_only_the_models_of_its_stream(make_scenario: MakeScenario, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"calls\.csv:3: column 'model': unknown model 'b'"):
        _all(make_scenario([_trace(tmp_path, "time,model\n0,a\n1,b\n", models=["a"])]))


def test_a_trace_is_read_as_far_as_the_run_goes(make_scenario: MakeScenario, tmp_path: Path) -> None:
    rows = "".join(f"{i},a\n" for i in range(1000))
    traffic = _trace(tmp_path, f"time,model\n{rows}nonsense,a\n")
    assert len(_all(make_scenario([traffic]), block_size=64)) == 100


def test_no_request_at_all(make_scenario: MakeScenario, tmp_path: Path) -> None:
    with pytest.warns(TraceWarning, match="NO CALL is replayed"):
        assert list(blocks(make_scenario([_trace(tmp_path, "time,model\n")]), 0)) == []
    assert list(blocks(make_scenario([_poisson(5.0, start_s=200.0, end_s=300.0)]), 0)) == []


def test_minute_counts_are_replayed(make_scenario: MakeScenario, tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("HashFunction,1,2,3\nb,2,0,5\na,1,3,5\n")
    traffic = Traffic(trace=TraceSource(file=file, format="azure-functions-2019"), start_s=100.0)
    block = _all(make_scenario([traffic], duration_s=220.0))
    minute = ((block.time - 100) // 60).astype(int)
    assert sorted(zip(minute.tolist(), block.model.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (0, 1),
        (1, 0),
        (1, 0),
        (1, 0),
    ]


def test_expected_calls(make_scenario: MakeScenario, tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("HashFunction,1,2\nb,2,5\n")
    streams = [
        _poisson(30.0, name="x", popularity=Zipf(1.0), start_s=20.0),
        _poisson(5.0, name="y", models=["b"], end_s=10.0),
        _trace(tmp_path, "time,model\n0,a\n1,a\n2,b\n400,b\n", name="z"),
        Traffic(name="w", trace=TraceSource(file=file, format="azure-functions-2019"), start_s=40.0),
    ]
    np.testing.assert_allclose(expected_calls(make_scenario(streams)), [30 * 80 * 2 / 3 + 2, 30 * 80 / 3 + 50 + 1 + 2])


def test_expected_calls_by_weight(make_scenario: MakeScenario) -> None:
    scenario = make_scenario([_poisson(10.0, popularity=Weights())], weight=3.0)
    np.testing.assert_allclose(expected_calls(scenario), [500.0, 500.0])


def test_block_sizes(make_scenario: MakeScenario) -> None:
    sizes = [len(block) for block in blocks(make_scenario([_poisson(10.0)]), 0, 64)]
    assert set(sizes[:-1]) == {64}
    assert 0 < sizes[-1] <= 64
    with pytest.raises(ValueError, match="block_size"):
        blocks(make_scenario([_poisson(10.0)]), 0, 0)


def test_memory_is_bounded_by_the_block_size(make_scenario: MakeScenario) -> None:
    streams = [_poisson(3000.0, name=f"s{i}", popularity=Zipf(0.9)) for i in range(4)]
    services = {f"m{i}": Service(cpu=Lognormal(0.01, 0.8)) for i in range(50)}
    scenario = make_scenario(streams, services=services)
    scenario.model_table()
    tracemalloc.start()
    total = sum(len(block) for block in blocks(scenario, 0, 4096))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 1_000_000
    # Six columns of eight bytes: a block of 4,096 is 200 kB, all the requests would be 60 MB.
    assert peak < 15 * 4096 * 6 * 8


def test_models_that_are_seldom_called_are_not_switched_beyond_the_run(
    make_scenario: MakeScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = list[int]()
    lengths = Paths.lengths

    def counted(self: Paths, name: str, batch: int) -> tuple[bool, Floats]:
        drawn.append(batch)
        return lengths(self, name, batch)

    monkeypatch.setattr(Paths, "lengths", counted)
    process = OnOff(rate_per_s=0.2, on=Exponential(1.0), off=Exponential(1.0))
    run_s, switches_s = 3600.0, 16.0
    services = {f"m{i}": Service(cpu=Constant(0.01)) for i in range(10)}
    place = make_scenario([Traffic(arrivals=process)], duration_s=run_s, services=services)
    calls = sum(len(block) for block in blocks(place, 0))
    assert calls == pytest.approx(360, abs=100)
    models = len(place.model_table())
    # What a block of 65,536 calls spans is 91 h; an eighth of the run more than the run is drawn at most.
    assert len(drawn) < models * (2.0 + 1.8 * run_s / switches_s)
