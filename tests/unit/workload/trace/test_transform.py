"""What is done to a trace before it is replayed: counts, order and moments of each step, whatever the chunk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario, Traffic
from mmesim.scenario.models.groups import Service
from mmesim.scenario.traffic.trace.trace import TraceModels, TraceSource, TraceWindow
from mmesim.scenario.values.times import Constant
from mmesim.workload.requests import blocks, expected_calls
from mmesim.workload.trace.names import Hashed, Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed
from mmesim.workload.trace.replay.transform import GOLDEN
from tests.helpers.files import DATA
from tests.helpers.texts import load_text
from tests.unit.workload.conftest import MakeScenario

Call = tuple[float, int]
COUNTS = DATA / "azure2019_20f_60min_with_trigger.csv"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> TraceSource:
    """4,000 calls of 12 names in 1,000 s, some at one time."""
    rng = np.random.default_rng(3)
    times = np.sort(np.round(rng.uniform(0.0, 1000.0, 4000), 1))
    names = rng.choice(12, 4000, p=np.arange(12, 0, -1) / 78)
    rows = [f"{time},n{name},{0.001 * k:.3f}" for k, (time, name) in enumerate(zip(times, names, strict=True))]
    file = tmp_path_factory.mktemp("trace") / "calls.csv"
    file.write_text("\n".join(["time,model,service", *rows]) + "\n")
    return TraceSource(file=file, resolution="none")


def calls(source: TraceSource, chunk: int = 512, seed: int = 1, replication: int = 0) -> list[tuple[float, int, float]]:
    found: list[tuple[float, int, float]] = []
    for part in replayed(source, Numbered(), Draws(seed, replication, "s"), chunk):
        assert len(part)
        assert part.service is not None
        found += zip(part.time.tolist(), part.model.tolist(), part.service.tolist(), strict=True)
    assert [call[0] for call in found] == sorted(call[0] for call in found)
    return found


def changed(source: TraceSource, **keys: Any) -> TraceSource:
    return TraceSource(**{name: getattr(source, name) for name in type(source).model_fields} | keys)


def services(found: Sequence[tuple[float, int, float]]) -> list[float]:
    """The service times: each call has its own."""
    return [service for _, _, service in found]


def test_a_window_is_closed_at_its_beginning_and_open_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("time,model,service\n1,a,1\n2,a,2\n2,b,3\n3,a,4\n4,a,5\n")
    source = TraceSource(file=file, window=TraceWindow(start_s=2.0, length_s=2.0))
    assert calls(source) == [(0.0, 0, 2.0), (0.0, 1, 3.0), (1.0, 0, 4.0)]
    assert services(calls(changed(source, window=TraceWindow(start_s=2.5)))) == [4.0, 5.0]
    assert calls(changed(source, window=TraceWindow(start_s=9.0))) == []


def test_nothing_is_read_beyond_the_window(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("time,model,service\n1,a,1\n5,a,2\nrubbish,a,3\n")
    source = TraceSource(file=file, window=TraceWindow(length_s=2.0))
    parts = replayed(source, Numbered(), Draws(1, 0, "s"), 1)
    assert [part.time.tolist() for part in parts] == [[1.0]]


def test_thinning_keeps_a_subset_at_the_rate(trace: TraceSource) -> None:
    everything = calls(trace)
    thin = calls(changed(trace, rate=0.3))
    assert set(thin) < set(everything)
    # 4,000 calls, each kept with chance 0.3: standard deviation 29, so 4.5 of them have a false alarm of 1 in 100,000
    assert abs(len(thin) - 1200) < 4.5 * math.sqrt(4000 * 0.3 * 0.7)


def test_a_larger_share_keeps_what_a_smaller_one_keeps(trace: TraceSource) -> None:
    kept = [set(calls(changed(trace, rate=rate))) for rate in (0.1, 0.3, 0.9, 1.0, 1.2, 2.0, 2.7, 3.0)]
    assert all(fewer < more for fewer, more in pairwise(kept))


def test_thinning_is_the_same_in_every_replication_and_another_for_another_seed(trace: TraceSource) -> None:
    half = changed(trace, rate=0.5)
    assert calls(half, replication=0) == calls(half, replication=7)
    assert calls(half) != calls(half, seed=2)


def test_copies_keep_counts_and_are_shifted_round_the_window(trace: TraceSource) -> None:
    window = TraceWindow(start_s=100.0, length_s=500.0)
    one, three = calls(changed(trace, window=window)), calls(changed(trace, window=window, rate=3.0))
    assert sorted(services(three)) == sorted(3 * services(one))
    assert all(0.0 <= time < 500.0 for time, _, _ in three)
    by_service: dict[float, list[float]] = {}
    for time, _, service in three:
        by_service.setdefault(service, []).append(time)
    for time, _, service in one:
        wanted = sorted((time - k * GOLDEN % 1.0 * 500.0) % 500.0 for k in range(3))
        assert sorted(by_service[service]) == pytest.approx(wanted, abs=1e-9)


def test_a_part_of_a_copy_is_thinned(trace: TraceSource) -> None:
    found = calls(changed(trace, rate=2.25))
    assert set(calls(changed(trace, rate=2.0))) < set(found)
    assert abs(len(found) - 9000) < 4.5 * math.sqrt(4000 * 0.25 * 0.75)


def test_without_a_length_the_copies_go_round_the_whole_trace(trace: TraceSource) -> None:
    found = calls(changed(trace, rate=2.0))
    assert sorted(services(found)) == sorted(2 * services(calls(trace)))
    assert max(time for time, _, _ in found) <= max(time for time, _, _ in calls(trace))


def test_warp_changes_times_and_nothing_else(trace: TraceSource) -> None:
    slow, fast = calls(trace), calls(changed(trace, warp=4.0))
    assert fast == [(time / 4.0, model, service) for time, model, service in slow]


keys = st.fixed_dictionaries(
    {
        "rate": st.sampled_from([0.4, 1.0, 1.0, 1.7, 2.0, 3.3]),
        "warp": st.sampled_from([1.0, 1.0, 0.5, 3.0]),
        "window": st.sampled_from(
            [TraceWindow(), TraceWindow(start_s=10.0), TraceWindow(start_s=50.0, length_s=333.3)]
        ),
        "max_disorder_s": st.sampled_from([None, 5.0]),
    }
)


@given(keys, st.integers(1, 700))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_step_depends_on_the_chunk(trace: TraceSource, keys: dict[str, Any], chunk: int) -> None:
    source = changed(trace, **keys)
    assert calls(source, chunk) == calls(source, 5000)


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.5])
def test_minute_counts_take_every_step_too(rate: float) -> None:
    source = TraceSource(
        file=COUNTS,
        format="azure-functions-2019",
        window=TraceWindow(start_s=90.0, length_s=1800.0),
        rate=rate,
        warp=2.0,
    )
    parts = list(replayed(source, Numbered(), Draws(1, 0, "s"), 100))
    times = np.concatenate([part.time for part in parts])
    assert np.all(np.diff(times) >= 0)
    assert 0.0 <= times[0] < times[-1] < 900.0
    whole = TraceSource(file=COUNTS, format="azure-functions-2019")
    all_times = np.concatenate([part.time for part in replayed(whole, Numbered(), Draws(1, 0, "s"), 100)])
    inside = int(((all_times >= 90.0) & (all_times < 1890.0)).sum())
    assert abs(len(times) - rate * inside) <= 4.5 * math.sqrt(inside * (rate % 1.0) * (1.0 - rate % 1.0))


# -- mapping to models


def mapped(make: MakeScenario, source: TraceSource, count: int, **keys: Any) -> Scenario:
    return make(
        [Traffic(trace=source, **keys)],
        duration_s=2000.0,
        services={"m": Service(cpu=Constant(0.01))},
        counts={"m": count},
    )


def models_of(scenario: Scenario, size: int = 65536) -> list[int]:
    return [model for block in blocks(scenario, 0, size) for model in block.model.tolist()]


def recorded(source: TraceSource) -> list[str]:
    names = Numbered()
    parts = list(replayed(source, names, Draws(1, 0, "s"), 512))
    return [names.names[model] for part in parts for model in part.model.tolist()]


def test_the_most_called_names_become_the_first_models(make_scenario: MakeScenario, trace: TraceSource) -> None:
    names = recorded(trace)
    ranked = sorted(set(names), key=lambda name: -names.count(name))[:5]
    of = mapped(make_scenario, changed(trace, models=TraceModels(top=5)), 8)
    assert models_of(of) == [ranked.index(name) for name in names if name in ranked]
    counts = [names.count(name) for name in ranked]
    assert expected_calls(of).tolist() == [*counts, 0, 0, 0]


def test_the_most_called_are_those_of_the_window(make_scenario: MakeScenario, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("time,model\n" + "".join(f"{t},{'a' if t < 50 else 'b'}\n" for t in range(80)))
    top = TraceModels(top=1)
    assert len(models_of(mapped(make_scenario, TraceSource(file=file, models=top), 1))) == 50
    late = TraceSource(file=file, models=top, window=TraceWindow(start_s=60.0))
    assert len(models_of(mapped(make_scenario, late, 1))) == 20


def test_a_stripe_takes_names_as_they_come(make_scenario: MakeScenario, trace: TraceSource) -> None:
    names = recorded(trace)
    order = list(dict.fromkeys(names))
    of = mapped(make_scenario, changed(trace, models=TraceModels(stripe=5)), 5)
    assert models_of(of) == [order.index(name) % 5 for name in names]
    assert models_of(of, 7) == models_of(of)


def test_a_hash_is_the_same_in_every_file(make_scenario: MakeScenario, trace: TraceSource) -> None:
    of = mapped(make_scenario, changed(trace, models=TraceModels(hash=5)), 6)
    hashed = Hashed(range(5))
    assert models_of(of) == [hashed.row(name) for name in recorded(trace)]
    assert [Hashed(range(1000)).row(name) for name in ("a", "b")] == [928, 668]


def test_a_mapping_goes_to_the_models_of_the_stream(make_scenario: MakeScenario, trace: TraceSource) -> None:
    of = mapped(make_scenario, changed(trace, models=TraceModels(stripe=2)), 6, models=("m-002", "m-004"))
    assert set(models_of(of)) == {2, 4}


def test_window_rate_and_warp_count_in_expected_calls(make_scenario: MakeScenario, trace: TraceSource) -> None:
    source = changed(trace, models=TraceModels(stripe=12), window=TraceWindow(length_s=400.0), rate=2.0, warp=2.0)
    of = mapped(make_scenario, source, 12)
    assert expected_calls(of).tolist() == np.bincount(models_of(of), minlength=12).tolist()
    assert expected_calls(of).sum() == 2 * sum(time < 400.0 for time, _, _ in calls(trace))


def test_blocks_are_drawn_from_what_is_replayed(make_scenario: MakeScenario, trace: TraceSource) -> None:
    source = changed(trace, models=TraceModels(stripe=12), window=TraceWindow(start_s=100.0, length_s=800.0), warp=2.0)
    plain = mapped(make_scenario, source, 12)
    drawn = mapped(make_scenario, source, 12, bootstrap_s=100.0)
    times = [[t for block in blocks(of, 0) for t in block.time.tolist()] for of in (plain, drawn)]
    recorded_blocks = {tuple(round(t % 100.0, 6) for t in times[0] if t // 100.0 == k) for k in range(4)}
    found = {tuple(round(t % 100.0, 6) for t in times[1] if t // 100.0 == k) for k in range(20)}
    assert found <= recorded_blocks


# -- in a scenario file

TEXT = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: {name: m, count: 3, artifact_size: 1 MB, memory: 10 MiB, framework: xgboost, service: {cpu: 20 ms}}
traffic:
  - trace: {file: FILE, MORE}
run: {duration: 100 s}
"""


def test_every_key_can_be_written_in_a_file_and_is_kept(trace: TraceSource) -> None:
    more = (
        "window: {start: 10 s, length: 1 min}, rate: 1.5, warp: 2, models: {hash: 3}, max_disorder: 2 s, service: false"
    )
    source = load_text(TEXT.replace("FILE", str(trace.file)).replace("MORE", more)).traffic[0].trace
    assert source is not None
    assert (source.window, source.rate, source.warp) == (TraceWindow(start_s=10.0, length_s=60.0), 1.5, 2.0)
    assert (source.models, source.disorder_s, source.service) == (TraceModels(hash=3), 2.0, False)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("models: {top: 4}", r":5: traffic.traffic-0.trace.models: needs 4 models, the stream has 3"),
        (
            "models: {tpo: 3}",
            r":5: traffic.traffic-0.trace.models.tpo: unknown key, one of top, hash, stripe \(did you",
        ),
        ("format: azure", r":5: traffic.traffic-0.trace.format: 'azure' is not one of table, json-lines"),
        ("pattern: x", r":5: traffic.traffic-0.trace.pattern: needs the named group model"),
        ("window: {start: 3}", r":5: traffic.traffic-0.trace.window.start: "),
    ],
)
def test_a_wrong_key_is_named_with_its_line(trace: TraceSource, more: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load_text(TEXT.replace("FILE", str(trace.file)).replace("MORE", more), "day.yaml")


def test_the_key_of_minute_counts_says_where_they_are_now(trace: TraceSource) -> None:
    text = TEXT.replace("trace: {file: FILE, MORE}", f"azure_functions: {{file: {trace.file}}}")
    with pytest.raises(ScenarioError, match=r":5: .*azure_functions: minute counts are a format of a trace .*2019"):
        load_text(text, "day.yaml")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("rate: 2", "rate and warp need single calls"),
        ("warp: 2", "rate and warp need single calls"),
        ("window: {start: 30 s}", "the window must be whole minutes"),
    ],
)
def test_blocks_of_minute_counts_are_whole_minutes(more: str, message: str) -> None:
    text = TEXT.replace("FILE, MORE}", f"{COUNTS}, format: azure-functions-2019, {more}}}, bootstrap: 1 min")
    with pytest.raises(ScenarioError, match=message):
        load_text(text.replace("  - trace", "  - {trace").replace("1 min", "1 min}"), "day.yaml")
