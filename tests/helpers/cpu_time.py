"""CPU time of the tests, said at the end of a run: of all, and of those that should be marked `slow`.

Nothing fails for it: how long a test takes depends on the machine.
"""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

SLOW_S = 3.0
"""A test of more than this is marked `slow` (CONTRIBUTING.md)."""


def _children_s() -> float:
    """Of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class CpuTime:
    """A plugin; each worker of xdist has one, and so has the process that gathers their reports."""

    def __init__(self) -> None:
        self._seen_s = 0.0
        self._workers_s = 0.0
        self._before_workers_s: float | None = None

    def pytest_runtest_logstart(self) -> None:
        """A test begins."""
        self._seen_s = time.process_time() + _children_s()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Setup, call or teardown is over: its report, which may travel to another process, gets the time."""
        now_s = time.process_time() + _children_s()
        report = yield
        report.__dict__["cpu_s"] = now_s - self._seen_s
        self._seen_s = now_s
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker says what it used, collecting included."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cpu_s"] = time.process_time() + _children_s()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self) -> None:
        """A worker has begun: what ended before, such as the compiling of the kernel, is not one of them."""
        if self._before_workers_s is None:
            self._before_workers_s = _children_s()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended."""
        self._workers_s += getattr(node, "workeroutput", {}).get("cpu_s", 0.0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The lines."""
        tests: dict[str, float] = defaultdict(float)
        slow: set[str] = set()
        for report in (one for reports in terminalreporter.stats.values() for one in reports):
            if hasattr(report, "cpu_s"):
                tests[report.nodeid] += report.cpu_s
                if "slow" in report.keywords:
                    slow.add(report.nodeid)
        if not tests:
            return
        children_s = _children_s() if self._before_workers_s is None else self._before_workers_s
        all_s = time.process_time() + children_s + self._workers_s
        terminalreporter.section("CPU time")
        terminalreporter.write_line(f"{all_s:,.0f} s in all, {sum(tests.values()):,.0f} s of them in tests")
        for name in sorted(tests.keys() - slow, key=lambda name: -tests[name]):
            if tests[name] > SLOW_S:
                terminalreporter.write_line(f"{tests[name]:.1f} s, and not marked slow: {name}")
