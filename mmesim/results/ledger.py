"""What latency is made of, at the middle and in the tail: the ledger's parts averaged over bands of the latency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, divide
from mmesim.results.run_data import CAUSES
from mmesim.scenario.figures import BANDS, PARTS

LOADING: tuple[str, ...] = ("load_slot_wait", "download", "memory_wait", "load")
"""The parts that a call spends waiting for its model to be loaded."""


def band_weights(count: NDArray[np.integer], low: float, high: float) -> Floats:
    """For each bucket the share (0..1) of its calls that lies between two shares of all calls.

    A bucket that a bound cuts is prorated, as if the bound cut a random sample of its calls.
    """
    cumulated = np.cumsum(count, dtype=np.float64)
    total = float(cumulated[-1])
    before = cumulated - count
    inside = np.minimum(cumulated, high * total) - np.maximum(before, low * total)
    return divide(np.maximum(inside, 0.0), count, 0.0)


def ledger_ms(count: NDArray[np.integer], parts_s: Floats) -> dict[str, dict[str, float | int | None]]:
    """For each band the number of calls `n`, their `mean` latency and its parts, in milliseconds.

    `count` [buckets] and `parts_s` [buckets, len(PARTS)] are a latency histogram and its sums of the ledger's parts.
    The parts of a band add up to its mean. An empty band has n = 0 and no figures.
    """
    return {band: _band(count, parts_s, low, high) for band, (low, high) in BANDS.items()}


def _band(count: NDArray[np.integer], parts_s: Floats, low: float, high: float) -> dict[str, float | int | None]:
    weights = band_weights(count, low, high)
    calls = float((weights * count).sum())
    if calls == 0.0:
        return {"n": 0, "mean": None, **dict.fromkeys(PARTS)}
    # Sums, not matrix products: those depend on the number of threads of the linear algebra library.
    parts_ms = 1000.0 * (weights[:, None] * parts_s).sum(axis=0) / calls
    figures = {part: float(ms) for part, ms in zip(PARTS, parts_ms, strict=True)}
    return {"n": round(calls), "mean": float(parts_ms.sum()), **figures}


def failed_ledger_ms(attempts: NDArray[np.integer], parts_s: Floats) -> dict[str, dict[str, float | int | None]]:
    """For each cause of failure the failed attempts `n`, their `mean` length and its parts, in milliseconds.

    `attempts` [causes]; `parts_s` [causes, len(PARTS)], seconds. A cause that did not occur has n = 0 and no figures.
    """
    found: dict[str, dict[str, float | int | None]] = {}
    for cause, n, seconds in zip(CAUSES, attempts.tolist(), parts_s, strict=True):
        figures: dict[str, float | int | None] = dict.fromkeys(PARTS)
        if n:
            figures = {part: 1000.0 * s / n for part, s in zip(PARTS, seconds.tolist(), strict=True)}
        found[cause] = {"n": n, "mean": 1000.0 * float(seconds.sum()) / n if n else None, **figures}
    return found


def cold_calls(count: NDArray[np.integer], parts_s: Floats, retried_cold_s: Floats) -> Floats:
    """For each bucket its calls weighted by the share of their latency spent waiting for loads.

    A call that waited 1.4 s of its 1.5 s counts 0.93, one that met no load 0. `retried_cold_s` is what calls that met a
    load lost to failed attempts and pauses: it counts as waiting for the load.
    """
    total = parts_s.sum(axis=1)
    loading = parts_s[:, [PARTS.index(part) for part in LOADING]].sum(axis=1) + retried_cold_s
    weighted: Floats = count * divide(loading, total, 0.0)
    return weighted
