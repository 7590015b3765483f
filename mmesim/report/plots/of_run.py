"""The pictures of a run by name: those of `Result.plot` and of `mmesim plot`, from a result or from its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from mmesim.report.plots.hosts import hosts
from mmesim.report.plots.latency import latency
from mmesim.report.plots.ledger import ledger
from mmesim.report.plots.miss_ratio import miss_ratio
from mmesim.report.plots.models import models
from mmesim.report.plots.over_time import over_time
from mmesim.report.plots.picture import Picture
from mmesim.results.folder.over_time import over_time as kept_over_time
from mmesim.results.folder.shown import Kept, Shown

if TYPE_CHECKING:
    from mmesim.results.result import Result


class Drawn(Shown, Protocol):
    """What a picture of a run is made from: a result, or its folder."""

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """Hosts, models, histograms, miss_ratio."""

    def miss_ratio_table(self) -> pa.Table:
        """The miss-ratio curve, by stack distances too where every call was recorded."""


def _over_time(of: Result | Kept) -> Picture:
    return over_time(kept_over_time(of) if isinstance(of, Kept) else of.over_time)


DRAW: Mapping[str, Callable[[Result | Kept], Picture]] = MappingProxyType(
    {
        "latency": latency,
        "ledger": ledger,
        "over_time": _over_time,
        "models": models,
        "miss_ratio": miss_ratio,
        "hosts": hosts,
    }
)
"""Name of a picture (`mmesim.results.folder.pictures.OF_RUN`) -> what draws it."""
