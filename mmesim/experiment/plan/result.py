"""The result of a plan: its document, as a table and as files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmesim.files import whole, write_text
from mmesim.results.planned import Fleet, Planned
from mmesim.results.provenance import Origin, provenance
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

FILES = ("plan.json", "fleets.parquet", "provenance.json")

PLAIN = (
    "instance_type",
    "instance_count",
    "usd_per_month",
    "price_estimated",
    "state",
    "stage",
    "reason",
    "binds",
    "predicted_miss_ratio",
    "everything_in_memory",
    "replications",
    "requests",
    "share_of_draws",
    "mean_extra_usd",
)
"""Columns of the table that are keys of a fleet."""


@dataclass(frozen=True, repr=False)
class PlanResult:
    """What a plan has found of a scenario. `origin` is what was known before it began."""

    scenario: Scenario
    document: Planned
    origin: Origin | None = None

    def __repr__(self) -> str:
        return f"PlanResult({self.scenario.name!r}, {self.document.verdict}, {len(self.document.fleets)} fleets)"

    @property
    def answer(self) -> Fleet | None:
        """The cheapest fleet inside; None when there is none."""
        return None if self.document.answer is None else self.document.fleets[self.document.answer]

    @cached_property
    def table(self) -> pa.Table:
        """One row a fleet, in order of price: the fields of the grid, the keys of a fleet, and its lines.

        Each line of `expect` has columns `LINE` (what decides, in its unit), `LINE low`, `LINE high`, `LINE verdict`;
        with ` with ...` for what the fleet must withstand besides. A value that cannot be given is null.
        """
        rows = [_row(one) for one in self.document.fleets]
        names = dict.fromkeys(name for row in rows for name in row)
        return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})

    @property
    def fleets(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def to_json(self) -> str:
        """The document as JSON."""
        return self.document.model_dump_json(indent=2) + "\n"

    def save(self, folder: str | Path) -> Path:
        """Write `plan.json`, `fleets.parquet` and `provenance.json` into a folder; raises OutputError."""
        target = Path(folder)
        write_text(target / FILES[0], self.to_json())
        with whole(target / FILES[1]) as fresh:
            pq.write_table(self.table, fresh)
        replications = self.document.used.replications
        write_text(target / FILES[2], provenance(self.scenario, replications, begun=self.origin).to_json())
        return target


def _row(of: Fleet) -> dict[str, Any]:
    row: dict[str, Any] = {
        field: str(value) if isinstance(value, bool) else value for field, value in of.values.items()
    }
    row |= {name: getattr(of, name) for name in PLAIN}
    for line in of.lines:
        name = line.text if line.when is None else f"{line.text} with {line.when}"
        low, high = line.interval or (None, None)
        row |= {name: line.value, f"{name} low": low, f"{name} high": high, f"{name} verdict": line.verdict}
    return row
