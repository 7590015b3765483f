"""A report as text for a terminal: aligned columns, long sentences wrapped, colours only where they are asked for."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from mmesim.report.blocks import Bars, Block, Cell, Lines, Report, Section, Table, Title, Tone

WIDTH = 80
"""Columns of a terminal: no sentence is longer; a table is when its figures need more."""
COLOURS: Mapping[Tone, str] = MappingProxyType({"good": "32", "bad": "31", "open": "33", "changed": "36"})
INDENT = 2
NO_BREAK = "\x00"
"""Stands for a space at which no line ends; never in a sentence."""


def text(report: Report, colour: bool = False) -> str:
    """The report, sections separated by an empty line; `colour` marks what is good, bad or undecided for a terminal.

    It depends on the report alone, never on the terminal: the same result gives the same bytes.
    """
    return "\n\n".join("\n".join(_section(section, colour)) for section in report) + "\n"


def _section(section: Section, colour: bool) -> Iterator[str]:
    titled = isinstance(section[0], Title) and section[0].level > 1
    for block in section:
        yield from _block(block, INDENT if titled else 0, colour)


def _block(block: Block, indent: int, colour: bool) -> Iterator[str]:
    if isinstance(block, Title):
        yield from wrapped(f"{block.text}: {block.detail}" if block.detail else block.text, hanging=INDENT)
    elif isinstance(block, Lines):
        bullet = "- " if block.kind == "list" else ""
        for sentence in block.texts:
            if block.kind == "note":
                yield from wrapped(f"({sentence})", indent, hanging=1)
            else:
                yield from wrapped(bullet + sentence, indent, hanging=indent)
    elif isinstance(block, Bars):
        yield from _table(block.as_table(), indent, colour)
        if block.glosses():
            yield from wrapped(f"({block.glosses()})", indent, hanging=1)
    else:
        yield from _table(block, indent, colour)


def wrapped(sentence: str, indent: int = 0, hanging: int = 0) -> list[str]:
    """A sentence as lines; a number stays with its sign and its unit, and words that are there to be copied stay whole.

    `hanging`: how far the lines after the first are indented more.
    """
    glued = re.sub(r"(?<=\d) (?=\S)|(?<=[<>=]) (?=\d)| (?=[<>=]=? \d)", NO_BREAK, sentence)
    first, rest = " " * indent, " " * (indent + hanging)
    lines = textwrap.wrap(
        glued, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
    return [line.replace(NO_BREAK, " ") for line in lines]


def _table(table: Table, indent: int, colour: bool) -> Iterator[str]:
    """One line a row, below titles and units where there are any; an interval has a column of its own."""
    table = table.without_empty_columns()
    heads = [[Cell(column.title) for column in table.columns]] if any(column.title for column in table.columns) else []
    heads += [[Cell(column.unit) for column in table.columns]] if any(column.unit for column in table.columns) else []
    rows = [*heads, *table.rows]
    widths = [max((len(row[index].text) for row in rows), default=0) for index in range(len(table.columns))]
    intervals = [max((len(row[index].interval) for row in rows), default=0) for index in range(len(table.columns))]
    used = [width for pair in zip(widths, intervals, strict=True) for width in pair if width]
    if table.columns[-1].align == "left" and not intervals[-1]:
        widths[-1] = 0  # nothing comes after it
    gap = " " * (3 if indent + sum(used) + 3 * (len(used) - 1) <= WIDTH else 2)
    for row in rows:
        shown: list[str] = []
        for cell, column, width, interval in zip(row, table.columns, widths, intervals, strict=True):
            shown.append(
                _coloured(cell.text.ljust(width) if column.align == "left" else cell.text.rjust(width), cell, colour)
            )
            if cell.reason:
                shown.append(cell.reason)
            elif interval:
                shown.append(_coloured(cell.interval.rjust(interval), cell, colour))
        yield " " * indent + gap.join(shown).rstrip()


def _coloured(padded: str, cell: Cell, colour: bool) -> str:
    return f"\x1b[{COLOURS[cell.tone]}m{padded}\x1b[0m" if colour and cell.tone and padded.strip() else padded
