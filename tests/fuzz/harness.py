"""Runs cases in a process of their own, which is watched, and forked again after a crash."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from mmesim.cli import main
from mmesim.errors import MmesimError
from mmesim.scenario.file.load import load
from mmesim.workload.requests import expected_calls
from tests.fuzz.cases import Case, make

LONGEST_S = 5.0
"""CPU time of one command; the clock is given six times as long, for a busy machine."""
LONGEST_OF_A_GATE_S = 4 * LONGEST_S
"""A gate of the smallest scenario simulates some hundred replications, which take 3 to 5 s."""
MOST_BYTES = 10**9
MOST_CALLS = 20_000
"""A mutant that is accepted is run only when it is small."""
MOST_CALLS_OF_A_GATE = 500
"""A gate makes hundreds of such runs."""
REFUSED = 64
CODES = {0, 1, 2, REFUSED}
"""How a command may end whatever it is given."""


@dataclass(frozen=True)
class Fault:
    """A case that went wrong."""

    kind: str
    number: int
    what: str
    """`code 70`, `hang`, `memory`, `died`, `left over`."""
    command: str
    said: str


def faults(kind: str, numbers: Iterable[int], done: Path | None = None) -> Iterator[Fault]:
    """The faults among these cases; `done` keeps the numbers that went well, which are not run again."""
    known = {int(line) for line in done.read_text().split()} if done is not None and done.exists() else set()
    left = [number for number in numbers if number not in known]
    while left:
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=_serve, args=(theirs, kind, left))
        child.start()
        theirs.close()
        ran, fault = _watch(ours, kind, done)
        if child.is_alive():
            child.kill()
        child.join()
        if fault is not None:
            yield fault
        left = left[len(ran) :]


def _watch(pipe: Connection, kind: str, done: Path | None) -> tuple[list[int], Fault | None]:
    """The cases that the process began, and the fault that ended it; each that went well is kept in `done` at once."""
    ran: list[int] = []
    command = ""

    def went_well() -> None:
        if done is not None and ran:
            with done.open("a") as file:
                file.write(f"{ran[-1]}\n")

    while True:
        if not pipe.poll(6 * longest_s(kind)):
            return ran, Fault(kind, ran[-1], "hang", command, "")
        try:
            said = pipe.recv()
        except EOFError:
            ended = bool(ran) and command != "end"
            return ran, Fault(kind, ran[-1], "died", command, "") if ended else None
        if isinstance(said, int):
            went_well()
            ran.append(said)
        elif isinstance(said, Fault):
            return ran, said
        else:
            command = str(said)
            if command == "end":
                went_well()


def _serve(pipe: Connection, kind: str, numbers: list[int]) -> None:
    """Run cases until one goes wrong."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ["COLUMNS"] = "80"
    for number in numbers:
        pipe.send(number)
        fault = run_case(kind, number, pipe)
        if fault is not None:
            pipe.send(fault)
            return
    pipe.send("end")


def run_case(kind: str, number: int, pipe: Connection | None = None) -> Fault | None:
    """What is wrong with one case, run in a folder of its own."""
    case = make(kind, number)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, contextlib.chdir(folder):
        case.write(Path())
        for words in case.commands:
            if pipe is not None:
                pipe.send(json.dumps(words))
            begun = time.process_time()
            code, said = call(case, words)
            what = _wrong(code, time.process_time() - begun, longest_s(kind))
            if what is not None:
                return Fault(kind, number, what, json.dumps(words), said[-2000:])
            if code == REFUSED:
                break
    return None


def longest_s(kind: str) -> float:
    """CPU time of a command of a case of this kind."""
    return LONGEST_OF_A_GATE_S if kind == "gate" else LONGEST_S


def _wrong(code: object, cpu_s: float, longest_s: float) -> str | None:
    if code not in CODES:
        return f"code {code}"
    if cpu_s > longest_s:
        return "hang"
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MOST_BYTES:
        return "memory"
    if any(path.name.startswith(".mmesim") for path in Path().rglob("*")):
        return "left over"
    return None


def call(case: Case, words: list[str]) -> tuple[object, str]:
    """Exit code and messages of a command in this folder; a run that would be long is left out, with code 0."""
    most = {"run": MOST_CALLS, "gate": MOST_CALLS_OF_A_GATE}.get(words[0])
    if most is not None and not _small(case, most):
        return 0, ""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as end:
            return end.code, err.getvalue()
        except BaseException as error:
            return repr(error), err.getvalue()


def _small(case: Case, most: int) -> bool:
    """Whether its run is short: not too many calls, hosts or models."""
    sets = [word.removeprefix("--set=") for word in case.commands[-1] if word.startswith("--set=")]
    with warnings.catch_warnings(action="ignore"):
        try:
            scenario = load(Path("scenario.yaml"), sets)
            calls = expected_calls(scenario).sum()
        except MmesimError:
            return True  # refused at once
    return bool(calls < most and scenario.endpoint.instance_count < 50 and scenario.run.duration_s < 10**6)


def shown(fault: Fault) -> str:
    """A fault as a line of JSON."""
    return json.dumps(asdict(fault))
