"""Nobody reads, the disk is full, a signal comes: what is computed is shown and kept, and the exit code is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.cli.common import each
from mmesim.errors import OutputError
from mmesim.results.result import Result
from tests.helpers.command import Command
from tests.unit.experiment import fakes

MMESIM = f"{sys.executable} -m mmesim"
SCENARIO = """
name: "evil\\e]0;owned\\a"
endpoint: {instance_type: ml.m5.xlarge, instance_count: 1}
models: [{name: "=m\\e[2J", memory: 1 MiB, artifact_size: 1 MB, service: {wait: 1 ms}, load: {cpu: 0.1 s}}]
traffic: [{arrivals: {constant: {rate: 1 /s}}}]
run: {duration: 20 s, warmup: 0 s, replications: 2}
expect: [p99 < 10 s]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "a.yaml"
    file.write_text(SCENARIO)
    return file


def shell(line: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    ("redirected", "buffered"),
    [
        ("| true", ""),
        pytest.param("| true", "1", marks=pytest.mark.slow),
        pytest.param("| head -1 >/dev/null", "", marks=pytest.mark.slow),
        (">&-", ""),
        ("2>&-", ""),
    ],
)
def test_the_exit_code_does_not_depend_on_who_reads(scenario: Path, redirected: str, buffered: str) -> None:
    line = f"{MMESIM} validate --strict {scenario} {redirected}; echo code ${{PIPESTATUS[0]}}"
    done = shell(line, env=os.environ | {"PYTHONUNBUFFERED": buffered})
    assert done.stdout.splitlines()[-1] == "code 0"
    assert "Error" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_full_disk_behind_stdout_is_named(encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = shell(f"{MMESIM} schema > /dev/full", env=environment)
    assert (done.returncode, done.stderr) == (64, "cannot write to stdout: No space left on device\n")
    assert shell(f"{MMESIM} --version 2> /dev/full", env=environment).returncode == 0


def test_nothing_that_is_printed_steers_the_terminal(mmesim: Command, scenario: Path) -> None:
    for words in (["validate"], ["validate", "--resolved"], ["run", "--quiet", "--set", "expect=[]"]):
        outcome = mmesim(*words, scenario)
        assert outcome.code == 0
        assert "\x1b" not in outcome.out + outcome.err
        assert "\x07" not in outcome.out + outcome.err
    outcome = mmesim("validate", scenario, "--set", "endpoint.\x9b2J\x07=1")
    assert outcome.code == 64
    assert r"\x9b2J\x07" in outcome.err
    assert "\x1b" not in outcome.err


def test_a_result_that_cannot_be_saved_is_printed(
    mmesim: Command,
    stand_in: Callable[[fakes.Simulate], None],
    scenario: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OutputError("cannot write to results: No space left on device")

    stand_in(fakes.random_service)
    monkeypatch.setattr(Result, "save", full)
    outcome = mmesim("run", scenario, "--json", "--check")
    assert outcome.code == 64
    assert '"replications": 2' in outcome.out
    assert outcome.err.splitlines()[-1] == "cannot write to results: No space left on device"


def test_every_step_is_done_and_every_problem_named() -> None:
    done = []

    def fails(name: str) -> None:
        done.append(name)
        raise OutputError(name)

    with pytest.raises(OutputError, match=r"^a\nc$"):
        each(lambda: fails("a"), lambda: done.append("b"), lambda: fails("c"))
    assert done == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_keeps_what_is_finished(
    mmesim: Command, stand_in: Callable[[fakes.Simulate], None], scenario: Path, tmp_path: Path, name: str
) -> None:
    def second_is_stopped(*of: object) -> object:
        if of[1] == 1:
            signal.raise_signal(getattr(signal, name))
            raise AssertionError("still running")
        return fakes.random_service(*of)  # type: ignore[arg-type]

    stand_in(second_is_stopped)  # type: ignore[arg-type]
    before = signal.getsignal(getattr(signal, name))
    outcome = mmesim("run", scenario, "--json", "--out", "out")
    assert outcome.code == 130
    assert '"interrupted": true' in outcome.out
    assert (tmp_path / "out" / "summary.json").read_text() == outcome.out
    assert not list(tmp_path.glob(".mmesim-*"))
    assert signal.getsignal(getattr(signal, name)) is before


def test_a_second_signal_at_once_is_the_same_wish(
    mmesim: Command, stand_in: Callable[[fakes.Simulate], None], scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Result.save

    def again(result: Result, folder: str) -> object:
        signal.raise_signal(signal.SIGINT)
        return save(result, folder)

    stand_in(fakes.random_service)
    monkeypatch.setattr(Result, "save", again)

    def second_is_stopped(*of: object) -> object:
        if of[1] == 1:
            signal.raise_signal(signal.SIGINT)
        return fakes.random_service(*of)  # type: ignore[arg-type]

    stand_in(second_is_stopped)  # type: ignore[arg-type]
    assert mmesim("run", scenario, "--out", "out").code == 130
    assert Path("out/summary.json").exists()
