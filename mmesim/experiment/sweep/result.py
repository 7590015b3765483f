"""The result of a sweep: one row a point, as a table and as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmesim import units
from mmesim.errors import OutputError, UserError
from mmesim.files import whole, write_text
from mmesim.results.answers.sections import SteadyState
from mmesim.results.comparison.compare import stable
from mmesim.results.expect.asked import asked, recoveries
from mmesim.results.figures.figures import read
from mmesim.results.figures.latency import pool
from mmesim.results.folder.folder import writable
from mmesim.results.folder.provenance import Origin, provenance
from mmesim.results.result import Result
from mmesim.scenario import figures
from mmesim.scenario.figures import Kind
from mmesim.scenario.file.yaml import write_flow
from mmesim.scenario.run.expected import RECOVERY
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import Estimate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Plot

FILES = ("sweep.parquet", "sweep.csv", "provenance.json")


@dataclass(frozen=True)
class SweptPoint:
    """One point: its number, the values of the swept fields, and what came out.

    `figures` are those of `mmesim.scenario.figures` that a sweep shows, by column. `verdict` is None when nothing is
    expected; `not_passed` lists the expectations that failed or are undecided, `failed` those that failed.
    `steady_state` is the verdict on the measured time, and how long a run has to be that is too short. `self_check`
    says how the simulator contradicted itself, None when it did not.
    """

    number: int
    values: Mapping[str, object]
    replications: int
    figures: Mapping[str, Estimate]
    verdict: str | None
    not_passed: tuple[str, ...]
    failed: tuple[str, ...]
    steady_state: SteadyState
    self_check: str | None
    of_some: Mapping[str, tuple[Kind, Estimate]] = dataclass_field(default_factory=dict)
    """What `expect` asks for of some of the calls, and recoveries, by name: times in milliseconds."""
    verdicts: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Line of `expect` -> its verdict."""

    def some(self, name: str) -> Estimate:
        """A figure of some of the calls by its name; one without a value where nothing of the kind is expected."""
        return self.of_some[name][1] if name in self.of_some else NOT_ASKED


def swept_point(number: int, values: Mapping[str, object], result: Result) -> SweptPoint:
    """What a sweep keeps of a result."""
    entries: Any = result.summary["expect"]
    of_some = (*asked(result.scenario, result.runs), *recoveries(result.scenario, all_of_them=True))
    pooled = pool(result.runs) if of_some else None
    return SweptPoint(
        number=number,
        values=dict(values),
        replications=len(result.runs),
        figures={one.column: read(one, result.summary) for one in figures.shown_in("sweep")},
        verdict=result.verdict if entries else None,
        not_passed=tuple(entry["text"] for entry in entries if entry["verdict"] != "pass"),
        failed=tuple(entry["text"] for entry in entries if entry["verdict"] == "fail"),
        steady_state=result.steady_state,
        self_check=result.self_check,
        of_some={one.name: (one.kind, _rounded(one.estimate(result.runs, pooled))) for one in of_some if pooled},
        verdicts={entry["text"]: entry["verdict"] for entry in entries},
    )


@dataclass(frozen=True)
class Field:
    """A swept field: `column` in tables; `unit` and `numbers` when all its values are numbers in one unit, else text.

    `numbers` and `texts` have one entry a point.
    """

    path: str
    column: str
    unit: str
    numbers: tuple[int | float, ...] | None
    texts: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class SweepResult:
    """The finished points of a sweep, in order; `asked` is how many there should be.

    `simulated` replications were run now, `found` were in the store. `origin` is what was known before it began.
    `shows_recoveries`: reports have those from every fault and deploy, else those alone that `expect` names.
    """

    scenario: Scenario
    fields: tuple[str, ...]
    points: tuple[SweptPoint, ...]
    asked: int
    simulated: int
    found: int
    origin: Origin | None = None
    shows_recoveries: bool = False

    def __repr__(self) -> str:
        return f"SweepResult({self.scenario.name!r}, {len(self.points)} of {self.asked} points, {list(self.fields)})"

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.sweep import of_sweep

        return of_sweep(self)

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before all points were finished."""
        return len(self.points) < self.asked

    @property
    def self_check(self) -> str | None:
        """What is wrong when the simulator contradicted itself, None when it did not."""
        return next((point.self_check for point in self.points if point.self_check is not None), None)

    @cached_property
    def swept(self) -> tuple[Field, ...]:
        """The swept fields with their values."""
        return tuple(_field(path, [point.values[path] for point in self.points]) for path in self.fields)

    @cached_property
    def of_some(self) -> Mapping[str, Kind]:
        """The figures of some of the calls that `expect` asks for at any point, and recoveries; the kind of each."""
        return {name: kind for point in self.points for name, (kind, _) in point.of_some.items()}

    @property
    def shown_of_some(self) -> Mapping[str, Kind]:
        """Those of `of_some` that reports show."""
        named = {one.name for one in recoveries(self.scenario)}
        every = self.of_some.items()
        left_out = {name for name, _ in every if name.startswith(f"{RECOVERY} ") and name not in named}
        return {name: kind for name, kind in every if self.shows_recoveries or name not in left_out}

    @cached_property
    def table(self) -> pa.Table:
        """One row a point: number, swept fields, replications, then each figure with `_low` and `_high`, the verdicts.

        Figures of some of the calls stand as `expect` names them, and each of its lines has a column `expect LINE`.

        Shares are 0 to 1; a column that has a unit ends with it. A value that cannot be given is null.
        """
        columns: dict[str, pa.Array] = {"point": pa.array([point.number for point in self.points], pa.int64())}
        for field in self.swept:
            columns[field.column] = pa.array(field.texts if field.numbers is None else field.numbers)
        columns["replications"] = pa.array([point.replications for point in self.points], pa.int64())
        for one in figures.shown_in("sweep"):
            columns |= _columns(one.column, [point.figures[one.column] for point in self.points], one.interval)
        for asked_for, kind in self.of_some.items():
            found = [point.some(asked_for) for point in self.points]
            columns |= _columns(f"{asked_for}_ms" if kind == "ms" else asked_for, found, interval=True)
        steady = [point.steady_state.verdict for point in self.points]
        columns["steady_state"] = pa.array(steady, pa.string())
        columns["run_at_least_s"] = pa.array([point.steady_state.run_at_least_s for point in self.points], pa.float64())
        columns["verdict"] = pa.array([point.verdict for point in self.points], pa.string())
        for line in dict.fromkeys(text for point in self.points for text in point.verdicts):
            columns[f"expect {line}"] = pa.array([point.verdicts.get(line) for point in self.points], pa.string())
        columns["not_passed"] = pa.array(["; ".join(point.not_passed) for point in self.points], pa.string())
        return pa.table(columns)

    @property
    def frame(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def to_json(self) -> str:
        """The points as JSON: the columns of `table`, one map a point; `asked` is how many there should be."""
        body = {"scenario": self.scenario.name, "asked": self.asked, "points": self.table.to_pylist()}
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def plot(self, metric: str = "p99") -> Plot:
        """A plot of a figure: a line with its 95 % band over one swept field, a heat map over two.

        UserError when the sweep has more fields, or the figure no value at any point.
        """
        from mmesim.report.plots.sweep import sweep_plot

        return sweep_plot(self, figures.figure(metric, figures.shown_in("sweep")))

    def save(self, folder: str | Path) -> Path:
        """Writes `sweep.parquet`, `sweep.csv` and `provenance.json` into a folder; raises OutputError."""
        target = Path(folder)
        with whole(target / FILES[0]) as fresh:
            pq.write_table(self.table, fresh)
        with whole(target / FILES[1]) as fresh:
            self._write_csv(fresh)
        replications = sum(point.replications for point in self.points)
        write_text(target / FILES[2], provenance(self.scenario, replications, begun=self.origin).to_json())
        return target

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.table.column_names)
            for row in self.table.to_pylist():
                writer.writerow(["" if value is None else value for value in row.values()])


NOT_ASKED = Estimate(None, reason="nothing of the kind is expected there")


def _rounded(found: Estimate) -> Estimate:
    """With as many digits as the figures of a summary."""
    ends = None if found.ci95 is None else (stable(found.ci95[0]), stable(found.ci95[1]))
    return Estimate(None if found.value is None else stable(found.value), ends, found.reason)


def _columns(name: str, found: Sequence[Estimate], interval: bool) -> dict[str, pa.Array]:
    """The column of a figure, and those of the ends of its interval."""
    columns = {name: pa.array([estimate.value for estimate in found], pa.float64())}
    for end, which in enumerate(("low", "high")) if interval else ():
        bounds = [None if estimate.ci95 is None else estimate.ci95[end] for estimate in found]
        columns[f"{name}_{which}"] = pa.array(bounds, pa.float64())
    return columns


def refuse_without_recovery(scenario: Scenario) -> None:
    """UserError where there is no recovery for a table to show."""
    if not scenario.events:
        raise UserError(f"--metrics {RECOVERY}: {scenario.name} has no fault or deploy to recover from")
    if not recoveries(scenario, all_of_them=True):
        limits = "expect: [p99 < 500 ms, error_rate < 1 %]"
        raise UserError(f"--metrics {RECOVERY}: expect names no limit of latency or errors to be kept again: {limits}")


def prepare(folder: Path, scenario: str | None = None) -> None:
    """Make sure that the files of a sweep could be written to a folder, and leave everything as it was.

    OutputError when nothing can be written there, or when it holds those of a scenario of another name than `scenario`.
    """
    of = _scenario_of(folder) or scenario
    if scenario is not None and of != scenario:
        raise OutputError(f"{folder} holds the sweep of another scenario, {of!r}: choose another folder with --out")
    writable(folder, folder.absolute())


def _scenario_of(folder: Path) -> object:
    """The name of the scenario whose sweep is in a folder; None where that cannot be told."""
    try:
        found = json.loads((folder / FILES[2]).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found.get("scenario") if isinstance(found, dict) else None


def _field(path: str, values: Sequence[object]) -> Field:
    texts = tuple(value if isinstance(value, str) else write_flow(value) for value in values)
    split = [units.split(value) for value in values]
    found = [one for one in split if one is not None]
    named = {unit for _, unit in found}
    if len(found) < len(values) or len(named) != 1:
        return Field(path, path, "", None, texts)
    unit = named.pop()
    numbers: tuple[int | float, ...] = tuple(number for number, _ in found)
    if any(isinstance(number, float) for number in numbers):
        numbers = tuple(float(number) for number in numbers)
    return Field(path, f"{path} [{unit}]" if unit else path, unit, numbers, texts)
