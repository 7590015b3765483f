"""A report as text for a terminal: aligned columns, long sentences wrapped, colours only where they are asked for."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from mmesim.report.blocks import Bars, Block, Cell, Lines, Report, Section, Table, Title, Tone

WIDTH = 80
"""Columns of a terminal, unless it says how many it has: no sentence and no table is wider."""
WIDEST = 100
"""Columns beyond which a sentence is hard to read; a table may use all that there are."""
COLOURS: Mapping[Tone, str] = MappingProxyType({"good": "32", "bad": "31", "open": "33", "changed": "36"})
INDENT = 2
WIDE, NARROW, TIGHT = 3, 2, 1
"""Columns between two columns of a table; TIGHT only where the alternative is to lose a title."""
LEAST_NAME = 20
"""Columns that the name of a row needs to be wrapped into."""
LEAST_TEXT = 24
"""Columns that the text of a last column needs to be wrapped into."""
NO_BREAK = "\x00"
"""Stands for a space at which no line ends; never in a sentence."""


def text(report: Report, colour: bool = False, width: int = WIDTH) -> str:
    """The report, sections separated by an empty line; `colour` marks what is good, bad or undecided for a terminal.

    It depends on the report and on what is given alone: the same result gives the same bytes.
    """
    return "\n\n".join("\n".join(_section(section, colour, width)) for section in report) + "\n"


def _section(section: Section, colour: bool, width: int) -> Iterator[str]:
    titled = isinstance(section[0], Title) and section[0].level > 1
    for block in section:
        yield from _block(block, INDENT if titled else 0, colour, width)


def _block(block: Block, indent: int, colour: bool, width: int) -> Iterator[str]:
    if isinstance(block, Title):
        yield from wrapped(f"{block.text}: {block.detail}" if block.detail else block.text, 0, INDENT, width)
    elif isinstance(block, Lines):
        bullet, hanging = ("- ", INDENT) if block.kind == "list" else ("", indent)
        for sentence in block.texts:
            if block.kind == "verbatim":
                yield f"{' ' * indent}{sentence}"
            elif block.kind == "note":
                yield from wrapped(f"({sentence})", indent, 1, width)
            else:
                yield from wrapped(bullet + sentence, indent, hanging, width)
    elif isinstance(block, Bars):
        yield from _table(block.as_table(), indent, colour, width)
        if block.glosses():
            yield from wrapped(f"({block.glosses()})", indent, 1, width)
    else:
        yield from _table(block, indent, colour, width)


_INTERVAL = re.compile(r"[\[(][-+<$\d.,]+(?:,| to) [-+<$\d.,]+[\])]")
_WITH_A_NUMBER = re.compile(
    r"(?<=\d) (?=\S)|(?<=\d x) (?=\S)|(?<=[<>=]) (?=\d)| (?=[<>=]=? \d)| (?=\+- \d)|(?<=\+-) (?=\d)"
)
"""Spaces beside a number that no line ends with."""


def wrapped(sentence: str, indent: int = 0, hanging: int = 0, width: int = WIDTH) -> list[str]:
    """A sentence as lines; a number stays with its sign and its unit, an interval and words to be copied stay whole.

    `hanging`: how far the lines after the first are indented more.
    """
    whole = _INTERVAL.sub(lambda found: found[0].replace(" ", NO_BREAK), sentence)
    glued = _WITH_A_NUMBER.sub(NO_BREAK, whole)
    first, rest = " " * indent, " " * (indent + hanging)
    lines = textwrap.wrap(
        glued,
        min(width, WIDEST),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [line.replace(NO_BREAK, " ") for line in lines]


def _table(table: Table, indent: int, colour: bool, width: int) -> Iterator[str]:
    """One line a row; a table that is too wide loses columns, gets titles on several lines, then names, then becomes
    several.
    """
    table = table.without_empty_columns()
    if _Shape.of(table).width(NARROW, wrapping=False) > width - indent:
        table = table.only(place for place, column in enumerate(table.columns) if not column.optional)
    if _Shape.of(table).width(NARROW) > width - indent:
        table = _with_narrow_titles(table)
    parts, room = list(_parts(table, width - indent)), width - indent
    if len(parts) > 1 and (folded := _with_folded_names(table, room)) is not None:
        parts = [folded]
    untitled = not any(column.title or column.unit for column in parts[-1].columns[table.keys :])
    if len(parts) > 1 and untitled and _Shape.of(table).width(TIGHT) <= room:
        parts = [table]  # a table of words without a title would not say what they are about
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield from _rows(part, indent, colour, width)


@dataclass(frozen=True)
class _Shape:
    """Columns that the values and the intervals of each column of a table take."""

    values: tuple[int, ...]
    intervals: tuple[int, ...]
    ends_with_text: bool

    @classmethod
    def of(cls, table: Table) -> _Shape:
        """The widths of a table, titles and units included."""
        columns = range(len(table.columns))
        heads = [max((len(head[index]) for head in _heads(table)), default=0) for index in columns]
        values = [max((len(row[index].text) for row in table.rows), default=0) for index in columns]
        intervals = [max((len(row[index].interval) for row in table.rows), default=0) for index in columns]
        for index in columns:
            if intervals[index]:  # a title may stand above both
                intervals[index] = max(intervals[index], heads[index] - values[index] - NARROW)
            else:
                values[index] = max(values[index], heads[index])
        return cls(tuple(values), tuple(intervals), table.columns[-1].align == "left" and not intervals[-1])

    def width(self, gap: int, wrapping: bool = True) -> int:
        """The whole width; with `wrapping`, text in the last column may be wrapped, down to a least width."""
        last = self.values[-1]
        least = min(last, LEAST_TEXT) if self.ends_with_text and wrapping else last
        used = [*self.values[:-1], least, *self.intervals]
        return sum(used) + gap * (sum(map(bool, used)) - 1)


def _heads(table: Table) -> list[tuple[str, ...]]:
    """The lines above the rows: titles, each on as many lines as it has, and units."""
    titles = [column.title.split("\n") for column in table.columns]
    most = max(map(len, titles), default=0) if any(column.title for column in table.columns) else 0
    lines = [[*[""] * (most - len(title)), *title] for title in titles]
    heads = [tuple(title[number] for title in lines) for number in range(most)]
    units = [tuple(column.unit for column in table.columns)] if any(one.unit for one in table.columns) else []
    return [*heads, *units]


def _with_narrow_titles(table: Table) -> Table:
    """The table with titles that are no wider than they must be."""
    columns = []
    for index, column in enumerate(table.columns):
        room = max([len(row[index].text) for row in table.rows], default=0)
        interval = max([len(row[index].interval) for row in table.rows], default=0)
        room += NARROW + interval if interval else 0
        words = re.sub(r"(?<=_)(?=.)| ", "\n", column.title) if len(column.title) > room else column.title
        lines: list[str] = []
        for word in words.split("\n"):
            joint = "" if lines and lines[-1].endswith("_") else " "
            if lines and len(lines[-1]) + len(joint) + len(word) <= room:
                lines[-1] += joint + word
            else:
                lines.append(word)
        columns.append(replace(column, title="\n".join(lines)))
    return replace(table, columns=tuple(columns))


def _with_folded_names(table: Table, room: int) -> Table | None:
    """The table with long names of rows on more lines, of one column, where that makes it fit into the room."""
    shape = _Shape.of(table)
    left = shape.values[0] - (shape.width(NARROW) - room)
    if table.keys != 1 or table.columns[0].align != "left" or left < LEAST_NAME:
        return None
    rows: list[tuple[Cell, ...]] = []
    for first, *others in table.rows:
        line, *more = wrapped(first.text, hanging=INDENT, width=left) or [""]
        rows.append((replace(first, text=line), *others))
        rows += [(replace(first, text=one), *(Cell() for _ in others)) for one in more]
    folded = replace(table, rows=tuple(rows))
    return folded if _Shape.of(folded).width(NARROW) <= room else None


def _parts(table: Table, room: int) -> Iterator[Table]:
    """The table in as few tables as fit, each with the columns that name its rows."""
    named = tuple(range(table.keys))
    kept: tuple[int, ...] = ()
    for index in range(table.keys, len(table.columns)):
        if kept and _Shape.of(table.only((*named, *kept, index))).width(NARROW) > room:
            yield table.only((*named, *kept))
            kept = ()
        kept = (*kept, index)
    yield table.only((*named, *kept))


def _rows(table: Table, indent: int, colour: bool, width: int) -> Iterator[str]:
    """One line a row, below titles and units where there are any; an interval has a column of its own."""
    shape = _Shape.of(table)
    wide, narrow = indent + shape.width(WIDE, wrapping=False) <= width, indent + shape.width(NARROW) <= width
    gap = " " * (WIDE if wide else NARROW if narrow else TIGHT)
    for head in _heads(table):
        titles: list[str] = []
        for title, column, room, interval in zip(head, table.columns, shape.values, shape.intervals, strict=True):
            place = title.ljust(room) if column.align == "left" else title.rjust(room)
            titles.append(place.ljust(room + len(gap) + interval) if interval else place)
        yield (" " * indent + gap.join(titles)).rstrip()
    for row in table.rows:
        shown: list[str] = []
        for cell, column, room, interval in zip(row, table.columns, shape.values, shape.intervals, strict=True):
            last = len(shown) and cell is row[-1] and shape.ends_with_text
            if last and len(cell.text) > (left := width - indent - len(gap.join(shown)) - len(gap)):
                before = len(gap.join(shown)) + len(gap)
                lines = wrapped(cell.text, width=max(left, LEAST_TEXT))
                shown.append(f"\n{' ' * (indent + before)}".join(_coloured(line, cell, colour) for line in lines))
                continue
            padded = cell.text.ljust(0 if last else room) if column.align == "left" else cell.text.rjust(room)
            shown.append(_coloured(padded, cell, colour))
            if cell.reason:
                shown.append(cell.reason)
            elif interval:
                shown.append(_coloured(cell.interval.rjust(interval), cell, colour))
        yield from (" " * indent + gap.join(shown).rstrip()).split("\n")


def _coloured(padded: str, cell: Cell, colour: bool) -> str:
    return f"\x1b[{COLOURS[cell.tone]}m{padded}\x1b[0m" if colour and cell.tone and padded.strip() else padded
