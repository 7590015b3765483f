"""Replications until a figure is precise enough, without the bias of looking too often.

The interval is checked after 10 replications, then after 1.5 times as many, and so on. Peeking often eventually finds a
narrow interval by chance; so each look has an equal part of the 5 % that may go wrong (Bonferroni), and whenever it
stops, every interval of the result holds with at least 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim.errors import STOPPED
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor, Watch
from mmesim.experiment.records import keep_within
from mmesim.experiment.replicate import RECORDS, run_replications, say_why, with_warmup
from mmesim.results.figures.latency import pool
from mmesim.results.folder.folder import prepare
from mmesim.results.folder.provenance import origin
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.results.summary.until import Until, allowed, relative_half_width
from mmesim.scenario.run.settings import RunSettings
from mmesim.scenario.run.until import FIRST_LOOK, Precision
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import CONFIDENCE

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess


def looks(first: int, most: int) -> tuple[int, ...]:
    """After how many replications the interval may be looked at: first x 1.5^k, rounded up, at last `most`."""
    found: list[int] = []
    up, down = 1, 1
    while -(-first * up // down) < most:
        found.append(-(-first * up // down))
        up, down = up * 3, down * 2
    return (*found, most)


def looks_of(run: RunSettings) -> tuple[int, ...]:
    """After how many replications the interval of a run may be looked at: at first all that it asks for."""
    return looks(max(FIRST_LOOK, run.replications), run.max_replications)


def level(possible: int) -> float:
    """The confidence of each interval such that all of that many looks hold together with 95 %."""
    return 1.0 - (1.0 - CONFIDENCE) / possible


def replicate_until(
    scenario: Scenario,
    *,
    jobs: int = 1,
    records: int | None = RECORDS,
    watch: Watch | None = None,
    save: Path | None = None,
    processes: Sequence[UserProcess] = (),
    executor: Executor | None = None,
    plan: Callable[[int], None] | None = None,
) -> Result:
    """Run replications until `scenario.run.until` is met, at most `run.max_replications` of them.

    Arguments as in `run_replications`; `plan` gets, before each look, the number of replications there will be then. A
    precision that is not reached is not an error: `result.summary["until"]` says it. On Ctrl-C what is finished is
    returned.
    """
    target = scenario.run.until
    if target is None:
        raise ValueError("the scenario has no run.until")
    if save is not None:
        prepare(save)
    begun = origin(scenario, processes)
    with given_or_local(executor, jobs) as running:
        scenario = with_warmup(scenario, running, bool(processes))

        def more(numbers: range) -> tuple[RunData, ...]:
            return run_replications(
                scenario, only=numbers, records=records, watch=watch, processes=processes, executor=running
            ).runs

        runs, until = _look(target, looks_of(scenario.run), more, records, plan)
    result = Result(scenario, runs, until, origin=begun)
    if save is not None:
        result.save(save)
    return result


def _look(
    target: Precision,
    possible: tuple[int, ...],
    more: Callable[[range], tuple[RunData, ...]],
    records: int | None,
    plan: Callable[[int], None] | None,
) -> tuple[tuple[RunData, ...], Until]:
    runs: tuple[RunData, ...] = ()
    until = Until(
        target=target.text,
        reached=False,
        looks=(),
        half_width=None,
        allowed=allowed(target.within),
        confidence=level(len(possible)),
        replications=possible[0],
        reason="interrupted before the first look",
    )
    for wanted in possible:
        if plan is not None:
            plan(wanted)
        until = replace(until, replications=wanted)
        try:
            together = dict(enumerate(runs + more(range(len(runs), wanted))))
            keep_within(together, records)
            runs = tuple(together.values())
        except STOPPED as error:
            if not runs:
                raise
            say_why(error)
        if len(runs) < wanted:
            break
        half, reason = relative_half_width(target, runs, pool(runs), until.confidence)
        reached = half is not None and half <= until.allowed
        until = replace(until, reached=reached, looks=(*until.looks, wanted), half_width=half, reason=reason)
        if reached:
            break
    return runs, until
