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
from mmesim.report.page.svg import NARROW, Drawn, box, line, picture, words

MOST_DRAWN = 24
"""Hosts in the picture: the fullest ones; the table has at most `MOST_ROWS`."""
MOST_ROWS = 200
ROW, TOP = 18.0, 34.0
RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        "cpu_utilization": "CPU",
        "memory_utilization": "memory",
        "disk_utilization": "disk",
        "device_utilization": "devices",
        "device_memory_utilization": "device memory",
    }
)
"""Columns of the hosts, those of devices only where there are any -> what they are called."""
MOST_BESIDE = 3
"""Resources beside each other on a phone."""


def hosts(found: pa.Table, usable_share: float) -> Markup:
    """Use of each host that was in service within the measured time, mean over the replications in which it was;
    `usable_share` of its memory may be filled.
    """
    found = found.filter(pc.greater(found["up_s"], 0.0))
    number = found["host"].to_numpy().astype(np.int64)
    names = np.unique(number)
    use = {
        key: _mean(found[key].to_numpy().astype(np.float64), number, names)
        for key in RESOURCES
        if key in found.column_names
    }
    peaks = divide(found["memory_peak_bytes"].to_numpy() * 1.0, found["memory_bytes"].to_numpy() * 1.0, 0.0)
    peak = np.array([float(peaks[number == one].max()) for one in names])
    order = np.argsort(-np.max([*use.values()], axis=0), kind="stable")
    drawn = np.sort(order[:MOST_DRAWN])
    which = f"the {MOST_DRAWN} fullest of {len(names)} hosts; " if len(names) > MOST_DRAWN else ""
    caption = f"{which}bars: mean over the measured time; tick: most memory at once; dashed: the limit"
    ends = "; ".join(
        f"{RESOURCES[key]} {formats.share(float(values.min()))} to {formats.share(float(values.max()))}"
        for key, values in use.items()
    )
    use_of = {key: values[drawn] for key, values in use.items()}
    drawing = picture(
        lambda width: _drawn(names[drawn], use_of, peak[drawn], usable_share, width),
        f"Use of each host, from the emptiest to the fullest: {ends}",
        caption,
    )
    return drawing + _data(names, use, peak, order)


def _drawn(names: Ints, use: Mapping[str, Floats], peak: Floats, usable_share: float, across: float) -> Drawn:
    """A column a resource, a row a host; on a phone further resources below the first ones."""
    left, gap = (56.0, 12.0) if across == NARROW else (76.0, 22.0)
    beside = min(len(use), MOST_BESIDE) if across == NARROW else len(use)
    width = (across - left + gap) / beside - gap
    length = TOP + ROW * len(names) + 6.0
    parts: list[Markup] = []
    for place, key in enumerate(use):
        x, top = left + place % beside * (width + gap), TOP + place // beside * length
        if place % beside == 0:
            parts += [words(0, top + ROW * row + 12.0, f"host {name}") for row, name in enumerate(names.tolist())]
        parts.append(words(x, top - 20.0, RESOURCES[key], "strong"))
        for row, share in enumerate(use[key].tolist()):
            y = top + ROW * row
            parts += [box(x, y, width, ROW - 5.0, "track"), box(x, y, width * share, ROW - 5.0, "length")]
            if key == "memory_utilization":
                at = x + width * peak[row]
                parts.append(line([(at, y), (at, y + ROW - 5.0)], "peak"))
            parts.append(words(x + 4.0, y + 10.5, formats.share(share), "small"))
        limit = usable_share if key == "memory_utilization" else 1.0
        parts += list(_limit(x + width * limit, top, top + ROW * len(names), formats.share(limit)))
    return length * -(-len(use) // beside), parts


def _limit(x: float, top: float, bottom: float, text: str) -> Iterator[Markup]:
    yield line([(x, top - 6.0), (x, bottom)], "limit")
    yield words(x, top - 9.0, text, "small", "end")


def _mean(values: Floats, number: Ints, names: Ints) -> Floats:
    filled = np.nan_to_num(values)
    return np.array([float(filled[number == one].mean()) for one in names])


def _data(names: Ints, use: Mapping[str, Floats], peak: Floats, order: Ints) -> Markup:
    shown = np.sort(order[:MOST_ROWS])
    columns = (Column("host"), *(Column(RESOURCES[key], "right") for key in use), Column("most memory", "right"))
    rows = [
        cells(str(names[i]), *(formats.share(float(of[i])) for of in use.values()), formats.share(float(peak[i])))
        for i in shown
    ]
    return table(Table(columns, tuple(rows)), "Use of each host, as a table", folded=True)
