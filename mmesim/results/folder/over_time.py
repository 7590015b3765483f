"""The replications of a result folder, as they are seen over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmesim.arrays import Floats, Ints
from mmesim.results.folder.shown import HAPPENED, Kept
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES
from mmesim.results.miss_ratio.every_call import REQUESTS
from mmesim.results.over_time.over_time import OverTime
from mmesim.results.tables.read_back import opened
from mmesim.results.tables.tables import HAPPENED_COLUMNS

REPLICATION = "replication"


@dataclass(frozen=True)
class KeptHosts:
    """Every host of a replication, one row each (`mmesim.results.over_time.fleet.Lives`)."""

    asked_s: Floats
    born_s: Floats
    gone_s: Floats
    vcpu: Ints
    usd_per_hour: Floats


@dataclass(frozen=True)
class KeptRun:
    """A replication (`mmesim.results.over_time.fleet.Seen`)."""

    duration_s: float
    windows: Mapping[str, Floats]
    hosts: KeptHosts
    happened: tuple[Happened, ...]


def over_time(kept: Kept) -> OverTime:
    """The run of a folder over time. It knows the causes of failed calls where every call was recorded."""
    runs = tuple(_runs(kept))
    return OverTime(kept.scenario, runs, _failures(kept, len(runs)) if kept.scenario.is_watched else None)


def _failures(kept: Kept, replications: int) -> tuple[Ints, ...] | None:
    """[measured minutes, CAUSES] of each replication: failed calls; None where not every call was recorded."""
    file, requests = kept.folder / REQUESTS, kept.summary["requests"]
    if not file.is_file():
        return None
    windows = kept.scenario.windows_of(kept.scenario.minutes)
    numbers = {cause: number for number, cause in enumerate(CAUSES)}
    found, measured = np.zeros((replications, windows.number, len(CAUSES)), np.int64), 0
    with opened(file) as calls:
        for batch in calls.iter_batches(columns=[REPLICATION, "arrival_s", "cause"]):
            arrival_s, replication = batch["arrival_s"].to_numpy(), batch[REPLICATION].to_numpy()
            measured += int(np.count_nonzero(arrival_s >= windows.start_s))
            rows = np.flatnonzero((arrival_s >= windows.start_s) & batch["cause"].is_valid().to_numpy(False))
            cause = [numbers[name] for name in batch["cause"].take(rows).to_pylist()]
            minute = ((arrival_s[rows] - windows.start_s) / windows.length_s).astype(np.int64)
            np.add.at(found, (replication[rows], np.minimum(minute, windows.number - 1), cause), 1)
    whole = measured >= int(requests["total"]) - int(requests["in_flight_at_end"])
    return tuple(found) if whole else None


def _runs(kept: Kept) -> Iterator[KeptRun]:
    names = kept.window_names
    batches = list(kept.windows(names))
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in names}
    hosts, duration_s = kept.tables["hosts"], float(kept.summary["simulated_s"])
    for number in np.unique(columns[REPLICATION]).tolist():
        here = columns[REPLICATION] == number
        windows = {name: column[here] for name, column in columns.items()}
        own = hosts.filter(pc.equal(hosts[REPLICATION], number))
        yield KeptRun(duration_s, MappingProxyType(windows), _hosts(own), tuple(_happened(kept, number)))


def _hosts(rows: pa.Table) -> KeptHosts:
    def floats(name: str, missing: float) -> Floats:
        found: Floats = pc.fill_null(rows[name], missing).to_numpy().astype(np.float64)
        return found

    return KeptHosts(
        floats("asked_s", math.nan),
        floats("born_s", math.nan),
        floats("gone_s", math.inf),
        rows["vcpu"].to_numpy().astype(np.int64),
        floats("usd_per_hour", math.nan),
    )


def _happened(kept: Kept, replication: int) -> Iterator[Happened]:
    table = kept.tables.get(HAPPENED)
    for row in [] if table is None else table.to_pylist():
        if row[REPLICATION] == replication:
            figures = {key: value for key, value in row.items() if key not in HAPPENED_COLUMNS and value is not None}
            yield Happened(row["at_s"], Kind(row["kind"]), row["name"], figures)
