"""Sections of a page from the sections of any report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from mmesim.report.blocks import Report, Section, Title
from mmesim.report.page.document import Part
from mmesim.report.page.render import render

SUMMARY = "Summary"


def parts(report: Report, pictures: Mapping[str, Sequence[Markup]] | None = None) -> list[Part]:
    """A part for each section with a title; one without belongs to the part before it.

    `pictures` stand below the figures of the part of their name. The title of the whole report is that of the page:
    its section is called `SUMMARY`.
    """
    joined: list[tuple[str, Section]] = []
    for section in report:
        first = section[0]
        if isinstance(first, Title) and first.level > 1:
            joined.append((first.text, section))
        elif joined:
            joined[-1] = (joined[-1][0], (*joined[-1][1], *section))
        else:
            joined.append((SUMMARY, section))
    found = []
    for number, (name, section) in enumerate(joined):
        drawn = (pictures or {}).get(name, ())
        found.append(Part(f"part-{number}", name, Markup("\n").join([render(section, name), *drawn])))
    return found
