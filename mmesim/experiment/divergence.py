"""Where two runs of the same calls part: the first call that fared differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmesim.results.result import Result
from mmesim.results.run_data import CAUSES, PARTS, CallRecords, RunData

OK = -1


@dataclass(frozen=True)
class Fate:
    """What became of one call in one of the runs; seconds."""

    host: int | None
    """None when it reached no host."""
    hit: bool
    cause: str
    """`ok`, or why it failed."""
    latency_s: float
    parts_s: Mapping[str, float]
    """The parts of the latency ledger that are not 0."""


@dataclass(frozen=True)
class Divergence:
    """The first call, by arrival, with another fate; `a` or `b` is None where the call does not exist."""

    replication: int
    call: int
    arrival_s: float
    model: str
    a: Fate | None
    b: Fate | None


def first_divergence(a: Result, b: Result) -> Divergence | None:
    """The first recorded call of the first replication that fared differently, None when all fared alike.

    Both need records of that replication, with the same choice of calls; else ValueError.
    """
    run_a, run_b = a.runs[0], b.runs[0]
    if run_a.records is None or run_b.records is None:
        raise ValueError("calls must be recorded to find where two runs part")
    x, y = run_a.records, run_b.records
    n = min(len(x.call), len(y.call))
    other = np.flatnonzero(_differs(x, y, n) | (_names(run_a)[x.model[:n]] != _names(run_b)[y.model[:n]]))
    if other.size:
        k = int(other[0])
    elif len(x.call) != len(y.call):
        k = n
    else:
        return None
    longer, names = (x, run_a.model_names) if k < len(x.call) else (y, run_b.model_names)
    return Divergence(
        replication=run_a.replication,
        call=int(longer.call[k]),
        arrival_s=float(longer.arrival_s[k]),
        model=names[int(longer.model[k])],
        a=_fate(x, k),
        b=_fate(y, k),
    )


def _differs(x: CallRecords, y: CallRecords, n: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    differs = np.zeros(n, dtype=np.bool_)
    for name in ("call", "arrival_s", "host", "hit", "cause", "attempts", "latency_s"):
        differs |= getattr(x, name)[:n] != getattr(y, name)[:n]
    differs |= (x.parts_s[:n] != y.parts_s[:n]).any(axis=1)
    return differs


def _names(run: RunData) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.array(run.model_names)


def _fate(records: CallRecords, k: int) -> Fate | None:
    if k >= len(records.call):
        return None
    host, cause = int(records.host[k]), int(records.cause[k])
    parts = {name: float(value) for name, value in zip(PARTS, records.parts_s[k], strict=True) if value}
    return Fate(
        host=None if host < 0 else host,
        hit=bool(records.hit[k]),
        cause="ok" if cause == OK else CAUSES[cause],
        latency_s=float(records.latency_s[k]),
        parts_s=parts,
    )
