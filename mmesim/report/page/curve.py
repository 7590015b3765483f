"""The miss-ratio curve as a picture, with today's memory marked, and what another GiB would gain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from mmesim import units
from mmesim.arrays import Floats
from mmesim.report import formats
from mmesim.report.blocks import Cell, Column, Table
from mmesim.report.page.render import table
from mmesim.report.page.svg import NARROW, Drawn, line, picture, round_steps, words
from mmesim.results.miss_ratio.curve import CHE, STACK_DISTANCES

LEFT, TOP, BOTTOM, HEIGHT = 52.0, 14.0, 40.0, 280.0
KEY = 18.0
"""Height of a line of the legend."""
GIB = 2.0**30
MOST_ROWS = 12
"""Rows of the table below the picture, besides that of the run's own fleet."""
HOW: Mapping[str, str] = MappingProxyType(
    {STACK_DISTANCES: "LRU, the calls of this run", CHE: "Che's approximation, steady state"}
)
"""How a curve is known -> what it is called; the first that there is says what memory gains."""
STYLES = ("curve", "curve second")
OTHER_HOSTS = "a deploy brings hosts with another memory, so it is not known from the calls themselves"
SAMPLED = "not every call of this run was recorded (--requests all does), so it is not known from the calls themselves"


@dataclass(frozen=True)
class Known:
    """One curve: how it is known, GiB of all hosts together, and the share of the calls that miss."""

    how: str
    gib: Floats
    missed: Floats

    def at(self, gib: float) -> float:
        """The share that misses with this memory; nan below the least that is known."""
        return float(np.interp(gib, self.gib, self.missed, left=math.nan))


def curve(points: pa.Table, today_bytes: float, measured: float | None, alike: bool = True) -> Markup:
    """The curves; nothing where there are none. `measured` is the miss ratio of the run, None without any attempt;
    `alike`: all hosts that ever come have the same memory.
    """
    known = [one for one in (_known(points, how) for how in HOW) if len(one.gib)]
    if not known:
        return Markup()
    today = today_bytes / GIB
    here = "; ".join(f"{formats.share(one.at(today))} by {HOW[one.how]}" for one in known)
    unknown = "" if known[0].how == STACK_DISTANCES else f"; {SAMPLED if alike else OTHER_HOSTS}"
    sentence = (
        f"share of the calls that miss over the memory for models; with that of this fleet, "
        f"{units.show_bytes(int(today_bytes))}: {here}{_gained(known[0], today)}{unknown}"
    )
    drawn = picture(
        lambda width: _drawn(known, today, measured, width), f"Miss ratio over memory: {sentence}", sentence
    )
    return drawn + _data(known, today)


def _known(points: pa.Table, how: str) -> Known:
    rows = points.filter(pc.equal(points["how"].cast(pa.string()), how))
    return Known(how, rows["memory_bytes"].to_numpy() / GIB, rows["miss_ratio"].to_numpy())


def _gained(known: Known, today: float) -> str:
    """What one GiB more would gain, where there is anything to gain."""
    more = known.at(today) - known.at(today + 1.0)
    return f"; one GiB more turns {formats.share(more)} of the calls into hits" if more > 0.0 else ""


def _drawn(known: Sequence[Known], today: float, measured: float | None, width: float) -> Drawn:
    right, top = width - 12.0, TOP + KEY * len(known)
    bottom = top + HEIGHT - TOP - BOTTOM
    largest = max(float(one.gib[-1]) for one in known)

    def place(gib: float, share: float) -> tuple[float, float]:
        return LEFT + (right - LEFT) * gib / largest, bottom - (bottom - top) * share

    parts = [line([place(0.0, 0.0), place(largest, 0.0)], "axis"), line([place(0.0, 0.0), place(0.0, 1.0)], "axis")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(0.0, share)
        parts += [line([(x, y), (right, y)], "grid"), words(x - 6.0, y + 4.0, f"{100 * share:.0f} %", "", "end")]
    for gib in round_steps(largest, 4 if width == NARROW else 8):
        x, y = place(gib, 0.0)
        parts.append(words(x, y + 18.0, f"{gib:g}", "", "middle"))
    parts.append(words((LEFT + right) / 2.0, bottom + 36.0, "memory for models on all hosts, GiB", "", "middle"))
    for row, one in reversed([*enumerate(known)]):
        y = TOP + KEY * row
        parts += [line([(LEFT, y - 4.0), (LEFT + 24.0, y - 4.0)], STYLES[row]), words(LEFT + 32.0, y, HOW[one.how])]
        through = [place(gib, share) for gib, share in zip(one.gib, one.missed, strict=True)]
        parts.append(line(through, STYLES[row]))
    x, _ = place(today, 0.0)
    side, shift = ("end", -6.0) if x > width / 2.0 else ("start", 6.0)
    parts += [line([(x, top), (x, bottom)], "limit"), words(x + shift, top + 14.0, "this fleet", "strong", side)]
    if measured is not None:
        mark = place(today, measured)
        parts.append(Markup('<circle cx="{:.2f}" cy="{:.2f}" r="5" class="mark"/>').format(*mark))
        parts.append(words(x + shift, top + 31.0, f"{formats.share(measured)} missed", "", side))
    return bottom + BOTTOM, parts


def _data(known: Sequence[Known], today: float) -> Markup:
    """The curves as a table: the first as it is known, the others at the same memory."""
    gib = known[-1].gib
    step = max(1, -(-len(gib) // MOST_ROWS))
    shown = sorted({*range(0, len(gib), step), len(gib) - 1, min(int(np.searchsorted(gib, today)), len(gib) - 1)})
    rows = []
    for place, index in enumerate(shown):
        at = float(gib[index])
        after = float(gib[shown[place + 1]]) if place + 1 < len(shown) else math.nan
        per_gib = (known[0].at(at) - known[0].at(after)) / (after - at) if after > at else math.nan
        values = [*(one.at(at) for one in known), per_gib]
        cells = [Cell(formats.DASH if math.isnan(value) else formats.share(value)) for value in values]
        rows.append((Cell(f"{at:,.1f}{' (this fleet)' if at == today else ''}"), *cells))
    columns = (
        Column("memory", "right", "GiB"),
        *(Column(f"misses, {HOW[one.how]}", "right") for one in known),
        Column("hits gained per GiB more", "right"),
    )
    return table(Table(columns, tuple(rows)), "Miss ratio over memory, as a table", folded=True)
