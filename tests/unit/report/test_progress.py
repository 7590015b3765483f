"""Progress on a terminal: what the bars show, how often, that they are wiped, and nothing where nobody looks."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import subprocess
import sys

import pytest

from mmesim.report.progress import FleetsBar, ReplicationsBar, SearchBar, SimulationsBar
from tests.helpers.terminal import Terminal

WIPED = "\r\x1b[1A\x1b[2K"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def frames(stream: io.StringIO) -> list[str]:
    """What was drawn, one text a frame, without colours and bars; a frame that was drawn twice counts once."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue().replace("\n", "")).split("\r")
    shown = [re.sub(r"[━╸╺]+ *", "", frame).strip() for frame in plain]
    return [frame for k, frame in enumerate(shown) if frame and frame not in shown[k - 1 : k]]


def test_nothing_is_written_where_nobody_looks() -> None:
    stream = io.StringIO()
    with ReplicationsBar(stream, 60.0, 1) as replications, SimulationsBar(stream) as simulations:
        replications(0, 30.0, 1000)
        simulations(1, 0, 4)
    assert stream.getvalue() == ""


def test_a_log_has_a_line_after_a_minute_then_fewer_and_fewer() -> None:
    clock, stream, at = Clock(), io.StringIO(), []
    with SimulationsBar(stream, clock) as bar:
        for second in range(3601):
            before = stream.getvalue()
            bar(second, 0, 7200, 100 * second)
            at += [second] if stream.getvalue() != before else []
            clock.now += 1.0
    assert at[:6] == [60, 120, 180, 240, 300, 375]
    assert all(later - earlier <= 300 for earlier, later in itertools.pairwise(at))
    assert len(at) < 20
    first, *_ = stream.getvalue().splitlines()
    assert first == "1 % done, 60 of 7,200 simulations, 100 requests/s, 118 min left"


def test_a_log_has_no_line_of_what_takes_no_minute() -> None:
    clock, stream = Clock(), io.StringIO()
    with ReplicationsBar(stream, 60.0, 1, clock) as bar:
        for _ in range(59):
            bar(0, 30.0, 1000)
            clock.now += 1.0
    assert stream.getvalue() == ""


def test_a_search_of_which_nobody_knows_the_length_shows_neither_share_nor_time_left() -> None:
    clock, stream = Clock(), Terminal()
    with SearchBar(stream, clock) as bar:
        for simulated, total in ((0, 30), (20, 40), (40, 60)):
            bar(simulated, 10, total, 1000 * simulated)
            clock.now += 10.0
    assert frames(stream) == [
        "30 simulations, 10 from the store, 2,000 requests/s",
        "50 simulations, 10 from the store, 2,000 requests/s",
    ]


def test_a_log_of_a_plan_has_no_share_that_means_nothing() -> None:
    clock, stream = Clock(), io.StringIO()
    with FleetsBar(stream, clock) as bar:
        for simulations in (0, 70):
            bar(1, 10, "2 x ml.m5.large", simulations, 0)
            clock.now += 70.0
    assert stream.getvalue() == "1 of 10 fleets, 2 x ml.m5.large, 70 simulations\n"


def test_a_plan_says_what_it_does_where_a_fleet_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    clock, stream = Clock(), Terminal()
    with FleetsBar(stream, clock) as bar:
        for simulations in (0, 40, 400):
            bar(0, 10, f"1 x ml.m5.large, {simulations // 10} draws", simulations, 1000 * simulations)
            clock.now += 10.0
    assert frames(stream) == [
        "0 of 10 fleets, 1 x ml.m5.large, 4 draws, 40 simulations, 4,000 requests/s",
        "0 of 10 fleets, 1 x ml.m5.large, 40 draws, 400 simulations, 20,000 requests/s",
    ], "how long fleets take that have not been looked at is not known"


def test_rich_is_loaded_for_a_terminal_only() -> None:
    code = (
        "import io, sys; from mmesim.report.progress import SimulationsBar; SimulationsBar(io.StringIO())(1, 0, 2); "
        "print([name for name in sys.modules if name.startswith('rich')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("CI", "1"), ("TERM", "dumb")])
def test_nothing_is_written_for_a_machine(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 60.0, 1, clock) as bar:
        for _ in range(3):
            bar(0, 30.0, 1000)
            clock.now += 2.0
    assert stream.getvalue() == ""


def test_simulated_time_rate_hits_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 1800.0, 2, clock) as bar:
        bar(0, 0.0, 0)
        clock.now += 0.9
        bar(0, 400.0, 40_000, 800, 200)  # nothing in the first second
        clock.now += 3.1
        bar(0, 900.0, 108_000, 1960, 40)
        clock.now += 4.0
        bar(0, 1800.0, 216_000, 3960, 40)
    assert frames(stream) == [
        "25 % done, 0 of 2 replications, simulated 15 min of 60 min, 98.0 % hits, 27,000 requests/s, 12 s left",
        "50 % done, 1 of 2 replications, simulated 30 min of 60 min, 99.0 % hits, 27,000 requests/s, 8 s left",
    ]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 120, 200])
def test_a_line_has_room_on_every_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 86_400.0, 1000, clock) as bar:
        bar(0, 0.0, 0)
        clock.now += 30.0
        bar(123, 43_211.0, 6_081_234, 4_812_345, 61_234)
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert max(map(len, re.split(r"[\r\n]", drawn))) <= columns
    (frame,) = frames(stream)
    assert "16.7 h left" in frame or columns < 40
    assert ("98.7 % hits, 200,000 requests/s, " in frame) == (columns >= 80)


def test_replications_at_the_same_time_add_up_and_there_may_be_more_of_them() -> None:
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 100.0, 1, clock) as bar:
        bar.expect(4)
        bar.part(2)(0, 50.0, 10, 0, 0)
        clock.now += 2.0
        bar.part(2)(1, 50.0, 10, 0, 0)
    assert frames(stream)[-1].startswith("25 % done, 0 of 4 replications, ")


def test_it_is_drawn_at_most_twice_a_second() -> None:
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 100.0, 1, clock) as bar:
        for step in range(400):
            bar(0, float(step / 4), step)
            clock.now += 0.01
        assert len(frames(stream)) == pytest.approx(6, abs=1)


def test_the_end_is_never_more_than_all() -> None:
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 100.0, 1, clock) as bar:
        bar(0, 90.0, 10)
        clock.now += 2.0
        bar(0, 130.0, 10)  # the last calls are answered after the last arrival
    assert frames(stream)[-1].startswith("100 % done, simulated 100 s of 100 s")


def test_the_bar_is_wiped_at_the_end_and_is_not_there_before_the_first_value() -> None:
    stream = Terminal()
    with ReplicationsBar(stream, 100.0, 1, Clock()):
        pass
    assert stream.getvalue() == ""
    clock = Clock()
    with ReplicationsBar(stream, 100.0, 1, clock) as bar:
        bar(0, 1.0, 1)
        clock.now += 2.0
        bar(0, 2.0, 1)
    assert stream.getvalue().endswith(WIPED)


def test_what_is_in_the_store_is_no_work() -> None:
    clock, stream = Clock(), Terminal()
    with SimulationsBar(stream, clock) as bar:
        bar(0, 1000, 3000)
        for simulated in (500, 1000):
            clock.now += 5.0
            bar(simulated, 1000, 3000, 100 * simulated)
        clock.now += 5.0
        bar(2000, 1000, 3000, 200_000)
    assert frames(stream) == [
        "25 % done, 1,500 of 3,000 simulations, 10,000 requests/s, 15 s left",
        "50 % done, 2,000 of 3,000 simulations, 10,000 requests/s, 10 s left",
        "100 % done, 3,000 of 3,000 simulations, 13,000 requests/s, 0 s left",
    ]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_a_terminal_is_left_as_it_was(error: type[BaseException] | None) -> None:
    ours, theirs = os.openpty()
    clock = Clock()
    ends = contextlib.suppress(KeyboardInterrupt, ValueError)
    with os.fdopen(theirs, "w") as stream, ends, ReplicationsBar(stream, 100.0, 1, clock) as bar:
        bar(0, 1.0, 1)
        clock.now += 2.0
        bar(0, 50.0, 1)
        if error is not None:
            raise error
    drawn = ""
    with contextlib.suppress(OSError):  # nobody writes any more
        while piece := os.read(ours, 65_536):
            drawn += piece.decode()
    os.close(ours)
    assert "50 s of 100 s" in drawn
    assert drawn.rfind("\x1b[?25h") > drawn.rfind("\x1b[?25l") >= 0  # the cursor is shown again
    assert drawn.endswith("\x1b[1A\x1b[2K")  # and the line is empty
