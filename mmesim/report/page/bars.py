"""Wholes made of parts, such as the latency of several bands, as a picture."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from mmesim.report.blocks import Bars
from mmesim.report.formats import number
from mmesim.report.page.svg import NARROW, Drawn, box, picture, words

LEFT, LENGTHS, GAP = 110.0, 150.0, 16.0
ROW, BAR, STRIP = 54.0, 24.0, 5.0
COLUMN, LEGEND = 172.0, 20.0
READABLE = 30.0
"""A part has its share written in it where it is at least so long."""


def bars(block: Bars, label: str) -> Markup:
    """Each whole twice: its length among the others, so that 18 and 842 do not look alike, and what it is made of."""
    summary = "; ".join(
        f"{name.replace(chr(10), ', ')}: {number(total)}, most of it {_largest(block, index)}"
        for index, (name, total) in enumerate(zip(block.names, block.totals, strict=True))
    )
    return picture(lambda width: _drawn(block, width), f"{label}: {summary}")


def _drawn(block: Bars, width: float) -> Drawn:
    row = _beside if width > NARROW else _below
    parts: list[Markup] = []
    for index in range(len(block.names)):
        parts += row(block, index, 8.0 + ROW * index, width)
    top = ROW * len(block.names) + 16.0
    across = int(width // COLUMN)
    for index, part in enumerate(block.parts):
        x, y = COLUMN * (index % across), top + LEGEND * (index // across)
        parts += [box(x, y, 12.0, 12.0, f"part-{part.name}"), words(x + 17.0, y + 11.0, part.name)]
    return top + LEGEND * -(-len(block.parts) // across) + 4.0, parts


def _beside(block: Bars, index: int, y: float, width: float) -> Iterator[Markup]:
    """The name, the length, and what it is made of beside them."""
    for line, text in enumerate(block.names[index].split("\n")[:2]):
        yield words(0, y + 16.0 + 15.0 * line, text, "strong" if line == 0 else "faint")
    length = max(1.0, 0.6 * LENGTHS * block.totals[index] / max(block.totals))
    yield box(LEFT, y, length, BAR, "length")
    yield words(LEFT + length + 5.0, y + 17.0, number(block.totals[index]))
    yield from _made_of(block, index, LEFT + LENGTHS + GAP, width, y)


def _below(block: Bars, index: int, y: float, width: float) -> Iterator[Markup]:
    """The name and the value, and what it is made of below them; the length is a strip at its edge."""
    name, *detail = block.names[index].split("\n")[:2]
    yield words(0, y + 5.0, name, "strong")
    for text in detail:
        yield words(50.0, y + 5.0, text, "faint")
    yield words(width, y + 5.0, number(block.totals[index]), "", "end")
    yield from _made_of(block, index, 0.0, width, y + 12.0)
    yield box(0, y + 12.0 + BAR, width * block.totals[index] / max(block.totals), STRIP, "length")


def _made_of(block: Bars, index: int, left: float, right: float, y: float) -> Iterator[Markup]:
    """The parts of a whole, one after the other."""
    width = right - left
    for part in block.parts:
        share = part.values[index] / block.totals[index]
        yield box(left, y, width * share, BAR, f"part-{part.name}")
        if width * share >= READABLE:
            text = f"{100.0 * share:.0f} %"
            yield words(left + width * share / 2.0, y + 17.0, text, f"on-part-{part.name}", "middle")
        left += width * share


def _largest(block: Bars, index: int) -> str:
    part = max(block.parts, key=lambda one: one.values[index])
    return f"{part.name} ({100.0 * part.values[index] / block.totals[index]:.0f} %)"
