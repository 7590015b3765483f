"""A report as Markdown (GitHub's kind): headings, tables and lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mmesim.report.blocks import Bars, Block, Cell, Lines, Report, Table, Title
from mmesim.report.plain import harmless, harmless_line


def markdown(report: Report) -> str:
    """The report; `#` is the title of the whole, `##` that of a section."""
    return "\n\n".join(part for section in report for block in section for part in _block(block)) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Title):
        yield f"{'#' * block.level} {block.text}"
        if block.detail:
            yield block.detail
    elif isinstance(block, Lines):
        if block.kind == "list":
            yield "\n".join(f"- {sentence}" for sentence in block.texts)
        elif block.kind == "verbatim":
            yield code_block("\n".join(block.texts))
        else:
            yield from (f"*{sentence}*" if block.kind == "note" else sentence for sentence in block.texts)
    elif isinstance(block, Bars):
        yield table(block.as_table())
        if block.glosses():
            yield f"*{block.glosses()}*"
    else:
        yield table(block)


def table(shown: Table) -> str:
    """A table: units follow the titles, intervals the values, and bars inside cells are escaped."""
    shown = shown.without_empty_columns()
    titles = [f"{column.title}, {column.unit}" if column.unit else column.title for column in shown.columns]
    rule = ["---:" if column.align == "right" else "---" for column in shown.columns]
    return "\n".join([_row(titles), _row(rule), *(_row(map(_cell, row)) for row in shown.rows)])


def _cell(cell: Cell) -> str:
    return " ".join(part for part in (cell.text, cell.interval, f"({cell.reason})" if cell.reason else "") if part)


def _row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(text.split()).replace("|", "\\|") for text in texts) + " |"


def code(text: str) -> str:
    """Text as code, in which nothing is markup, a mention or a link; nothing for no text.

    It may stand in a cell: `table` escapes the bars in it.
    """
    line = harmless_line(" ".join(text.split()))
    if not line:
        return ""
    fence = "`" * (1 + _longest_run(line))
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def code_block(text: str) -> str:
    """Lines as a block of code, which none of them ends."""
    shown = harmless(text).rstrip()
    fence = "`" * max(3, 1 + _longest_run(shown))
    return f"{fence}text\n{shown}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
