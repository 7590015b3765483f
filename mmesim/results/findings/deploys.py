"""What the deploys of a scenario cost, and what they did that nobody may have meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.deploys.changed import COUNT
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean

AFTER_S = 600.0
"""Cold calls count as those of a deploy until so long after its last shift."""
DEPLOY_COST = "deploy_cost"
"""The finding that says what each deploy cost; a report shows it beside what followed the deploy."""
RULE = "docs/assumptions.md#deploys"


def deploys(scenario: Scenario, runs: Sequence[RunData]) -> Iterator[Finding]:
    """Findings of each deploy, in order of the scenario."""
    due = (deploy for deploy in scenario.deploys if deploy.at_s < scenario.run.duration_s)
    for deploy in due:
        told = [[one for one in run.happened if one.name == deploy.name and one.at_s < run.duration_s] for run in runs]
        yield from _cost(deploy, runs, told)
        yield from _undone(deploy, told)
        yield from _shrunk(deploy, [happened for happened in told if any(one.kind is Kind.shifted for one in happened)])
        yield from _short(deploy, told)


def _cost(deploy: Deploy, runs: Sequence[RunData], told: Sequence[Sequence[Happened]]) -> Iterator[Finding]:
    """Cold calls beyond those of before, and hosts that were there twice."""
    shifts = [[one.at_s for one in happened if one.kind is Kind.shifted] for happened in told]
    counted = [_cold(run, at_s) for run, at_s in zip(runs, shifts, strict=True) if at_s and at_s[0] < run.duration_s]
    if not counted:
        yield _open(deploy, "the run ends before any traffic shifts", 0, len(runs))
        return
    cold, usual = mean([after for after, _ in counted]), mean([before for _, before in counted])
    evidence: dict[str, float | str] = {"cold_calls": cold, "cold_calls_as_before": usual}
    often = " on average" if len(counted) > 1 else ""
    text = (
        f"deploy {deploy.name}: {cold:,.0f} calls waited for a load{often} between its first shift and "
        f"{units.show_seconds(AFTER_S)} after its last ({usual:,.0f} expected at the rate before the deploy)"
    )
    ended = [one for run, happened in zip(runs, told, strict=True) for one in _end(run, happened)]
    if ended:
        took_s, extra_s = mean([one[0] for one in ended]), mean([one[2] for one in ended])
        most = max(most for _, most, _ in ended)
        evidence |= {"duration_s": took_s, "most_instances": most, "extra_instance_hours": extra_s / 3600.0}
        text += (
            f"; the deploy took {units.show_seconds(took_s)}, with at most {most:.0f} instances at once, and paid "
            f"{units.show_number(extra_s / 3600.0)} instance hours beyond those of the larger of both fleets"
        )
    yield Finding(id=DEPLOY_COST, severity="note", text=text, evidence=evidence, source=RULE, try_=None)
    if len(ended) < len(runs):
        yield _open(deploy, "it is still under way when the run ends", len(ended), len(runs))


def _end(run: RunData, happened: Sequence[Happened]) -> Iterator[tuple[float, float, float]]:
    """How long it took, the most hosts, and the host seconds paid twice, if it was over within the run."""
    begun_s = [one.at_s for one in happened if one.kind is Kind.deploy]
    for one in happened:
        if one.kind in (Kind.deployed, Kind.rolled_back) and one.at_s <= run.duration_s:
            yield one.at_s - begun_s[0], one.figures["most_hosts"], one.figures["extra_host_s"]


def _open(deploy: Deploy, why: str, done: int, runs: int) -> Finding:
    return Finding(
        id="deploy_open",
        severity="warning",
        text=f"deploy {deploy.name}: {why}, in {runs - done} of {runs} replications",
        evidence={"done": float(done), "replications": float(runs)},
        source=RULE,
        try_="a longer run.duration, or shorter waits",
    )


def _cold(run: RunData, shifts_s: Sequence[float]) -> tuple[float, float]:
    """Calls that waited for a load while the deploy was felt, and as many as that would be as before it."""
    table = run.windows
    start_s = table["start_s"]
    reached, hits = table["ModelCacheHit_SampleCount"], table["ModelCacheHit"]
    misses = np.where(reached > 0.0, reached * (1.0 - hits), 0.0)  # a call that reached no host waited for no load
    length_s = float(start_s[1] - start_s[0]) if start_s.size > 1 else run.duration_s
    felt = (start_s + length_s > shifts_s[0]) & (start_s < shifts_s[-1] + AFTER_S)
    before = start_s + length_s <= shifts_s[0]
    before &= start_s >= run.warmup_s
    usual = float(misses[before].mean()) if before.any() else 0.0
    return float(misses[felt].sum()), usual * float(felt.sum())


def _undone(deploy: Deploy, told: Sequence[Sequence[Happened]]) -> Iterator[Finding]:
    alarms = [one.at_s for happened in told for one in happened if one.kind is Kind.alarm]
    if not alarms or deploy.rollback_when is None:
        return
    yield Finding(
        id="deploy_undone",
        severity="warning",
        text=f"deploy {deploy.name} was undone in {len(alarms)} of {len(told)} replications: "
        f"`{deploy.rollback_when.text}` became true, at {units.show_seconds(mean(alarms))} on average",
        evidence={"undone": float(len(alarms)), "replications": float(len(told)), "at_s": mean(alarms)},
        source=RULE,
        try_=None,
    )


def _shrunk(deploy: Deploy, told: Sequence[Sequence[Happened]]) -> Iterator[Finding]:
    """The count of the new configuration holds by default, though there were more hosts."""
    if COUNT in deploy.to or deploy.retain_count:
        return
    begun = [one.figures for happened in told for one in happened if one.kind is Kind.deploy]
    fewer = [one for one in begun if one["new"] < one["old"]]
    if not fewer:
        return
    old, new = mean([one["old"] for one in fewer]), mean([one["new"] for one in fewer])
    yield Finding(
        id="deploy_shrinks",
        severity="warning",
        text=f"deploy {deploy.name} made {units.show_number(new)} instances of the {units.show_number(old)} that there "
        f"were, in {len(fewer)} of {len(told)} replications: the count of the new configuration holds "
        "(RetainAllVariantProperties is false by default)",
        evidence={"old": old, "new": new, "shrunk": float(len(fewer)), "replications": float(len(told))},
        source=RULE,
        try_=f"deploys.{deploy.name}.retain_count=true",
    )


def _short(deploy: Deploy, told: Sequence[Sequence[Happened]]) -> Iterator[Finding]:
    """At its end hosts were lost, and nothing takes their places."""
    missing = [one.figures["missing"] for happened in told for one in happened if "missing" in one.figures]
    if not missing:
        return
    yield Finding(
        id="deploy_short",
        severity="warning",
        text=f"deploy {deploy.name} ended {units.show_number(mean(missing))} short of the instances that the endpoint "
        f"is set to, in {len(missing)} of {len(told)} replications: they were lost, and nothing replaces them",
        evidence={"missing": mean(missing), "short": float(len(missing)), "replications": float(len(told))},
        source=RULE,
        try_=None,
    )
