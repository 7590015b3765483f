"""What is proved of a fleet before it is simulated is so when it is: no discarded fleet is inside."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import simulate
from mmesim.preflight.proof.proof import proof
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
