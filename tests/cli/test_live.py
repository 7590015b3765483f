"""What a long run shows on a real terminal, a pseudo one; and that it measures the same."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

SCENARIO = """
name: long
endpoint: {instance_type: ml.m5.xlarge}
models:
  - {name: m, count: 20, artifact_size: 1 MB, memory: 50 MiB, load: {cpu: 100 ms}, service: {wait: 1 ms}}
traffic: {arrivals: {poisson: {rate: 1000 /s}}}
run: {duration: 100 min, warmup: 10 s, seed: 1, replications: 2}
"""

pytestmark = pytest.mark.slow


def on_terminal(*words: str, columns: int, stop_when: str | None = None) -> tuple[int, str, str]:
    """Exit code, stdout, and what stood on a terminal as stderr; Ctrl-C once that has matched a pattern."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-m", "mmesim", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env=environment | {"TERM": "xterm"}, start_new_session=True
    )
    os.close(theirs)
    drawn, until = b"", time.monotonic() + 300.0
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            drawn += os.read(ours, 65_536)
        except OSError:
            break  # nobody writes any more
        if stop_when is not None and re.search(stop_when, drawn.decode(errors="ignore")):
            process.send_signal(signal.SIGINT)
            stop_when = None
    os.close(ours)
    out = process.communicate(timeout=60.0)[0].decode()
    return process.returncode, out, drawn.decode()


def lines(drawn: str) -> list[str]:
    """What was drawn, without what steers the terminal and without bars."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
    return [re.sub(r"[━╸╺]+ *", "", line).strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("long.yaml").write_text(SCENARIO)
    return "long.yaml"


@pytest.mark.parametrize(("columns", "jobs"), [(80, "1"), (200, "2")])
def test_a_long_run_is_seen_and_measures_the_same(file: str, columns: int, jobs: str) -> None:
    code, _, drawn = on_terminal("run", file, "--out", "seen", "--jobs", jobs, "--no-requests", columns=columns)
    assert code == 0
    shown = [line for line in lines(drawn) if " left" in line]
    assert shown
    parts = r"[0-9.,]+ % hits, [0-9,]+ requests/s, [0-9.]+ (s|min|ms) left"
    before = r"[0-2] of 2 replications, simulated [0-9.]+ (s|min|h) of 3.33 h, " if columns == 200 else ".*"
    assert all(re.fullmatch(rf"[0-9]+ % done, {before}{parts}", line) for line in shown[1:]), shown
    assert max(map(len, lines(drawn))) <= columns
    again = on_terminal("run", file, "--out", "silent", "--no-requests", "--quiet", columns=columns)
    assert (again[0], lines(again[2])) == (0, [])
    seen, same = (json.loads(Path(name, "summary.json").read_text()) for name in ("seen", "silent"))
    assert {**seen, "wall_s": 0} == {**same, "wall_s": 0}


def test_after_ctrl_c_the_terminal_is_clean(file: str) -> None:
    code, _, drawn = on_terminal("run", file, columns=100, stop_when=" left")
    assert code == 130
    assert drawn.rfind("\x1b[?25h") > drawn.rfind("\x1b[?25l")
    assert " left" not in lines(drawn)[-1]
