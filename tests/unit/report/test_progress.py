"""The progress line: what it shows, how often, and only on a terminal."""

from __future__ import annotations

import io

import pytest

from mmesim.report.progress import CLEAR_LINE, ProgressLine
from tests.helpers.terminal import Terminal


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_written_where_nobody_looks() -> None:
    stream = io.StringIO()
    with ProgressLine(stream, 60.0, 1) as progress:
        progress(0, 30.0, 1000)
    assert stream.getvalue() == ""


def test_the_line_at_half_time() -> None:
    clock, stream = Clock(), Terminal()
    progress = ProgressLine(stream, 1800.0, 2, clock)
    progress(0, 0.0, 0)
    clock.now += 8.0
    progress(0, 1800.0, 216_000)
    assert stream.getvalue().split(CLEAR_LINE)[1:] == [
        "[------------------------]   0 %  simulated 0 s of 60 min",
        "[############------------]  50 %  simulated 30 min of 60 min  27,000 requests/s  8 s left",
    ]


def test_replications_at_the_same_time_add_up() -> None:
    clock = Clock()
    progress = ProgressLine(Terminal(), 100.0, 4, clock)
    for replication in (0, 1):
        progress(replication, 50.0, 10)
    assert (
        progress.line(2.0) == "[######------------------]  25 %  simulated 100 s of 6.67 min  10 requests/s  6 s left"
    )


def test_it_is_drawn_at_most_ten_times_a_second() -> None:
    clock, stream = Clock(), Terminal()
    progress = ProgressLine(stream, 100.0, 1, clock)
    for step in range(100):
        progress(0, float(step), step)
        clock.now += 0.01
    assert stream.getvalue().count(CLEAR_LINE) == pytest.approx(10, abs=1)


def test_the_end_is_never_more_than_all() -> None:
    progress = ProgressLine(Terminal(), 100.0, 1, Clock())
    progress(0, 130.0, 10)  # the last calls are answered after the last arrival
    assert progress.line(1.0).startswith("[########################] 100 %  simulated 100 s of 100 s")


def test_the_line_is_wiped_at_the_end() -> None:
    stream = Terminal()
    with ProgressLine(stream, 100.0, 1, Clock()) as progress:
        progress(0, 1.0, 1)
    assert stream.getvalue().endswith(CLEAR_LINE)
