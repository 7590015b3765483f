"""Two scenarios on the same requests: what changes, and whether that is more than noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Sized
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmesim import __version__, units
from mmesim.errors import UserError
from mmesim.experiment.diff.divergence import Divergence, first_divergence
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor, Watch
from mmesim.experiment.replicate import repeated, run_replications, with_warmup
from mmesim.results.answers.digits import plain
from mmesim.results.comparison.compare import Delta, deltas
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario.file.load import as_scenario
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Plot

RECORDED = 2_000_000
"""Calls of the first replication that are recorded, to find where the runs diverge; above that a sample."""


@dataclass(frozen=True, repr=False)
class Diff:
    """The results of two scenarios on the same random numbers, and what differs; `b - a` everywhere."""

    asked: Scenario
    """The first scenario as it was given."""
    a: Result
    b: Result
    deltas: tuple[Delta, ...]
    first: Divergence | None
    """Where the runs diverge: the first call of the first replication whose outcome differs; None if none does."""
    same_calls: bool
    """Whether both saw the same calls; if not, only the noise of the traffic that they share cancels."""
    all_recorded: bool
    """Whether `first` was looked for among all calls; else among a sample."""

    def __repr__(self) -> str:
        return f"Diff({self.a.scenario.name!r}, {self.b.scenario.name!r}, {len(self.a.runs)} replications)"

    def __getitem__(self, name: str) -> Delta:
        """The difference of one figure by its name; KeyError with the names that there are."""
        for delta in self.deltas:
            if delta.name == name:
                return delta
        raise KeyError(f"{name}: one of {', '.join(delta.name for delta in self.deltas)}")

    @property
    def replications(self) -> int:
        """How many pairs there are."""
        return len(self.a.runs)

    @property
    def calls(self) -> int:
        """How many calls began in a, in all replications."""
        return sum(run.begun for run in self.a.runs)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a figure: a, b, difference with low and high ends of the 95 % interval, direction, variance ratio."""
        import pandas as pd

        rows = [_row(delta) for delta in self.deltas]
        return pd.DataFrame(rows).set_index("figure")

    @property
    def expect(self) -> tuple[tuple[str, str | None, str | None], ...]:
        """What is expected of a or of b: the line, and the verdict on each; None where it does not expect that."""
        each = [
            {str(entry["text"]): str(entry["verdict"]) for entry in of.summary["expect"]} for of in (self.a, self.b)
        ]
        return tuple((text, each[0].get(text), each[1].get(text)) for text in dict.fromkeys([*each[0], *each[1]]))

    @cached_property
    def data(self) -> dict[str, object]:
        """What `mmesim diff --json` prints."""
        return {
            "a": self.a.scenario.name,
            "b": self.b.scenario.name,
            "version": __version__,
            "seed": self.a.scenario.run.seed,
            "replications": self.replications,
            "calls": self.calls,
            "same_calls": self.same_calls,
            "all_recorded": self.all_recorded,
            "steady_state": {"a": self.a.summary["steady_state"], "b": self.b.summary["steady_state"]},
            "figures": {
                delta.name: {
                    "kind": delta.kind,
                    "unit": delta.unit,
                    "a": delta.a.as_dict(),
                    "b": delta.b.as_dict(),
                    "difference": delta.difference.as_dict(),
                    "direction": delta.direction,
                    "variance_ratio": delta.variance_ratio,
                }
                for delta in self.deltas
            },
            "expect": [{"text": text, "a": of_a, "b": of_b} for text, of_a, of_b in self.expect],
            "first_divergence": None if self.first is None else asdict(self.first),
        }

    def to_json(self) -> str:
        """`data` as JSON text."""
        return json.dumps(plain(self.data, "diff"), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.diff import of_diff

        return of_diff(self)

    def plot(self) -> Plot:
        """Draw b as a multiple of a for every figure, with intervals and values; blue is better, red is worse."""
        from mmesim.report.plots.diff import differences

        return differences(self)


def diff(
    a: Scenario | str | Path,
    b: Scenario | str | Path,
    *,
    replications: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    watch: Callable[[str], Watch] | None = None,
) -> Diff:
    """Run two scenarios, or those of files, on the same random numbers, and compare them replication by replication.

    Seed and number of replications are a's, by default 10 (or what a's file says). Both must measure the same time:
    UserError when duration or warm-up differ, and for the results of runs, which need not have seen the same calls; of
    two `auto` warm-ups the longer one counts. `watch` gives an observer for "a" and one for "b".
    """
    a, b = as_scenario(a), as_scenario(b)
    for name, of_a, of_b in (
        ("duration", a.run.duration_s, b.run.duration_s),
        ("warmup", a.run.warmup_s, b.run.warmup_s),
    ):
        if of_a != of_b:
            raise UserError(
                f"the scenarios do not measure the same time: run.{name} is {_time(of_a)} in {a.name!r} and "
                f"{_time(of_b)} in {b.name!r}; give both the same"
            )
    count = repeated(a, replications).run.replications
    of_both = [repeated(one, count).with_run(seed=a.run.seed) for one in (a, b)]
    results = {}
    with given_or_local(executor, jobs) as running:
        of_both = [with_warmup(one, running) for one in of_both]
        longer = max((one.run for one in of_both), key=lambda one: one.cut_s)
        for label, scenario in zip(("a", "b"), of_both, strict=True):
            paired = scenario.with_run(warmup_s=longer.warmup_s, warmup_found=longer.warmup_found)
            results[label] = _run(paired, running, None if watch is None else watch(label))
    first, second = results["a"], results["b"]
    return Diff(
        asked=a,
        a=first,
        b=second,
        deltas=deltas(first, second),
        first=first_divergence(first, second),
        same_calls=all(_saw_the_same(x, y) for x, y in zip(first.runs, second.runs, strict=True)),
        all_recorded=all(len(_calls(result)) == result.runs[0].begun for result in (first, second)),
    )


def _time(given: float | str) -> str:
    return given if isinstance(given, str) else units.show_seconds(given)


def _run(scenario: Scenario, executor: Executor, watch: Watch | None) -> Result:
    """All replications; calls are recorded in the first one."""
    first = run_replications(scenario, only=(0,), executor=executor, records=RECORDED, watch=watch)
    rest = range(1, scenario.run.replications)
    if not rest:
        return first
    others = run_replications(scenario, only=rest, executor=executor, records=None, watch=watch)
    return Result(scenario, first.runs + others.runs, origin=first.origin)


def _calls(result: Result) -> Sized:
    records = result.runs[0].records
    return () if records is None else records.call


def _saw_the_same(x: RunData, y: RunData) -> bool:
    """Whether two replications saw equally many calls for each model, which different traffic hardly does."""
    return (
        x.begun == y.begun and x.model_names == y.model_names and bool(np.array_equal(x.tenants.calls, y.tenants.calls))
    )


def _row(delta: Delta) -> dict[str, object]:
    low, high = delta.difference.ci95 or (None, None)
    return {
        "figure": delta.name,
        "unit": delta.unit,
        "a": delta.a.value,
        "b": delta.b.value,
        "difference": delta.difference.value,
        "low": low,
        "high": high,
        "direction": delta.direction,
        "variance_ratio": delta.variance_ratio,
    }
