"""The gate on the simulator itself: one scenario of each kind, and what theory says of them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import mmesim
from mmesim.results.answers.gated import GatedScenario

TEXT = """\
name: {name}
endpoint: {{vcpu: 4, memory: 16 GiB, price_per_hour: 1 USD, warm: true, pid_limit: 1000}}
models: [{{name: m, artifact_size: 1 MB, memory: 10 MB, service: {{cpu: {cpu}}}}}]
traffic: [{{arrivals: {arrivals}}}]
clients: {{network: 0 ms}}
run: {{duration: {duration}, warmup: 30 s, seed: 4}}
expect: {expect}
"""
COLD = """\
name: cold
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2}
models:
  - {name: m, count: 200, framework: xgboost, artifact_size: 20 MB, memory: 25 MiB, service: {cpu: 2 ms}}
traffic: [{arrivals: {poisson: {rate: 20 /s}}, popularity: {zipf: 0.8}}]
run: {duration: 60 s, warmup: 0 s}
expect: [cache_hit_ratio >= 95 %, p99 cold < 30 s]
"""
MM1 = "{exponential: {mean: 100 ms}}"
RATE = "{poisson: {rate: 5 /s}}"  # half of what one worker can do


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that several tests look at are made once."""
    return tmp_path_factory.mktemp("gate") / "store.sqlite"


def gated(
    folder: Path, store: Path, expect: str, arrivals: str = RATE, cpu: str = MM1, duration: str = "330 s"
) -> GatedScenario:
    file = folder / "a.yaml"
    file.write_text(TEXT.format(name="a", expect=expect, arrivals=arrivals, cpu=cpu, duration=duration))
    (found,) = mmesim.gate([file], store=store).scenarios
    assert found.error is None
    return found


def overhead_s(found: GatedScenario) -> float:
    """What a call takes besides queue and service, from the mean and theory."""
    (mean,) = [line.value for line in found.lines if line.figure == "mean"]
    assert mean is not None
    return mean / 1000.0 - 0.2


def test_a_queue_of_the_textbook_passes_and_fails_as_theory_says(tmp_path, store):
    # M/M/1 at half load: the sojourn is exponential with mean 200 ms, so exp(-x / 0.2) of the calls take longer than x
    found = gated(tmp_path, store, "[p90 < 800 ms, p90 < 250 ms, mean < 1 s, throughput > 4 /s]")
    inside, beyond, _, _ = found.lines
    assert [line.verdict for line in found.lines] == ["pass", "fail", "pass", "pass"]
    late_s = overhead_s(found)
    assert 0.0 <= late_s < 0.02
    assert inside.value == pytest.approx(math.exp(-(0.8 - late_s) / 0.2), rel=0.2)
    assert beyond.value == pytest.approx(math.exp(-(0.25 - late_s) / 0.2), rel=0.05)
    assert beyond.fails_value == pytest.approx(math.exp(-(0.2525 - late_s) / 0.2), rel=0.05)
    assert beyond.shown_value == pytest.approx(1000.0 * (0.2 * math.log(10.0) + late_s), rel=0.1)
    assert found.verdict == "fail"
    assert found.replications < 80


@pytest.mark.slow
def test_a_truth_on_the_limit_stays_open(tmp_path, store):
    # p90 of an exponential of mean 200 ms is 460 ms; the tolerance above begins at 1 % more
    found = gated(tmp_path, store, "[p90 < 463 ms]")
    (line,) = found.lines
    assert (found.verdict, found.replications) == ("undecided", 80)
    assert line.reason is not None
    assert line.interval is not None
    assert line.interval[0] < line.limit < line.interval[1] * 1.1


def test_what_never_happens_is_decided_by_clean_blocks(tmp_path, store):
    found = gated(tmp_path, store, "[error_rate < 0.5 %, cache_hit_ratio >= 99 %, error_rate <= 0 %]")
    assert [line.verdict for line in found.lines] == ["pass"] * 3
    assert [line.decided_by for line in found.lines] == ["clean blocks", "clean blocks", "worst replication"]
    assert found.design is not None
    assert found.design.pilot_replications == 100


@pytest.mark.slow
def test_traffic_with_a_course_is_run_again_instead_of_longer(tmp_path, store):
    planned = "{schedule: {rates: {0 s: 2 /s, 150 s: 6 /s}}}"
    found = gated(tmp_path, store, "[p90 in every 150 s < 2 s, error_rate < 0.3 %]", planned)
    assert found.design is not None
    assert not found.design.joined
    assert [line.between_s for line in found.lines] == [(30.0, 180.0), (180.0, 330.0), None]
    assert found.verdict == "pass"


@pytest.mark.slow
def test_a_steady_run_is_lengthened_for_rare_events(tmp_path, store):
    # a call over 1.3 s has a chance of 0.15 %, and slow calls come in busy periods: runs are skewed
    found = gated(tmp_path, store, "[p99 < 1300 ms]", duration="450 s")
    assert found.design is not None
    assert found.design.pilot_skewness > 1.0
    assert found.design.joined
    assert found.design.length > 1
    assert found.verdict == "pass"


@pytest.mark.slow
def test_a_short_cold_start_is_not_thinned_out_by_a_longer_run(tmp_path):
    # 60 s from an empty fleet: a third of the attempts wait for a load; in a run nine times as long hardly one does.
    file = tmp_path / "cold.yaml"
    file.write_text(COLD)
    (found,) = mmesim.gate([file]).scenarios
    assert found.design is not None
    assert found.design.length > 1
    hits, _ = found.lines
    assert hits.verdict == "fail"
    assert hits.value == pytest.approx(0.66, abs=0.03)


@pytest.mark.slow
def test_a_cold_start_is_a_line_of_its_own(tmp_path, store):
    found = gated(tmp_path, store, "[p50 cold < 1 h, p99 warm < 10 s]")
    cold, warm = found.lines
    assert (cold.verdict, cold.needed) == ("undecided", None)
    assert cold.reason == "no value: no cold call"
    assert warm.verdict == "pass"


def test_run_check_and_gate_share_their_figures(tmp_path, store):
    found = gated(tmp_path, store, "[p90 < 250 ms]")
    result = mmesim.run(tmp_path / "a.yaml", replications=40, jobs=1)
    (entry,) = result.summary["expect"]
    assert (found.verdict, entry["verdict"]) == ("fail", "fail")
    (line,) = found.lines
    assert entry["decided_on"]["metric"] == line.figure
    assert entry["decided_on"]["value"] == pytest.approx(line.value, rel=0.05)
