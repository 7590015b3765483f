"""What is said of a scenario that fails, when asked: its largest wait, and what one more instance would do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim.errors import UserError
from mmesim.experiment.gate.cases import Case, Watch
from mmesim.experiment.replicate import repeated
from mmesim.experiment.stored import simulate_all
from mmesim.results.result import Result
from mmesim.scenario.file.load import load

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor


def find_largest_waits(
    cases: Sequence[Case], store: Path | None, jobs: int, executor: Executor | None, watch: Watch | None
) -> None:
    """Run these scenarios as `mmesim run` does, and keep of each what binds (docs/glossary.md#binding-constraint)."""
    scenarios = [repeated(case.scenario, None) for case in cases if case.scenario is not None]

    def finished(index: int, result: Result) -> None:
        cases[index].binding_constraint = result.summary["binding_constraint"]

    simulate_all(scenarios, finished, store, jobs, executor, watch)


def with_one_more_instance(case: Case, overrides: Sequence[str]) -> Case:
    """The case with one more instance, of which only what fails is expected."""
    assert case.scenario is not None
    assert case.verdicts is not None
    count = case.scenario.endpoint.instance_count + 1
    failing = {line.text for line in case.verdicts.lines if line.verdict == "fail"}
    try:
        larger = load(case.file, [*overrides, f"endpoint.instance_count={count}"])
    except UserError as error:
        return Case(case.file, case.name, error=str(error))
    expected = tuple(e for e in larger.expect if e.text in failing)
    return Case(case.file, case.name, larger.model_copy(update={"expect": expected}))
