"""`mmesim plan`: the cheapest fleet of a grid that meets every line of `expect`, with the chance that it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim.errors import STOPPED, UserError
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.fixed_fleet import refuse_scaling
from mmesim.experiment.plan.document import document
from mmesim.experiment.plan.draws import Draws
from mmesim.experiment.plan.estimate import Estimates
from mmesim.experiment.plan.fleets import MOST, Option, afford, options
from mmesim.experiment.plan.priced import accelerators
from mmesim.experiment.plan.result import PlanResult
from mmesim.experiment.plan.tried import Tried
from mmesim.experiment.plan.walk import Walk, Watch
from mmesim.experiment.replicate import say_why
from mmesim.experiment.runs import Runs
from mmesim.experiment.store.store import Store
from mmesim.results.provenance import origin
from mmesim.scenario.file.template import Template
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor


def plan(
    scenario: Scenario | Template | str | Path,
    *,
    overrides: Sequence[str] = (),
    jobs: int = 1,
    executor: Executor | Callable[[], Executor] | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
    most: int | None = MOST,
) -> PlanResult:
    """The cheapest fleet of the scenario's `plan.grid` in which every line of its `expect` holds.

    `overrides` are as for `--set`. `jobs` runs are simulated at the same time, or `executor` runs them, or the one that
    it makes. `store` is a file: what is in it is not run again. `watch` gets how many fleets are settled, and of about
    how many. `most` is the largest number of fleets that is not a mistake (None: any).
    UserError, before anything is simulated, for a scenario without `plan` or `expect`, a field or value that cannot be,
    or a price that is not known. On Ctrl-C the best answer so far is returned; its document is not `finished`.
    """
    template = Template.given(scenario)
    if overrides:
        template = template.over(overrides)
    base = template.at()
    refuse_scaling(base, "plan")
    if base.plan is None:
        raise UserError(
            f"{base.name}: nothing to choose from: write a section `plan`, such as "
            "plan: {grid: {endpoint.instance_count: 1..20}}"
        )
    if not base.expect:
        raise UserError(
            f"{base.name}: nothing is expected, so every fleet would do: add `expect`, such as [p99 < 500 ms]"
        )
    afford(base.name, base.plan, template, most)
    found, own = options(template, base.plan)
    notes = [*lived_through(base), *(finding.text for finding in accelerators(template))]
    begun = origin(base)
    fleets = [Tried(one) for one in found]
    finished = False
    with (
        Store(store) as kept,
        executor() if callable(executor) else given_or_local(executor, jobs) as running,
    ):
        runs = Runs(kept, running)
        walk = Walk(fleets, base.plan.tolerance, runs, base.plan.assume_monotone, watch)
        estimates = Estimates(runs)
        try:
            if base.beliefs:
                Draws(walk, template, _of(fleets, own), jobs).go()
            else:
                walk.go()
            estimates.make(fleets, walk.answer, _of(fleets, own))
            finished = True
        except STOPPED as error:
            say_why(error)
    return PlanResult(base, document(base, walk, estimates, own, finished, notes), begun)


def lived_through(scenario: Scenario) -> Iterator[str]:
    """The faults and deploys that every fleet lives through, by name; nothing without any."""
    found = [f"fault {one.name}" for one in scenario.faults] + [f"deploy {one.name}" for one in scenario.deploys]
    if found:
        yield f"each fleet lives through {', '.join(found)}: the figures, and why fleets were turned down, include it"


def _of(fleets: Sequence[Tried], option: Option | None) -> Tried | None:
    return next((one for one in fleets if one.option is option), None)
