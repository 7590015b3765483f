"""The runs that a comparison with a baseline needs: as many and as long as its own, on the same random numbers."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.experiment.gate.baseline.kept import seen, series
from mmesim.experiment.gate.course import Course, Wanted, trusted
from mmesim.experiment.gate.design import lengthened, numbers
from mmesim.results.answers.gated import Design
from mmesim.results.comparison.baseline import Baseline, Series
from mmesim.results.measured.run_data import RunData


class Comparison:
    """The runs of a scenario, which has been through the gate, as a baseline has them; asked for as by a `Course`."""

    def __init__(self, course: Course, design: Design, replications: int) -> None:
        self._kept = course.kept
        self._design = design
        self._replications = replications
        self._figures: dict[int, dict[str, float]] = {}
        scenario = lengthened(course.watching, design)
        self._stage: Sequence[Wanted] = [Wanted(scenario, n) for one in range(replications) for n in self._numbers(one)]

    @classmethod
    def like(cls, baseline: Baseline, course: Course) -> Comparison:
        """The runs of a baseline."""
        assert course.design is not None
        # Where runs can no longer be joined, as many of them give the same figures, on other random numbers.
        joined = baseline.joined and (baseline.length == 1 or course.design.joined)
        design = course.design.model_copy(update={"length": baseline.length, "joined": joined})
        return cls(course, design, baseline.replications)

    @property
    def wanted(self) -> Sequence[Wanted]:
        """The runs that are needed next; none when there are all."""
        return self._stage

    def take(self, run: RunData) -> None:
        """One of these runs."""
        self._figures[run.replication] = seen(self._kept, trusted(run))

    def advance(self) -> None:
        """After the last run: no other is needed."""
        self._stage = ()

    @property
    def figures(self) -> dict[str, Series]:
        """The figures of each replication."""
        runs = [[self._figures[number] for number in self._numbers(one)] for one in range(self._replications)]
        return series(self._kept, runs)

    def _numbers(self, replication: int) -> range:
        return numbers(self._design, replication)
