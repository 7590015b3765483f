"""A Dask scheduler and workers as processes of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.files import ROOT

START_S = 60.0


@contextmanager
def process(
    module: str, *words: str, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's commands; killed at the end."""
    path = os.pathsep.join([*(environment or {}).get("PYTHONPATH", "").split(os.pathsep), str(ROOT)]).lstrip(os.pathsep)
    command = [sys.executable, "-m", module, *words]
    variables = os.environ | (environment or {}) | {"PYTHONPATH": path}
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def scheduler(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a new scheduler on a free port of the loopback device."""
    file = folder / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with process("distributed.cli.dask_scheduler", *words, environment=environment) as running:
        end = time.monotonic() + START_S
        while not file.exists() or not file.read_text():
            assert running.poll() is None, "the scheduler has ended"
            assert time.monotonic() < end, "the scheduler does not start"
            time.sleep(0.05)
        yield str(json.loads(file.read_text())["address"])


@contextmanager
def worker(address: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of one thread, which nobody starts again when it is killed."""
    words = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    with process("distributed.cli.dask_worker", *words, environment=environment) as running:
        yield running


def wait_for_workers(address: str, count: int) -> None:
    """Return when that many workers are there."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=START_S)
