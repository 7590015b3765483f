"""The latency histograms of a run as a table: from it the share of calls slower than any time can be had later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from mmesim.arrays import Floats, Ints
from mmesim.results.figures.latency import pool
from mmesim.results.measured.run_data import RunData, TenantData
from mmesim.results.tables.columns import Column, column, documented, named
from mmesim.scenario.figures import PARTS
from mmesim.scenario.scenario import Scenario
from mmesim.stats.histogram import merge

HISTOGRAM_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "calls": ("", "which calls: all, warm, cold, or those of a group of models"),
        "group": ("", "name of the group; null for all, warm and cold"),
        "above_s": ("s", "lower edge of the bucket, excluded"),
        "up_to_s": ("s", "upper edge of the bucket, included; infinite for the last one"),
        "count": ("", "successful calls in the bucket, all replications together"),
    }
    | {f"{part}_s": ("s", f"part of the latency, sum over these calls: {part}; null but for all") for part in PARTS}
)
KINDS = ("all", "warm", "cold", "group")


def histograms_table(scenario: Scenario, runs: Sequence[RunData], tenants: TenantData) -> pa.Table:
    """One row a bucket that holds a call, all replications together (columns: `HISTOGRAM_COLUMNS`).

    Buckets are at most 0.39 % wide, of groups 6.3 %. `tenants` are the models of all replications together.
    """
    pooled, edges = pool(runs), runs[0].edges_s
    cold = merge(run.cold.count for run in runs)
    of_model = [model.group for model in scenario.model_table()]
    groups = list(dict.fromkeys(of_model))
    number = np.array([groups.index(group) for group in of_model])
    by_model = tenants.histogram
    blocks = [
        _Buckets(0, -1, edges, pooled.count, pooled.parts_s),
        _Buckets(1, -1, edges, pooled.count - cold),
        _Buckets(2, -1, edges, cold),
        *(
            _Buckets(3, group, runs[0].coarse_edges_s, by_model[number == group].sum(axis=0))
            for group in range(len(groups))
        ),
    ]
    rows = np.concatenate([one.rows() for one in blocks])
    parts = rows[:, 5:]
    columns = {
        "calls": named(rows[:, 0].astype(np.int32), KINDS),
        "group": named(rows[:, 1].astype(np.int32), groups),
        "above_s": rows[:, 2],
        "up_to_s": rows[:, 3],
        "count": rows[:, 4].astype(np.int64),
    }
    columns |= {f"{part}_s": column(parts[:, i], np.isnan(parts[:, i])) for i, part in enumerate(PARTS)}
    return documented(columns, HISTOGRAM_COLUMNS)


@dataclass(frozen=True)
class _Buckets:
    """One histogram: its kind and group by number, and the sums of the ledger's parts where they are known."""

    kind: int
    group: int
    edges_s: Floats
    count: Ints
    parts_s: Floats | None = None

    def rows(self) -> Floats:
        """Kind, group, edges, count and parts of each bucket that holds a call."""
        used = np.flatnonzero(self.count)
        rows = np.full((len(used), 5 + len(PARTS)), np.nan)
        rows[:, 0], rows[:, 1] = self.kind, self.group
        rows[:, 2], rows[:, 3] = np.maximum(self.edges_s[used], 0.0), self.edges_s[used + 1]
        rows[:, 4] = self.count[used]
        if self.parts_s is not None:
            rows[:, 5:] = self.parts_s[used]
        return rows
