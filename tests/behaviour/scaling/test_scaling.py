"""Timelines of autoscaling, computed by hand: minutes of a metric that the test makes up, and a fleet that obeys."""

from __future__ import annotations

from math import nan

import pytest

from tests.behaviour.scaling.scaled import MINUTE, scale, scaling, shared, tracking


def at(minute: float, kind: str, hosts: int) -> tuple[float, str, int]:
    return minute * MINUTE, kind, hosts


def test_three_values_above_the_target_and_a_minute_of_delay_before_hosts_are_asked_for():
    # 90 in the first minute, then 250 calls a minute on two hosts: 125 each at 2, 3 and 4 min, known a minute later.
    found = scale(scaling(min=1, max=10, policies=[tracking()]), 2, shared(lambda t: 180 if t <= 60 else 250), 20)
    assert found.decisions == [at(5, "scale_out", 3)]  # 2 x 125 / 100 = 2.5
    assert found.names == ["target_tracking InvocationsPerInstance"]
    assert found.figures == [{"hosts": 1, "desired": 3, "metric": 125.0, "alarm_s": 300.0}]
    assert found.fleet.over_time == [(0.0, 2), (11 * MINUTE, 3)]  # six minutes of provisioning


@pytest.mark.parametrize(("each", "hosts"), [(100.0, 2), (100.001, 3), (150.0, 3), (150.001, 4), (990.0, 8)])
def test_capacity_is_in_proportion_rounded_up_and_within_the_limits(each, hosts):
    given = scaling(min=1, max=8, policies=[tracking()])
    found = scale(given, 2, lambda *_: {"InvocationsPerInstance": each}, 4)
    assert [one[2] for one in found.decisions] == ([] if hosts == 2 else [hosts])


def test_nothing_happens_in_the_band_below_the_target():
    given = scaling(min=1, max=8, policies=[tracking()])
    for each in (90.0, 100.0):
        assert scale(given, 4, lambda *_, each=each: {"InvocationsPerInstance": each}, 60).decisions == []


def test_two_values_above_and_one_below_are_no_alarm():
    values = [120, 120, 80, 120, 120, 80] * 5
    given = scaling(min=1, max=8, policies=[tracking()])
    found = scale(given, 2, lambda t, _: {"InvocationsPerInstance": values[int(t / 60) - 1]}, 30)
    assert found.decisions == []


def test_a_scale_in_takes_fifteen_low_values_and_is_in_proportion():
    # 100 calls a minute on eight hosts: 12.5 each. The fifteenth value is known at 16 min: 8 x 12.5 / 100 = 1.
    found = scale(scaling(min=2, max=8, policies=[tracking()]), 8, shared(lambda _: 100), 60)
    assert found.decisions == [at(16, "scale_in", 2)]
    assert found.fleet.gone == [7, 6, 5, 4, 3, 2]


def test_zero_traffic_scales_in_to_the_minimum():
    found = scale(scaling(min=1, max=8, policies=[tracking()]), 4, shared(lambda _: 0), 30)
    assert found.decisions == [at(16, "scale_in", 1)]


@pytest.mark.parametrize(("rule", "gone"), [("newest", [3]), ("oldest", [0])])
def test_which_host_is_scaled_in(rule, gone):
    found = scale(scaling(min=1, max=8, scale_in=rule, policies=[tracking()]), 4, shared(lambda _: 270), 20)
    assert found.decisions == [at(16, "scale_in", 3)]
    assert found.fleet.gone == gone


def test_disable_scale_in_leaves_the_hosts():
    given = scaling(min=1, max=8, policies=[tracking(disable_scale_in=True)])
    assert scale(given, 8, shared(lambda _: 100), 60).decisions == []


def test_a_missing_value_keeps_the_alarm_silent():
    missing = {10: nan, 20: nan}
    given = scaling(min=1, max=8, policies=[tracking()])
    found = scale(given, 4, lambda t, _: {"InvocationsPerInstance": missing.get(int(t / 60), 10.0)}, 40)
    # Low since 1 min, but of fifteen values one is missing until those of 21 to 35 min, known at 36.
    assert found.decisions == [at(36, "scale_in", 1)]
    assert scale(given, 4, lambda *_: {}, 40).decisions == []


def test_a_target_counts_from_the_hosts_that_the_metric_was_measured_over_whatever_cooldown_there_is():
    # Two hosts, 300 calls: 150 each, three hosts asked for at 4 min and there at 10. While they are on their way two
    # hosts are measured: 2 x 1.5 = 3, which is asked for. From 10 min on 600: 200 each, known at 14, 3 x 2 = 6.
    found = scale(scaling(min=1, max=9, policies=[tracking()]), 2, shared(lambda t: 300 if t <= 600 else 600), 15)
    assert found.decisions == [at(4, "scale_out", 3), at(14, "scale_out", 6)]


def test_within_the_cooldown_of_a_step_only_a_larger_one_is_made():
    # One host more at 2 min, there at 8, cooldown until 13. Two more from 10 min on, known at 11: 2 + 2, one is there.
    steps = [{"lower_bound": 0, "upper_bound": 50, "adjustment": 1}, {"lower_bound": 50, "adjustment": 2}]
    given = scaling(min=1, max=9, policies=[{"step": {"metric": "QueueFull", "threshold": 1, "steps": steps}}])
    found = scale(given, 2, lambda t, _: {"QueueFull": 10.0 if t < 600 else 100.0}, 12)
    assert found.decisions == [at(2, "scale_out", 3), at(11, "scale_out", 4)]


def test_a_scale_in_waits_for_the_cooldown_of_the_one_before_but_a_scale_out_does_not():
    # At 16 min 4 x 67.5 / 100 = 2.7, gone at 16.5; from 17 min on 40 calls, 13.3 each. The cooldown is over at 21.5.
    given = scaling(min=1, max=9, policies=[tracking()])
    found = scale(given, 4, shared(lambda t: 270 if t < 1020 else 40), 30)
    assert found.decisions == [at(16, "scale_in", 3), at(22, "scale_in", 1)]
    given = scaling(min=1, max=9, policies=[tracking(in_points=3)])
    found = scale(given, 4, shared(lambda t: 240 if t <= 240 else 140 if t < 1200 else 400), 26)
    assert found.decisions == [
        at(4, "scale_in", 3),  # 4 x 60 / 100 = 2.4
        at(10, "scale_in", 2),  # gone at 4.5, cooldown until 9.5: 3 x 46.7 / 100 = 1.4
        at(23, "scale_out", 4),  # 200 each at 20, 21, 22 min: 2 x 2
    ]


def test_a_scale_out_ends_the_cooldown_of_a_scale_in():
    given = scaling(min=1, max=9, policies=[tracking(in_points=3, scale_in_cooldown="60 min")])
    levels = {4: 240, 12: 500, 40: 100}
    found = scale(given, 4, shared(lambda t: levels[min(m for m in levels if t <= m * 60)]), 40)
    # 3 x 166.7 / 100 at 8 min, there at 14; 33, 20 and 20 each at 13, 14 and 15 min: in, 50 minutes too early else.
    assert found.decisions == [at(4, "scale_in", 3), at(8, "scale_out", 5), at(16, "scale_in", 1)]


def test_a_change_waits_for_the_one_under_way():
    # 300 calls at first: three hosts asked for at 4 min. 600 from 4 min on: known at 5, when 2 x 300 / 100 = 6 hosts
    # are wanted; the endpoint is Updating until 10.
    load = shared(lambda t: 300 if t <= 180 else 600)
    given = scaling(min=1, max=9, policies=[tracking()])
    waits = scale(given, 2, load, 16)
    assert waits.decisions == [at(4, "scale_out", 3), at(10, "scale_out", 6)]
    assert waits.fleet.over_time == [(0.0, 2), (10 * MINUTE, 3), (16 * MINUTE, 6)]
    at_once = scale(given, 2, load, 12, serial=False)
    assert at_once.decisions == [at(4, "scale_out", 3), at(5, "scale_out", 6)]
    assert at_once.fleet.over_time == [(0.0, 2), (10 * MINUTE, 3), (11 * MINUTE, 6)]


def test_what_waited_is_dropped_when_it_is_no_longer_wanted():
    load = shared(lambda t: 300 if t <= 180 else 600 if t <= 360 else 300)
    given = scaling(min=1, max=9, policies=[tracking()])
    found = scale(given, 2, load, 14)
    assert found.decisions == [at(4, "scale_out", 3)]


def test_out_if_one_policy_wants_to_in_only_if_all_that_track_agree():
    def load(minute):
        return {"InvocationsPerInstance": 10.0, "CPUUtilization": 300.0 if minute < 10 else 95.0 if minute < 40 else 50}

    given = scaling(min=1, max=9, policies=[tracking(), tracking(metric="CPUUtilization", target=100)])
    found = scale(given, 2, lambda t, _: load(t / 60), 60)
    # CPU wants 2 x 3 = 6 at 4 min, there at 10. Then it is in its band until 40 min: both are low from 40 on, for
    # fifteen values at 54, known at 55: the larger of 6 x 0.1 and 6 x 0.5.
    assert found.decisions == [at(4, "scale_out", 6), at(55, "scale_in", 3)]
    assert found.names == ["target_tracking CPUUtilization"] * 2


def test_of_two_that_scale_out_the_larger_holds():
    given = scaling(min=1, max=9, policies=[tracking(), tracking(metric="CPUUtilization", target=100)])
    found = scale(given, 2, lambda *_: {"InvocationsPerInstance": 200.0, "CPUUtilization": 150.0}, 4)
    assert found.decisions == [at(4, "scale_out", 4)]


def test_a_step_policy_scales_in_whatever_target_tracking_says():
    step = {"metric": "QueueFull", "threshold": 5, "comparison": "<=", "steps": [{"upper_bound": 0, "adjustment": -1}]}
    given = scaling(min=2, max=9, policies=[tracking(), {"step": step}])
    found = scale(given, 4, lambda *_: {"InvocationsPerInstance": 95.0, "QueueFull": 0.0}, 12)
    # One value is enough; each is gone after 30 s, and the cooldown is 5 min: at 2 and, after 7.5, at 8 min.
    assert found.decisions == [at(2, "scale_in", 3), at(8, "scale_in", 2)]


def test_a_scheduled_action_does_not_mind_cooldowns():
    given = scaling(min=2, max=9, policies=[tracking()], scheduled=[{"at": "11 min", "min": 5}])
    found = scale(given, 2, shared(lambda _: 300), 16)
    # Three hosts at 10 min; the cooldown lasts until 15, the schedule acts at 11.
    assert found.decisions == [at(4, "scale_out", 3), at(11, "scale_out", 5)]
    assert found.names[1] == "scheduled 0"


def test_a_scheduled_action_waits_for_the_change_under_way_and_its_limits_hold_at_once():
    given = scaling(min=2, max=9, policies=[tracking()], scheduled=[{"at": "5 min", "max": 3, "min": 3}])
    found = scale(given, 2, shared(lambda _: 900), 16)
    # Nine hosts are on their way from 4 to 10 min; then six of them go.
    assert found.decisions == [at(4, "scale_out", 9), at(10, "scale_in", 3)]


def test_scheduled_actions_come_again():
    actions = [{"at": "10 min", "every": "20 min", "min": 4}, {"at": "20 min", "every": "20 min", "min": 1, "max": 2}]
    found = scale(scaling(min=1, max=8, scheduled=[actions[0], actions[1] | {"max": 8}]), 1, lambda *_: {}, 60)
    assert found.decisions == [at(10, "scale_out", 4)]  # a lower minimum removes nothing
    down = [actions[0] | {"max": 8}, actions[1]]
    found = scale(scaling(min=1, max=8, scheduled=down), 1, lambda *_: {}, 60)
    assert found.decisions == [
        at(10, "scale_out", 4),
        at(20, "scale_in", 2),
        at(30, "scale_out", 4),
        at(40, "scale_in", 2),
        at(50, "scale_out", 4),
    ]


def test_high_resolution_sees_it_in_half_a_minute():
    fine = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    given = scaling(min=1, max=9, policies=[tracking(5, fine)])
    found = scale(given, 2, lambda *_: {"ConcurrentRequestsPerModel": 30.0}, 4)
    # 15 for each host at 10, 20 and 30 s, known 10 s later: 2 x 15 / 5.
    assert found.decisions == [(40.0, "scale_out", 6)]


def test_the_metric_delay_can_be_given():
    given = scaling(min=1, max=9, metric_delay="0 s", policies=[tracking()])
    assert scale(given, 2, shared(lambda _: 300), 8).decisions == [at(3, "scale_out", 3)]
    given = scaling(min=1, max=9, metric_delay="150 s", policies=[tracking()])
    assert scale(given, 2, shared(lambda _: 300), 8).decisions == [at(5.5, "scale_out", 3)]
