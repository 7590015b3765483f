"""The blocks of a report: what it says, apart from how it looks. A renderer turns any report into text or Markdown.

    report([Title("Errors", "none in 1,000 calls")], [Table((Column("cause"), Column("calls", "right")), rows)])

Blocks hold no widths, no colours and no markup. Figures are text already, because how many digits say something is part
of what is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from mmesim.report.plain import harmless_line

Align = Literal["left", "right"]
Tone = Literal["good", "bad", "open", "changed"]
"""What a cell is for the reader: `open` is undecided, `changed` a difference that is neither good nor bad."""


@dataclass(frozen=True)
class Title:
    """A heading, and what it says at once: `Errors`, `none in 1,000 calls`. Level 1 is that of the whole report."""

    text: str
    detail: str = ""
    level: Literal[1, 2] = 2


@dataclass(frozen=True)
class Lines:
    """Sentences, each on a line of its own; `note` explains the block above it, `list` is an enumeration.

    `verbatim`: lines of a file, which are there to be copied: they are never wrapped.
    """

    texts: tuple[str, ...]
    kind: Literal["text", "note", "list", "verbatim"] = "text"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a value, its 95 % interval, and why there is no value (in the last column only)."""

    text: str = ""
    interval: str = ""
    reason: str = ""
    tone: Tone | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table; figures are aligned to the right. An `optional` one is left out where there is no room."""

    title: str = ""
    align: Align = "left"
    unit: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells; ValueError when a row has not one cell for each column.

    The first `keys` columns name the row: they are repeated where a table is too wide and becomes several.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: int = 1

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"{len(self.columns)} columns, but a row of {len(wrong[0])} cells: {wrong[0]}")

    def without_empty_columns(self) -> Table:
        """The table without the columns in which nothing is said."""
        kept = [
            index
            for index, column in enumerate(self.columns)
            if column.title or column.unit or any(row[index] != Cell() for row in self.rows)
        ]
        return self.only(kept)

    def only(self, kept: Iterable[int]) -> Table:
        """The table with some of its columns."""
        places = tuple(kept)
        return Table(
            tuple(self.columns[index] for index in places),
            tuple(tuple(row[index] for index in places) for row in self.rows),
            min(self.keys, len(places)),
        )


@dataclass(frozen=True)
class Part:
    """What one part of the latency ledger adds to each bar, in the unit of the bars; `gloss` says what it is, for names
    that do not tell.
    """

    name: str
    values: tuple[float, ...]
    gloss: str = ""


@dataclass(frozen=True)
class Bars:
    """Wholes that are made of the same parts, such as the latency of several bands: stacked bars in a picture.

    `totals` are above 0, one for each name; parts may be left out, so theirs need not add up to them.
    """

    names: tuple[str, ...]
    totals: tuple[float, ...]
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if any(len(values) != len(self.names) for values in (self.totals, *(part.values for part in self.parts))):
            raise ValueError(f"one value for each of {', '.join(self.names)} is needed")

    def as_table(self) -> Table:
        """The bars for a renderer that draws none: a row for each part and the sum, value and share for each bar."""
        columns = [
            Column(),
            *(column for name in self.names for column in (Column(name, "right"), Column("", "right"))),
        ]
        rows = [self._row(part.name, part.values) for part in (*self.parts, Part("sum", self.totals))]
        return Table(tuple(columns), tuple(rows))

    def glosses(self) -> str:
        """The parts whose names do not tell, in one sentence; nothing where all do."""
        return "; ".join(f"{part.name}: {part.gloss}" for part in self.parts if part.gloss)

    def _row(self, name: str, values: tuple[float, ...]) -> tuple[Cell, ...]:
        cells = [Cell(name)]
        for value, total in zip(values, self.totals, strict=True):
            cells += [Cell(f"{value:,.1f}"), Cell(f"{100.0 * value / total:.0f} %")]
        return tuple(cells)


Block = Title | Lines | Table | Bars
Section = tuple[Block, ...]
"""Blocks that belong together; a title, if there is one, comes first."""
Report = tuple[Section, ...]


def report(*sections: Iterable[Block]) -> Report:
    """The sections that say something, in order; a line end inside a name is written out, as it would forge a line."""
    return tuple(section for section in (tuple(map(_kept_on_lines, of)) for of in sections) if section)


def _kept_on_lines(block: Block) -> Block:
    if isinstance(block, Title):
        return Title(harmless_line(block.text), harmless_line(block.detail), block.level)
    if isinstance(block, Lines):
        return Lines(tuple(map(harmless_line, block.texts)), block.kind)
    if isinstance(block, Bars):
        return block  # bands and parts: their names are ours, and have two lines
    columns = tuple(replace(column, title=harmless_line(column.title)) for column in block.columns)
    rows = tuple(
        tuple(Cell(harmless_line(c.text), harmless_line(c.interval), harmless_line(c.reason), c.tone) for c in row)
        for row in block.rows
    )
    return Table(columns, rows, block.keys)


def cells(*texts: str) -> tuple[Cell, ...]:
    """A row of plain texts."""
    return tuple(map(Cell, texts))
