"""Settings of every test."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.helpers.cpu_time import CpuTime
from tests.helpers.files import ROOT

# A law is not about speed: on a busy machine an example may take any time.
settings.register_profile("mmesim", deadline=None)
settings.load_profile("mmesim")

# A run in the background of a script starts with SIGINT ignored, and every process that a test starts would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Says at the end how much CPU time the tests took."""
    config.pluginmanager.register(CpuTime())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collects without Python's collector, which looks for circles among a million objects that stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compiles the kernel before there are several processes of tests, each of which would compile it."""
    config = session.config
    if not config.getoption("numprocesses", None) or config.getoption("collectonly"):
        return  # all tests in this process, which may be one of several
    from mmesim.experiment.execute.task import is_compiled

    if not is_compiled():
        run = [sys.executable, "-m", "mmesim", "run", "scenarios/gallery/retry-storm.yaml", "--no-requests"]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*run, "--out", folder], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
