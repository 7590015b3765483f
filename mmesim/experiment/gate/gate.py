"""`mmesim gate`: whether scenarios meet what they expect, each by as many replications as its answer needs.

Scenarios go through the gate side by side, in rounds: in each round every scenario that is not decided says which runs
it needs next, all of them run on all processors, those of short scenarios first, and then each looks at what it has.
Finished runs are in the store: a gate that was interrupted goes on, and one of which nothing changed simulates nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim import __version__
from mmesim.errors import UserError
from mmesim.experiment.gate.beside import drift_of, fresh_baselines, recall_compared, take_baseline
from mmesim.experiment.gate.cases import Case, Verdicts, Watch
from mmesim.experiment.gate.files import scenario_files
from mmesim.experiment.gate.tolerance import watched
from mmesim.experiment.store.key import Keys
from mmesim.experiment.store.store import Store
from mmesim.results.baseline import Baseline
from mmesim.results.gated import Gated, GatedScenario
from mmesim.results.sections import WORST_FIRST
from mmesim.scenario.file.load import load
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor


def gate(
    files: Sequence[str | Path],
    *,
    overrides: Sequence[str] = (),
    jobs: int = 1,
    executor: Executor | Callable[[], Executor] | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
    allowed: Callable[[Scenario], None] | None = None,
    baselines: bool = True,
    fresh: MutableMapping[Path, Baseline] | None = None,
) -> Gated:
    """Whether the scenarios of these files, and of folders all that expect something, meet what they expect.

    `overrides` are as for `--set`, of every scenario. `jobs` runs are simulated at the same time, or `executor` runs
    them, or the one that it makes when something has to be simulated. `store` is a file: what is in it is not run
    again. `allowed` may refuse a scenario with a UserError. A file that is wrong does not keep the others from being
    tried: its `error` says what is wrong. UserError when there is no scenario. With `baselines` a scenario is compared
    with the NAME.baseline.json beside its file, where there is one. `fresh` gets the baseline of today for each
    scenario that could be tried, by the file to save it in; an old one that cannot be used is then none, since it is
    to be replaced.
    """
    cases = [_case(file, overrides, allowed) for file in scenario_files([Path(one) for one in files])]
    for case in cases if baselines else ():
        take_baseline(case, replaced=fresh is not None)
    with Store(None if store is None else Path(store)) as kept:
        for case in cases:
            _recall(case, kept)
        if not all(case.is_done for case in cases):
            from mmesim.experiment.gate.rounds import run_all  # what simulates: not needed when nothing changed

            run_all(cases, kept, jobs, executor, watch)
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
    verdicts = [] if found is None else [line.verdict for line in found.lines]
    return GatedScenario(
        file=str(case.file),
        name=case.name,
        verdict=min(verdicts, key=WORST_FIRST.index, default="fail"),
        design=None if found is None else found.design,
        lines=[] if found is None else found.lines,
        replications=0 if found is None else found.replications,
        simulated=case.simulated,
        drift=drift_of(case),
        binding_constraint=None,
        one_more_instance=None,
        robustness=None,
        error=case.error,
    )
