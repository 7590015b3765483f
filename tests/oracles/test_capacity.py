"""The capacity of fleets whose capacity is known: M/M/c by Erlang C, and caches in which the models fit or do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.optimize import brentq

from mmesim.analytic.erlang import mmc_sojourn_exceeds
from mmesim.experiment.capacity.capacity import capacity
from mmesim.results.answers.capacity import Capacity
from mmesim.scenario import Scenario
from tests.helpers.texts import load_text

MMC = """
name: mmc
endpoint:
  vcpu: 4
  memory: 16 GiB
  warm: true
  invocation_timeout: 1 h
  router: {policy: sticky, overhead: 0 ms, spill_at: 1000000}
server: {overhead: none, process_start: {cpu: 0 s}, job_queue_size: 1000000}
models:
  - name: queue
    workers: 4
    artifact_size: 0
    memory: 1 MiB
    load: {cpu: 0 s}
    service: {wait: {exponential: {mean: 40 ms}}}
traffic: {arrivals: {poisson: {rate: 40 /s}}}
clients: {timeout: 1 h, network: 0 ms}
run: {duration: 3 min, warmup: 20 s, replications: 5, seed: 1}
expect: [p95 < 200 ms]
"""
LRU = """
name: lru
endpoint:
  vcpu: 4
  memory: 16 GiB
  price_per_hour: 0.5 USD
  usable_memory: 100 MiB
  base_memory: 0
  warm: stationary
  unload: 0 s
  download: {first_byte: 0 s, stream: 1000 GB/s, unpack: null}
  router: {policy: sticky, overhead: 0 ms, spill_at: 1000000}
server: {overhead: none, process_start: {cpu: 0 s}, job_queue_size: 1000000}
models:
  - name: small
    count: 20
    artifact_size: 0
    memory: 1 MiB
    process_memory: 0
    load: {cpu: 0 s}
    service: {wait: 1 ms}
traffic: {arrivals: {poisson: {rate: 20 /s}}}
clients: {network: 0 ms}
run: {duration: 1 min, warmup: 0 s, replications: 5, seed: 1}
expect: [cache_hit_ratio >= 99 %]
"""
FIT = 25
"""A copy takes 1 MiB and the 3 MiB of its pool."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("capacity") / "store.sqlite"


@pytest.fixture(scope="module")
def lru() -> Scenario:
    return load_text(LRU)


@pytest.fixture(scope="module")
def models(lru: Scenario, store: Path) -> Capacity:
    return capacity(lru, store=store)


@pytest.mark.slow
def test_the_factor_of_a_queue_brackets_that_of_erlang():
    found = capacity(load_text(MMC), of="traffic")
    truth = brentq(lambda factor: mmc_sojourn_exceeds(40.0 * factor, 0.04, 4, 0.2) - 0.05, 0.5, 2.49)
    assert found.largest is not None
    assert found.smallest_failing is not None
    assert found.largest <= truth <= found.smallest_failing
    assert found.smallest_failing <= 1.1 * found.largest
    assert found.verdict == "pass"
    assert found.knee is None
    assert found.monotone


def test_models_that_all_fit_are_counted_by_arithmetic(models: Capacity):
    # Of n equally popular models an LRU cache of 25 misses 1 - 25 / n: of 26 too many.
    assert (models.largest, models.smallest_failing, models.verdict) == (FIT, FIT + 1, "pass")
    assert (models.now, models.tried_to) == (20, 320)
    by_amount = {one.amount: one for one in models.tried}
    assert by_amount[26.0].hit_ratio == pytest.approx(25 / 26, abs=0.005)
    assert by_amount[40.0].hit_ratio == pytest.approx(25 / 40, abs=0.02)
    assert by_amount[40.0].calls_per_s == pytest.approx(40.0, rel=0.05)
    assert by_amount[25.0].usd_per_model == pytest.approx(0.5 * 730 / 25)


def test_the_knee_is_where_the_models_no_longer_fit(models: Capacity):
    assert models.knee is not None
    # 1 % of the calls miss between 25 and 26 models, on the straight line between the two.
    assert models.knee.models == pytest.approx(25 + 0.01 / (1 - 25 / 26), abs=0.05)
    assert models.knee.models is not None
    assert models.knee.interval is not None
    assert models.knee.interval[0] <= models.knee.models <= models.knee.interval[1]


def test_the_same_again_simulates_nothing(lru: Scenario, store: Path, models: Capacity):
    again = capacity(lru, store=store)
    assert again.simulated == 0
    assert again.model_copy(update={"simulated": models.simulated}) == models


def test_too_many_models_are_said_to_be_too_many(lru: Scenario, store: Path):
    found = capacity(
        lru.with_({"models.small.count": 30, "traffic.traffic-0.arrivals.poisson.rate": "30 /s"}), store=store
    )
    assert (found.verdict, found.largest, found.smallest_failing) == ("fail", FIT, FIT + 1)


def test_without_limits_the_curve_and_the_knee_are_left(lru: Scenario, store: Path):
    found = capacity(lru.model_copy(update={"expect": ()}), store=store)
    assert (found.verdict, found.largest, found.smallest_failing, found.binds) == (None, None, None, None)
    assert found.knee is not None
    assert found.knee.models == pytest.approx(25.26, abs=0.05)
    assert {one.verdict for one in found.tried} == {None}


def test_up_to_ends_the_search(lru: Scenario, store: Path):
    found = capacity(lru, up_to=22, store=store)
    assert (found.largest, found.smallest_failing, found.verdict) == (22, None, "pass")
    assert max(one.amount for one in found.tried) == 22


def test_a_smaller_end_leaves_what_the_scenario_has_open(lru: Scenario, store: Path):
    found = capacity(lru, up_to=10, store=store)
    assert (found.now, found.largest, found.smallest_failing, found.verdict) == (20, 10, None, "undecided")


@pytest.mark.slow
def test_not_even_the_least_fits(lru: Scenario, store: Path):
    found = capacity(lru.with_({"expect": ["p50 < 0.5 ms"]}), store=store)
    assert (found.largest, found.smallest_failing, found.verdict) == (None, 1.0, "fail")


def test_the_frame_and_the_picture(models: Capacity):
    frame = models.frame
    assert list(frame.index) == [one.amount for one in models.tried]
    assert frame.loc[FIT, "verdict"] == "pass"
    assert frame["cache_hit_ratio >= 99 %"].notna().all()
    assert len(models.plot().axes) == 2
