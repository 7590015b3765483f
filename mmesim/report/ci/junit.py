"""A gate as JUnit XML, which Jenkins (junit-10.xsd), GitLab and others read: one suite a scenario, one case a limit.

What fails is a `failure`. What is undecided is an `error`: nothing is known to be wrong, but nobody may rely on it.
Its times are 0: the same gate gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import PurePath

from junitparser import Attr, Error, Failure, JUnitXml, TestCase, TestSuite

from mmesim.report.content.gated import words
from mmesim.report.plain import harmless
from mmesim.results.answers.gated import Gated, GatedLine, GatedScenario

NAME = "mmesim gate"


class _Suite(TestSuite):
    """A suite with the file that it is about, which junit-10.xsd knows and junitparser does not."""

    file = Attr()


def junit(gated: Gated) -> str:
    """The document; characters that XML does not know are written out in it."""
    document = JUnitXml(NAME)
    suites = [_suite(scenario, gated.mmesim) for scenario in gated.scenarios]
    document.extend(suites)  # not `add_testsuite`, which makes one of two that are alike
    # Not by `update_statistics`, which adds `skipped`: junit-10.xsd refuses it here.
    document.tests = sum(suite.tests for suite in suites)
    document.failures = sum(suite.failures for suite in suites)
    document.errors = sum(suite.errors for suite in suites)
    written = io.BytesIO()
    document.write(written, pretty=True)
    return written.getvalue().decode("utf-8")


def _suite(scenario: GatedScenario, version: str) -> _Suite:
    suite = _Suite(_on_one_line(scenario.name or scenario.file))
    suite.file = _on_one_line(scenario.file)
    for name, value in _properties(scenario, version):
        suite.add_property(name, _on_one_line(value))
    file = PurePath(suite.file)
    group = ".".join([*file.parent.parts, file.stem]) if file.name else suite.file
    cases = [] if scenario.error is None else [_unreadable(scenario.error, group)]
    cases += [_case(line, group) for line in scenario.lines]
    suite.add_testcases(cases)
    return suite


def _properties(scenario: GatedScenario, version: str) -> Iterator[tuple[str, str]]:
    """What all cases of a suite rest on."""
    yield "mmesim", version
    yield "replications", str(scenario.replications)
    if scenario.design is not None:
        yield "replication", words.judged_on(scenario)
        yield "looks", ", ".join(map(str, scenario.design.looks))


def _unreadable(error: str, group: str) -> TestCase:
    """The case of a scenario that cannot be judged."""
    case = TestCase("can be judged", group)
    case.result = [_with_text(Failure(_on_one_line(error.partition("\n")[0]), "error"), error)]
    return case


def _case(line: GatedLine, group: str) -> TestCase:
    window = words.window(line)
    case = TestCase(_on_one_line(f"{line.text}, {window}" if window else line.text), group)
    one = words.Asked(line.text, (line,))
    found, inside = words.found(line), words.margin(line)
    details = "\n".join(
        (line.meaning, f"found: {found}", *([f"margin: {inside}"] if inside else []), *words.notes(one))
    )
    if line.verdict == "pass":
        case.system_out = _text(details)
    else:
        message = "; ".join((found, *words.notes(one)))
        kind = Failure if line.verdict == "fail" else Error
        case.result = [_with_text(kind(_on_one_line(message), line.verdict), details)]
    return case


def _with_text(result: Failure | Error, text: str) -> Failure | Error:
    result.text = _text(text)
    return result


def _on_one_line(text: str) -> str:
    return _text(words.on_one_line(text))


def _text(text: str) -> str:
    """The text as XML can hold it: control characters, and the two that are none, are written out."""
    return _NO_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", harmless(text))


_NO_CHARACTER = re.compile("[\ufffe\uffff]")
