"""What one policy says of the last values of its metric: the examples of AWS's user guide, and the laws behind them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.policies.scaling import SCALING, Seen, adjusted, policy, step, target_tracking
from mmesim.scenario.endpoint.autoscaling.policies import AdjustmentType, Step, TargetTracking

METRIC = "CPUUtilization"


def seen(values, capacity=10, base=None, measured=None):
    return Seen(
        now_s=0.0,
        capacity=capacity,
        in_service=capacity,
        min=1,
        max=1000,
        base=capacity if base is None else base,
        measured={METRIC: float(capacity if measured is None else measured)},
        columns={METRIC: np.array(values, dtype=np.float64)},
    )


def steps(adjustment_type, *ranges, **keys):
    rows = [{"lower_bound": low, "upper_bound": high, "adjustment": value} for low, high, value in ranges]
    return Step.model_validate(
        {"metric": METRIC, "threshold": 50, "adjustment_type": adjustment_type, "steps": rows, **keys}
    )


OUT = steps("PercentChangeInCapacity", (0, 10, 0), (10, 20, 10), (20, None, 30))
IN = steps("PercentChangeInCapacity", (-10, 0, 0), (-20, -10, -10), (None, -20, -30), comparison="<=")
"""The example of the user guide, "Step adjustments"."""


def test_the_example_of_the_user_guide():
    assert step(OUT, seen([59.9])) is None
    assert step(OUT, seen([60.0])) == 11
    assert step(OUT, seen([70.0], capacity=11)) == 14  # 3.3 is rounded down
    assert step(IN, seen([40.1], capacity=14)) is None
    assert step(IN, seen([40.0], capacity=14)) == 13  # 1.4 is rounded down
    assert step(IN, seen([30.0], capacity=13)) == 10  # 3.9 is rounded down


@pytest.mark.parametrize(
    ("capacity", "percent", "least", "then"),
    [
        (10, 10, None, 11),
        (127, 10, None, 139),  # 12.7 -> 12
        (67, 1, None, 68),  # 0.67 -> 1
        (58, -1, None, 57),  # -0.58 -> -1
        (667, -1, None, 661),  # -6.67 -> -6
        (4, 25, 2, 6),
        (4, -25, 2, 2),
        (100, 25, 2, 125),
        (10, 0, 2, 10),
        (3, 100, None, 6),
    ],
)
def test_percent_are_rounded_towards_nothing_but_to_one_host_at_least(capacity, percent, least, then):
    rule = steps("percent_change_in_capacity", (0, None, percent), min_adjustment_magnitude=least)
    assert adjusted(capacity, rule, percent) == then


def test_change_and_exact_capacity():
    assert step(steps("change_in_capacity", (0, None, 5)), seen([50.0], capacity=3)) == 8
    assert step(steps("exact_capacity", (0, None, 5)), seen([50.0], capacity=3)) == 5
    assert step(steps("exact_capacity", (0, None, 5)), seen([50.0], capacity=5)) is None


def test_within_a_cooldown_what_was_added_is_part_of_what_is_asked_for():
    # Two were added to ten; a step of three adds one more, one of two nothing (user guide, "Cooldown period").
    rule = steps("change_in_capacity", (0, 10, 2), (10, None, 3))
    assert step(rule, seen([55.0], capacity=12, base=10)) is None
    assert step(rule, seen([65.0], capacity=12, base=10)) == 13


def test_bounds_belong_to_the_range_towards_the_threshold():
    assert step(steps("change_in_capacity", (0, 10, 1), (10, None, 2)), seen([60.0])) == 12
    below = steps("change_in_capacity", (-10, 0, -1), (None, -10, -2), comparison="<=")
    assert step(below, seen([40.0])) == 8
    assert step(below, seen([40.1])) == 9


@pytest.mark.parametrize(("comparison", "breaching"), [(">=", [50, 51]), (">", [51]), ("<=", [49, 50]), ("<", [49])])
def test_comparisons(comparison, breaching):
    bounds = (0, None, 1) if comparison.startswith(">") else (None, 0, -1)
    rule = steps("change_in_capacity", bounds, comparison=comparison)
    assert [value for value in (49, 50, 51) if step(rule, seen([value])) is not None] == breaching


def test_so_many_values_set_off_an_alarm():
    rule = steps("change_in_capacity", (0, None, 1), evaluation_periods=3)
    assert step(rule, seen([60.0, 60.0])) is None
    assert step(rule, seen([60.0, 40.0, 60.0])) is None
    assert step(rule, seen([60.0, math.nan, 60.0])) is None
    assert step(rule, seen([40.0, 60.0, 60.0, 60.0])) == 11


def test_every_policy_has_its_function():
    assert {"target_tracking": target_tracking, "step": step} == SCALING
    assert policy(OUT)(seen([60.0])) == 11


@given(
    capacity=st.integers(1, 500),
    target=st.floats(0.1, 1e6),
    shares=st.lists(st.just(0.0) | st.floats(1e-3, 10.0), min_size=3, max_size=20)
    | st.lists(st.just(0.0) | st.floats(1e-3, 1.0), min_size=15, max_size=20),
)
def test_target_tracking_brings_the_metric_to_its_target(capacity, target, shares):
    rule = TargetTracking(metric=METRIC, target=target)
    values = [share * target for share in shares]
    wanted = target_tracking(rule, seen(values, capacity))
    if wanted is None:
        return
    total = values[-1] * capacity
    assert total <= wanted * target * (1 + 1e-6)  # enough hosts
    assert wanted == 0 or total > (wanted - 1) * target * (1 - 1e-6)  # and none too many
    assert (wanted > capacity) == all(value > target for value in values[-3:])
    if wanted <= capacity:
        assert len(values) >= 15
        assert all(value < 0.9 * target for value in values[-15:])


def test_a_metric_below_its_target_for_a_quarter_of_an_hour_scales_in():
    rule = TargetTracking(metric=METRIC, target=100.0)
    assert target_tracking(rule, seen([50.0] * 15, 8)) == 4
    assert target_tracking(rule, seen([50.0] * 14, 8)) is None
    assert target_tracking(rule, seen([50.0] * 5 + [90.0] + [50.0] * 9, 8)) is None


def test_target_tracking_counts_from_the_hosts_that_the_metric_was_measured_over():
    rule = TargetTracking(metric=METRIC, target=5.0)
    assert target_tracking(rule, seen([20.0] * 3, capacity=3, base=2, measured=3)) == 12
    assert target_tracking(rule, seen([20.0] * 3, capacity=12, base=3, measured=3)) is None  # nine are on their way
    assert target_tracking(rule, seen([20.0] * 3, capacity=3, measured=1.5)) == 6  # one came in the middle
    assert target_tracking(rule, seen([1.0] * 15, capacity=9, measured=6)) == 2


@given(
    kind=st.sampled_from(AdjustmentType),
    capacity=st.integers(1, 200),
    base=st.integers(1, 200),
    value=st.floats(0.0, 200.0),
    adjustment=st.integers(1, 300),
)
def test_a_step_up_never_removes_and_counts_from_its_base(kind, capacity, base, value, adjustment):
    rule = steps(kind.value, (0, None, adjustment))
    wanted = step(rule, seen([value], capacity, min(base, capacity)))
    if value < 50.0:
        assert wanted is None
    elif kind is not AdjustmentType.exact_capacity and wanted is not None:
        assert wanted > capacity
