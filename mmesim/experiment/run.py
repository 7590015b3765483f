"""The front door of Python: one scenario, with custom SimPy processes on its clock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.replicate import EXPERIMENT_REPLICATIONS, RECORDS, run_replications
from mmesim.experiment.until import replicate_until
from mmesim.results.result import Result
from mmesim.scenario.file.load import as_scenario
from mmesim.scenario.run.settings import RunSettings
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess


def run(
    scenario: Scenario | str | Path,
    *,
    processes: Sequence[UserProcess] = (),
    replications: int | None = None,
    replication: int | None = None,
    until: str | None = None,
    jobs: int = 1,
    records: int | None = RECORDS,
    save: Path | None = None,
) -> Result:
    """Simulate a scenario, or the file of one, and return its result.

    `processes` are generator functions `watch(env, endpoint)`: SimPy processes that read and steer the endpoint, a
    mmesim.engine.endpoint_control.EndpointControl. `replications` is how many are run, whatever the scenario asks
    for; `replication` runs the one with that number alone, from 0 on; `until`, such as "p99 within 5 %", repeats until
    that figure is precise enough. `jobs` run at the same time; `records` is the number of calls recorded in all (None:
    none, -1: all); `save` is a folder for the result. Raises UserError for a wrong input, UserCodeError when a custom
    process fails.
    """
    loaded = as_scenario(scenario)
    given = {"replications": replications, "replication": replication, "until": until}
    several = [name for name, value in given.items() if value is not None]
    if len(several) > 1:
        meaning = "replications is how many are run, replication the only one, until repeats until it is precise"
        raise UserError(f"{' and '.join(several)} exclude each other: {meaning}")
    if replications is not None:
        loaded = loaded.with_({"run.replications": replications}).with_run(until=None)
    if until is not None:
        loaded = _with_until(loaded, until)
    if replication is not None or loaded.run.until is None:
        only = None if replication is None else (replication,)
        return run_replications(loaded, only=only, jobs=jobs, records=records, save=save, processes=processes)
    return replicate_until(loaded, jobs=jobs, records=records, save=save, processes=processes)


def replicate(
    scenario: Scenario | str | Path,
    replications: int = EXPERIMENT_REPLICATIONS,
    *,
    processes: Sequence[UserProcess] = (),
    jobs: int = 1,
    records: int | None = RECORDS,
    save: Path | None = None,
) -> Result:
    """Simulate a scenario, or the file of one, several times with different random numbers; arguments as in `run`.

    Raises UserError for a number below 1 and for a wrong input.
    """
    return run(scenario, processes=processes, replications=replications, jobs=jobs, records=records, save=save)


def _with_until(scenario: Scenario, until: str) -> Scenario:
    run = scenario.run
    try:
        # Validated anew, and only what was given: whether a field was given can matter.
        settings = RunSettings.model_validate(
            {name: getattr(run, name) for name in run.model_fields_set} | {"until": until}
        )
    except ValidationError as error:
        wrong: Any = error.errors()[0]
        raise ScenarioError([wrong["ctx"]["error"].below("run", *wrong["loc"]).problem(scenario.name)]) from None
    changed: Scenario = scenario.model_copy(update={"run": settings})
    return changed
