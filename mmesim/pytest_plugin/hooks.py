"""What every session of pytest loads where mmesim is installed: options and a fixture, and nothing that takes time.

The rest is imported where `--mmesim` is given, or when a test asks for the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mmesim.pytest_plugin.runs import Run


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("mmesim", "mmesim: scenarios of multi-model endpoints")
    group.addoption(
        "--mmesim",
        action="store_true",
        help="Collect scenarios: each *.yaml with a section `expect`, one test for each of its lines.",
    )
    group.addoption(
        "--mmesim-undecided",
        choices=("fail", "pass"),
        default="fail",
        help="Whether a line that stays undecided fails the session (default) or not.",
    )
    group.addoption(
        "--mmesim-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="Set a field of every scenario that is collected, such as endpoint.instance_count=6; repeatable.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """What collects and runs scenarios, where it is asked for."""
    if config.getoption("--mmesim"):
        from mmesim.pytest_plugin import collect, shown

        config.pluginmanager.register(collect, "mmesim-collect")
        config.pluginmanager.register(shown, "mmesim-shown")


@pytest.fixture(scope="session")
def mmesim_run(pytestconfig: pytest.Config) -> Run:
    """Simulates a scenario file, with overrides, and returns its result: `mmesim_run("a.yaml", "run.seed=2")`.

    Paths are relative to pytest's root folder. The same scenario with the same overrides is simulated once a session.
    """
    from mmesim.pytest_plugin.runs import Runs

    return Runs(pytestconfig.rootpath)
