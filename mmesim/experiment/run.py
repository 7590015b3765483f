"""The front door of Python: one scenario, with SimPy processes of one's own on its clock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim.experiment.replicate import RECORDS, replicate
from mmesim.results.result import Result
from mmesim.scenario.schema import Scenario

if TYPE_CHECKING:
    from mmesim.engine.processes import UserProcess


def run(
    scenario: Scenario | str | Path,
    *,
    processes: Sequence[UserProcess] = (),
    replication: int | None = None,
    jobs: int = 1,
    records: int | None = RECORDS,
    save: Path | None = None,
) -> Result:
    """Simulate a scenario, or the file of one, and return its result.

    `processes` are generator functions `watch(env, endpoint)`: SimPy processes that read and steer the endpoint (see
    mmesim.engine.endpoint.EndpointControl). `replication` runs that one alone, else all that the scenario asks for.
    `jobs` run at the same time; `records` is the number of calls recorded in each (None: none, -1: all); `save` is a
    folder for the result. Raises UserError for a wrong input, UserCodeError when a process fails.
    """
    loaded = scenario if isinstance(scenario, Scenario) else Scenario.from_yaml(scenario)
    only = None if replication is None else (replication,)
    return replicate(loaded, only=only, jobs=jobs, records=records, save=save, processes=processes)
