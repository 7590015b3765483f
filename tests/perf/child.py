"""Runs Python in a process of its own, and says what CPU time that took."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from tests.helpers.files import ROOT


def probe(words: list[str], cache: Path | None = None) -> tuple[dict[str, float], float]:
    """The facts that a probe tells (tests.perf.probe), and its CPU time."""
    output, cpu_s = python(["-m", "tests.perf.probe", *words], cache)
    return json.loads(output), cpu_s


def python(words: list[str], cache: Path | None = None) -> tuple[str, float]:
    """What a Python process prints, and its CPU time; `cache`: an own folder for the compiled kernel."""
    environment = dict(os.environ)
    if cache is not None:
        environment.pop("NUMBA_CACHE_DIR", None)
        environment["XDG_CACHE_HOME"] = str(cache)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
