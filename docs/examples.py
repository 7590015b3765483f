"""Runs the examples of the pages, and writes what they print into them: `python -m docs.examples [page ...]`.

What a page may contain:
    ```console   `$ command` lines (`> ` continues one), each followed by what it prints on stdout
    ```sh        commands whose output is not shown
    ```python    code; all blocks of a page share their names
    <!-- file: name -->       the block below is the content of that file
    <!-- output -->           the block below is what the Python block above prints
    <!-- not run: reason -->  the block below is only shown
Every page runs in a folder of its own that holds `scenarios`. A command that fails stops the page. A shell runs as
readers have it, without pipefail: so no pipe may hide the exit code of `--check`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMANDS = ("console", "sh")
REFUSED = ("bash", "shell", "zsh", "py", "pycon")
"""Names of languages that would hide an example from this module."""

OF_CI = frozenset({"CI", "BUILD_NUMBER", "PYTEST_ADDOPTS"})
"""Variables that make pytest print otherwise than it does for readers."""

_FENCE = re.compile(r"```(\w*)\s*")
_CHECK_IN_PIPE = re.compile(r"--check\b[^|\n;&]*\|(?!\|)")
_DIRECTIVE = re.compile(r"<!-- (file|output|not run)(?:: (.+?))? -->")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its directive if there is one, and its lines [first, last) in the page."""

    language: str
    directive: str
    argument: str
    first: int
    last: int


class ExampleError(Exception):
    """An example of a page does not work."""


def pages() -> list[Path]:
    """Every page with examples: not the generated ones, and not the page of the benchmarks, which takes minutes."""
    written = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "reference"]
    written.remove(ROOT / "docs" / "performance.md")
    return [ROOT / "README.md", *written]


def blocks(lines: list[str]) -> Iterator[Block]:
    """The fenced blocks of a page in order."""
    start, language = -1, ""
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line)
        if start < 0 and fence:
            start, language = number, fence[1]
        elif start >= 0 and line.rstrip() == "```":
            yield Block(language, *_directive(lines, start), start + 1, number)
            start = -1


def _directive(lines: list[str], fence: int) -> tuple[str, str]:
    above = next((line for line in reversed(lines[:fence]) if line.strip()), "")
    match = _DIRECTIVE.fullmatch(above.strip())
    return ("", "") if match is None else (match[1], match[2] or "")


def played(text: str, folder: Path) -> str:
    """The page with what its examples print in `folder`; ExampleError when one of them fails."""
    lines = text.split("\n")
    replaced: list[tuple[Block, list[str]]] = []
    names: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for block in blocks(lines):
        body = lines[block.first : block.last]
        if block.language in REFUSED:
            raise ExampleError(f"line {block.first}: write console, sh or python, not {block.language}")
        if block.directive == "not run":
            if not block.argument:
                raise ExampleError(f"line {block.first}: no reason is given")
        elif block.directive == "file":
            (folder / block.argument).write_text("\n".join(body) + "\n", encoding="utf-8")
        elif block.directive == "output":
            replaced.append((block, printed.rstrip("\n").split("\n")))
        elif block.language == "python":
            printed = _python("\n".join(body), names, folder)
        elif block.language == "sh":
            _shell("\n".join(body), folder)
        elif block.language == "console":
            replaced.append((block, list(_console(body, folder))))
    for block, new in reversed(replaced):
        lines[block.first : block.last] = new
    return "\n".join(lines)


def _console(body: list[str], folder: Path) -> Iterator[str]:
    """The block again, with what each command prints now."""
    number = 0
    while number < len(body):
        if body[number].startswith("$ "):
            command = [body[number][2:]]
            yield body[number]
            while number + 1 < len(body) and body[number + 1].startswith("> "):
                number += 1
                command.append(body[number][2:])
                yield body[number]
            output = _shell("\n".join(command), folder).rstrip("\n")
            yield from (line.rstrip() for line in output.split("\n") if output)
        number += 1


def hides_the_check(script: str) -> bool:
    """Whether a pipe stands behind `--check`: a plain shell then shows the exit code of another command."""
    return _CHECK_IN_PIPE.search(script.replace("\\\n", " ")) is not None


def _shell(script: str, folder: Path) -> str:
    """What a script prints on stdout; paths are shown without the folder."""
    if hides_the_check(script):
        raise ExampleError(f"{script}\na pipe hides the exit code of --check: its status is that of the last command")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if name not in OF_CI}
    environment |= {"PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise ExampleError(f"{script}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.replace(f"{folder.resolve()}{os.sep}", "")


def _python(source: str, names: dict[str, object], folder: Path) -> str:
    """What Python code prints."""
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        exec(compile(source, "<example>", "exec"), names)
    return printed.getvalue()


def workshop(folder: Path) -> Path:
    """`folder`, with what the examples take for granted: the scenarios of the repository."""
    (folder / "scenarios").symlink_to(ROOT / "scenarios")
    return folder


def main() -> None:
    """Run the examples of the given pages, or of all, and write what they print into the pages."""
    for page in [Path(name).resolve() for name in sys.argv[1:]] or pages():
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            new = played(text, workshop(Path(folder)))
        if new != text:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}: written\n")


if __name__ == "__main__":
    main()
