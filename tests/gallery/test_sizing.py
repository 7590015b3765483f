"""What the scenarios of docs/gallery.md show, in numbers; each claim of the page that a figure stands behind."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from mmesim.experiment.run import run
from mmesim.scenario.file.load import load
from tests.helpers.files import ROOT

GALLERY = ROOT / "scenarios" / "gallery"
LARGE = ("endpoint.instance_type=ml.m5.4xlarge", "endpoint.instance_count=1")
FOUR = ("endpoint.instance_type=ml.m5.xlarge", "endpoint.instance_count=4")
EIGHT = ("endpoint.instance_type=ml.m5.large", "endpoint.instance_count=8")


@cache
def summary(name: str, *overrides: str) -> Any:
    """The summary of a scenario, with two replications."""
    return run(load(GALLERY / f"{name}.yaml", list(overrides)), replications=2, records=None).summary


def p99_ms(name: str, *overrides: str) -> float:
    return float(summary(name, *overrides)["latency_ms"]["p99"]["value"])


def hits(name: str, *overrides: str) -> float:
    return float(summary(name, *overrides)["cache_hit_ratio"]["value"])


def over(name: str, text: str, *overrides: str) -> float:
    """The share of calls, or the figure, that decides a line."""
    return next(float(one["decided_on"]["value"]) for one in summary(name, *overrides)["expect"] if one["text"] == text)


@pytest.mark.parametrize("name", [path.stem for path in sorted(GALLERY.glob("*.yaml"))])
def test_every_scenario_of_the_gallery_is_one(name):
    assert load(GALLERY / f"{name}.yaml").name == name


@pytest.mark.slow
def test_two_instances_keep_the_promise_of_the_tenants_and_most_calls_are_cold():
    assert over("four-thousand-tenants", "p95 cold < 3 s") < 0.01
    assert over("four-thousand-tenants", "p95 warm < 300 ms") < 0.01
    assert hits("four-thousand-tenants") < 0.2
    one = "endpoint.instance_count=1"
    assert over("four-thousand-tenants", "p95 cold < 3 s", one) > 0.05
    assert over("four-thousand-tenants", "p95 cold < 3 s", one, "endpoint.load_slots=4") < 0.01


def test_a_disk_for_all_artefacts_halves_the_time_of_a_cold_call():
    small, large = (summary("four-thousand-tenants", f"endpoint.disk_size={size}") for size in ("30 GB", "100 GB"))
    assert large["latency_ms"]["p95"]["value"] < 0.6 * small["latency_ms"]["p95"]["value"]
    assert abs(large["cache_hit_ratio"]["value"] - small["cache_hit_ratio"]["value"]) < 0.02


def test_more_rare_models_slow_the_hits_of_the_five():
    warm, hot = "p99 warm of top < 50 ms", "cache_hit_ratio of top > 99.9 %"
    asked = f"expect=[{warm}, {hot}]"
    now, later = ("models.rare.count=15", asked), ("models.rare.count=95", asked)
    assert over("fraud-models", warm, *now) < 0.01 < over("fraud-models", warm, *later)
    assert min(over("fraud-models", hot, *one) for one in (now, later)) > 0.999
    assert over("fraud-models", "p99 of top < 50 ms", "models.rare.count=95", "server.preload_model=true") < 0.01
    assert over("fraud-models", "p99 of top < 50 ms", "models.rare.count=95", "endpoint.instance_count=3") < 0.01


def test_small_instances_hold_fewer_models():
    assert hits("small-or-large", *EIGHT) < hits("small-or-large", *LARGE) - 0.08
    assert p99_ms("small-or-large", *EIGHT) > 1.8 * p99_ms("small-or-large", *LARGE)
    assert p99_ms("small-or-large", *FOUR) < 1.3 * p99_ms("small-or-large", *LARGE)


@pytest.mark.parametrize(("slots", "factor"), [(2, 3.0), (1, 10.0)])
def test_small_instances_win_where_loads_are_throttled_for_each(slots, factor):
    throttled = f"endpoint.load_slots={slots}"
    best = p99_ms("small-or-large", *FOUR, throttled)
    assert p99_ms("small-or-large", *LARGE, throttled) > factor * best
    assert p99_ms("small-or-large", *EIGHT, throttled) > best


def test_small_instances_win_where_a_hot_model_has_one_worker_and_not_where_it_has_four():
    hot = "small-or-large-hot"
    assert p99_ms(hot, *LARGE) > 1.5 * p99_ms(hot, *FOUR)
    workers = "server.default_workers_per_model=4"
    assert p99_ms(hot, *LARGE, workers) < 1.1 * p99_ms(hot, *FOUR, workers)
    assert p99_ms(hot, *LARGE, workers) < p99_ms(hot, *EIGHT, workers)


def test_four_models_on_one_large_instance_lack_workers_not_cpu():
    name, workers = "four-large-or-small", "server.default_workers_per_model=4"
    assert p99_ms(name, *LARGE) > 3.0 * p99_ms(name, *FOUR)
    assert summary(name, *LARGE)["cpu_utilization"]["value"] < 0.25
    assert p99_ms(name, *LARGE, workers) < p99_ms(name, *FOUR, workers)


def preloaded(workers: int, shared: bool, dirty: str = "3 MiB") -> tuple[str, ...]:
    sharing = f"server.preload_model={str(shared).lower()}"
    return f"server.default_workers_per_model={workers}", sharing, f"server.preload_dirty={dirty}"


def test_sharing_pays_from_the_second_worker_on_unless_most_is_written_to():
    name = "preload-or-copies"
    assert hits(name, *preloaded(2, shared=True)) > 0.999
    separate = hits(name, *preloaded(2, shared=False))
    assert separate < 0.95
    assert abs(hits(name, *preloaded(2, shared=True, dirty="190 MiB")) - separate) < 0.02
    assert hits(name, *preloaded(2, shared=True, dirty="380 MiB")) < separate - 0.05
    assert hits(name, *preloaded(1, shared=False)) > 0.999
    one = "endpoint.instance_count=1", "models.model.memory=100 MiB"
    assert p99_ms(name, *one, *preloaded(2, shared=True)) < 0.9 * p99_ms(name, *one, *preloaded(1, shared=False))
    assert p99_ms(name, *one, *preloaded(2, shared=False)) > 10 * p99_ms(name, *one, *preloaded(1, shared=False))
