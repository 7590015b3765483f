"""What latency is made of, at the middle and in the tail: the ledger's parts averaged over bands of the latency."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, divide
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.figures import BANDS, DEVICE_PARTS, PARTS, quantile_shares
from mmesim.stats.histogram import bucket_of_quantile, clipped_quantile

AGREES = 0.10
"""A band's mean latency differs at most by this share from the percentile that it explains."""

LOADING: tuple[str, ...] = ("load_slot_wait", "download", "memory_wait", "load")
"""The parts that a call spends waiting for its model to be loaded."""


def without_devices(ledger: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Entries of the ledger by name, without the parts that only calls have which use a device."""
    return {
        name: {part: value for part, value in entry.items() if part not in DEVICE_PARTS}
        for name, entry in ledger.items()
    }


def band_weights(count: NDArray[np.integer], low: float, high: float) -> Floats:
    """For each bucket the share (0..1) of its calls that lies between two shares of all calls.

    A bucket that a bound cuts is prorated, as if the bound cut a random sample of its calls.
    """
    cumulated = np.cumsum(count, dtype=np.float64)
    total = float(cumulated[-1])
    before = cumulated - count
    inside = np.minimum(cumulated, high * total) - np.maximum(before, low * total)
    return divide(np.maximum(inside, 0.0), count, 0.0)


def ledger_ms(
    edges_s: Floats, count: NDArray[np.integer], parts_s: Floats, largest_s: float = math.inf
) -> dict[str, dict[str, Any]]:
    """For each band its calls `n`, `between` which shares of all they lie, their `mean` latency and its parts.

    `count` [buckets] and `parts_s` [buckets, len(PARTS)] are a latency histogram and its sums of the ledger's parts,
    `edges_s` its edges, `largest_s` the longest latency. The parts of a band add up to its mean, in milliseconds. That
    mean is within `AGREES` of the percentile of the band's name: where calls around the percentile differ a lot, the
    band is narrowed. An empty band, and one that cannot be that narrow, has n = 0, no figures and a reason.
    """
    if not count.any():
        return {band: _left_out("no successful call") for band in BANDS}
    return {band: _band(band, edges_s, count, parts_s, largest_s) for band in BANDS}


def _band(name: str, edges_s: Floats, count: NDArray[np.integer], parts_s: Floats, largest_s: float) -> dict[str, Any]:
    shares = quantile_shares(name)
    if shares is None:
        return _between(*BANDS[name], count, parts_s)
    percentile_ms = 1000.0 * clipped_quantile(edges_s, count, shares[0], 0.0, largest_s)
    for low, high in _narrower(name, shares[0], count):
        band = _between(low, high, count, parts_s)
        if abs(band["mean"] - percentile_ms) <= AGREES * percentile_ms:
            return band
    return _left_out(f"no calls around {name} have a mean latency within {AGREES:.0%} of it".replace("%", " %"))


def _narrower(name: str, q: float, count: NDArray[np.integer]) -> Iterator[tuple[float, float]]:
    """Bands around the q-quantile: the widest, half of it, and so on; at last the calls of its bucket alone.

    Halves of a band whose middle is a jump hold calls from both sides of it, however narrow they are.
    """
    widest = low, high = BANDS[name]
    cumulated = np.cumsum(count, dtype=np.int64)
    total = int(cumulated[-1])
    yield widest
    while (high - low) * total > 1.0:
        low, high = (low + q) / 2.0, (high + q) / 2.0
        yield low, high
    bucket = bucket_of_quantile(count, q)
    if bucket is not None:
        upper = int(cumulated[bucket])
        yield max(widest[0], (upper - int(count[bucket])) / total), min(widest[1], upper / total)


def _between(low: float, high: float, count: NDArray[np.integer], parts_s: Floats) -> dict[str, Any]:
    weights = band_weights(count, low, high)
    calls = float((weights * count).sum())
    # Sums, not matrix products: those depend on the number of threads of the linear algebra library.
    parts_ms = 1000.0 * (weights[:, None] * parts_s).sum(axis=0) / calls
    figures = {part: float(ms) for part, ms in zip(PARTS, parts_ms, strict=True)}
    return {"n": max(1, round(calls)), "between": [low, high], "mean": float(parts_ms.sum()), **figures}


def calls_of_band(band: Mapping[str, Any]) -> str:
    """Which calls a band of the ledger holds, in order of latency: `40-60 %`."""
    low, high = band["between"]
    # As many decimals as tell the ends from each other.
    digits = max(0, math.ceil(-math.log10(100.0 * (high - low)))) + 1
    return f"{_percent(low, digits)}-{_percent(high, digits)} %"


def _percent(share: float, decimals: int) -> str:
    text = f"{100.0 * share:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _left_out(reason: str) -> dict[str, Any]:
    return {"n": 0, "between": None, "mean": None, **dict.fromkeys(PARTS), "reason": reason}


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
