"""What a reader of a finished run has to know: what the scenario alone says, and what the run has shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mmesim import units
from mmesim.preflight.check import findings as before_the_run
from mmesim.preflight.check import worst_first
from mmesim.preflight.finding import Finding
from mmesim.preflight.load import SPIN
from mmesim.results.findings.at_once import at_once
from mmesim.results.findings.deploys import deploys
from mmesim.results.findings.pinned import pinned
from mmesim.results.findings.scale_out import scale_out_worse
from mmesim.results.findings.traces import trace_findings
from mmesim.results.findings.waited import waited
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.run.expected import COSTS
from mmesim.scenario.scenario import Scenario

EDGE = 0.05
"""An answer is on an edge when what decides it lies within this share of its limit."""


def findings(
    scenario: Scenario,
    runs: Sequence[RunData],
    expect: Sequence[Mapping[str, object]],
    binds: Finding | None,
) -> list[Finding]:
    """Findings of the scenario and of its finished replications, the worst first.

    `expect`: the verdicts, as in the summary. `binds`: the finding on what binds, if something does.
    """
    seen = (*_threads(runs, scenario), *scale_out_worse(runs), *pinned(scenario, runs))
    found = {finding.id: finding for finding in seen}
    early = [finding for finding in before_the_run(scenario) if finding.id not in found]
    late = [
        *found.values(),
        *deploys(scenario, runs),
        *waited(scenario, runs),
        *at_once(scenario, runs),
        *(one for entry in expect if not _is_known(entry, scenario) for one in _edge(entry)),
    ]
    return worst_first([*trace_findings(runs), *early, *late, *([] if binds is None else [binds])])


def _threads(runs: Sequence[RunData], scenario: Scenario) -> Iterator[Finding]:
    """What over-subscription has taken of the busy CPU time."""
    lost = sum(float(run.hosts.spin_lost_s.sum()) for run in runs)
    busy = sum(float(run.hosts.cpu_busy_s.sum()) for run in runs)
    if not busy or lost / busy <= SPIN:
        return
    most = max(scenario.model_table(), key=lambda model: model.service.threads * (model.oversubscription > 0.0))
    yield Finding(
        id="threads",
        severity="warning",
        text=f"spinning threads wasted {units.show_fraction(lost / busy)} of the busy CPU time: threads are the cause, "
        f"not the model ({most.service.threads} threads a call on {scenario.endpoint.host.vcpu} vCPUs)",
        evidence={"lost_share": lost / busy, "threads": most.service.threads, "vcpu": scenario.endpoint.host.vcpu},
        source="docs/assumptions.md, CPU",
        try_=f"models.{most.entry}.service.threads=1, as OMP_NUM_THREADS=1 does",
    )


def _is_known(entry: Mapping[str, object], scenario: Scenario) -> bool:
    """Whether a figure is what it is whatever comes: the price of a fleet that stays as it is."""
    decided = entry["decided_on"]
    stays = scenario.endpoint.autoscaling is None and not scenario.deploys and not scenario.faults
    return stays and not scenario.processes and isinstance(decided, Mapping) and decided["metric"] in COSTS


def _edge(entry: Mapping[str, object]) -> Iterator[Finding]:
    """A verdict that a little more or less of what decides it would turn round."""
    value, limit, interval = entry["value"], entry["limit"], entry["ci95"]
    if entry["verdict"] == "undecided" or not isinstance(value, float | int) or not isinstance(limit, float | int):
        return
    ends = [float(end) for end in interval] if isinstance(interval, Sequence) else [float(value)]
    nearest = min(ends, key=lambda end: abs(end - limit))
    # Of a share near 1 what is left counts: 96 % of hits are far from 95 % by the misses.
    decided = entry["decided_on"]
    is_share = isinstance(decided, Mapping) and decided["unit"] == "1" and limit <= 1.0
    scale = min(float(limit), 1.0 - float(limit)) if is_share else float(limit)
    if not _near(nearest, limit, scale):
        return
    what = "the figure" if _near(float(value), limit, scale) else "an end of its 95 % interval"
    yield Finding(
        id="edge",
        severity="warning",
        text=f"{entry['text']}: {entry['verdict']}, but on an edge: {what} is within "
        f"{units.show_fraction(EDGE)} of its limit, so a little more load can change the answer",
        evidence={"value": float(value), "nearest": nearest, "limit": float(limit)},
        source="docs/how-to/what-you-do-not-know.md",
        try_="mmesim robustness, or some reserve",
    )


def _near(figure: float, limit: float, scale: float) -> bool:
    return scale > 0.0 and abs(figure - limit) / scale < EDGE
