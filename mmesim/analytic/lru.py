"""What a least-recently-used cache misses, without simulating it: Che's approximation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats
from mmesim.roots import root


@dataclass(frozen=True)
class LruMisses:
    """Steady state of an LRU cache under independent Poisson requests."""

    characteristic_time_s: float
    """How long a model stays after its last request; infinite if every model fits."""
    miss_ratio: Floats
    """[models]: share of each model's requests that miss."""
    total_miss_ratio: float
    """Share of all requests that miss."""


def characteristic_time(rates_per_s: Floats, sizes: NDArray[np.number], capacity: float) -> float:
    """Che's characteristic time of an LRU cache in seconds: how long a model stays after its last request.

    It solves sum_i size_i (1 - exp(-r_i T)) = capacity, sizes and capacity in one unit; infinite when all models with
    requests fit. It is also the mean time after which an empty cache is full. Raises ValueError as `che` does, and for
    sizes below 0. Source: as for `che`; for sizes: C. Fricker, P. Robert, J. Roberts, N. Sbihi, Impact of traffic mix
    on caching performance in a content-centric network, NOMEN 2012.
    """
    rates = np.asarray(rates_per_s, dtype=np.float64)
    each = np.asarray(sizes, dtype=np.float64)
    if not np.all(np.isfinite(rates)) or np.any(rates < 0) or not np.any(rates > 0):
        raise ValueError("che needs finite rates >= 0, at least one of them above 0")
    if not capacity >= 0:
        raise ValueError("che needs capacity >= 0")
    if each.shape != rates.shape or not np.all(np.isfinite(each)) or np.any(each < 0):
        raise ValueError("che needs a finite size >= 0 for each model")
    active, size = rates[rates > 0], each[rates > 0]
    if capacity >= size.sum():
        return math.inf
    if capacity == 0:
        return 0.0

    def overfull(time_s: float) -> float:
        return float(-(np.expm1(-active * time_s) * size).sum()) - capacity

    # Each term is concave in T, so T is at least capacity / sum of rates x sizes; doubling finds the other end.
    low = capacity / float((active * size).sum())
    high = 2.0 * low
    while overfull(high) < 0:
        high *= 2.0
    return root(overfull, low * (1.0 - 1e-9), high, low * 1e-14)


def filling_time(rates_per_s: Floats, share: float) -> float:
    """The time in seconds after which only this share of all requests is the first for its model.

    Of a cache that begins empty and holds every model these are all the misses, sum_i r_i exp(-r_i T) of sum_i r_i.
    Raises ValueError for negative or infinite rates, no request at all, or a share that is not between 0 and 1.
    """
    rates = np.asarray(rates_per_s, dtype=np.float64)
    if not np.all(np.isfinite(rates)) or np.any(rates < 0) or not np.any(rates > 0):
        raise ValueError("filling_time needs finite rates >= 0, at least one of them above 0")
    if not 0 < share < 1:
        raise ValueError("filling_time needs a share above 0 and below 1")
    weight = rates / rates.sum()

    def too_many(time_s: float) -> float:
        return float((weight * np.exp(-rates * time_s)).sum()) - share

    high = 1.0 / float(rates.max())
    while too_many(high) > 0:
        high *= 2.0
    return root(too_many, 0.0, high, high * 1e-14)


def che(rates_per_s: Floats, capacity: float) -> LruMisses:
    """Miss ratios of an LRU cache that holds `capacity` models of equal size, each with its own Poisson requests.

    The characteristic time T solves sum_i (1 - exp(-r_i T)) = capacity; model i misses with probability exp(-r_i T).
    Instant loads are assumed. Models without requests (rate 0) are never in the cache. Raises ValueError for negative
    or infinite rates, no request at all, or a negative capacity.
    Source: H. Che, Y. Tung, Z. Wang, Hierarchical Web caching systems: modeling, design and experimental results, IEEE
    JSAC 20 (2002); why it is so accurate: C. Fricker, P. Robert, J. Roberts, A versatile and accurate approximation
    for LRU cache performance, ITC 24 (2012).
    """
    rates = np.asarray(rates_per_s, dtype=np.float64)
    return _misses(rates, characteristic_time(rates, np.ones(len(rates)), capacity))


def _misses(rates: Floats, time_s: float) -> LruMisses:
    ratio: Floats = (
        np.where(rates > 0, np.exp(-rates * time_s), 1.0) if math.isfinite(time_s) else np.where(rates > 0, 0.0, 1.0)
    )
    return LruMisses(
        characteristic_time_s=time_s, miss_ratio=ratio, total_miss_ratio=float((rates * ratio).sum() / rates.sum())
    )
