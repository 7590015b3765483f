"""What was counted period by period: how many calls took how long, in buckets at most 5 % wide; and calls in flight.

The longer a run is, the coarser that is. Source: CloudWatch's user guide, "Metrics retention": data of a minute are
there for 15 days, of 5 minutes for 63 days, of an hour for 455 days; a high-resolution metric is kept for less.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats
from mmesim.stats.histogram import FINE, OCTAVES, cell_edges, coarse_grid

DAY_S = 86_400.0
WINDOW_S = 60.0
"""The period of CloudWatch's other metrics."""
PERIODS_S = ((15 * DAY_S, WINDOW_S), (63 * DAY_S, 300.0), (455 * DAY_S, 3_600.0), (math.inf, DAY_S))
"""Longest run, and the length of the periods in which its times are counted; both in seconds."""
TEN_S = 10.0
"""The period of CloudWatch's ConcurrentRequestsPerModel."""
TIMES = (
    "ModelLatency",
    "ModelLoadingWaitTime",
    "ClientLatency",
    "ModelDownloadingTime",
    "ModelLoadingTime",
    "ModelUnloadingTime",
)
"""Metrics that have a histogram; of the first ones the kernel counts it, in this order."""
CLIENT = TIMES.index("ClientLatency")
"""Has the buckets of the fleet's coarse histograms, 6.3 % wide: `ClientLatency_p50` of the minutes is made of them."""
CELLS = 12
"""Cells of the plain fine grid in a bucket: its upper edge is at most 4.7 % above its lower one."""
BUCKETS = -(-OCTAVES * FINE // CELLS)


def period_s(duration_s: float) -> float:
    """The length of the periods of a run in which its times are counted, seconds."""
    return next(period for longest, period in PERIODS_S if duration_s <= longest)


def tens(duration_s: float) -> int:
    """How many periods of ten seconds are kept of a run: all, the last perhaps shorter, or none of a long one."""
    return math.ceil(duration_s / TEN_S) if duration_s <= PERIODS_S[0][0] else 0


def edges_of(metric: int) -> Floats:
    """[BUCKETS + 1]: where the buckets of a metric begin, seconds, and then infinity; the first begins at 0."""
    inner = coarse_grid().edges[1:-1] if metric == CLIENT else cell_edges(FINE)[CELLS::CELLS]
    edges = np.full(BUCKETS + 1, np.inf)
    edges[0], edges[1 : inner.size + 1] = 0.0, inner
    return edges


@dataclass(frozen=True)
class WindowTimes:
    """The histograms of a replication: a few entries for each period and metric, compressed."""

    period_s: float
    entries: NDArray[np.uint16]
    """[periods, TIMES]: how many buckets hold a sample."""
    packed: bytes
    """The number of the bucket, then the number of samples, of each entry: in order of period, metric and bucket."""

    @classmethod
    def of(
        cls, period_s: float, entries: NDArray[np.uint16], bucket: NDArray[np.uint16], count: NDArray[np.uint32]
    ) -> Self:
        """From the entries one after the other."""
        return cls(period_s, entries, zlib.compress(bucket.tobytes() + count.tobytes(), 1))

    @property
    def counted(self) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
        """Bucket and number of samples of each entry."""
        data, n = zlib.decompress(self.packed), int(self.entries.sum(dtype=np.int64))
        return np.frombuffer(data, np.uint16, n), np.frombuffer(data, np.uint32, n, offset=2 * n)


@dataclass(frozen=True)
class InFlight:
    """Calls in flight in every ten seconds of a replication; the last may be shorter."""

    most: NDArray[np.int32]
    least: NDArray[np.int32]
