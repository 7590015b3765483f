"""Where the time of a command goes, from the first moment of its process: `python -m tests.perf.phases run FILE ...`.

The command runs in this process as a user's does, and its parts are timed where they are called. A second counts once,
for the innermost part. Prints a line for each part on stderr, or as a JSON object where the first word is `--json`.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.perf.probe import peak_memory_bytes

IMPORTS, REST = "imports", "rest"
PARTS: dict[str, tuple[str, ...]] = {
    "kernel from the cache": ("mmesim.engine.kernel.jit:_bound",),
    "set-up": ("mmesim.engine.simulation:Simulation.__init__",),
    "simulation": ("mmesim.engine.simulation:Simulation.run",),
    "collecting": ("mmesim.engine.simulation:Simulation.measured", "mmesim.experiment.replicate:keep_within"),
    "report": ("mmesim.report.content.run:run_report", "mmesim.results.result:summarise"),
    "folder": ("mmesim.results.folder.folder:write",),
}
"""Part -> the functions whose time it is."""


@dataclass
class Part:
    """What a part has taken, and the most memory that the process had had when it last ended."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_bytes: int = 0


class Clock:
    """The time of each part; what is in none of them is the rest."""

    def __init__(self, begun_s: float) -> None:
        self.parts = {name: Part() for name in (IMPORTS, *PARTS, REST)}
        self._under_way = [IMPORTS]  # until now Python itself has started
        self._cpu_s, self._wall_s = 0.0, begun_s

    def take(self) -> None:
        """What has passed is the time of the part that is under way."""
        cpu_s, wall_s = time.process_time(), time.time()
        part = self.parts[self._under_way[-1]]
        part.cpu_s += cpu_s - self._cpu_s
        part.wall_s += wall_s - self._wall_s
        part.peak_bytes = peak_memory_bytes()
        self._cpu_s, self._wall_s = cpu_s, wall_s

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Meanwhile this part is under way."""
        self.take()
        self._under_way.append(name)
        try:
            yield
        finally:
            self.take()
            self._under_way.pop()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time is that of this part."""

        @functools.wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            with self.inside(name):
                return function(*arguments, **named)

        return run

    def time_imports(self) -> None:
        """From now on imports are a part, also those of functions: only the outermost one is timed."""
        do, depth = builtins.__import__, 0

        def found(*arguments: Any, **named: Any) -> Any:
            nonlocal depth
            with contextlib.nullcontext() if depth else self.inside(IMPORTS):
                depth += 1
                try:
                    return do(*arguments, **named)
                finally:
                    depth -= 1

        builtins.__import__ = found

    def time_parts(self) -> None:
        """Put the timed functions in their places."""
        for name, places in PARTS.items():
            for place in places:
                module, _, path = place.partition(":")
                *outer, last = path.split(".")
                owner = functools.reduce(getattr, outer, importlib.import_module(module))
                setattr(owner, last, self.timed(name, getattr(owner, last)))


def phases(words: Sequence[str], begun_s: float) -> dict[str, Part]:
    """The parts of one command, which is run; `begun_s`: when the process began, of `time.time`."""
    clock = Clock(begun_s)
    clock.time_imports()
    clock.time_parts()
    clock.take()
    clock._under_way[:] = [REST]
    from mmesim import cli

    with contextlib.suppress(SystemExit):
        cli.main(list(words))
    clock.take()
    return clock.parts


def _begun_s() -> float:
    """When this process began; Linux alone says so, elsewhere it is now."""
    try:
        ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError):
        return time.time()


def main(words: list[str]) -> None:
    as_json = words[:1] == ["--json"]
    found = phases(words[as_json:], _begun_s())
    if as_json:
        sys.stdout.write(json.dumps({name: asdict(part) for name, part in found.items()}) + "\n")
        return
    every = found.values()
    found["all"] = Part(
        sum(part.cpu_s for part in every), sum(part.wall_s for part in every), max(part.peak_bytes for part in every)
    )
    sys.stderr.write(f"{'':24s}  CPU, s wall, s     MiB\n")
    for name, part in found.items():
        sys.stderr.write(f"{name:24s} {part.cpu_s:7.3f} {part.wall_s:7.3f} {part.peak_bytes / 2**20:7.0f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
