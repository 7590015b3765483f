"""Scenario files as tests: a line of `expect` is one, and all lines of a file share one gate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmesim.errors import MmesimError
from mmesim.experiment.gate.files import expects
from mmesim.pytest_plugin.shown import VERDICT, TestedLine
from mmesim.report.content.gated.words import grouped, on_one_line
from mmesim.results.answers.gated import GatedScenario
from mmesim.results.folder.folder import is_kept_scenario
from mmesim.scenario.file.load import load

SUFFIXES = (".yaml", ".yml")
STORE = "gate.sqlite"
"""What was simulated is kept in a file of this name in pytest's cache, and not simulated again."""


class NotMet(Exception):
    """A line that does not pass: what was found, in a few lines."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario that expects something, or that was named on the command line."""
    named = parent.session.isinitpath(file_path) and file_path.suffix in SUFFIXES
    if named or (file_path.suffix == ".yaml" and expects(file_path) and not is_kept_scenario(file_path)):
        scenario: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
        return scenario
    return None


class ScenarioFile(pytest.File):
    """A scenario file; its gate is run when the first of its lines is."""

    _found: GatedScenario | MmesimError | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Its lines; a scenario that is wrong is an error of collection."""
        try:
            scenario = load(self.path, self._overrides)
        except MmesimError as error:
            raise self.CollectError(str(error)) from None
        if not scenario.expect:
            raise self.CollectError(f"{self.path}: nothing is expected: add `expect`, such as [p99 < 500 ms]")
        for text in dict.fromkeys(e.text for e in scenario.expect):
            yield Line.from_parent(self, name=on_one_line(text), text=text)

    def found(self) -> GatedScenario:
        """What the gate found; MmesimError, each time, where nothing could be found."""
        if self._found is None:
            try:
                self._found = self._gate()
            except MmesimError as error:
                self._found = error
        if isinstance(self._found, MmesimError):
            raise self._found
        return self._found

    def _gate(self) -> GatedScenario:
        from mmesim.experiment.gate.gate import gate

        cache = getattr(self.config, "cache", None)  # absent under `-p no:cacheprovider`
        store = None if cache is None else cache.mkdir("mmesim") / STORE
        return gate([self.path], overrides=self._overrides, store=store).scenarios[0]

    @property
    def _overrides(self) -> list[str]:
        overrides: list[str] = self.config.getoption("--mmesim-set")
        return overrides


class Line(pytest.Item):
    """A line of `expect`: it passes when its scenario meets it."""

    def __init__(self, *, text: str, **given: Any) -> None:
        super().__init__(**given)
        self._text = text

    def runtest(self) -> None:
        """Raise unless the line passes, or is undecided and that may be."""
        assert isinstance(self.parent, ScenarioFile)
        found = self.parent.found()
        if found.error is not None:
            raise NotMet(found.error)
        (asked,) = (one for one in grouped(found.lines) if one.text == self.name)
        tested = TestedLine(found, asked)
        self.user_properties.append((VERDICT, asked.verdict))
        if asked.verdict == "pass":
            return
        if asked.verdict == "undecided" and self.config.getoption("--mmesim-undecided") == "pass":
            self.add_report_section("call", "mmesim", tested.as_text())  # becomes the `SECTION` of its report
            return
        raise NotMet(tested.as_text())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A few lines that say what was found; a traceback only of an error that is mmesim's own."""
        if isinstance(excinfo.value, NotMet | MmesimError):
            return str(excinfo.value).rstrip()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Where it is written, and what it is called in reports."""
        return self.path, None, f"{self.path.name}: {self.name}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With pytest-xdist: all lines of a file go to the same process, which simulates it once.

    Other tests are spread as before. Where `--dist` says something else than `load`, that holds.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler.loadscope import LoadScopeScheduling

    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = _scope
    return scheduling


def _scope(test: str) -> str:
    """What is run in one process, by the name of a test: the lines of a file; any other test by itself."""
    file = test.partition("::")[0]
    return file if file.endswith(SUFFIXES) else test
