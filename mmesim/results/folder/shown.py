"""What reports of a run are made from: a result, or the folder that it was written to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from mmesim import __version__
from mmesim.arrays import Floats
from mmesim.errors import UserError
from mmesim.results.answers.gated import Gated
from mmesim.results.answers.planned import Planned
from mmesim.results.figures.figures import USE
from mmesim.results.folder.folder import GATE, PLAN, RUN, SCENARIO
from mmesim.results.folder.provenance import FILE, Provenance
from mmesim.results.miss_ratio.curve import MISS_RATIO_COLUMNS, with_own_calls
from mmesim.results.miss_ratio.every_call import of_folder
from mmesim.results.summary.summary import Summary
from mmesim.results.tables.histograms import HISTOGRAM_COLUMNS
from mmesim.results.tables.read_back import AGAIN, opened, read_names, read_table, require_columns
from mmesim.results.tables.tables import HOST_COLUMNS, MODEL_COLUMNS
from mmesim.scenario.file.load import load
from mmesim.scenario.scenario import Scenario


class Shown(Protocol):
    """What a report of a run needs to know."""

    @property
    def scenario(self) -> Scenario:
        """What was simulated."""

    @property
    def summary(self) -> dict[str, Any]:
        """The figures of summary.json."""

    @property
    def planned(self) -> int | None:
        """How many replications were wanted; None where that is not known."""

    @property
    def host_columns(self) -> Mapping[str, Floats]:
        """What is known of each host of each replication (`mmesim.results.tables.tables.host_columns`)."""


TABLES = {
    "hosts": HOST_COLUMNS,
    "models": MODEL_COLUMNS,
    "histograms": HISTOGRAM_COLUMNS,
    "miss_ratio": MISS_RATIO_COLUMNS,
}
"""Parquet files that are read whole, and their columns."""
HAPPENED = "happened"
"""The one that there need not be."""


@dataclass(frozen=True)
class Kept:
    """A result folder, read back; its minutes and its calls stay in their files."""

    folder: Path
    scenario: Scenario
    text: str
    """of scenario.yaml"""
    summary: dict[str, Any]
    provenance: Provenance
    tables: Mapping[str, pa.Table]
    """hosts, models, histograms, miss_ratio, and happened where anything did"""

    @classmethod
    def read(cls, folder: Path) -> Kept:
        """The result in a folder; UserError where there is none, or one that another version has written."""
        if not RUN.of(folder):
            missing = "it is a file" if folder.exists() else "there is no such folder"
            why = f"it has no {RUN.document} of mmesim" if folder.is_dir() else missing
            raise UserError(f"{folder} is not the result folder of a run: {why}")
        lacking = [name for name in (SCENARIO, FILE, *map(_file, TABLES), WINDOWS) if not (folder / name).is_file()]
        if lacking:
            raise UserError(f"{folder} has no {lacking[0]}: run the scenario again")
        try:
            text = (folder / RUN.document).read_text(encoding="utf-8")
            summary = json.loads(text, parse_constant=_no_number)
            Summary.model_validate(summary)
            provenance = Provenance.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise of_another_version(folder, error, AGAIN) from error
        there = [*TABLES, *([HAPPENED] if (folder / _file(HAPPENED)).is_file() else [])]
        tables = {name: read_table(folder / _file(name)) for name in there}
        for name, columns in TABLES.items():
            require_columns(folder / _file(name), tables[name].column_names, columns)
        text = (folder / SCENARIO).read_text(encoding="utf-8")
        return cls(folder, load(folder / SCENARIO), text, summary, provenance, tables)

    @property
    def planned(self) -> int | None:
        """How many replications were wanted; None of a run that was interrupted before its precision was reached."""
        if self.summary["until"] is None:
            return self.scenario.run.replications
        return None if self.summary["interrupted"] else int(self.summary["replications"])

    @property
    def host_columns(self) -> Mapping[str, Floats]:
        """What is known of each host of each replication (`mmesim.results.tables.tables.host_columns`)."""
        table = self.tables["hosts"]
        names = ("replication", "memory_bytes", "memory_peak_bytes", *USE)
        return {name: np.nan_to_num(table[name].to_numpy().astype(np.float64)) for name in names}

    @property
    def window_names(self) -> Sequence[str]:
        """The columns of the minutes."""
        return read_names(self.folder / WINDOWS)

    def miss_ratio_table(self) -> pa.Table:
        """The miss-ratio curve, by stack distances too where every call was recorded (`MISS_RATIO_COLUMNS`)."""
        requests = self.summary["requests"]
        ended = int(requests["total"]) - int(requests["in_flight_at_end"])
        calls = of_folder(self.folder, self.scenario, float(self.summary["warmup_s"]), ended)
        return with_own_calls(self.tables["miss_ratio"], self.scenario, calls)

    def windows(self, names: Sequence[str]) -> Iterator[Mapping[str, Floats]]:
        """Some columns of the minutes, those of some weeks at a time; nan where there was nothing."""
        with opened(self.folder / WINDOWS) as file:
            for batch in file.iter_batches(columns=list(names)):
                yield {name: batch[name].to_numpy(zero_copy_only=False) for name in names}


def plan_of(folder: Path) -> Planned:
    """The plan in a folder; UserError for one that another version has written."""
    try:
        return Planned.model_validate_json((folder / PLAN.document).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise of_another_version(folder, error, "plan again") from error


def gate_of(folder: Path) -> Gated:
    """The gate in a folder; UserError for one that another version has written."""
    try:
        return Gated.model_validate_json((folder / GATE.document).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise of_another_version(folder, error, "gate again") from error


def origin_of(folder: Path) -> Provenance:
    """Where the plan in a folder comes from; UserError for one that another version has written."""
    try:
        return Provenance.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise of_another_version(folder, error, "plan again") from error


def _no_number(constant: str) -> None:
    raise ValueError(f"{RUN.document} holds {constant}, which is not a number")


def of_another_version(folder: Path, error: Exception, advice: str) -> UserError:
    """That a folder cannot be read: it is damaged, or of a version whose documents have other keys."""
    reason = str(error)
    if isinstance(error, ValidationError):
        reason = "1 key differs" if error.error_count() == 1 else f"{error.error_count()} keys differ"
    return UserError(f"{folder} cannot be read by mmesim {__version__}: {reason}: {advice}")


WINDOWS = "windows.parquet"


def _file(table: str) -> str:
    return f"{table}.parquet"
