"""`mmesim capacity`: how many models, or how much traffic, the fleet of a scenario carries inside its limits.

Short runs at ever more, or fewer, show where the limit seems to be, and how hits and latency change on the way; the
amounts around it are then decided by the looks of a gate, on other random numbers.
"""

from __future__ import annotations

from pathlib import Path

from mmesim.errors import STOPPED, UserError
from mmesim.experiment.capacity.amounts import Amounts, Of
from mmesim.experiment.capacity.curve import RUNS, Curve
from mmesim.experiment.capacity.direction import refuse_improving
from mmesim.experiment.capacity.document import Found, document
from mmesim.experiment.capacity.knee import knee
from mmesim.experiment.capacity.limit import Limit
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.fixed_fleet import refuse_scaling
from mmesim.experiment.replicate import say_why
from mmesim.experiment.runs import Runs, Watch
from mmesim.experiment.store.store import Store
from mmesim.experiment.unknowns.robustness import robustness as try_unknowns
from mmesim.results.answers.capacity import Capacity
from mmesim.scenario.expectations import refuse_without_calls
from mmesim.scenario.file.load import as_scenario
from mmesim.scenario.scenario import Scenario

FURTHER = (0.25, 0.5, 2.0, 4.0)
"""Times the present amount: what is looked at when nothing is expected."""


def capacity(
    scenario: Scenario | str | Path,
    *,
    of: Of = "models",
    group: str | None = None,
    up_to: float | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
    robustness: bool = False,
) -> Capacity:
    """How many models, or how many times its traffic, the fleet of a scenario (or of the file of one) carries.

    `of`: "models" or "traffic". The largest amount that meets every line of `expect`, the smallest that does not, and
    figures of those that were tried; without `expect` the figures and the knee alone. More models come with their
    traffic. `group`: vary the models of this group alone. `up_to`: the largest amount to try, by default 16 times the
    present one. `jobs` run at the same time, or `executor` runs them. `store` is a file: what is in it is not simulated
    again. `robustness` finds in how many settings of what AWS does not publish the largest amount still meets every
    line. KeyboardInterrupt gives what is known so far, with `finished` false, or goes on where nothing is. Raises
    UserError, before anything is simulated, for a scenario that cannot be scaled, and for lines that more traffic may
    mend.
    """
    base = as_scenario(scenario)
    refuse_scaling(base, "capacity")
    amounts = Amounts.asked(base, of, group, up_to)
    refuse_improving(base, of)
    refuse_without_calls(base, "amount")
    with given_or_local(executor, jobs) as running:
        with Store(store) as kept:
            found = _searched(amounts, Runs(kept, running, watch))
        holds = None
        if robustness and found.finished and found.limit.largest is not None:
            holds = try_unknowns(amounts.at(found.limit.largest), executor=running, store=store, watch=watch).data
    return document(found, holds)


def _searched(amounts: Amounts, runs: Runs) -> Found:
    """The curve, the limit where lines are expected, and the knee; STOPPED leaves what is known so far."""
    base = amounts.scenario
    curve, limit = Curve(amounts, runs), Limit(amounts, runs)
    found_knee, finished = None, False
    try:
        _refuse_silence(curve)
        if base.expect:
            limit.search(*curve.bracket())
        else:
            _look_around(curve)
        found_knee = knee(curve, base.run.seed, not base.expect) if amounts.of == "models" else None
        finished = True
    except STOPPED as error:
        if not curve.points:
            raise
        say_why(error)
    return Found(curve, limit, found_knee, finished, simulated=runs.simulated, recalled=runs.found)


def _refuse_silence(curve: Curve) -> None:
    """UserError where no call comes at the present amount: then nothing can be said of another one."""
    first = curve.at(curve.amounts.start)
    if first is not None and not first.requests:
        raise UserError(
            f"{curve.amounts.scenario.name}: no call came in {RUNS} replications, so nothing can be judged: "
            "run.duration is too short for this traffic"
        )


def _look_around(curve: Curve) -> None:
    amounts = curve.amounts
    for factor in (1.0, *FURTHER):
        curve.at(amounts.rounded(factor * amounts.start))
