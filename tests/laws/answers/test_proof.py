"""What is proved of a fleet before it is simulated is so when it is: no discarded fleet is inside."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import simulate
from mmesim.preflight.proof.proof import proof
from mmesim.scenario import ConstantRate, Poisson, Scenario
from tests.helpers.one_queue import one_queue
from tests.helpers.proofs import (
    EXPONENTIAL,
    FIVE_FIT,
    HUNDRED_FIT,
    MANY,
    MODEL,
    TEN,
    at_rate,
    scenario,
)
from tests.proof_study.judge import truth
from tests.proof_study.problems import problem


def one_server(given: Scenario) -> Scenario:
    """With another kind of server: one queue and one or two workers for all models."""
    changed: Scenario = given.model_copy(update={"server": one_queue(given.server)})
    return changed


def growing(given: Scenario) -> Scenario:
    """With a rate that jumps in the middle of the run."""
    arrivals, middle_s = given.traffic[0].arrivals, 0.5 * given.run.duration_s
    assert isinstance(arrivals, Poisson | ConstantRate)
    low, high = 0.5 * arrivals.rate_per_s, 1.8 * arrivals.rate_per_s
    return given.with_({"traffic.0.arrivals": f"{{schedule: {{rates: {{0 s: {low} /s, {middle_s} s: {high} /s}}}}}}"})


def divided(given: Scenario) -> Scenario:
    """With every second model elsewhere."""
    return given.with_({"endpoint.without": [model.name for model in given.model_table()[1::2]] or None})


@pytest.mark.slow
@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), change=st.sampled_from([None, None, one_server, growing, divided]))
def test_no_fleet_that_is_proved_not_to_meet_a_line_meets_it(seed, change):
    fleet = problem(np.random.default_rng(seed))
    if change is not None:
        assume(fleet.endpoint.warm != "stationary")  # which needs traffic that goes on for ever
        fleet = change(fleet)
    found = proof(fleet)
    if found is None:
        return
    really = truth(fleet, [simulate(fleet, 0)])
    assert not really.inside
    assert fleet.expect[0].metric == "max" or really.share >= found.least_share


INSTANT = ["server.process_start={cpu: 0 s}", "models.m.load={cpu: 0 s, wait: 0 s}", "endpoint.unload=0 s"]

TIGHT = {
    "cpu": ("p90 < 2 s", at_rate(400), MODEL, ["server.job_queue_size=1"]),
    "workers": ("p90 < 2 s", at_rate(300), MODEL, ["models.m.workers=1", "endpoint.vcpu=8"]),
    "memory": ("cache_hit_ratio >= 60 %", at_rate(100), TEN[0], [*FIVE_FIT, *INSTANT, "endpoint.warm=true"]),
    "service": ("p99 < 20 ms", at_rate(10), MODEL, [EXPONENTIAL]),
    "loads": ("p50 < 5 s", at_rate(5), MANY[0], [*HUNDRED_FIT, "endpoint.warm=stationary", "run.duration=1 h"]),
}
NEAR = {"loads": 0.2}
"""Loads keep each other waiting, so that most calls are late although some loads save them."""


@pytest.mark.parametrize("case", TIGHT)
def test_what_is_proved_is_near_what_happens_where_nothing_else_takes_time(case):
    """A bound that is far off proves little, and one that is too high is wrong."""
    expect, traffic, model, overrides = TIGHT[case]
    fleet = scenario(expect, *overrides, models=[model], traffic=traffic)
    found = proof(fleet)
    assert found is not None
    really = truth(fleet, [simulate(fleet, 0)])
    assert found.least_share <= really.share <= found.least_share + NEAR.get(case, 0.04)
