"""What is proved of a fleet before it is simulated is so when it is: no discarded fleet is inside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import simulate
from mmesim.preflight.proof.proof import proof
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


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_fleet_that_is_proved_not_to_meet_a_line_meets_it(seed):
    scenario = problem(np.random.default_rng(seed))
    found = proof(scenario)
    if found is None:
        return
    run = simulate(scenario, 0)
    really = truth(scenario, [run])
    assert not really.inside
    assert scenario.expect[0].metric == "max" or really.share >= found.least_share


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
    given = scenario(expect, *overrides, models=[model], traffic=traffic)
    found = proof(given)
    assert found is not None
    really = truth(given, [simulate(given, 0)])
    assert found.least_share <= really.share <= found.least_share + NEAR.get(case, 0.04)
