"""`mmesim plan`: the cheapest fleet of a grid that meets every line of `expect`, with the chance that it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.errors import STOPPED, OutputError, UserError
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.plan.document import document
from mmesim.experiment.plan.draws import Draws
from mmesim.experiment.plan.estimate import Estimates
from mmesim.experiment.plan.fleets import MOST, Option, afford, options
from mmesim.experiment.plan.priced import accelerators
from mmesim.experiment.plan.result import PlanResult
from mmesim.experiment.plan.scaled import too_short, with_autoscaling
from mmesim.experiment.plan.tried import Tried
from mmesim.experiment.plan.walk import Walk, Watch
from mmesim.experiment.replicate import say_why
from mmesim.experiment.runs import Runs
from mmesim.experiment.store.store import Store
from mmesim.results.answers.planned import Scaled
from mmesim.results.folder.provenance import origin
from mmesim.scenario.expectations import refuse_without_calls
from mmesim.scenario.file.template import Template
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor


FIXED = "fleets of a fixed size are compared: endpoint.autoscaling is tried with the answer, beside it"


def plan(
    scenario: Scenario | Template | str | Path,
    *,
    overrides: Sequence[str] = (),
    jobs: int = 1,
    executor: Executor | Callable[[], Executor] | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
    most: int | None = MOST,
    middle: bool = False,
) -> PlanResult:
    """The cheapest fleet of the scenario's `plan.grid` in which every line of its `expect` holds.

    `overrides` are as for `--set`. `jobs` runs are simulated at the same time, or `executor` runs them, or the one that
    it makes. `store` is a file: what is in it is not run again. `watch` gets how far it is. `most` is the largest
    number of fleets that is not a mistake (None: any). `middle`: with the middle value of each uncertain input, instead
    of draws of them.
    UserError, before anything is simulated, for a scenario without `plan` or `expect`, a field or value that cannot be,
    or a price that is not known. On Ctrl-C the best answer so far is returned; its document is not `finished`.
    """
    template = Template.given(scenario)
    if overrides:
        template = template.over(overrides)
    base = template.at()
    planned_for = [*for_the_middle(base)] if middle else []
    if planned_for:
        template = template.with_middles()
        base = template.at()
    scaling = base.endpoint.autoscaling
    if scaling is not None:
        template = template.over(["endpoint.autoscaling=null"])
        base = template.at()
    _refuse_what_decides_nothing(base, scaling is not None)
    assert base.plan is not None
    afford(base.name, base.plan, template, most)
    found, own = options(template, base.plan)
    if scaling is not None:
        # Its size is not fixed, so that none of these fleets is what runs now.
        found, own = tuple(one for one in found if one.in_grid), None
    notes = [*planned_for, *lived_through(base), *(finding.text for finding in accelerators(template))]
    notes += [FIXED] if scaling is not None else []
    begun = origin(base)
    fleets = [Tried(one) for one in found]
    finished = False
    scaled: tuple[Scenario, Scaled] | None = None
    with (
        Store(store) as kept,
        executor() if callable(executor) else given_or_local(executor, jobs) as running,
    ):
        runs = Runs(kept, running, lambda *_: walk.tell())
        walk = Walk(fleets, base.plan.tolerance, runs, base.plan.assume_monotone, watch)
        estimates = Estimates(runs)
        try:
            if base.beliefs:
                Draws(walk, template, _of(fleets, own), jobs).go()
            else:
                walk.go()
            _refuse_silence(base, fleets)
            walk.doing = "the figures of the answer"
            estimates.make(fleets, walk.answer, _of(fleets, own))
            if walk.answer is not None and (scaling is not None or base.plan.autoscaling is not None):
                try:
                    scaled = with_autoscaling(walk.answer, fleets, base.plan, scaling, runs)
                    notes += filter(None, [too_short(scaled[0])])
                except OutputError:
                    raise
                except UserError as error:
                    notes.append(f"with autoscaling the answer cannot be simulated: {error}")
            finished = True
        except STOPPED as error:
            say_why(error)
    autoscaled, section = scaled or (None, None)
    return PlanResult(base, document(base, walk, estimates, own, finished, notes, section), begun, autoscaled)


def _refuse_what_decides_nothing(base: Scenario, scales: bool) -> None:
    """UserError for a scenario of which no fleet can be chosen; `scales`: it has an autoscaling of its own."""
    if base.plan is None:
        raise UserError(
            f"{base.name}: nothing to choose from: write a section `plan`, such as "
            "plan: {grid: {endpoint.instance_count: 1..20}}"
        )
    if not base.expect:
        raise UserError(
            f"{base.name}: nothing is expected, so every fleet would do: add `expect`, such as [p99 < 500 ms]"
        )
    refuse_without_calls(base, "fleet")
    if scales and base.plan.autoscaling is not None:
        raise UserError(
            f"{base.name}: plan.autoscaling asks for an autoscaling that follows from the answer, and "
            "endpoint.autoscaling is one already: leave one of them out"
        )


def for_the_middle(scenario: Scenario) -> Iterator[str]:
    """That the answer is one for the middle values of what is uncertain; nothing without any."""
    values = ", ".join(f"{belief.field} = {belief.middle}" for belief in scenario.beliefs)
    if values and scenario.plan is not None:
        yield (
            f"this is the answer if each uncertain input has its middle value ({values}): without --middle it has to "
            f"hold in {units.show_fraction(scenario.plan.share_of_draws)} of their draws"
        )


def lived_through(scenario: Scenario) -> Iterator[str]:
    """The faults and deploys that every fleet lives through, by name; nothing without any."""
    found = [f"fault {one.name}" for one in scenario.faults] + [f"deploy {one.name}" for one in scenario.deploys]
    if found:
        yield f"each fleet lives through {', '.join(found)}: the figures, and why fleets were turned down, include it"


def _refuse_silence(base: Scenario, fleets: Sequence[Tried]) -> None:
    """UserError where no call came to any fleet that was simulated: then none of them can be judged."""
    tried = [one for one in fleets if one.replications]
    if tried and not any(one.requests for one in tried):
        raise UserError(
            f"{base.name}: no call came in {sum(one.replications for one in tried)} replications, so no fleet can be "
            "judged: run.duration is too short for this traffic"
        )


def _of(fleets: Sequence[Tried], option: Option | None) -> Tried | None:
    return next((one for one in fleets if one.option is option), None)
