"""The runs of all scenarios of a gate, in rounds: what is in the store is not run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mmesim.errors import STOPPED, OutputError, UserError
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.gate.baseline.beside import from_verdicts, keep_compared
from mmesim.experiment.gate.baseline.comparison import Comparison
from mmesim.experiment.gate.cases import Case, Verdicts, Watch
from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.outcome import gated_lines
from mmesim.experiment.runs import Piece, Runs
from mmesim.experiment.store.store import Store
from mmesim.results.measured.run_data import RunData


@dataclass
class _Running:
    """A case on its course, and behind it on that of its baseline; how long its runs take, about."""

    case: Case
    course: Course | Comparison
    seconds: float = 0.0


class _Rounds:
    """What is done in all rounds, and what it is counted by."""

    def __init__(self, store: Store, executor: Executor, watch: Watch | None) -> None:
        self._runs = Runs(store, executor, watch)

    def begin(self, case: Case) -> _Running | None:
        """A case at the beginning of its course; None when it cannot be simulated."""
        try:
            assert case.scenario is not None
            return _Running(case, Course(self._runs.settled(case.scenario)))
        except OutputError:
            raise
        except UserError as error:
            _fail(case, error)
            return None

    def round(self, running: Sequence[_Running]) -> None:
        """The next stage of these: those that take less time first."""
        pieces = [
            Piece(one, wanted.scenario, wanted.number)
            for one in sorted(running, key=lambda one: one.seconds)
            for wanted in one.course.wanted
        ]
        self._runs.fetch(pieces, _take)


def _take(one: _Running, run: RunData, simulated: bool) -> None:
    one.case.simulated += simulated
    one.course.take(run)
    one.seconds += run.wall_s


def run_all(
    cases: Sequence[Case],
    store: Store,
    jobs: int,
    executor: Executor | Callable[[], Executor] | None,
    watch: Watch | None,
) -> None:
    """Take every case that is not done through the gate.

    What a scenario's own input does wrong is its error; the others go on.
    """
    with executor() if callable(executor) else given_or_local(executor, jobs) as running_on:
        rounds = _Rounds(store, running_on, watch)
        active = [one for case in cases if not case.is_done and (one := rounds.begin(case)) is not None]
        while active:
            _round(rounds, active)
            for one in list(active):
                if one.case.error is None:
                    one.course.advance()
                if one.case.error is not None:
                    active.remove(one)
                elif not one.course.wanted:
                    following = _keep(one.case, one.course, store)
                    if following is None:
                        active.remove(one)
                    else:
                        one.course = following


def _round(rounds: _Rounds, active: Sequence[_Running]) -> None:
    """One round of all; when a scenario cannot be simulated, of each by itself, to know which."""
    try:
        rounds.round(active)
    except (OutputError, *STOPPED):
        raise
    except UserError as error:
        if len(active) == 1:
            _fail(active[0].case, error)
            return
        for one in active:
            _round(rounds, [one])


def _fail(case: Case, error: UserError) -> None:
    case.error = str(error) if str(case.file) in str(error) else f"{case.file}: {error}"


def _keep(case: Case, course: Course | Comparison, store: Store) -> Comparison | None:
    """Keep what a course has come to at its end; the runs that its baseline needs besides, if any."""
    if isinstance(course, Comparison):
        keep_compared(case, course.figures, store)
        return None
    assert course.design is not None
    case.verdicts = Verdicts(
        design=course.design,
        lines=gated_lines(course),
        replications=course.replications,
        figures=course.figures(),
    )
    store.keep_document(case.key, case.verdicts.model_dump_json())
    from_verdicts(case)
    return None if case.is_done or case.baseline is None else Comparison.like(case.baseline, course)
