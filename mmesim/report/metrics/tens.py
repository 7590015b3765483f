"""The metric of high resolution: calls in flight every ten seconds, read back from a result folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmesim.report.metrics.names import METRICS
from mmesim.report.metrics.samples import Datum, Distribution, equal
from mmesim.results.tables.periods import IN_FLIGHT, TENS
from mmesim.results.tables.read_back import read_table

METRIC = METRICS[IN_FLIGHT]


def ten_seconds(folder: Path, replication: int) -> Iterator[Datum]:
    """The metric in every ten seconds of a replication; none where they were not kept.

    Its samples are the smallest and the largest number, the statistics by which AWS shows it.
    """
    file = folder / TENS
    if not file.is_file():
        return
    table = read_table(file, replication)
    columns = (table[name].to_pylist() for name in ("start_s", f"{IN_FLIGHT}_Minimum", IN_FLIGHT))
    for start_s, least, most in zip(*columns, strict=True):
        samples = equal(most, 2.0) if least == most else Distribution(np.array([least, most], float), np.ones(2))
        yield Datum(start_s, samples)
