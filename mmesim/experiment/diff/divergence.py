"""Where two runs of the same calls diverge: the first call whose outcome differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.results.comparison.compare import CLOCK_S
from mmesim.results.measured.run_data import CAUSES, CallRecords
from mmesim.results.result import Result
from mmesim.scenario.figures import PARTS

OK = -1


@dataclass(frozen=True)
class Fate:
    """The outcome of one call in one of the runs; seconds."""

    arrival_s: float
    model: str
    host: int | None
    """None when it reached no host."""
    hit: bool
    cause: str
    """`ok`, or why it failed."""
    latency_s: float
    parts_s: Mapping[str, float]
    """The parts of the latency ledger that are not 0, nor what the clock rounds."""


@dataclass(frozen=True)
class Divergence:
    """The first call, by arrival, whose outcome differs; `a` or `b` is None where the call does not exist.

    `call`, `arrival_s` and `model` are those of a where it exists there.
    """

    replication: int
    call: int
    arrival_s: float
    model: str
    a: Fate | None
    b: Fate | None


def first_divergence(a: Result, b: Result) -> Divergence | None:
    """The first recorded call of the first replication whose outcome differs, None when none does.

    Calls are the same by their key: with users in a closed loop their numbers differ. Both need records of that
    replication, with the same choice of calls; else ValueError.
    """
    run_a, run_b = a.runs[0], b.runs[0]
    if run_a.records is None or run_b.records is None:
        raise ValueError("calls must be recorded to find the first difference of two runs")
    x, y = run_a.records, run_b.records
    # Where the calls are too many to record all, each run samples by a threshold of its own: the smaller one holds.
    most = min(x.threshold, y.threshold)
    x, y = x.below(most), y.below(most)
    _, i, j = np.intersect1d(x.key, y.key, assume_unique=True, return_indices=True)
    names_a, names_b = np.array(run_a.model_names), np.array(run_b.model_names)
    other = np.flatnonzero(_differs(x, i, y, j) | (names_a[x.model[i]] != names_b[y.model[j]]))
    # Pairs of rows; -1 where a call was made in one of the runs only.
    absent = np.full(max(len(x.key), len(y.key)), -1)
    only_x, only_y = np.setdiff1d(np.arange(len(x.key)), i), np.setdiff1d(np.arange(len(y.key)), j)
    of_x = np.concatenate([i[other], only_x, absent[: len(only_y)]])
    of_y = np.concatenate([j[other], absent[: len(only_x)], only_y])
    if not of_x.size:
        return None
    first = int(np.lexsort((_keys(x, of_x, y, of_y), np.fmin(_arrivals(x, of_x), _arrivals(y, of_y))))[0])
    k, m = int(of_x[first]), int(of_y[first])
    of_a, of_b = _fate(x, k, run_a.model_names), _fate(y, m, run_b.model_names)
    one = of_a or of_b
    assert one is not None  # it was made in one of the runs
    return Divergence(
        replication=run_a.replication,
        call=int(x.call[k] if k >= 0 else y.call[m]),
        arrival_s=one.arrival_s,
        model=one.model,
        a=of_a,
        b=of_b,
    )


def _differs(x: CallRecords, i: Ints, y: CallRecords, j: Ints) -> Flags:
    """Which of the calls in rows `i` of `x` and `j` of `y` have different outcomes; what the clock rounds is none."""
    differs = np.zeros(len(i), dtype=np.bool_)
    for name in ("host", "hit", "cause", "attempts"):
        differs |= getattr(x, name)[i] != getattr(y, name)[j]
    for name in ("arrival_s", "latency_s"):
        differs |= np.abs(getattr(x, name)[i] - getattr(y, name)[j]) >= CLOCK_S
    differs |= (np.abs(x.parts_s[i] - y.parts_s[j]) >= CLOCK_S).any(axis=1)
    return differs


def _arrivals(records: CallRecords, rows: Ints) -> Floats:
    """When the calls in these rows began, NaN where there is none."""
    return np.array([records.arrival_s[row] if row >= 0 else np.nan for row in rows.tolist()], dtype=np.float64)


def _keys(x: CallRecords, of_x: Ints, y: CallRecords, of_y: Ints) -> Ints:
    pairs = zip(of_x.tolist(), of_y.tolist(), strict=True)
    return np.array([x.key[k] if k >= 0 else y.key[m] for k, m in pairs], dtype=np.int64)


def _fate(records: CallRecords, k: int, names: Sequence[str]) -> Fate | None:
    if k < 0:
        return None
    host, cause = int(records.host[k]), int(records.cause[k])
    parts = {name: float(value) for name, value in zip(PARTS, records.parts_s[k], strict=True) if value >= CLOCK_S}
    return Fate(
        arrival_s=float(records.arrival_s[k]),
        model=names[int(records.model[k])],
        host=None if host < 0 else host,
        hit=bool(records.hit[k]),
        cause="ok" if cause == OK else CAUSES[cause],
        latency_s=float(records.latency_s[k]),
        parts_s=parts,
    )
