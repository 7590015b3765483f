"""Blocks and pictures as a piece of HTML that stands in a notebook.

It holds no script, so that it shows in a notebook that is not trusted, too. There the style and the pictures may be
left out, so what they say stands in the text. Its colours of text and ground are those of the notebook, light or dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from markupsafe import Markup

from mmesim.report import colours
from mmesim.report.blocks import Block, Lines, Report, Table
from mmesim.report.page.document import Tone
from mmesim.report.page.render import render
from mmesim.report.plain import shortened

MOST_LETTERS = 80
"""Letters of a title."""
NARROW = re.compile('<svg [^>]*class="picture narrow">.*?</svg>', re.DOTALL)
"""The drawing for a phone: a notebook has room for the other, and has to stay small."""
MOST_ROWS = 16
"""Rows of a table; beyond, the first ones are shown, and it says so."""


def notebook(
    title: str, answer: str, tone: Tone, report: Report, pictures: Sequence[Markup] = (), rest: str = ""
) -> str:
    """The HTML: the answer, the report and pictures. `rest` says where the rows are that a long table leaves out."""
    name = shortened(title, MOST_LETTERS)
    parts = [render(tuple(part for block in section for part in _cut(block, rest)), name) for section in report]
    drawn = [Markup(NARROW.sub("", picture)) for picture in pictures]
    return Markup(
        '<div class="mmesim"><style>{}</style>\n<p class="answer {}"><strong>{}</strong> {}</p>\n{}\n</div>\n'
    ).format(_style(), tone, name, answer, Markup("\n").join([*parts, *drawn]))


def _cut(block: Block, rest: str) -> Sequence[Block]:
    if not isinstance(block, Table) or len(block.rows) <= MOST_ROWS:
        return (block,)
    more = f"the first {MOST_ROWS} of {len(block.rows):,} rows{f'; all: {rest}' if rest else ''}"
    return Table(block.columns, block.rows[:MOST_ROWS], block.keys), Lines((more,), "note")


@lru_cache(1)
def _style() -> Markup:
    """The style of pictures is that of the page; around it what a notebook needs."""
    asset = files("mmesim.report")
    page = (asset / "page" / "assets" / "page.css").read_text(encoding="utf-8")
    own = (asset / "notebook" / "notebook.css").read_text(encoding="utf-8")
    pictures = page[page.index("\n.picture {") : page.index("\n.chart {")]
    # Nested, so that no rule holds for anything else in the notebook.
    return Markup(own.replace("/* pictures */", f"{pictures.strip()}\n{colours.style()}"))
