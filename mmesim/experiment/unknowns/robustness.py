"""Whether an answer depends on what AWS does not publish: the same scenario under every setting that is possible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmesim.experiment.execute.task import Executor
from mmesim.experiment.replicate import repeated
from mmesim.experiment.stored import Watch, simulate_all
from mmesim.experiment.unknowns.robustness_result import AS_GIVEN, LeftOut, Outcome, Robustness
from mmesim.experiment.unknowns.unknowns import Unknowns, settings
from mmesim.results.figures.figures import read
from mmesim.results.result import Result
from mmesim.scenario import figures
from mmesim.scenario.file.checks import contradictions
from mmesim.scenario.file.load import as_scenario
from mmesim.scenario.scenario import Scenario


def robustness(
    scenario: Scenario | str | Path,
    *,
    full: bool = False,
    replications: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
) -> Robustness:
    """Simulate a scenario, or the file of one, under the settings of what AWS does not publish.

    Each setting differs from the scenario in one axis (`AXES` of `mmesim.experiment.unknowns.unknowns`); with `full`
    all combinations are simulated. All settings see the same random numbers. `replications` of each: default those that
    the scenario sets, else 10. A setting that is impossible for this scenario is left out, and named. `jobs` run at the
    same time, or `executor` runs them. `store` is a file: simulations that are in it are not run again, and each that
    finishes is added. Raises UserError for a wrong input.
    """
    base = as_scenario(scenario)
    run = repeated(base, replications).run
    count = run.replications
    as_given = Unknowns.of(base.endpoint)
    repeatedly: Scenario = base.model_copy(update={"run": run})
    possible, left_out = under_each(repeatedly, full)
    outcomes: dict[int, Outcome] = {}

    def finished(index: int, result: Result) -> None:
        outcomes[index] = _outcome(possible[index][0], as_given, result)

    simulate_all([changed for _, changed in possible], finished, store, jobs, executor, watch)
    return Robustness(base, count, full, tuple(outcomes[index] for index in range(len(possible))), tuple(left_out))


def under_each(base: Scenario, full: bool = False) -> tuple[list[tuple[Unknowns, Scenario]], list[LeftOut]]:
    """A scenario under every setting of what AWS does not publish, its own first; and those that it contradicts."""
    possible: list[tuple[Unknowns, Scenario]] = []
    left_out: list[LeftOut] = []
    as_given = Unknowns.of(base.endpoint)
    for setting in settings(base, full):
        changed = _under(base, setting)
        problem = next(contradictions(changed), None)
        if problem is None:
            possible.append((setting, changed))
        else:
            left_out.append(LeftOut(name_of(setting, as_given), problem.message))
    return possible, left_out


def _under(base: Scenario, setting: Unknowns) -> Scenario:
    """A scenario under a setting; so are the hosts of its deploys that are of the same type."""
    given = Unknowns.of(base.endpoint)
    deploys = [
        deploy
        if deploy.endpoint is None or deploy.endpoint.host != base.endpoint.host
        else deploy.model_copy(update={"endpoint": setting.put_as_in(given, deploy.endpoint)})
        for deploy in base.deploys
    ]
    changed: Scenario = base.model_copy(
        update={"endpoint": setting.put(base.endpoint)} | ({"deploys": tuple(deploys)} if deploys else {})
    )
    return changed


def name_of(setting: Unknowns, base: Unknowns) -> str:
    """What differs from the setting of a scenario, in words."""
    return ", ".join(f"{field} = {shown}" for field, _, shown in setting.overrides(base)) or AS_GIVEN


def _outcome(setting: Unknowns, base: Unknowns, result: Result) -> Outcome:
    entries: Any = result.summary["expect"]
    return Outcome(
        name=name_of(setting, base),
        overrides=tuple(f"{field}={exact}" for field, exact, _ in setting.overrides(base)),
        verdict=result.verdict if entries else None,
        expect=tuple(entries),
        figures={one.key: read(one, result.summary) for one in figures.shown_in("robustness")},
        steady_state=result.steady_state,
        self_check=result.self_check,
    )
