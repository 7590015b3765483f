"""Counts how often a fleet is said not to recover: `python -m tests.recovery_study.study --page docs/recovery.md`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.perf.tables import splice, table
from tests.recovery_study.independent import EDGE, LEVELS, Cell, cells, never
from tests.recovery_study.real import FLEETS, Found, study

BEGIN = "<!-- study: written by `make recovery-study` -->"
END = "<!-- end of study -->"


def text(counted: Sequence[tuple[Cell, Sequence[float]]], found: Sequence[Found]) -> str:
    """The tables of the page; `counted`: of each cell the shares of runs that never recover, by LEVELS."""
    head = ("calls a minute", "minutes after it", "disturbance", *(f"{level:g} x" for level in LEVELS))
    rows = [
        (f"{cell.each}", f"{cell.minutes}", cell.disturbed, *(f"{100.0 * share:.3g} %" for share in shares))
        for cell, shares in counted
    ]
    of_runs = [
        (one.fleet, f"{100.0 * one.share:.2f} %", f"{one.dispersion:.1f}", f"{one.never} of {one.runs}")
        for one in found
    ]
    heads = ("fleet", "calls over the limit, long after", "dispersion", "not recovered")
    return "\n\n".join(("### Independent calls", table(head, rows), "### Runs", table(heads, of_runs)))


def main(words: Sequence[str]) -> None:
    """Count, and write the page."""
    parser = argparse.ArgumentParser(prog="recovery_study")
    parser.add_argument("--draws", type=int, default=1_000, help="of each cell; five times as many at the limit")
    parser.add_argument("--runs", type=int, default=600, help="of each fleet")
    parser.add_argument("--page", type=Path, help="document to write the figures into")
    asked = parser.parse_args(words)
    found = [one for fleet in FLEETS for one in study(fleet, asked.runs)]
    generated = text([(cell, shares(cell, asked.draws)) for cell in cells()], found)
    sys.stdout.write(f"{generated}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")


def shares(cell: Cell, draws: int) -> list[float]:
    """Share of the draws of a cell that never recover, by LEVELS."""
    runs = [draws * (5 if level == EDGE else 1) for level in LEVELS]
    return [never(cell, level, n) / n for level, n in zip(LEVELS, runs, strict=True)]


if __name__ == "__main__":
    main(sys.argv[1:])
