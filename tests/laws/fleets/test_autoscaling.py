"""What holds for every fleet that scales, whatever its policies, its schedule and its metrics are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import Simulation
from mmesim.scenario import Autoscaling, ScaledIn, Scenario, ScheduledAction, Step, StepAdjustment
from mmesim.scenario.values.times import Constant, Exponential
from tests.behaviour.scaling.scaled import DRAIN_S, MINUTE, PROVISIONING_S, Scaled, scale
from tests.laws.scenarios import with_clients

MINUTES = 60
MOST = 12

targets = st.builds(
    lambda target, out, low, cooldowns, off: {
        "target_tracking": {
            "metric": "InvocationsPerInstance",
            "target": target,
            "out_points": out,
            "in_points": low,
            "scale_out_cooldown_s": cooldowns[0],
            "scale_in_cooldown_s": cooldowns[1],
            "disable_scale_in": off,
        }
    },
    st.floats(1.0, 500.0),
    st.integers(1, 4),
    st.integers(1, 15),
    st.tuples(st.sampled_from([0.0, 60.0, 300.0]), st.sampled_from([0.0, 60.0, 300.0])),
    st.booleans(),
)
steps = st.builds(
    lambda threshold, kind, first, second, cooldown: {
        "step": {
            "metric": "QueueFull",
            "threshold": threshold,
            "adjustment_type": kind,
            "cooldown_s": cooldown,
            "steps": [
                {"lower_bound": 0, "upper_bound": 50, "adjustment": first},
                {"lower_bound": 50, "adjustment": second},
            ],
        }
    },
    st.floats(0.0, 200.0),
    st.sampled_from(["change_in_capacity", "percent_change_in_capacity"]),
    st.integers(-60, 60),
    st.integers(-60, 60),
    st.sampled_from([0.0, 300.0]),
)


@st.composite
def sections(draw: st.DrawFn) -> Autoscaling:
    """Autoscaling with one or two policies, and actions that never meet and never leave an empty range."""
    least = draw(st.integers(1, 4))
    most = draw(st.integers(least, MOST))
    policies = [draw(targets), *draw(st.lists(steps, max_size=1))]
    times = draw(st.lists(st.integers(1, MINUTES - 1), max_size=2, unique=True))
    limits = [sorted(draw(st.tuples(st.integers(1, MOST), st.integers(1, MOST)))) for _ in times]
    return Autoscaling.model_validate(
        {
            "min": least,
            "max": most,
            "policies": policies,
            "scheduled": [
                {"at_s": at * MINUTE + 7.0, "min": low, "max": high}
                for at, (low, high) in zip(times, limits, strict=True)
            ],
            "metric_delay_s": draw(st.sampled_from([None, 0.0, 90.0])),
            "scale_in": draw(st.sampled_from([ScaledIn.newest, ScaledIn.oldest])),
        }
    )


levels = st.lists(st.tuples(st.floats(0.0, 3000.0), st.integers(1, 20)), min_size=1, max_size=8)
"""Calls a minute, and for how many minutes; the last goes on."""


def played(section: Autoscaling, calls: list[tuple[float, int]], serial: bool) -> Scaled:
    minutes = [number for number, length in calls for _ in range(length)]

    def load(now: float, fleet: Any) -> dict[str, float]:
        number = minutes[min(int(now // MINUTE), len(minutes) - 1)]
        return {"InvocationsPerInstance": number / max(1, len(fleet.in_service)), "QueueFull": number / 10}

    return scale(section, section.min, load, MINUTES, serial)


@settings(max_examples=60)
@given(section=sections(), calls=levels, serial=st.booleans())
def test_the_number_of_hosts_stays_within_the_limits_and_comes_true(
    section: Autoscaling, calls: list[tuple[float, int]], serial: bool
) -> None:
    found = played(section, calls, serial)
    limits = [(0.0, section.min, section.max)]
    limits += [(at_s, least, most) for at_s, _, least, most in section.limits(MINUTES * MINUTE)]
    for at_s, kind, desired in found.decisions:
        _, least, most = max(one for one in limits if one[0] <= at_s)
        assert least <= desired <= most, (at_s, kind)
    assert len(found.fleet.in_service) == found.fleet.desired  # once everything under way is done
    before = section.min
    for (_, kind, desired), figures in zip(found.decisions, found.figures, strict=True):
        assert (kind == "scale_out") == (desired > before)
        assert figures["hosts"] == abs(desired - before) > 0
        before = desired


@settings(max_examples=60)
@given(section=sections(), calls=levels)
def test_one_change_at_a_time(section: Autoscaling, calls: list[tuple[float, int]]) -> None:
    found = played(section, calls, serial=True)
    took = {"scale_out": PROVISIONING_S, "scale_in": DRAIN_S}
    for (at_s, kind, _), (next_s, _, _) in zip(found.decisions, found.decisions[1:], strict=False):
        assert next_s >= at_s + took[kind]


@settings(max_examples=30)
@given(section=sections(), calls=levels, serial=st.booleans())
def test_the_same_metrics_lead_to_the_same_changes(
    section: Autoscaling, calls: list[tuple[float, int]], serial: bool
) -> None:
    first, second = (played(section, calls, serial) for _ in range(2))
    assert first.decisions == second.decisions
    assert first.fleet.gone == second.fleet.gone


@st.composite
def endpoints_that_scale(draw: st.DrawFn) -> Scenario:
    """A random small scenario whose hosts come and go, by its metrics and by the clock, while calls are under way."""
    scenario: Scenario = draw(with_clients())
    start = draw(st.integers(1, 4))
    limits = [sorted(draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))) for _ in range(draw(st.integers(1, 4)))]
    step = Step(
        metric="ConcurrentRequestsPerModel",
        period_s=10.0,
        threshold=draw(st.sampled_from([0.5, 4.0])),
        steps=(StepAdjustment(lower_bound=0.0, adjustment=draw(st.integers(1, 3))),),
        cooldown_s=0.0,
    )
    scaling = Autoscaling(
        min=min(start, limits[0][0]),
        max=6,
        policies=(step,) if draw(st.booleans()) else (),
        scheduled=tuple(ScheduledAction(at_s=2.3 + 3.7 * k, min=low, max=high) for k, (low, high) in enumerate(limits)),
        metric_delay_s=draw(st.sampled_from([0.0, 3.0])),
        scale_in=draw(st.sampled_from(ScaledIn)),
    )
    endpoint = scenario.endpoint.model_copy(
        update={
            "instance_count": start,
            "autoscaling": scaling,
            "provisioning": draw(st.sampled_from([Constant(0.0), Constant(1.5), Exponential(2.0)])),
            "drain_s": draw(st.sampled_from([0.0, 0.2, 30.0])),
            "serial_scaling": draw(st.booleans()),
        }
    )
    changed: Scenario = scenario.model_copy(update={"endpoint": endpoint})
    return changed


@settings(max_examples=60)
@given(endpoints_that_scale())
def test_an_endpoint_that_scales_checks_itself(scenario: Scenario) -> None:
    simulation = Simulation(scenario, records=-1)
    data = simulation.run()
    assert set(data.checks.values()) == {"ok"}, data.checks
    assert data.calls == data.ok + int(data.errors.sum())
    scaling = scenario.endpoint.autoscaling
    assert scaling is not None
    told = simulation.journal.happened  # what is told of the run ends with it, what its fleet does goes on
    wanted = [one.figures["desired"] for one in told if one.kind in ("scale_out", "scale_in")]
    assert all(scaling.fewest <= hosts <= scaling.most for hosts in wanted)
    assert simulation.fleet.desired == (wanted[-1] if wanted else scenario.endpoint.instance_count)
    assert simulation.fleet.desired == len(simulation.fleet.in_service)
