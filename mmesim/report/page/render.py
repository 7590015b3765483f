"""Blocks of a report as HTML; every text is escaped by the template."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mmesim.report.blocks import Bars, Cell, Column, Lines, Part, Section, Table, Title
from mmesim.report.page.bars import bars

ON_A_PAGE, ON_A_PHONE, WORD, GAP = 125, 50, 12, 2
"""Letters of a table that a page and a phone show beside each other, of a column of words at least, and between
columns.
"""


@lru_cache(1)
def templates() -> Environment:
    """The templates of the page: they escape, and refuse a name that they are not given."""
    loader = PackageLoader("mmesim.report.page", "assets")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render(blocks: Section, label: str) -> Markup:
    """Blocks below the heading of their section, which is `label`: a title that only repeats it is left out."""
    parts: list[Markup] = []
    named = label
    for block in blocks:
        if isinstance(block, Title):
            named = block.text
            known = block.level == 1 or block.text == label
            parts.append(_filled("title", text=block.text, detail=block.detail, known=known))
        else:
            parts.append(_block(block, named))
    return Markup("\n").join(parts)


def _block(block: Lines | Bars | Table, label: str) -> Markup:
    if isinstance(block, Lines):
        return _filled("lines", kind=block.kind, texts=block.texts)
    if isinstance(block, Bars):
        glosses = _filled("lines", kind="note", texts=(block.glosses(),)) if block.glosses() else Markup()
        return bars(block, label) + table(_as_table(block), label) + glosses
    return table(block, label)


def _as_table(block: Bars) -> Table:
    """The bars as figures: a row for each part and the sum, with its share beside each value."""
    columns = [Column(), *(Column(name.replace("\n", ", "), "right") for name in block.names)]
    rows = [
        (
            Cell(part.name),
            *(
                Cell(f"{value:,.1f}", f"{100.0 * value / total:.0f} %")
                for value, total in zip(part.values, block.totals, strict=True)
            ),
        )
        for part in (*block.parts, Part("sum", block.totals))
    ]
    return Table(tuple(columns), tuple(rows))


def table(block: Table, label: str, folded: bool = False) -> Markup:
    """A table, or several below each other where it is too wide for a page, each with the columns that name the rows;
    on a phone the rows of one that is too wide become lists. `folded`: it opens on demand, such as a picture's data.
    """
    shown = block.without_empty_columns()
    if not shown.columns:
        return Markup()
    parts = list(_parts(shown))
    labels = [label, *[f"{label}, continued"] * (len(parts) - 1)]
    return Markup("\n").join(_one(part, named, folded) for part, named in zip(parts, labels, strict=True))


def _parts(of: Table) -> Iterator[Table]:
    """The table in pieces that are no wider than a page."""
    named = tuple(range(of.keys))
    left = ON_A_PAGE - sum(_letters(of, place) for place in named)
    kept: list[int] = []
    for place in range(of.keys, len(of.columns)):
        if kept and sum(_letters(of, one) for one in (*kept, place)) > left:
            yield of.only((*named, *kept))
            kept = []
        kept.append(place)
    yield of.only((*named, *kept))


def _one(shown: Table, label: str, folded: bool) -> Markup:
    """One table that a page has room for."""
    titled = any(column.title or column.unit for column in shown.columns)
    heads = [_head(column) for column in shown.columns] if titled else []
    wide = [any(row[place].interval or row[place].reason for row in shown.rows) for place in range(len(shown.columns))]
    stacked = bool(heads) and sum(_letters(shown, place) for place in range(len(shown.columns))) > ON_A_PHONE
    return _filled("table", table=shown, heads=heads, intervals=wide, label=label, folded=folded, stacked=stacked)


def _letters(of: Table, place: int) -> int:
    """Letters that a column takes across at least: figures stay on one line, words are broken into several."""
    column = of.columns[place]
    words = _head(column).split()
    longest = max(len(text) for text in ("", *words, *(row[place].text for row in of.rows)))
    bounds = max((len(row[place].reason or row[place].interval) for row in of.rows), default=0)
    return GAP + (longest if column.align == "right" else min(longest, WORD)) + (bounds + GAP if bounds else 0)


def _head(column: Column) -> str:
    title = column.title.replace("\n", " ")
    return f"{title}, {column.unit}" if title and column.unit else title or column.unit


def _filled(macro: str, **given: object) -> Markup:
    """What a macro of blocks.html makes of what it is given."""
    filled: object = getattr(_macros(), macro)(**given)
    return Markup(filled)


@lru_cache(1)
def _macros() -> object:
    return templates().get_template("blocks.html").module
