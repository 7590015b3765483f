"""What the scenarios of the gallery on faults show: their comments, in numbers."""

from __future__ import annotations

from functools import cache

from mmesim.engine.simulation import simulate
from mmesim.results.measured.happened import Kind
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario.file.load import load
from mmesim.stats.histogram import quantile
from tests.helpers.files import ROOT

GALLERY = ROOT / "scenarios" / "gallery"


@cache
def once(name: str, *overrides: str) -> RunData:
    run = simulate(load(GALLERY / f"{name}.yaml", overrides))
    assert set(run.checks.values()) == {"ok"}
    return run


def p99_s(run: RunData) -> float:
    return quantile(run.shortest_s, run.longest_s, run.count, 0.99)


def failed(run: RunData, cause: str) -> float:
    """Share of the calls that failed for a cause."""
    return float(run.errors[CAUSES.index(cause)]) / run.calls


def slow_or_failed(run: RunData, line: int) -> float:
    """Share of the calls that a line of `expect` is about that fail or are slower than it allows."""
    cells = run.cells
    return float(1.0 - (cells.ok[line] - cells.over[line]) / cells.calls[line])


def loaded(run: RunData) -> float:
    """Copies in memory on average."""
    return float(run.hosts.loaded_s.sum() / run.hosts.up_s.sum())


def test_a_zone_needs_slack_for_the_most_instances_that_are_in_one():
    slow = {n: slow_or_failed(once("zone-loss", f"endpoint.instance_count={n}"), 0) for n in (3, 4, 5)}
    assert min(slow[3], slow[4]) > 0.02
    assert slow[5] < 1e-3
    run = once("zone-loss", "endpoint.instance_count=4")
    assert [one.kind for one in run.happened if one.name == "zone-1"] == [Kind.fault, Kind.fault_over]
    assert len(run.hosts.up_s) == 6
    assert failed(run, "host_lost") < 0.002


def test_a_slow_s3_hurts_only_where_the_disk_is_too_small():
    large, small = once("slow-s3"), once("slow-s3", "endpoint.disk_size=13 GB")
    assert large.errors.sum() == 0
    assert p99_s(large) < 2.0
    assert failed(small, "load_timeout") > 0.03
    assert p99_s(small) > 10.0


def test_a_poison_model_hurts_the_others_most_when_each_call_loads_it_again():
    ways = {way: once("poison-model", f"faults.bad.poison_model.load_failure={way}") for way in ("swallowed", 500, 507)}
    assert all(run.cells.calls[0] == run.cells.ok[0] for run in ways.values())  # nobody else's call fails
    bad = ways["swallowed"].model_names.index("bad")
    assert [int(run.tenants.ok[bad]) for run in ways.values()] == [0, 0, 0]
    slow = {way: slow_or_failed(run, 1) for way, run in ways.items()}
    assert slow[500] > 2 * slow["swallowed"] > slow[507]
    cpu = {way: float(run.hosts.cpu_busy_s.sum()) for way, run in ways.items()}
    assert cpu["swallowed"] > 1.3 * cpu[507]
    assert failed(ways[507], "load_failed") == failed(ways[500], "load_failed") > 0.04
    assert failed(ways["swallowed"], "queue_full") > 0.02


def test_the_workers_of_a_model_are_what_it_can_take_from_its_neighbours():
    shares = [slow_or_failed(once("noisy-neighbour", f"server.default_workers_per_model={n}"), 0) for n in (1, 2, 4)]
    assert shares[0] < 0.002
    assert shares[1] < 0.01
    assert shares[2] > 0.3
    outside = once("noisy-neighbour", "faults=[{slow_instance: {instance: 0, factor: 2, for: 10 min}, at: 5 min}]")
    assert 0.01 < slow_or_failed(outside, 0) < 0.1


def test_the_kernel_collects_a_leak_unless_models_have_to_be_loaded():
    alone = once("leak")
    assert [one.kind for one in alone.happened].count(Kind.killed) >= 5
    assert failed(alone, "worker_died") < 1e-4
    assert alone.hosts.memory_peak_bytes[0] > 0.95 * alone.hosts.memory_bytes[0]
    assert p99_s(alone) < 0.05
    crowded, without = once("leak", "models.new.count=80"), once("leak", "models.new.count=80", "faults=[]")
    assert Kind.killed not in [one.kind for one in crowded.happened]
    assert loaded(crowded) < 0.5 * loaded(without)
    assert p99_s(crowded) > 10.0 > 10 * p99_s(without) / 2
