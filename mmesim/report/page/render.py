"""Blocks of a report as HTML; every text is escaped by the template."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mmesim.report.blocks import Bars, Column, Lines, Section, Table, Title
from mmesim.report.page.bars import bars


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
        return bars(block, label) + table(block.as_table(), label) + glosses
    return table(block, label)


def table(block: Table, label: str, folded: bool = False) -> Markup:
    """A table, which scrolls on a narrow screen; `folded`: it opens on demand, such as the data of a picture."""
    shown = block.without_empty_columns()
    if not shown.columns:
        return Markup()
    titled = any(column.title or column.unit for column in shown.columns)
    heads = [_head(column) for column in shown.columns] if titled else []
    wide = [any(row[place].interval or row[place].reason for row in shown.rows) for place in range(len(shown.columns))]
    return _filled("table", table=shown, heads=heads, intervals=wide, label=label, folded=folded)


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
