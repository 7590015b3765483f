"""What is found besides the verdicts, when asked for: why a scenario fails, and whether its answer is robust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mmesim.errors import UserError
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.gate.cases import Case, Watch
from mmesim.experiment.replicate import repeated
from mmesim.experiment.robustness import robustness
from mmesim.experiment.stored import simulate_all
from mmesim.results.result import Result
from mmesim.scenario.file.load import load


def explain(
    failing: Sequence[Case],
    overrides: Sequence[str],
    judge: Callable[[Sequence[Case]], None],
    executor: Executor,
    store: Path | None,
    watch: Watch | None,
) -> None:
    """Find the largest wait of each case that fails, and what one more instance would do to the lines that fail."""
    larger = [_with_one_more_instance(case, overrides) for case in failing]
    judge(larger)
    for case, more in zip(failing, larger, strict=True):
        case.one_more_instance = None if more.verdicts is None else more.verdicts.lines
    scenarios = [repeated(case.scenario) for case in failing if case.scenario is not None]

    def finished(index: int, result: Result) -> None:
        failing[index].binding_constraint = result.summary["binding_constraint"]

    simulate_all(scenarios, finished, store, 1, executor, watch)


def _with_one_more_instance(case: Case, overrides: Sequence[str]) -> Case:
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


def try_unknowns(cases: Sequence[Case], executor: Executor, store: Path | None, watch: Watch | None) -> None:
    """Find the answer of each case under every setting of what AWS does not publish."""
    for case in cases:
        if case.scenario is not None:
            case.robustness = robustness(case.scenario, executor=executor, store=store, watch=watch).data
