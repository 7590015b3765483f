"""What is found besides the verdicts, when asked for: why a scenario fails, and whether its answer is robust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mmesim.errors import UserError
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.gate.cases import Case, Watch
from mmesim.experiment.replicate import repeated
from mmesim.experiment.stored import simulate_all
from mmesim.experiment.unknowns.robustness import robustness
from mmesim.results.figures.tenants import latency_limits
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
    """Find what binds in each case that fails, and what one more instance would do to the lines that fail."""
    larger = [_with_one_more_instance(case, overrides) for case in failing]
    judge(larger)
    for case, more in zip(failing, larger, strict=True):
        if more.verdicts is not None:
            failed = _failing(case)
            case.one_more_instance = [line for line in more.verdicts.lines if line.text in failed]
    scenarios = [repeated(case.scenario) for case in failing if case.scenario is not None]

    def finished(index: int, result: Result) -> None:
        failing[index].binding_constraint = result.summary["binding_constraint"]

    simulate_all(scenarios, finished, store, 1, executor, watch)


def _with_one_more_instance(case: Case, overrides: Sequence[str]) -> Case:
    """The case with one more instance, of which only what fails is expected, and what that is about."""
    assert case.scenario is not None
    if case.scenario.endpoint.autoscaling is not None:
        return Case(case.file, case.name, error="autoscaling changes the number of instances")
    count = case.scenario.endpoint.instance_count + 1
    failing = _failing(case)
    try:
        larger = load(case.file, [*overrides, f"endpoint.instance_count={count}"])
    except UserError as error:
        return Case(case.file, case.name, error=str(error))
    expected = [e for e in larger.expect if e.text in failing]
    if any(e.metric == "tenants.meet_slo" for e in expected):
        # Without the limits of the latency every model meets them.
        limits = latency_limits(larger.expect)
        expected = [e for e in larger.expect if e in expected or e in limits]
    return Case(case.file, case.name, larger.model_copy(update={"expect": tuple(expected)}))


def _failing(case: Case) -> set[str]:
    """The lines of a case that fail."""
    assert case.verdicts is not None
    return {line.text for line in case.verdicts.lines if line.verdict == "fail"}


def try_unknowns(cases: Sequence[Case], executor: Executor, store: Path | None, watch: Watch | None) -> None:
    """Find the answer of each case under every setting of what AWS does not publish."""
    for case in cases:
        if case.scenario is not None:
            case.robustness = robustness(case.scenario, executor=executor, store=store, watch=watch).data
