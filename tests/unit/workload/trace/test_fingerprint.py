"""Traffic from a fingerprint: like the trace it was made of, the same for one seed, in bounded memory."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmesim.errors import ScenarioError, TraceError
from mmesim.scenario import Scenario, Traffic
from mmesim.scenario.file.trace_files import read_fingerprint
from mmesim.scenario.models.groups import Service
from mmesim.scenario.traffic.fingerprint import GAP_SHARES, Fingerprint, ModelsAlike
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.scenario.values.times import Constant
from mmesim.workload.block import Arrivals, Block
from mmesim.workload.requests import blocks, expected_calls
from mmesim.workload.trace import fingerprint as generator
from mmesim.workload.trace.describe import fit
from mmesim.workload.trace.describe.describe import Description, describe
from mmesim.workload.trace.whole import WholeTrace
from tests.helpers.files import AZURE_DAY
from tests.helpers.texts import load_text
from tests.unit.workload.conftest import MakeScenario

DAY_S = 86400.0


def generated(of: Fingerprint, spans: int = 1, seed: int = 1, replication: int = 0) -> Iterator[Arrivals]:
    """The calls of the first spans."""
    end_s = spans * of.span_s
    calls = generator.arrivals(of, np.arange(of.models), seed, replication, "s")
    return itertools.takewhile(lambda part: part.time[0] < end_s, calls)


@pytest.fixture(scope="module")
def day() -> tuple[Description, Fingerprint]:
    trace = WholeTrace(TraceSource(file=AZURE_DAY, format="azure-functions-2019"), 1)
    return describe(AZURE_DAY, trace.calls(), trace.span_s), fit.fingerprint(AZURE_DAY, trace.calls, trace.span_s)


def test_a_day_of_azure_fits_in_ten_kilobytes_without_a_name(
    day: tuple[Description, Fingerprint], tmp_path: Path
) -> None:
    text = fit.text(day[1])
    assert len(text.encode()) < 10_000
    (tmp_path / "day.yaml").write_text(text)
    assert read_fingerprint(tmp_path / "day.yaml") == day[1]
    names = WholeTrace(TraceSource(file=AZURE_DAY, format="azure-functions-2019"), 1)
    list(names.calls())
    assert not any(names.name(number)[:8] in text for number in range(1000))


@pytest.mark.parametrize("seed", [1, *(pytest.param(one, marks=pytest.mark.slow) for one in (2, 3))])
def test_traffic_from_it_misses_a_cache_as_often_as_the_day(day: tuple[Description, Fingerprint], seed: int) -> None:
    original, of = day
    again = describe(AZURE_DAY, generated(of, seed=seed), DAY_S)
    assert again.requests == pytest.approx(original.requests, rel=0.03)
    assert again.models == pytest.approx(original.models, abs=50)
    for size in (100, 250, 500, 750):
        assert again.miss_ratios[size] == pytest.approx(original.miss_ratios[size], abs=0.03)
    # nearer than the same calls in any order, which only have the popularity right (7.8 % against 11.3 %)
    assert abs(again.miss_ratios[250] - original.miss_ratios[250]) < 0.015
    assert again.top_share["1 %"] == pytest.approx(original.top_share["1 %"], abs=0.02)
    hour, hours = original.dispersion["1 h"], again.dispersion["1 h"]
    assert hour is not None
    assert hours is not None
    assert 0.5 * hour < hours < 2.0 * hour


def test_the_next_day_is_another_of_the_same_kind(day: tuple[Description, Fingerprint]) -> None:
    parts = list(generated(day[1], spans=2))
    time = np.concatenate([part.time for part in parts])
    assert np.all(np.diff(time) >= 0)
    first, second = int((time < DAY_S).sum()), int((time >= DAY_S).sum())
    assert abs(first - second) < 0.03 * first
    assert not np.array_equal(time[:first][:100], time[first:][:100] - DAY_S)


def simple() -> Fingerprint:
    steady = ModelsAlike(
        models=2,
        requests=4000,
        calls=(2000.0,) * 5,
        by_clock=True,
        active=(0.9995,) * 5,
        gaps=(1.0,) * len(GAP_SHARES),
    )
    rest = ModelsAlike(models=30, requests=300, calls=(20.0, 15.0, 10.0, 5.0, 1.0), active=(0.0, 0.25, 0.5, 0.75, 1.0))
    return Fingerprint(version=1, span_s=1000.0, profile=(1.0, 3.0), groups=(steady, rest))


def test_every_model_has_its_calls_in_every_span() -> None:
    of = simple()
    counts = np.bincount(np.concatenate([part.model for part in generated(of, spans=20)]), minlength=32) / 20.0
    assert counts[:2] == pytest.approx([2000.0, 2000.0], abs=1)
    assert counts[2:].sum() == pytest.approx(300, abs=5)
    wanted = np.interp(np.linspace(0, 1, 30), np.linspace(0, 1, 5), (20, 15, 10, 5, 1))
    # beside the broken part of a call, those of one part of a span may fall into the next
    np.testing.assert_allclose(counts[2:], wanted * 300 / wanted.sum(), atol=1.0)


def test_a_model_by_the_clock_is_regular_and_the_others_follow_the_profile() -> None:
    parts = list(generated(simple(), spans=50))
    time = np.concatenate([part.time for part in parts])
    model = np.concatenate([part.model for part in parts])
    one = time[(model == 0) & (time < 1000.0)]
    # its own span begins somewhere in this one, where one gap is another
    assert (np.abs(np.diff(one) - 0.5) > 1e-9).sum() <= 1
    others = time[model >= 2] % 1000.0
    assert (others >= 500.0).mean() == pytest.approx(0.75, abs=0.02)


def test_one_seed_gives_one_traffic_and_replications_differ() -> None:
    def times(seed: int, replication: int) -> list[float]:
        return [t for part in generated(simple(), 2, seed, replication) for t in part.time.tolist()]

    assert times(1, 0) == times(1, 0)
    assert times(1, 0) != times(1, 1)
    assert times(1, 0) != times(2, 0)


def scenario(make: MakeScenario, folder: Path, models: int = 40, duration_s: float = 1500.0) -> Scenario:
    file = folder / "like.yaml"
    file.write_text(fit.text(simple()))
    traffic = Traffic(fingerprint=file)
    return make([traffic], duration_s=duration_s, services={"m": Service(cpu=Constant(0.01))}, counts={"m": models})


def listed(block: Block) -> list[tuple[float, int]]:
    return list(zip(block.time.tolist(), block.model.tolist(), strict=True))


def test_it_is_a_source_of_traffic(make_scenario: MakeScenario, tmp_path: Path) -> None:
    of = scenario(make_scenario, tmp_path)
    assert not of.traffic[0].replays
    whole, cut = ([call for block in blocks(of, 3, size) for call in listed(block)] for size in (65536, 77))
    assert whole == cut
    assert max(model for _, model in whole) <= 31
    assert max(time for time, _ in whole) < 1500.0
    counts = [np.bincount([m for b in blocks(of, r) for _, m in listed(b)], minlength=40) for r in range(60)]
    means = np.mean(counts, axis=0)
    expected = expected_calls(of)
    np.testing.assert_allclose(means[:2], expected[:2], rtol=0.01)
    assert means[2:].sum() == pytest.approx(expected[2:].sum(), rel=0.1)
    assert expected[32:].tolist() == [0.0] * 8


TEXT = """\
name: like
endpoint: {vcpu: 2, memory: 8 GiB}
models: {name: m, count: COUNT, artifact_size: 1 MB, memory: 10 MiB, framework: xgboost, service: {cpu: 20 ms}}
traffic:
  - fingerprint: FILE
run: {duration: 100 s}
"""


def loaded(folder: Path, text: str, count: int = 32) -> Scenario:
    file = folder / "like.yaml"
    file.write_text(text)
    return load_text(TEXT.replace("FILE", str(file)).replace("COUNT", str(count)), "s.yaml")


def test_a_scenario_needs_as_many_models_as_the_fingerprint(tmp_path: Path) -> None:
    assert loaded(tmp_path, fit.text(simple())).traffic[0].fingerprint == tmp_path / "like.yaml"
    with pytest.raises(
        ScenarioError, match=r"s.yaml:5: traffic.traffic-0.fingerprint: has 32 models, the stream has 31"
    ):
        loaded(tmp_path, fit.text(simple()), 31)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("active: [1,", "actve: [1,", r"like.yaml:7: .*groups.0.actve: unknown key, .*did you mean active"),
        ("version: 1", "version: 2", r"like.yaml:3: .*version: 2 is not one of 1"),
        ("span: 1000 s", "span: 1000", r"like.yaml:4: .*span: "),
        ("active: [0, 0.25", "active: [0.9, 0.25", r"like.yaml:8: .*groups.1.active: must not fall"),
        ("profile: [1, 3]", "profile: [0, 0]", r"like.yaml:5: .*profile: must not be 0 everywhere"),
        ("gaps: [1, 1,", "gaps: [1,", r"like.yaml:7: .*groups.0.gaps: takes 17 quantiles, or none"),
    ],
)
def test_a_wrong_fingerprint_names_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = fit.text(simple())
    assert old in text
    with pytest.raises(ScenarioError, match=message):
        loaded(tmp_path, text.replace(old, new))


def test_a_trace_of_one_moment_has_no_fingerprint() -> None:
    one = Arrivals(np.zeros(3), np.zeros(3, dtype=np.int64), None)
    with pytest.raises(TraceError, match="needs calls at two or more different times"):
        fit.fingerprint(Path("x"), lambda: iter([one]), None)


def test_a_fit_does_not_depend_on_the_pieces() -> None:
    rng = np.random.default_rng(8)
    whole = Arrivals(np.sort(rng.uniform(0, 5000, 3000)), rng.zipf(1.5, 3000) % 20, None)

    def text(size: int) -> str:
        pieces = [whole[start : start + size] for start in range(0, 3000, size)]
        return fit.text(fit.fingerprint(Path("x"), lambda: iter(pieces), None))

    assert text(1) == text(37) == text(3000)


def test_memory_does_not_grow_with_the_calls() -> None:
    def peak(calls: int) -> int:
        group = ModelsAlike(models=50, requests=calls, calls=(calls / 50.0,) * 5, active=(1.0,) * 5)
        of = Fingerprint(version=1, span_s=1000.0, profile=(1.0,), groups=(group,))
        tracemalloc.start()
        made = sum(len(part) for part in generated(of))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert made == pytest.approx(calls, rel=0.1)
        return most

    small, large = peak(150_000), peak(1_500_000)
    assert large < 1.3 * small
