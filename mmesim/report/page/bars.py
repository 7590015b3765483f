"""Wholes made of parts, such as the latency of several bands, as a picture."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from mmesim.report.blocks import Bars
from mmesim.report.formats import number
from mmesim.report.page.svg import WIDTH, box, picture, words

LEFT, LENGTHS, GAP = 110.0, 150.0, 16.0
ROW, BAR = 54.0, 24.0
COLUMN, LEGEND = 172.0, 20.0
READABLE = 0.09
"""A part has its share written in it from this share on."""
COLOURS = 14
"""Colours of parts in the style; further parts begin again, and every part is in the legend in order."""


def bars(block: Bars, label: str) -> Markup:
    """Each whole twice: its length among the others, so that 18 and 842 do not look alike, and what it is made of."""
    largest = max(block.totals)
    summary = "; ".join(
        f"{name.replace(chr(10), ', ')}: {number(total)}, most of it {_largest(block, index)}"
        for index, (name, total) in enumerate(zip(block.names, block.totals, strict=True))
    )
    parts: list[Markup] = []
    for index, name in enumerate(block.names):
        parts += _row(block, index, 8.0 + ROW * index, largest)
        for line, text in enumerate(name.split("\n")[:2]):
            parts.append(words(0, 24.0 + ROW * index + 15.0 * line, text, "strong" if line == 0 else "faint"))
    top = ROW * len(block.names) + 16.0
    across = int(WIDTH // COLUMN)
    for index, part in enumerate(block.parts):
        x, y = COLUMN * (index % across), top + LEGEND * (index // across)
        parts += [box(x, y, 12.0, 12.0, _colour(index)), words(x + 17.0, y + 11.0, part.name)]
    height = top + LEGEND * -(-len(block.parts) // across) + 4.0
    return picture(height, f"{label}: {summary}", parts)


def _row(block: Bars, index: int, y: float, largest: float) -> Iterator[Markup]:
    total = block.totals[index]
    length = max(1.0, LENGTHS * total / largest)
    yield box(LEFT, y, 0.6 * length, BAR, "length")
    yield words(LEFT + 0.6 * length + 5.0, y + 17.0, number(total))
    left = LEFT + LENGTHS + GAP
    width = WIDTH - left
    for place, part in enumerate(block.parts):
        share = part.values[index] / total
        yield box(left, y, width * share, BAR, _colour(place))
        if share >= READABLE:
            yield words(
                left + width * share / 2.0, y + 17.0, f"{100.0 * share:.0f} %", f"on-{_colour(place)}", "middle"
            )
        left += width * share


def _largest(block: Bars, index: int) -> str:
    part = max(block.parts, key=lambda one: one.values[index])
    return f"{part.name} ({100.0 * part.values[index] / block.totals[index]:.0f} %)"


def _colour(index: int) -> str:
    return f"part{index % COLOURS}"
