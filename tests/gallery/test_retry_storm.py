"""scenarios/gallery/retry-storm.yaml: naive retries keep the endpoint down, a quota of retries lets it come back."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Poisson, Scenario

FILE = "scenarios/gallery/retry-storm.yaml"
REPLICATIONS = (0, 1, 2)
LAST_MINUTES = slice(5, 10)
"""Well after the cause, which lasts from 2:00 to 2:30."""

FOUR_MODELS = ("models.model.count=4", "traffic.calls.arrivals.poisson.rate=64 /s")


def served(replication: int, *overrides: str) -> tuple[RunData, float]:
    """A run, and which share of the calls of its last minutes succeeded."""
    scenario = Scenario.from_yaml(FILE, overrides)
    run = simulate(scenario, replication)
    assert set(run.checks.values()) == {"ok"}
    seconds = 60.0 * (LAST_MINUTES.stop - LAST_MINUTES.start)
    process = scenario.traffic[0].arrivals
    assert isinstance(process, Poisson)
    rate_per_s = process.rate_per_s
    return run, float(run.windows["ClientLatency_SampleCount"][LAST_MINUTES].sum()) / (rate_per_s * seconds)


@pytest.mark.parametrize("replication", REPLICATIONS)
def test_naive_retries_outlive_their_cause(replication):
    run, share = served(replication)
    assert share < 0.01
    assert run.windows["QueueFull"][LAST_MINUTES].min() > 0
    # Three attempts more for nearly every call: work that nobody waits for.
    assert run.windows["Invocations"][LAST_MINUTES].mean() > 3.5 * 16 * 60


@pytest.mark.parametrize("replication", REPLICATIONS)
@pytest.mark.parametrize("cure", ["clients.retries=boto3-standard", "clients.retries=none", "server.job_queue_size=20"])
def test_a_quota_no_retries_or_a_short_queue_recover(cure, replication):
    _, share = served(replication, cure)
    assert share > 0.9  # the calls of five minutes are Poisson: 4,800 +- 70


def test_the_quota_is_not_the_models_own():
    shares = [served(k, "clients.retries=boto3-standard", *FOUR_MODELS)[1] for k in range(4)]
    # In some of the runs the calls of one model, a quarter of all, fail on and on.
    assert min(shares) < 0.8
    assert np.all(np.array(shares) > 0.45)
    assert served(0, "clients.retries=none", *FOUR_MODELS)[1] > 0.95
