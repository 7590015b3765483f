"""Whatever a gate found and whatever a scenario is called: every report can be made, and is well formed."""

import json
import re
from typing import NamedTuple
from xml.etree import ElementTree

import jsonschema
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mmesim.report import markdown
from mmesim.report.ci.comment import TAG, comment, step_summary
from mmesim.report.ci.github import MOST, commands
from mmesim.report.ci.junit import junit
from mmesim.report.content.gate import gate_report, verdict_report
from mmesim.report.content.gated.drift import has_news
from mmesim.report.plain import harmless
from mmesim.report.text import WIDTH, text
from mmesim.results.answers.gated import Gated, gated_schema
from mmesim.scenario.file.places import Place
from tests.helpers.files import ROOT
from tests.helpers.gated import any_gated, gated, plain_gated, texts, unreadable

SCHEMA = gated_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PROBLEM = re.compile(r".+?:\d+: ")
JENKINS = xmlschema.XMLSchema(str(ROOT / "tests" / "data" / "junit-10.xsd"))
FORMATTERS = {
    "text": lambda found: text(gate_report(found)),
    "coloured": lambda found: text(gate_report(found), colour=True, width=40),
    "verdict": lambda found: text(verdict_report(found)),
    "junit": junit,
    "annotations": lambda found: commands(found, {}),
    "comment": comment,
    "step summary": step_summary,
}


@given(any_gated)
def test_every_report_of_every_gate_can_be_made_and_is_a_function_of_it(found: Gated) -> None:
    again = Gated.model_validate_json(found.model_dump_json())
    for name, made in FORMATTERS.items():
        assert made(found) == made(again), name


@given(plain_gated)
def test_no_line_is_wider_than_a_terminal(found: Gated) -> None:
    for report in (gate_report(found), verdict_report(found)):
        assert [line for line in text(report).splitlines() if len(line) > WIDTH] == []


@given(any_gated)
def test_every_document_fits_its_schema_and_is_read_back(found: Gated) -> None:
    written = found.model_dump_json()
    VALIDATOR.validate(json.loads(written))
    assert Gated.model_validate_json(written) == found


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(any_gated)
def test_jenkins_reads_every_junit_file_and_counts_what_it_says(found: Gated) -> None:
    written = junit(found)
    JENKINS.validate(written)
    root = ElementTree.fromstring(written)
    assert len(root.findall("testsuite")) == len(found.scenarios)
    for scenario, suite in zip(found.scenarios, root.findall("testsuite"), strict=True):
        broken = scenario.error is not None
        verdicts = [line.verdict for line in scenario.lines]
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) == len(verdicts) + broken
        assert (
            int(suite.attrib["failures"]) == len(suite.findall("testcase/failure")) == verdicts.count("fail") + broken
        )
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error")) == verdicts.count("undecided")
    for of in ("tests", "failures", "errors"):
        assert int(root.attrib[of]) == sum(int(suite.attrib[of]) for suite in root.findall("testsuite"))


class Command(NamedTuple):
    """A command as GitHub's runner reads it (actions/runner, src/Runner.Common/ActionCommand.cs)."""

    level: str
    properties: dict[str, str]
    message: str


def read(command: str) -> Command:
    assert command.startswith("::")
    assert len(command.splitlines()) == 1
    info, ended, message = command[2:].partition("::")
    assert ended
    level, _, said = info.partition(" ")
    properties = dict(one.split("=", 1) for one in said.split(",")) if said else {}
    return Command(level, {name: unescaped(value) for name, value in properties.items()}, unescaped(message))


def unescaped(text: str) -> str:
    for code, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, plain)
    return text


@given(any_gated, texts, st.integers(1, 10**6))
def test_every_command_is_one_line_that_github_reads_and_ten_of_a_level_at_most(found: Gated, path: str, line: int):
    places = {
        one.file: {" ".join(its.text.split()): Place(path or "file", line) for its in one.lines}
        for one in found.scenarios
    }
    read_ones = [read(one) for one in commands(found, places).split("\n")[:-1]]
    for one in read_ones:
        assert {"title"} <= set(one.properties) <= {"file", "line", "title"}
        assert one.level in ("error", "warning")
    for level in ("error", "warning"):
        assert sum(one.level == level for one in read_ones) <= MOST


@given(texts, texts)
def test_the_text_of_a_command_is_read_back_as_it_was(error: str, file: str):
    (one,) = [read(command) for command in commands(gated(unreadable(error, file)), {}).split("\n")[:-1]]
    assert one.message == harmless(error)
    if not PROBLEM.match(error):
        assert one.properties.get("file", "") == harmless(file)


PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
OURS = {TAG, "<details>\n<summary>Report</summary>", "</details>"}


@given(any_gated)
def test_nothing_in_a_comment_is_markup_but_ours(found: Gated):
    for written in filter(None, (comment(found), step_summary(found))):
        inline = [child for token in PARSER.parse(written) for child in token.children or ()]
        tokens = [*PARSER.parse(written), *inline]
        html = {token.content.strip() for token in tokens if token.type in ("html_block", "html_inline")}
        assert html <= OURS
        kinds = {token.type for token in tokens}
        assert not kinds & {"link_open", "image", "em_open", "strong_open", "blockquote_open", "hr", "code_block"}
        assert sum(token.type == "heading_open" for token in tokens) == 1
        assert not any(
            "@" in token.content for token in inline if token.type == "text" and "@" in written.split("`")[0]
        )


@given(any_gated)
def test_every_row_of_a_table_has_a_cell_for_each_column(found: Gated):
    cells = 0
    for token in PARSER.parse(step_summary(found)):
        if token.type == "tr_open":
            cells = 0
        elif token.type in ("th_open", "td_open"):
            cells += 1
        elif token.type == "tr_close":
            assert cells in (5, 6)


@given(st.text(max_size=60))
def test_code_shows_any_text_and_nothing_but_it(plain: str):
    shown = markdown.code(plain)
    tokens = PARSER.parseInline(shown)[0].children or []
    assert [token.type for token in tokens] == (["code_inline"] if plain.split() else [])
    assert "".join(token.content for token in tokens).strip() == harmless(" ".join(plain.split())).strip()


@given(st.text(max_size=60))
def test_a_block_of_code_ends_where_it_should(plain: str):
    kinds = [token.type for token in PARSER.parse(f"{markdown.code_block(plain)}\n\nafter")]
    assert kinds == ["fence", "paragraph_open", "inline", "paragraph_close"]


@given(any_gated)
def test_a_comment_is_found_again_by_its_first_line_and_github_takes_it(found: Gated):
    written = comment(found)
    assert (written == "") == (not has_news(found))
    assert written == "" or written.startswith(f"{TAG}\n### ")
    assert len(written) <= 65_536
