"""When a limit is kept again for good: what is never said of a fleet that keeps it, and how often chance errs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.arrays import Ints
from mmesim.results.over_time.kept_again import at_least, long_enough, not_broken

P99 = 0.01
RUNS = 1_000


def never(calls: Ints, bad: Ints, allowed: float = P99) -> bool:
    return not bool((not_broken(calls, bad, allowed) & long_enough(calls, bad, allowed)).any())


counts = st.lists(st.tuples(st.integers(0, 400), st.floats(0.0, 1.0)), min_size=1, max_size=40)


@given(disturbed=counts, kept=counts, allowed=st.sampled_from([0.0, 0.001, P99, 0.1, 0.5]), more=st.integers(0, 3))
def test_a_limit_that_every_minute_keeps_for_as_long_as_not_is_never_said_to_be_broken_for_good(
    disturbed: list[tuple[int, float]], kept: list[tuple[int, float]], allowed: float, more: int
) -> None:
    before = [(calls, round(calls * share)) for calls, share in disturbed]
    after = [(calls, int(calls * allowed * share)) for calls, share in kept]
    fill = max(0, sum(calls for calls, _ in before) - sum(calls for calls, _ in after)) + more
    calls, bad = (
        np.array(column, np.int64) for column in zip(*before, *after, (fill, int(fill * allowed)), strict=True)
    )
    assert not never(calls, bad, allowed)


@given(counts=counts, allowed=st.sampled_from([0.001, P99, 0.1, 0.5]))
def test_calls_that_are_taken_as_kept_do_not_break_the_limit_together(
    counts: list[tuple[int, float]], allowed: float
) -> None:
    calls, bad = (np.array(one, np.int64) for one in zip(*((n, round(n * share)) for n, share in counts), strict=True))
    kept = not_broken(calls, bad, allowed)
    for first in np.flatnonzero(kept):
        assert at_least(bad[first:].sum(), calls[first:].sum(), allowed) >= 0.0005


def said_never(seed: int, each: int, *stretches: tuple[int, float]) -> float:
    """Share of runs of minutes of `each` calls, (minutes, share of bad ones) after each other, that never recover."""
    rng = np.random.default_rng(seed)
    shares = np.concatenate([np.full(minutes, share) for minutes, share in stretches])
    calls = np.full(len(shares), each)
    return float(np.mean([never(calls, rng.binomial(each, shares)) for _ in range(RUNS)]))


@pytest.mark.parametrize("each", [20, 60, 2_000])
@pytest.mark.parametrize("before", [(0, 0.0), (20, 0.03), (5, 0.5)], ids=["nothing", "mild", "severe"])
def test_a_fleet_exactly_at_its_limit_is_not_broken_for_good(each: int, before: tuple[int, float]) -> None:
    # Were it one in a thousand, 5 of 1,000 runs or more would come in 4 of 1,000 tests.
    assert said_never(3, each, before, (25, P99)) <= 0.004


@pytest.mark.parametrize("before", [(0, 0.0), (20, 0.03), (10, 0.1)], ids=["nothing", "mild", "severe"])
def test_a_fleet_that_stays_at_two_or_three_times_its_limit_for_long_has_not_recovered(
    before: tuple[int, float],
) -> None:
    assert said_never(4, 60, before, (60, 0.03)) > 0.98
    assert said_never(5, 200, before, (60, 0.02)) > 0.97
