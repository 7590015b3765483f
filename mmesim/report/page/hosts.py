"""How much of each host is used, as a picture: one bar a host and resource, with its limit drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from mmesim.arrays import Floats, Ints, divide
from mmesim.report import formats
from mmesim.report.blocks import Column, Table, cells
from mmesim.report.page.render import table
from mmesim.report.page.svg import WIDTH, box, line, picture, words

MOST_DRAWN = 24
"""Hosts in the picture: the fullest ones; the table has at most `MOST_ROWS`."""
MOST_ROWS = 200
LEFT, GAP, ROW, TOP = 76.0, 22.0, 18.0, 34.0
RESOURCES: Mapping[str, str] = MappingProxyType(
    {"cpu_utilization": "CPU", "memory_utilization": "memory", "disk_utilization": "disk"}
)


def hosts(found: pa.Table, usable_share: float) -> Markup:
    """Use of each host that was in service within the measured time, mean over the replications in which it was;
    `usable_share` of its memory may be filled.
    """
    found = found.filter(pc.greater(found["up_s"], 0.0))
    number = found["host"].to_numpy().astype(np.int64)
    names = np.unique(number)
    use = {key: _mean(found[key].to_numpy().astype(np.float64), number, names) for key in RESOURCES}
    peaks = divide(found["memory_peak_bytes"].to_numpy() * 1.0, found["memory_bytes"].to_numpy() * 1.0, 0.0)
    peak = np.array([float(peaks[number == one].max()) for one in names])
    order = np.argsort(-np.max([*use.values()], axis=0), kind="stable")
    drawn = np.sort(order[:MOST_DRAWN])
    width = (WIDTH - LEFT - GAP * 2) / 3
    bottom = TOP + ROW * len(drawn)
    parts: list[Markup] = []
    for row, index in enumerate(drawn):
        parts.append(words(0, TOP + ROW * row + 12.0, f"host {names[index]}"))
    for place, (key, title) in enumerate(RESOURCES.items()):
        x = LEFT + place * (width + GAP)
        parts.append(words(x, 14.0, title, "strong"))
        for row, index in enumerate(drawn):
            y = TOP + ROW * row
            parts += [box(x, y, width, ROW - 5.0, "track"), box(x, y, width * use[key][index], ROW - 5.0, "length")]
            if key == "memory_utilization":
                at = x + width * peak[index]
                parts.append(line([(at, y), (at, y + ROW - 5.0)], "peak"))
            parts.append(words(x + 4.0, y + 10.5, formats.share(float(use[key][index])), "small"))
        limit = usable_share if key == "memory_utilization" else 1.0
        parts += list(_limit(x + width * limit, bottom, formats.share(limit)))
    which = f"the {MOST_DRAWN} fullest of {len(names)} hosts; " if len(names) > MOST_DRAWN else ""
    caption = f"{which}bars: mean over the measured time; tick: most memory at once; dashed: the limit"
    ends = "; ".join(
        f"{title} {formats.share(float(values.min()))} to {formats.share(float(values.max()))}"
        for title, values in zip(RESOURCES.values(), use.values(), strict=True)
    )
    drawing = picture(bottom + 6.0, f"Use of each host, from the emptiest to the fullest: {ends}", parts, caption)
    return drawing + _data(names, use, peak, order)


def _limit(x: float, bottom: float, text: str) -> Iterator[Markup]:
    yield line([(x, TOP - 6.0), (x, bottom)], "limit")
    yield words(x, TOP - 9.0, text, "small", "end")


def _mean(values: Floats, number: Ints, names: Ints) -> Floats:
    filled = np.nan_to_num(values)
    return np.array([float(filled[number == one].mean()) for one in names])


def _data(names: Ints, use: Mapping[str, Floats], peak: Floats, order: Ints) -> Markup:
    shown = np.sort(order[:MOST_ROWS])
    columns = (Column("host"), *(Column(title, "right") for title in (*RESOURCES.values(), "most memory")))
    rows = [
        cells(str(names[i]), *(formats.share(float(use[key][i])) for key in RESOURCES), formats.share(float(peak[i])))
        for i in shown
    ]
    return table(Table(columns, tuple(rows)), "Use of each host, as a table", folded=True)
