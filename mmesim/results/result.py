"""The result of a run: what was simulated, what each replication measured, and every view of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mmesim import __version__
from mmesim.arrays import Floats
from mmesim.results.answers.sections import SteadyState, Verdict
from mmesim.results.expect.expect import overall
from mmesim.results.figures.tenants import pooled_tenants
from mmesim.results.folder import folder as folders
from mmesim.results.folder.provenance import Origin, Provenance, provenance
from mmesim.results.measured.filed import let_go
from mmesim.results.measured.run_data import RunData
from mmesim.results.miss_ratio.curve import Curve, with_own_calls
from mmesim.results.miss_ratio.every_call import of_runs
from mmesim.results.over_time.over_time import OverTime
from mmesim.results.summary import checks
from mmesim.results.summary.summary import summarise
from mmesim.results.summary.until import Until
from mmesim.results.tables import tables
from mmesim.results.tables.histograms import histograms_table
from mmesim.results.tables.periods import TENS, WINDOW_TIMES, in_flight_table, times_table
from mmesim.scenario.file.dump import dump
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from mmesim.report.plots.of_result import Plots

WITH_DICTIONARY = [name for name, (unit, _) in tables.REQUEST_COLUMNS.items() if not unit]
"""Columns of calls in which values come back often. To look for times that do takes longer than to write them all."""

WINDOWS_AT_ONCE = 8_192
"""Windows that are written to a file together: six days of minutes."""


@dataclass(frozen=True, repr=False)
class Result:
    """A scenario and its finished replications, in order; fewer than asked for when the run was interrupted.

    `verdict` and `summary` answer; `figures` has each estimate with its 95 % interval; `models`, `hosts`, `windows`
    and `requests` are the details as DataFrames, whose columns end with their units; `plot.latency()` and others draw;
    `over_time` is the run minute by minute; `save(folder)` writes what `mmesim report` and `mmesim plot` read.

    `until` says where the replications stopped if they went on until a figure was precise enough. `robustness` is the
    field of the summary, if the scenario was simulated under the settings of what AWS does not publish. `origin` is
    what was known before the run began, None where that was not recorded.
    """

    scenario: Scenario
    runs: tuple[RunData, ...]
    until: Until | None = None
    robustness: Mapping[str, object] | None = None
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("a result needs at least one finished replication")

    def __repr__(self) -> str:
        calls = sum(run.calls for run in self.runs)
        finished = f"{len(self.runs)} of {self.planned} replications"
        return f"Result({self.scenario.name!r}, {finished}, {calls} calls)"

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures of summary.json as a dictionary; shared, not to be changed."""
        return summarise(self.scenario, self.runs, __version__, self.until, self.robustness)

    @property
    def provenance(self) -> Provenance:
        """What provenance.json would say now."""
        simulation_s = math.fsum(run.wall_s for run in self.runs)
        return provenance(self.scenario, len(self.runs), simulation_s, self.origin)

    @property
    def planned(self) -> int:
        """How many replications were wanted."""
        return self.scenario.run.replications if self.until is None else self.until.replications

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before all replications were finished."""
        return len(self.runs) < self.planned

    @property
    def verdict(self) -> Verdict:
        """Whether everything that the scenario expects was met: pass, fail or undecided."""
        return overall([entry["verdict"] for entry in self.summary["expect"]])

    @property
    def steady_state(self) -> SteadyState:
        """Whether the measured time was in steady state."""
        return SteadyState.model_validate(self.summary["steady_state"])

    @property
    def self_check(self) -> str | None:
        """What is wrong when the simulator contradicted itself, None when it did not."""
        found: Any = self.summary["checks"]
        return None if checks.passed(found) else checks.line(found)

    def to_json(self) -> str:
        """The text of summary.json."""
        return json.dumps(self.summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @property
    def figures(self) -> pd.DataFrame:
        """One row for each figure of the summary that is estimated: value, low and high end of the 95 % interval."""
        import pandas as pd

        return pd.DataFrame(_estimates(self.summary), columns=["figure", "value", "low", "high"]).set_index("figure")

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.run import of_run

        return of_run(self)

    @property
    def plot(self) -> Plots:
        """The pictures of the run: `plot.latency()`, `plot.ledger()` ... (`mmesim plot -h` lists them)."""
        from mmesim.report.plots.of_result import Plots

        return Plots(self)

    @cached_property
    def tables(self) -> Mapping[str, pa.Table]:
        """The tables of the result folder that reports and pictures read: hosts, models, histograms, miss_ratio."""
        pooled = pooled_tenants(self.runs)
        return {
            "hosts": tables.hosts_table(self.runs),
            "models": tables.models_table(self.scenario, self.runs, pooled),
            "histograms": histograms_table(self.scenario, self.runs, pooled),
            "miss_ratio": Curve(pooled.calls.astype(np.float64)).table(self.scenario),
        }

    @property
    def host_columns(self) -> Mapping[str, Floats]:
        """What reports say of hosts (`mmesim.results.tables.tables.host_columns`)."""
        return tables.host_columns(self.runs)

    @property
    def hosts(self) -> pd.DataFrame:
        """One row for each host of each replication (columns: `mmesim.results.tables.tables.HOST_COLUMNS`)."""
        return _frame(self.tables["hosts"])

    @property
    def models(self) -> pd.DataFrame:
        """One row for each model, all replications together (columns: `MODEL_COLUMNS`)."""
        return _frame(self.tables["models"])

    @property
    def windows(self) -> pd.DataFrame:
        """One row for each minute of each replication, under CloudWatch's names (columns: `WINDOW_COLUMNS`)."""
        return _frame(tables.windows_table(self.runs))

    @property
    def miss_ratio(self) -> pd.DataFrame:
        """The share of the calls that fleets of more or less memory would miss (columns: `MISS_RATIO_COLUMNS`).

        By Che's approximation and, where every call was recorded, by stack distances.
        """
        return _frame(self.miss_ratio_table())

    def miss_ratio_table(self) -> pa.Table:
        """The same as a table of Arrow."""
        return with_own_calls(self.tables["miss_ratio"], self.scenario, of_runs(self.runs))

    @property
    def over_time(self) -> OverTime:
        """The run minute by minute: `over_time.table`, and what happened when."""
        return OverTime(self.scenario, self.runs)

    @property
    def happened(self) -> pd.DataFrame:
        """One row for each thing that happened to the fleet (columns: `HAPPENED_COLUMNS`); often none."""
        return _frame(tables.happened_table(self.runs))

    @property
    def requests(self) -> pd.DataFrame:
        """One row for each recorded call (columns: `REQUEST_COLUMNS`); ValueError when none was recorded."""
        recorded = self._request_tables()
        if not recorded:
            raise ValueError("no calls were recorded: run with records")
        return _frame(pa.concat_tables(recorded))

    def save(self, folder: str | Path) -> Path:
        """Write the result folder and return its path; an earlier result there is replaced.

        Raises OutputError, and then leaves nothing half-written.
        """
        files: dict[str, folders.Writer] = {
            "summary.json": lambda path: path.write_text(self.to_json(), encoding="utf-8"),
            "provenance.json": lambda path: path.write_text(self.provenance.to_json(), encoding="utf-8"),
            folders.SCENARIO: lambda path: path.write_text(dump(self.scenario), encoding="utf-8"),
            "windows.parquet": self._write_windows,
        }
        if all(run.window_times is not None for run in self.runs):
            files[WINDOW_TIMES] = self._write_times
        if all(run.in_flight is not None for run in self.runs):
            files[TENS] = self._write_tens
        files |= {f"{name}.parquet": partial(pq.write_table, table) for name, table in self.tables.items()}
        if any(run.happened for run in self.runs):
            files["happened.parquet"] = lambda path: pq.write_table(tables.happened_table(self.runs), path)
        if any(run.records is not None for run in self.runs):
            files["requests.parquet"] = self._write_requests
        return folders.write(Path(folder), files)

    def _request_tables(self) -> list[pa.Table]:
        return [tables.requests_table(run, run.records) for run in self.runs if run.records is not None]

    def _write_windows(self, path: Path) -> None:
        # A part at a time: the windows of a year are stored as few rows, and need not all be written out at once.
        with pq.ParquetWriter(path, tables.windows_table(self.runs[:1], slice(0, 1)).schema) as writer:
            for run in self.runs:
                for first in range(0, len(run.windows["start_s"]), WINDOWS_AT_ONCE):
                    writer.write_table(tables.windows_table([run], slice(first, first + WINDOWS_AT_ONCE)))

    def _write_times(self, path: Path) -> None:
        found = (times_table(run.replication, run.window_times) for run in self.runs if run.window_times is not None)
        _write_each(path, found)

    def _write_tens(self, path: Path) -> None:
        _write_each(path, (in_flight_table(run.replication, run.in_flight) for run in self.runs if run.in_flight))

    def _write_requests(self, path: Path) -> None:
        recorded = [(run, run.records) for run in self.runs if run.records is not None]
        schema = tables.requests_table(*recorded[0]).schema
        # One replication at a time: all of them need not fit into memory twice.
        with pq.ParquetWriter(path, schema, use_dictionary=WITH_DICTIONARY) as writer:
            for run, records in recorded:
                writer.write_table(tables.requests_table(run, records))
                let_go(records)


def _estimates(summary: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any, Any]]:
    """Every value with its interval, by its dotted path in the summary."""
    for key, entry in summary.items():
        if isinstance(entry, Mapping) and "ci95" in entry:
            yield path + key, entry["value"], *(entry["ci95"] or (None, None))
        elif isinstance(entry, Mapping):
            yield from _estimates(entry, f"{path}{key}.")


def _write_each(path: Path, parts: Iterator[pa.Table]) -> None:
    """Write tables of one form one after the other, each when the one before is written."""
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        for part in chain((first,), parts):
            writer.write_table(part)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame
