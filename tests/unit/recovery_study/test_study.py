"""The study of recoveries: its own counting, and that its page keeps what it says of the rule."""

from __future__ import annotations

from pathlib import Path

from tests.recovery_study.independent import LEVELS, Cell, cells, never
from tests.recovery_study.real import FLEETS
from tests.recovery_study.study import BEGIN, END

PAGE = Path(__file__).parents[3] / "docs" / "recovery.md"


def test_a_cell_is_counted() -> None:
    cell = Cell(600, 60, "severe")
    assert [never(cell, level, 10) for level in (0.5, 1.0, 3.0)] == [0, 0, 10]
    assert [len(Cell(60, 20, disturbed).shares(1.0)) for disturbed in ("none", "mild", "severe")] == [20, 30, 25]


def test_the_page_has_every_cell_and_keeps_what_it_says() -> None:
    generated = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [[word.strip() for word in line.strip("|").split("|")] for line in generated.splitlines() if "|" in line]
    counted = {
        tuple(row[:3]): [float(word.removesuffix(" %")) for word in row[3:]]
        for row in rows
        if len(row) == 8 and "x" not in row[3] and "-" not in row[0]
    }
    assert list(counted) == [(str(cell.each), str(cell.minutes), cell.disturbed) for cell in cells()]
    for (each, minutes, _), shares in counted.items():
        said = dict(zip(LEVELS, shares, strict=True))
        assert said[0.5] <= said[1.0] <= 0.16  # 0.1 %, counted in 5,000 runs
        assert said[3.0] >= 99.0 or int(each) * int(minutes) < 3_600
        assert said[2.0] >= 98.0 or int(each) * int(minutes) < 14_000
    fleets = [row[0] for row in rows if len(row) == 4][2:]
    assert fleets == [fleet for fleet in FLEETS for _ in LEVELS]
