"""Every command and every piece of Python in the pages works, and prints what the page says."""

import re
from pathlib import Path

import pytest

from docs.examples import COMMANDS, ROOT, ExampleError, blocks, hides_the_check, pages, played, workshop

COMMAND = re.compile(r"\s+(\$ |mmesim |make |python |pip )")


@pytest.mark.slow
@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_print_what_the_page_says(page: Path, tmp_path: Path):
    text = page.read_text(encoding="utf-8")
    assert played(text, workshop(tmp_path)).split("\n") == text.split("\n"), "python -m docs.examples writes it anew"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_is_written_where_it_would_not_be_run(page: Path):
    lines = page.read_text(encoding="utf-8").split("\n")
    inside = {number for block in blocks(lines) for number in range(block.first, block.last)}
    hidden = [line for number, line in enumerate(lines) if number not in inside and COMMAND.match(line)]
    assert hidden == []
    plain = [block for block in blocks(lines) if block.language not in COMMANDS and block.directive != "output"]
    shown = [line for block in plain for line in lines[block.first : block.last] if line.startswith("$ ")]
    assert shown == []


def test_a_wrong_output_is_noticed(tmp_path: Path):
    text = "```console\n$ echo right\nwrong\n```\n\n```python\nprint(6 * 7)\n```\n\n<!-- output -->\n```text\n41\n```\n"
    assert played(text, workshop(tmp_path)) == text.replace("wrong", "right").replace("41", "42")


def test_files_and_blocks_that_are_not_run(tmp_path: Path):
    text = "<!-- file: a.txt -->\n```text\nhello\n```\n\n```sh\ntest $(cat a.txt) = hello\n```\n"
    text += "\n<!-- not run: it would fail -->\n```sh\nfalse\n```\n"
    assert played(text, workshop(tmp_path)) == text


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_hides_the_exit_code_of_a_check(page: Path):
    lines = page.read_text(encoding="utf-8").split("\n")
    for block in blocks(lines):
        body = "\n".join(lines[block.first : block.last]).replace("\n> ", " ").replace("\\\n", " ")
        assert not hides_the_check(body), body


@pytest.mark.parametrize(
    ("script", "hidden"),
    [
        ("mmesim run a.yaml --check | sed p || echo $?", True),
        ("mmesim run a.yaml --check --quiet |tee log", True),
        ("mmesim run a.yaml \\\n--check \\\n| grep x", True),
        ("mmesim run a.yaml --check || echo $?", False),
        ("mmesim run a.yaml --check > log || echo $?\ngrep x log | sed p", False),
        ("mmesim run a.yaml | grep x", False),
    ],
)
def test_a_pipe_behind_a_check_is_refused(tmp_path: Path, script: str, hidden: bool):
    assert hides_the_check(script) == hidden
    if hidden:
        with pytest.raises(ExampleError, match="a pipe hides the exit code of --check"):
            played(f"```sh\n{script}\n```\n", tmp_path)


def test_a_shell_is_that_of_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS"):
        monkeypatch.setenv(name, "--ours")
    text = "```console\n$ echo ${CI-unset} ${BUILD_NUMBER-unset} ${PYTEST_ADDOPTS-unset}\nunset unset unset\n```\n"
    assert played(text, tmp_path) == text
    assert played("```sh\nfalse | true\n```\n", tmp_path)
