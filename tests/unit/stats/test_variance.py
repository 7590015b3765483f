"""The split of the variance: closed forms, and that common noise is not taken for the inputs'."""

import numpy as np
import pytest

from mmesim.stats.variance import inputs_interval, split

RESAMPLED = np.random.default_rng(0).integers(0, 64, (200, 64))


def table(inputs_sd: float, common_sd: float, own_sd: float, draws: int = 64, replications: int = 10) -> np.ndarray:
    random = np.random.default_rng(1)
    return (
        100.0
        + inputs_sd * random.standard_normal((draws, 1))
        + common_sd * random.standard_normal((1, replications))
        + own_sd * random.standard_normal((draws, replications))
    )


def test_without_luck_all_variance_is_that_of_the_inputs():
    answers = np.repeat(np.arange(8.0)[:, None], 3, axis=1)
    found = split(answers)
    assert found.inputs == pytest.approx(np.var(np.arange(8.0), ddof=1))
    assert (found.noise, found.share) == (0.0, 1.0)


def test_luck_that_all_draws_share_is_not_the_inputs_and_is_not_taken_from_them():
    luck = np.array([-1.0, 0.0, 1.0])
    answers = np.array([10.0, 20.0])[:, None] + luck
    found = split(answers)
    assert found.inputs == pytest.approx(50.0)
    assert found.noise == pytest.approx(1.0)


def test_the_textbook_table():
    """A row of 2 x 2 computed by hand: means 2 and 5, interactions of 0.5."""
    found = split(np.array([[1.0, 3.0], [5.0, 5.0]]))
    assert found.noise == pytest.approx(1.0)
    assert found.inputs == pytest.approx(4.5 - 1.0 / 2)


def test_the_estimates_are_unbiased():
    """Over many tables the means are the true variances, within four standard errors."""
    random = np.random.default_rng(2)
    found = []
    for _ in range(2000):
        parts = random.standard_normal((6, 1)), random.standard_normal((1, 4)), random.standard_normal((6, 4))
        found.append(split(2.0 * parts[0] + 1.5 * parts[1] + 3.0 * parts[2]))
    for values, truth in (([s.inputs for s in found], 4.0), ([s.noise for s in found], 1.5**2 + 9.0)):
        error = np.std(values) / np.sqrt(len(values))
        assert abs(np.mean(values) - truth) < 4 * error


def test_luck_alone_gives_a_share_of_about_nothing():
    answers = table(0.0, 1.0, 1.0)
    share = split(answers).share
    assert share is not None
    assert share < 0.05
    interval = inputs_interval(answers, RESAMPLED, np.random.default_rng(4))
    assert interval is not None
    assert interval[0] == 0.0


def test_an_estimate_below_zero_counts_as_nothing_and_says_so():
    found = next(s for s in (split(table(0.0, 0.0, 1.0, draws=4 + n)) for n in range(50)) if s.inputs < 0.0)
    assert (found.share, found.below_zero) == (0.0, True)


def test_nothing_varies():
    found = split(np.full((5, 3), 0.1))
    assert (found.inputs, found.noise, found.share, found.below_zero) == (0.0, 0.0, None, False)
    assert inputs_interval(np.full((64, 3), 0.1), RESAMPLED, np.random.default_rng(4)) is None


def test_the_interval_holds_the_share():
    answers = table(2.0, 0.5, 1.0)
    low, high = inputs_interval(answers, RESAMPLED, np.random.default_rng(4)) or (1.0, 0.0)
    share = split(answers).share
    assert share is not None
    assert low < share < high
    assert low < 4.0 / 5.25 < high


@pytest.mark.parametrize("replications", [3, 10])
def test_the_interval_holds_the_share_also_where_all_draws_have_the_same_noise(replications):
    """With few replications the noise is hardly known, and the interval says so."""
    random = np.random.default_rng(replications)
    held = 0
    for _ in range(100):
        answers = 2.0 * random.uniform(-1.7320508, 1.7320508, (32, 1)) + random.standard_normal((1, replications))
        interval = inputs_interval(answers, random.integers(0, 32, (200, 32)), random)
        assert interval is not None
        held += interval[0] <= 4.0 / 5.0 <= interval[1]
    assert held >= 90


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_one_of_either_says_nothing(shape):
    with pytest.raises(ValueError, match="at least two"):
        split(np.zeros(shape))
