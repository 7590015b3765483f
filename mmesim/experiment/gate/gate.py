"""`mmesim gate`: whether scenarios meet what they expect, each by as many replications as its answer needs.

Scenarios go through the gate side by side, in rounds: in each round every scenario that is not decided says which runs
it needs next, all of them run on all processors, those of short scenarios first, and then each looks at what it has.
Finished runs are in the store: a gate that was interrupted goes on, and one of which nothing changed simulates nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim import __version__
from mmesim.errors import UserError
from mmesim.experiment.gate.baseline.beside import drift_of, fresh_baselines, recall_compared, take_baselines
from mmesim.experiment.gate.cases import Case, Verdicts, Watch
from mmesim.experiment.gate.files import scenario_files
from mmesim.experiment.gate.tolerance import watched
from mmesim.experiment.store.key import Keys
from mmesim.experiment.store.store import Store
from mmesim.results.answers.gated import Gated, GatedScenario
from mmesim.results.answers.sections import WORST_FIRST
from mmesim.results.comparison.baseline import Baseline
from mmesim.scenario.file.load import load
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor


def gate(
    files: str | Path | Sequence[str | Path],
    *,
    overrides: Sequence[str] = (),
    jobs: int = 1,
    executor: Executor | Callable[[], Executor] | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
    allowed: Callable[[Scenario], None] | None = None,
    explain: bool = False,
    robustness: bool = False,
    baselines: bool = True,
    fresh: MutableMapping[Path, Baseline] | None = None,
) -> Gated:
    """Whether the scenarios of these files, or of one, and of folders all that expect something, meet what they expect.

    `overrides` are as for `--set`, of every scenario. `jobs` runs are simulated at the same time, or `executor` runs
    them, or the one that it makes when something has to be simulated. `store` is a file: what is in it is not run
    again. `allowed` may refuse a scenario with a UserError. A file that is wrong does not keep the others from being
    tried: its `error` says what is wrong. `explain` finds what binds where something fails, and what one more instance
    would do; `robustness` finds the answer under what AWS does not publish. With `baselines` a scenario is compared
    with the NAME.baseline.json beside its file, where there is one. `fresh` gets the baseline of today for each
    scenario that could be tried, by the file to save it in; an old one that cannot be used is then none, since it is
    to be replaced. UserError when there is no scenario.
    """
    places = [files] if isinstance(files, str | Path) else files
    cases = [_case(file, overrides, allowed) for file in scenario_files([Path(one) for one in places])]
    if baselines:
        take_baselines(cases, replaced=fresh is not None)
    file = None if store is None else Path(store)
    with Store(file) as kept:
        judge = partial(_judge, store=kept, jobs=jobs, executor=executor, watch=watch)
        judge(cases)
        readable = [case for case in cases if case.error is None]
        failing = [case for case in readable if explain and case.verdict == "fail"]
        if failing or (robustness and readable):
            from mmesim.experiment.execute.executors import given_or_local
            from mmesim.experiment.gate import explain as besides  # what simulates, as above

            with executor() if callable(executor) else given_or_local(executor, jobs) as running:
                if failing:
                    besides.explain(failing, overrides, judge, running, file, watch)
                if robustness:
                    besides.try_unknowns(readable, running, file, watch)
    found = [_found(case) for case in cases]
    if fresh is not None:
        fresh.update(fresh_baselines(cases))
    worst = min((one.verdict for one in found), key=WORST_FIRST.index)
    return Gated(mmesim=__version__, verdict=worst, scenarios=found, seconds=None)


def _case(file: Path, overrides: Sequence[str], allowed: Callable[[Scenario], None] | None) -> Case:
    """A file as it was read."""
    try:
        scenario = load(file, list(overrides))
        if not scenario.expect:
            raise UserError(f"{file}: nothing is expected: add `expect`, such as [p99 < 500 ms]")
        if allowed is not None:
            allowed(scenario)
    except UserError as error:
        return Case(file, file.stem, error=str(error))
    return Case(file, scenario.name, scenario)


def _judge(
    cases: Sequence[Case],
    store: Store,
    jobs: int,
    executor: Executor | Callable[[], Executor] | None,
    watch: Watch | None,
) -> None:
    """Find the verdicts of cases, in the store or by simulation."""
    for case in cases:
        _recall(case, store)
    if not all(case.is_done for case in cases):
        from mmesim.experiment.gate.rounds import run_all  # what simulates: not needed when nothing changed

        run_all(cases, store, jobs, executor, watch)


def _recall(case: Case, store: Store) -> None:
    """Take the verdicts from the store, where they are in it, and the figures to compare with a baseline."""
    if case.scenario is None or case.error is not None:
        return
    case.key = _key(case.scenario)
    document = store.document(case.key)
    if document is not None:
        case.verdicts = Verdicts.model_validate_json(document)
        recall_compared(case, store)


def _key(scenario: Scenario) -> bytes:
    """The name of a scenario's verdicts: by what is simulated and what is expected of it."""
    base = Keys().base(watched(scenario))
    expected = "\n".join(e.text for e in scenario.expect)
    return hashlib.blake2b(base + b"gate" + expected.encode(), digest_size=len(base)).digest()


def _found(case: Case) -> GatedScenario:
    found = case.verdicts
    return GatedScenario(
        file=str(case.file),
        name=case.name,
        verdict=case.verdict,
        design=None if found is None else found.design,
        lines=[] if found is None else found.lines,
        replications=0 if found is None else found.replications,
        simulated=case.simulated,
        drift=drift_of(case),
        binding_constraint=case.binding_constraint,
        one_more_instance=case.one_more_instance,
        robustness=case.robustness,
        error=case.error,
        believed={} if case.scenario is None else {one.field: f"{one.middle}" for one in case.scenario.beliefs},
    )
