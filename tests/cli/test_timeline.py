"""`mmesim run --timeline`: the file, the part of the run that it shows, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command import Command
from tests.helpers.trace_events import read, slices

SCENARIO = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, count: 3, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 5 /s}}}]
run: {duration: 180 s, warmup: 60 s, replications: 1}
"""


@pytest.fixture
def run(mmesim: Command) -> Command:
    """`mmesim run` in a folder that holds day.yaml."""
    Path("day.yaml").write_text(SCENARIO)
    return lambda *words: mmesim("run", "day.yaml", "--out", "result", *words)


def test_the_slowest_minute_or_the_part_that_was_asked_for(run: Command) -> None:
    done = run("--timeline")
    assert done.code == 0, done.err
    assert "timeline in result/timeline.json.gz: open it in ui.perfetto.dev" in done.err
    begins = [event["ts"] / 1e6 for event in slices(read(Path("result/timeline.json.gz")), "requests")]
    assert max(begins) - min(begins) > 50.0
    assert run("--timeline", "--timeline-window", "10 s..12.5 s", "--quiet").code == 0
    begins = [event["ts"] / 1e6 for event in slices(read(Path("result/timeline.json.gz")), "requests")]
    assert all(9.0 < begin < 12.5 for begin in begins)
    assert run("--quiet").code == 0
    assert not Path("result/timeline.json.gz").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--timeline-window", "1 s..2 s"), "--timeline-window says what --timeline shows: give both"),
        (("--timeline", "--timeline-window", "1 s"), "two times with `..` between them, such as '10 min..11 min'"),
        (("--timeline", "--timeline-window", "2 s..1 s"), "2 s is not before 1 s"),
        (("--timeline", "--timeline-window", "1 s..2 hours"), "'1 s..2 hours': "),
        (("--timeline", "--timeline-window", "1 s..5 min"), "the run ends after 3 min"),
    ],
)
def test_mistakes_are_said_before_anything_is_simulated(run: Command, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.code == 64
    assert said in " ".join(done.err.replace("│", " ").split())
    assert not Path("result").exists()
