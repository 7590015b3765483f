"""How lines of `expect` are shown by pytest: *undecided* is a status of its own, and says what would decide it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mmesim.report.blocks import Lines, report
from mmesim.report.content.gate import lines_table
from mmesim.report.content.gated import words
from mmesim.report.text import text
from mmesim.results.answers.gated import GatedScenario

VERDICT = "mmesim_verdict"
"""Property of a test, also in JUnit XML: pass, fail or undecided."""
UNDECIDED = "undecided"
SECTION = "Captured mmesim call"
"""Section of the report of a line that is let pass although it is undecided."""


@dataclass(frozen=True)
class TestedLine:
    """A line of `expect` of a scenario that went through the gate."""

    __test__ = False

    scenario: GatedScenario
    asked: words.Asked

    def as_text(self) -> str:
        """What was found, in a few lines."""
        notes = tuple(words.notes(self.asked))
        judged = f"{self.scenario.name}, {words.judged_on(self.scenario)}"
        blocks = (lines_table((self.asked,)), Lines((*notes, judged), "note"))
        return text(report(blocks)).rstrip()


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """A line that is undecided is counted as that."""
    if report.when == "call" and _is_undecided(report):
        return UNDECIDED, "U", ("UNDECIDED", {"yellow": True})
    return None


def _is_undecided(report: pytest.CollectReport | pytest.TestReport) -> bool:
    return isinstance(report, pytest.TestReport) and (VERDICT, UNDECIDED) in map(tuple, report.user_properties)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The lines that are undecided, which pytest does not show among the failures."""
    found = [one for one in terminalreporter.getreports(UNDECIDED) if isinstance(one, pytest.TestReport)]
    if not found:
        return
    counted = config.getoption("--mmesim-undecided") == "fail"
    terminalreporter.section("undecided: fails the session" if counted else "undecided: let pass")
    for one in found:
        terminalreporter.write_line(one.nodeid, bold=True)
        said = [content for title, content in one.sections if title == SECTION]
        terminalreporter.write_line(said[0] if said else one.longreprtext)
