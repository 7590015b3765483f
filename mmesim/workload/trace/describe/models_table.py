"""A table of the models of a trace, with columns to fill in, that a scenario reads as `models: {file: ...}`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np

from mmesim.arrays import Ints
from mmesim.workload.block import Arrivals

TO_FILL_IN = ("artifact_size", "memory", "service")
"""Columns that no log can tell; empty cells take what the group of models says."""


def models_table(calls: Iterator[Arrivals], names: Sequence[str]) -> tuple[str, int]:
    """The text of the table, the most called model first, and how many models it has; memory grows with them alone.

    `names` are those of the models by number, all of them once the calls have been read: a name without a call in the
    selected part is in the table too, since a scenario that reads the file meets it.
    """
    counts: Ints = np.zeros(0, dtype=np.int64)
    first_s: float | None = None
    last_s = 0.0
    for part in calls:
        more = np.bincount(part.model, minlength=len(counts))
        more[: len(counts)] += counts
        counts = more
        first_s = float(part.time[0]) if first_s is None else first_s
        last_s = float(part.time[-1])
    minutes = max((last_s - (first_s or 0.0)) / 60.0, 1.0)
    total = max(int(counts.sum()), 1)
    counts = np.concatenate([counts, np.zeros(len(names) - len(counts), dtype=np.int64)])
    order = np.argsort(-counts, kind="stable").tolist()
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["name", "calls", "calls_per_min", "share", *TO_FILL_IN])
    for number in order:
        count = int(counts[number])
        rows.writerow([names[number], count, f"{count / minutes:.6g}", f"{count / total:.6g}", *[""] * len(TO_FILL_IN)])
    return text.getvalue(), len(order)
