"""The bound on what chance can do: against exact tails, and where nothing is proved."""

import math

import numpy as np
import pytest
from scipy.stats import binom, poisson

from mmesim.preflight.proof.chance import CERTAINTY, least_share, surplus

WORST = math.exp(-CERTAINTY)


def test_without_a_share_it_is_six_standard_deviations_of_poisson():
    assert surplus(0.0, 1000.0, 400.0, 100.0) == pytest.approx(400 - 100 - 6 * math.sqrt(400))


@pytest.mark.parametrize("calls", [50.0, 1000.0, 100_000.0])
@pytest.mark.parametrize("chance", [0.02, 0.3, 0.9])
def test_no_run_stays_below_the_least_share(calls, chance):
    """Of N calls, Poisson, each is bad with this chance: how often are at most a share of them bad? Summed exactly."""
    share = least_share(calls, chance * calls)
    numbers = np.arange(1, int(calls + 12 * math.sqrt(calls)) + 1)
    at_most = float((poisson.pmf(numbers, calls) * binom.cdf(np.floor(share * numbers), numbers, chance)).sum())
    assert at_most < WORST if share > 0.0 else True
    assert share < chance


def test_with_many_calls_the_least_share_is_near_what_is_proved():
    assert least_share(1e8, 3e7) == pytest.approx(0.3, rel=1e-3)
    assert least_share(1e8, 5e7, 2e7) == pytest.approx(0.3, rel=3e-3)


def test_nothing_is_proved_of_no_calls_or_of_more_that_can_be_good():
    assert least_share(0.0, 0.0) == 0.0
    assert least_share(1000.0, 300.0, 300.0) == 0.0
    assert least_share(1000.0, 30.0) == 0.0  # fewer than 36: a run without one is not out of the question
    assert least_share(1000.0, 40.0) > 0.0
