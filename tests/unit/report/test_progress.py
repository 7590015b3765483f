"""Progress on a terminal: what the bars show, how often, that they are wiped, and nothing where nobody looks."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest

from mmesim.report.progress import ReplicationsBar, SimulationsBar
from tests.helpers.terminal import Terminal

WIPED = "\r\x1b[1A\x1b[2K"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
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


def test_rich_is_loaded_for_a_terminal_only() -> None:
    code = (
        "import io, sys; from mmesim.report.progress import SimulationsBar; SimulationsBar(io.StringIO())(1, 0, 2); "
        "print([name for name in sys.modules if name.startswith('rich')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_simulated_time_rate_and_time_left() -> None:
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 1800.0, 2, clock) as bar:
        bar(0, 0.0, 0)
        for step in (1, 2):
            clock.now += 4.0
            bar(0, step * 900.0, step * 108_000)
    assert frames(stream) == [
        "0 % simulated 0 s of 60 min -:--:-- left",
        "25 % simulated 15 min of 60 min, 27,000 requests/s -:--:-- left",
        "50 % simulated 30 min of 60 min, 27,000 requests/s 0:00:08 left",
    ]


def test_replications_at_the_same_time_add_up_and_there_may_be_more_of_them() -> None:
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 100.0, 1, clock) as bar:
        bar.expect(4)
        bar.part(2)(0, 50.0, 10)
        clock.now += 2.0
        bar.part(2)(1, 50.0, 10)
    assert frames(stream)[-1].startswith("25 % simulated 100 s of 6.67 min, 10 requests/s")


def test_it_is_drawn_at_most_ten_times_a_second() -> None:
    clock, stream = Clock(), Terminal()
    with ReplicationsBar(stream, 100.0, 1, clock) as bar:
        for step in range(100):
            bar(0, float(step), step)
            clock.now += 0.01
        assert len(frames(stream)) == pytest.approx(10, abs=1)


def test_the_end_is_never_more_than_all() -> None:
    stream = Terminal()
    with ReplicationsBar(stream, 100.0, 1, Clock()) as bar:
        bar(0, 130.0, 10)  # the last calls are answered after the last arrival
    assert frames(stream)[-1].startswith("100 % simulated 100 s of 100 s")


def test_the_bar_is_wiped_at_the_end_and_is_not_there_before_the_first_value() -> None:
    stream = Terminal()
    with ReplicationsBar(stream, 100.0, 1, Clock()):
        pass
    assert stream.getvalue() == ""
    with ReplicationsBar(stream, 100.0, 1, Clock()) as bar:
        bar(0, 1.0, 1)
    assert stream.getvalue().endswith(WIPED)


def test_what_is_in_the_store_is_no_work() -> None:
    clock, stream = Clock(), Terminal()
    with SimulationsBar(stream, clock) as bar:
        bar(0, 1000, 3000)
        for simulated in (500, 1000):
            clock.now += 5.0
            bar(simulated, 1000, 3000)
        clock.now += 5.0
        bar(2000, 1000, 3000)
    assert frames(stream) == [
        "0 % 1,000 of 3,000 simulations (1,000 from the store) -:--:-- left",
        "25 % 1,500 of 3,000 simulations (1,000 from the store) -:--:-- left",
        "50 % 2,000 of 3,000 simulations (1,000 from the store) 0:00:10 left",
        "100 % 3,000 of 3,000 simulations (1,000 from the store) 0:00:00 left",
    ]
