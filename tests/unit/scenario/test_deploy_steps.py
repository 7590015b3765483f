"""The steps of each deployment strategy: computed by hand, and what holds of all of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.scenario.deploys.steps import Step, steps
from mmesim.scenario.deploys.strategy import AllAtOnce, Canary, Linear, Rolling


def test_all_at_once_shifts_everything_and_then_waits_to_terminate():
    assert steps(AllAtOnce(), 4, 6, 300.0) == (Step(6, 1.0, 6, 0, 300.0, 4),)


def test_a_canary_is_a_share_of_the_traffic_on_that_share_of_the_new_hosts():
    first, last = steps(Canary(share=0.25, wait_s=600.0), 8, 4, 60.0)
    assert first == Step(4, 0.25, 1, 6, 600.0, 0)
    assert last == Step(0, 1.0, 4, 0, 60.0, 8)


def test_a_share_that_is_no_whole_number_of_hosts_leaves_neither_side_short():
    first, _ = steps(Canary(share=0.1, wait_s=0.0), 4, 4)
    assert (first.new_on, first.old_on) == (1, 4)


def test_linear_goes_in_equal_steps_and_keeps_all_old_hosts_until_the_end():
    found = steps(Linear(step=0.3, wait_s=120.0), 10, 10, 30.0)
    assert [(one.share, one.new_on, one.old_on, one.bake_s) for one in found] == [
        (0.3, 3, 7, 120.0),
        (0.6, 6, 4, 120.0),
        (pytest.approx(0.9), 9, 1, 120.0),
        (1.0, 10, 0, 30.0),
    ]
    assert [(one.provision, one.terminate) for one in found] == [(10, 0), (0, 0), (0, 0), (0, 10)]


def test_rolling_replaces_batch_by_batch():
    assert steps(Rolling(batch=0.5, wait_s=60.0), 5, 5) == (
        Step(2, 0.4, 2, 3, 60.0, 2),
        Step(2, 0.8, 4, 1, 60.0, 2),
        Step(1, 1.0, 5, 0, 60.0, 1),
    )


def test_rolling_to_another_count_terminates_in_proportion():
    assert steps(Rolling(batch=0.5, wait_s=60.0), 6, 2) == (
        Step(1, 0.5, 1, 3, 60.0, 3),
        Step(1, 1.0, 2, 0, 60.0, 3),
    )


def test_a_batch_is_at_least_one_host():
    assert [one.provision for one in steps(Rolling(batch=0.05, wait_s=0.0), 3, 3)] == [1, 1, 1]


waits = st.sampled_from([0.0, 60.0])
strategies = st.one_of(
    st.just(AllAtOnce()),
    st.builds(lambda share, wait_s: Canary(share=share, wait_s=wait_s), st.floats(0.01, 0.5), waits),
    st.builds(lambda step, wait_s: Linear(step=step, wait_s=wait_s), st.floats(0.1, 0.5), waits),
    st.builds(lambda batch, wait_s: Rolling(batch=batch, wait_s=wait_s), st.floats(0.05, 0.5), waits),
)


@settings(max_examples=200)
@given(strategies, st.integers(1, 40), st.integers(1, 40))
def test_every_old_host_goes_every_new_one_comes_and_both_sides_carry_their_share(strategy, old, new):
    found = steps(strategy, old, new, 60.0)
    assert sum(one.provision for one in found) == new
    assert sum(one.terminate for one in found) == old
    assert (found[-1].share, found[-1].new_on, found[-1].old_on) == (1.0, new, 0)
    shares = [one.share for one in found]
    assert shares == sorted(set(shares))
    here, there = old, 0
    for one in found:
        there += one.provision
        assert 1 <= one.new_on <= there
        assert one.old_on <= here
        assert one.new_on >= one.share * new - 1e-6
        assert one.old_on >= (1.0 - one.share) * old - 1e-6
        here -= one.terminate
        assert here >= one.old_on or one is found[-1]
    if isinstance(strategy, Rolling):
        batch = max(1, int(strategy.batch * new + 1e-9))
        assert max(one.provision for one in found) <= batch
