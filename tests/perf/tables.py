"""Tables in Markdown, and their places in a document."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.errors import UserError

BEGIN = "<!-- tables: written by `make bench` -->"
END = "<!-- end of tables -->"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def splice(document: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """The document with `text` between its markers; UserError when they are not there."""
    before, found_begin, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise UserError(f"the document needs the lines {begin} and {end}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
