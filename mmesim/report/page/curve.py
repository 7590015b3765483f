"""The miss-ratio curve as a picture, with today's memory marked, and what another GiB would gain."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from markupsafe import Markup

from mmesim import units
from mmesim.arrays import Floats
from mmesim.report import formats
from mmesim.report.blocks import Column, Table, cells
from mmesim.report.page.render import table
from mmesim.report.page.svg import WIDTH, line, picture, round_steps, words

LEFT, TOP, BOTTOM, HEIGHT = 52.0, 14.0, 40.0, 260.0
GIB = 2.0**30
MOST_ROWS = 12
"""Rows of the table below the picture, besides that of the run's own fleet."""


def curve(points: pa.Table, today_bytes: float, measured: float | None) -> Markup:
    """The curve; nothing where there is none. `measured` is the miss ratio of the run, None without any attempt."""
    memory, missed = (points[name].to_numpy() for name in ("memory_bytes", "miss_ratio"))
    if not len(memory):
        return Markup()
    here = float(np.interp(today_bytes, memory, missed))
    gained = _gained(memory, missed, today_bytes)
    right, bottom = WIDTH - 12.0, HEIGHT - BOTTOM
    largest = float(memory[-1]) / GIB

    def place(gib: float, share: float) -> tuple[float, float]:
        return LEFT + (right - LEFT) * gib / largest, bottom - (bottom - TOP) * share

    parts = [line([place(0.0, 0.0), place(largest, 0.0)], "axis"), line([place(0.0, 0.0), place(0.0, 1.0)], "axis")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(0.0, share)
        parts += [line([(x, y), (right, y)], "grid"), words(x - 6.0, y + 4.0, f"{100 * share:.0f} %", "", "end")]
    for gib in round_steps(largest):
        x, y = place(gib, 0.0)
        parts.append(words(x, y + 18.0, f"{gib:g}", "", "middle"))
    parts.append(words((LEFT + right) / 2.0, HEIGHT - 4.0, "memory for models on all hosts, GiB", "", "middle"))
    parts.append(line([place(gib, share) for gib, share in zip(memory / GIB, missed, strict=True)], "curve"))
    x, _ = place(today_bytes / GIB, 0.0)
    side = "end" if x > WIDTH / 2.0 else "start"
    shift = -6.0 if side == "end" else 6.0
    parts += [line([(x, TOP), (x, bottom)], "limit")]
    parts.append(words(x + shift, TOP + 12.0, f"this fleet: {formats.share(here)} predicted", "strong", side))
    if measured is not None:
        mark = place(today_bytes / GIB, measured)
        parts.append(Markup('<circle cx="{:.2f}" cy="{:.2f}" r="5" class="mark"/>').format(*mark))
        parts.append(words(x + shift, TOP + 29.0, f"{formats.share(measured)} measured", "", side))
    sentence = (
        f"with the memory of this fleet, {units.show_bytes(int(today_bytes))}, {formats.share(here)} of the calls miss"
        f"{gained}; by Che's approximation, in steady state"
    )
    return picture(HEIGHT, f"Miss ratio over memory: {sentence}", parts, sentence) + _data(memory, missed, today_bytes)


def _gained(memory: Floats, missed: Floats, today: float) -> str:
    """What one GiB more would gain, where there is anything to gain."""
    more = float(np.interp(today, memory, missed) - np.interp(today + GIB, memory, missed))
    return f"; one GiB more turns {formats.share(more)} of them into hits" if more > 0.0 else ""


def _data(memory: Floats, missed: Floats, today: float) -> Markup:
    step = max(1, -(-len(memory) // MOST_ROWS))
    shown = sorted({*range(0, len(memory), step), len(memory) - 1, int(np.searchsorted(memory, today))})
    rows = [
        cells(f"{memory[i] / GIB:,.1f}{' (this fleet)' if memory[i] == today else ''}", formats.share(float(missed[i])))
        for i in shown
        if i < len(memory)
    ]
    columns = (Column("memory", "right", "GiB"), Column("misses", "right"))
    return table(Table(columns, tuple(rows)), "Miss ratio over memory, as a table", folded=True)
