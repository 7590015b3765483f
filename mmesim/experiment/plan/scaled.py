"""The answer with autoscaling, beside the answer itself: the policy, whether it keeps the limits, and what it costs.

A plan compares fleets of a fixed size, whose price is known; what an autoscaled one costs is known only from a run. So
it is not a fleet of the grid: the policy follows from the answer, and both are simulated on the same random numbers,
which chose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmesim import units
from mmesim.experiment.gate.baseline.unchanged import UNITS
from mmesim.experiment.gate.course import trusted
from mmesim.experiment.numbers import PLAN_SCALED
from mmesim.experiment.plan.fleets import COUNT
from mmesim.experiment.plan.tried import Tried
from mmesim.experiment.runs import Piece, Runs
from mmesim.results.answers.planned import FleetLine, Scaled
from mmesim.results.expect.expect import judge, overall
from mmesim.results.expect.questions import questions
from mmesim.results.figures.figures import hourly_usd
from mmesim.results.figures.latency import pool
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.metrics import INVOCATIONS
from mmesim.scenario.endpoint.autoscaling.policies import IN_S, MINUTE_S, TargetTracking
from mmesim.scenario.losses import with_fewer_instances
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.scenario.run.plan import Plan
from mmesim.scenario.scaling import changed
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import FEWEST
from mmesim.stats.means import mean, mean_interval

NUMBERS = range(PLAN_SCALED, PLAN_SCALED + FEWEST)
DIGITS = 3
"""Of a target that is worked out."""


def with_autoscaling(
    answer: Tried, fleets: Sequence[Tried], plan: Plan, own: Autoscaling | None, runs: Runs
) -> tuple[Scenario, Scaled]:
    """The answer with the scenario's own autoscaling, or with one that follows from it, and what was found of it.

    UserError for one that cannot be, or cannot be simulated.
    """
    fixed = runs.settled(answer.option.scenario)
    alone = _simulate(answer, fixed, runs)
    peak = peak_per_min(alone)
    scaling = own or derived(answer, fleets, plan, peak)
    count = min(max(fixed.endpoint.instance_count, scaling.min), scaling.max)
    update = {"autoscaling": scaling, "instance_count": count}
    scenario = changed(fixed, {"endpoint": fixed.endpoint.model_copy(update=update)})
    found = _simulate(answer, scenario, runs)
    entries: Sequence[Mapping[str, Any]] = judge(scenario, found, pool(found))
    costs = [HOURS_PER_MONTH * hourly_usd(run) for run in found]
    tracked = (one.target for one in scaling.policies if isinstance(one, TargetTracking) and one.metric == INVOCATIONS)
    return scenario, Scaled(
        derived=own is None,
        min=scaling.fewest,
        max=scaling.most,
        target=next(tracked, None),
        peak_per_min=peak,
        replications=len(found),
        verdict=overall([entry["verdict"] for entry in entries]),
        lines=_lines(scenario, found, entries),
        usd_per_month=mean(costs),
        interval=mean_interval(costs, low=0.0),
        fixed_usd_per_month=answer.option.usd_per_month,
    )


def too_short(scenario: Scenario) -> str | None:
    """That a run ends before its autoscaling can have scaled out and in, and so says little of it; None if not."""
    run = scenario.run
    needed_s = run.cut_s + IN_S + scenario.endpoint.provisioning.mean
    if run.duration_s >= needed_s:
        return None
    enough = units.show_seconds(MINUTE_S * math.ceil(needed_s / MINUTE_S))
    return (
        f"a run of {units.show_seconds(run.duration_s)} shows little of autoscaling: it scales out after some minutes "
        f"and endpoint.provisioning, in after 15 min; {enough} or more would show it"
    )


def peak_per_min(runs: Sequence[RunData]) -> float:
    """The calls that come to the endpoint in its busiest whole minute after the warm-up, on average over replications.

    Of a run without a whole minute, as many as there would be in one.
    """
    starts_s, first = runs[0].windows["start_s"], runs[0]
    whole = (starts_s >= first.warmup_s) & (starts_s + MINUTE_S * (1.0 - 1e-9) <= first.duration_s)
    if not whole.any():
        return MINUTE_S * mean([run.attempts / (run.duration_s - run.warmup_s) for run in runs])
    return float(np.mean([run.windows["Invocations"][whole] for run in runs], axis=0).max())


def derived(answer: Tried, fleets: Sequence[Tried], plan: Plan, peak: float) -> Autoscaling:
    """The autoscaling that follows from an answer.

    Target: what each of its instances carries at the peak, times the safety factor. Most: as many as that target asks
    for at the peak, grown by `plan.growth`. Fewest: as many as can lose what `plan.survive` names; but all of the
    answer's, where the next smaller fleet lacks memory, which it lacks at every hour.
    """
    assert plan.autoscaling is not None
    count, share = answer.option.instance_count, plan.autoscaling.safety_factor
    target = _rounded_down(share * peak / count)
    least = count if _smaller_lacks_memory(answer, fleets) else _least(answer, plan)
    most = max(count, math.ceil((plan.growth or 1.0) * count / share * (1.0 - 1e-9)))
    policy = TargetTracking(metric=INVOCATIONS, target=target)
    return Autoscaling(min=least, max=most, policies=(policy,))


def _smaller_lacks_memory(answer: Tried, fleets: Sequence[Tried]) -> bool:
    count = answer.option.instance_count
    family = [one for one in fleets if one.option.family == answer.option.family and one.option.instance_count < count]
    smaller = max(family, key=lambda one: one.option.instance_count, default=None)
    return smaller is not None and smaller.state == "turned down" and smaller.binds == "memory"


def _least(answer: Tried, plan: Plan) -> int:
    """The smallest number of instances of which the loss that must be survived leaves any."""
    if plan.survive is None:
        return 1
    endpoint = answer.option.scenario.endpoint
    for count in range(1, answer.option.instance_count):
        smaller = answer.option.scenario.model_copy(
            update={"endpoint": endpoint.model_copy(update={COUNT.rpartition(".")[2]: count})}
        )
        if with_fewer_instances(smaller, plan.survive) is not None:
            return count
    return answer.option.instance_count


def _rounded_down(value: float) -> float:
    """Three digits of a positive number."""
    if value <= 0.0:
        return 1.0  # nothing came: any target keeps the fewest
    step = 10.0 ** (math.floor(math.log10(value)) - DIGITS + 1)
    return float(f"{math.floor(value / step) * step:.{DIGITS}g}")


def _simulate(answer: Tried, scenario: Scenario, runs: Runs) -> list[RunData]:
    found = dict[int, RunData]()

    def take(number: int, run: RunData, simulated: bool) -> None:
        answer.count(run, simulated)
        found[number] = trusted(run)

    runs.fetch([Piece(number, scenario, number) for number in NUMBERS], take)
    return [found[number] for number in NUMBERS]


def _lines(scenario: Scenario, runs: Sequence[RunData], entries: Sequence[Mapping[str, Any]]) -> list[FleetLine]:
    kinds = {one.name: one.figure.kind for e in scenario.expect for one in questions(e, scenario, runs)}
    found = []
    for entry in entries:
        decided = entry["decided_on"]
        ends = decided["ci95"]
        found.append(
            FleetLine(
                text=entry["text"],
                verdict=entry["verdict"],
                figure=decided["metric"],
                unit=UNITS[kinds[decided["metric"]]],
                value=decided["value"],
                interval=None if ends is None else (ends[0], ends[1]),
                limit=decided["limit"],
                replications=len(runs),
            )
        )
    return found
