"""How much of each host is used, as a picture: one bar a host and resource, with its limit drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from markupsafe import Markup

from mmesim.arrays import Floats, Ints
from mmesim.report import formats
from mmesim.report.blocks import Column, Table, cells
from mmesim.report.content.host_use import MEMORY, RESOURCES, HostUse, host_use
from mmesim.report.page.render import table
from mmesim.report.page.svg import NARROW, Drawn, box, line, picture, words

MOST_ROWS = 200
"""Hosts in the table below the picture: the fullest ones."""
ROW, TOP = 18.0, 34.0
MOST_BESIDE = 3
"""Resources beside each other on a phone."""


def hosts(found: pa.Table, usable_share: float) -> Markup:
    """Use of each host (`host_use`); `usable_share` of its memory may be filled."""
    of = host_use(found)
    which = f"{of.which}; " if of.which else ""
    caption = f"{which}bars: mean over the measured time; tick: most memory at once; dashed: the limit"
    ends = "; ".join(
        f"{RESOURCES[key]} {formats.share(float(values.min()))} to {formats.share(float(values.max()))}"
        for key, values in of.use.items()
    )
    use = {key: values[of.drawn] for key, values in of.use.items()}
    drawing = picture(
        lambda width: _drawn(of.hosts[of.drawn], use, of.peak[of.drawn], usable_share, width),
        f"Use of each host, from the emptiest to the fullest: {ends}",
        caption,
    )
    return drawing + _data(of)


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
            if key == MEMORY:
                at = x + width * peak[row]
                parts.append(line([(at, y), (at, y + ROW - 5.0)], "peak"))
            parts.append(words(x + 4.0, y + 10.5, formats.share(share), "small"))
        limit = usable_share if key == MEMORY else 1.0
        parts += list(_limit(x + width * limit, top, top + ROW * len(names), formats.share(limit)))
    return length * -(-len(use) // beside), parts


def _limit(x: float, top: float, bottom: float, text: str) -> Iterator[Markup]:
    yield line([(x, top - 6.0), (x, bottom)], "limit")
    yield words(x, top - 9.0, text, "small", "end")


def _data(of: HostUse) -> Markup:
    shown = np.sort(of.order[:MOST_ROWS])
    columns = (Column("host"), *(Column(RESOURCES[key], "right") for key in of.use), Column("most memory", "right"))
    rows = [
        cells(
            str(of.hosts[i]),
            *(formats.share(float(use[i])) for use in of.use.values()),
            formats.share(float(of.peak[i])),
        )
        for i in shown
    ]
    return table(Table(columns, tuple(rows)), "Use of each host, as a table", folded=True)
