"""What the pages say holds together: tables render, terms are explained, limits stand in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from docs.examples import ROOT
from mmesim import Scenario
from mmesim.errors import MmesimError
from mmesim.scenario.constraints import NAMES

GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = sorted((ROOT / "mmesim").rglob("*.py"))

LIMITS = ("docs/assumptions.md", "What is not simulated")
"""The one written section that says what is left out: elsewhere such a sentence outlives what it says."""
REFUSED = ("docs/reference/scenario.md", "Keys that are refused")
"""The one generated section that does: the table of scenario/file/spellings.py."""
TABLES_OF_LIMITS = {
    "mmesim/scenario/file/spellings.py",
    "mmesim/scenario/server/config/meaning.py",
    "mmesim/scenario/server/container.py",
    "mmesim/scenario/server/config/torchserve.py",
}
"""Their messages may say so too: one for each spelling, key of a server file and variable."""
LEFT_OUT = re.compile(
    r"\bnot simulated\b|\b(?:does|do) not simulate\b|\b(?:in|of|by) this version\b|\bthis version does\b|\byet\b",
    re.IGNORECASE,
)

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$")
RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\([^)]*\)")


class Line(NamedTuple):
    """A line of a page with its number and the heading above it; lines of code blocks are empty."""

    number: int
    section: str
    text: str


class Results(NamedTuple):
    """The names that results show to people."""

    parts: tuple[str, ...]
    causes: tuple[str, ...]
    bands: tuple[str, ...]
    verdicts: tuple[str, ...]


def names_in_results() -> Results:
    """Where the code keeps these names: the only place here that knows it."""
    from mmesim.results.answers.sections import State
    from mmesim.results.measured.run_data import CAUSES
    from mmesim.scenario.figures import BANDS, PARTS

    return Results(PARTS, CAUSES, tuple(BANDS), get_args(State))


def lines_of(text: str) -> list[Line]:
    """The lines of a page."""
    plain = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    section, lines = "", []
    for number, line in enumerate(plain.split("\n"), 1):
        heading = HEADING.fullmatch(line)
        section = heading[1] if heading else section
        lines.append(Line(number, section, line))
    return lines


def cells(row: str) -> int:
    """How many cells a row of a table has: bars that are escaped or in code do not divide."""
    return len(re.split(r"(?<!\\)\|", CODE.sub("", row).strip().strip("|")))


def broken_tables(text: str) -> list[str]:
    """What keeps the tables of a page from rendering: a gap inside a row, rows of different length, no rule."""
    found, width, is_above = [], 0, False
    for number, _, line in lines_of(text):
        if not line.startswith("|"):
            if line.rstrip().endswith(" |"):
                found.append(f"line {number}: the end of a row without its beginning")
            is_above = False
            continue
        if not line.rstrip().endswith("|"):
            found.append(f"line {number}: a row without its end")
        if not is_above:
            width = cells(line)
            following = text.split("\n")[number]
            if RULE.fullmatch(following.strip()) is None:
                found.append(f"line {number}: no rule below the head of a table")
        elif cells(line) != width:
            found.append(f"line {number}: {cells(line)} cells, the head has {width}")
        is_above = True
    return found


def out_of_place(name: str, text: str) -> list[str]:
    """Sentences about what is left out, outside the one section for them; the text of links does not count."""
    return [
        f"{name}:{line.number}: {line.text.strip()}"
        for line in lines_of(text)
        if (name, line.section) not in (LIMITS, REFUSED)
        and LEFT_OUT.search(LINK.sub("", re.sub(r"\[[^\]]*\]\(", "](", line.text)))
    ]


def literals(source: str) -> Iterator[tuple[int, str]]:
    """The strings of a module with their lines, but for docstrings: what people may be shown."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def said_out_of_place(source: str) -> list[str]:
    """Messages about what is left out, in a module that is not one of the tables for them."""
    return [f"{line}: {text}" for line, text in literals(source) if LEFT_OUT.search(text)]


def entries() -> dict[str, str]:
    """Term -> its explanation, in the order of the glossary."""
    found: dict[str, str] = {}
    for line in lines_of(GLOSSARY.read_text(encoding="utf-8")):
        if line.text.startswith("### "):
            found[line.section] = ""
        elif line.section in found:
            found[line.section] += f"{line.text}\n"
    return found


def relative(page: Path) -> str:
    """The name of a page from the root of the repository."""
    return page.relative_to(ROOT).as_posix()


def test_no_merge_is_half_done():
    marks = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)
    assert [relative(path) for path in (*PAGES, *SOURCES) if marks.search(path.read_text(encoding="utf-8"))] == []


def test_tables_render():
    found = {relative(page): broken_tables(page.read_text(encoding="utf-8")) for page in PAGES}
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_broken_tables_are_noticed():
    head = "| a | b |\n|---|---|\n"
    assert broken_tables(f"{head}| `x | y` | z |\n") == []
    assert broken_tables(f"{head}| x [y\n\nz] | w |\n") == [
        "line 3: a row without its end",
        "line 3: 1 cells, the head has 2",
        "line 5: the end of a row without its beginning",
    ]
    assert broken_tables(f"{head}| x | y | z |\n") == ["line 3: 3 cells, the head has 2"]
    assert broken_tables("| a | b |\n| x | y |\n") == ["line 1: no rule below the head of a table"]


def test_what_is_left_out_stands_in_one_section():
    found = [line for page in PAGES for line in out_of_place(relative(page), page.read_text(encoding="utf-8"))]
    assert found == []
    for page, section in (LIMITS, REFUSED):
        lines = lines_of((ROOT / page).read_text(encoding="utf-8"))
        assert len("\n".join(line.text for line in lines if line.section == section)) > 200


def test_messages_say_what_is_left_out_in_the_tables_for_it_alone():
    found = {relative(path): said_out_of_place(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {name for name, said in found.items() if said} == TABLES_OF_LIMITS, found


@pytest.mark.parametrize("key", ["server.response_timeout", "measured_on"])
def test_a_key_that_is_said_to_be_refused_is_refused(key: str):
    assumptions = lines_of((ROOT / LIMITS[0]).read_text(encoding="utf-8"))
    assert f"`{key}`" in "\n".join(line.text for line in assumptions if line.section == LIMITS[1])
    with pytest.raises(MmesimError, match=key.rpartition(".")[2]):
        Scenario.from_yaml(ROOT / "scenarios" / "quickstart.yaml", [f"{key}=[ml.c5.large]"])


def test_a_limit_out_of_place_is_noticed():
    assert out_of_place("docs/x.md", "# Title\n\nGPUs are not simulated.\n") == ["docs/x.md:3: GPUs are not simulated."]
    assert out_of_place("docs/x.md", "See [what is not simulated](assumptions.md#what-is-not-simulated).\n") == []
    name, section = LIMITS
    assert out_of_place(name, f"## {section}\n\nNo GPUs yet.\n\n## Next\n\nNot yet.\n") == [f"{name}:7: Not yet."]


def test_a_message_out_of_place_is_noticed():
    source = '"""Not yet."""\nX = 1\n"""It does not simulate."""\nraise Wrong(f"{X}: this version does it")\n'
    assert said_out_of_place(source) == ["4: : this version does it"]


def test_the_glossary_has_every_name_of_the_results():
    names, found = names_in_results(), entries()
    missing = [name for name in (*names.parts, *names.causes) if f"`{name}`" not in found]
    missing += [name for name in names.verdicts if name.capitalize() not in found]
    assert missing == []
    assert set(names.bands) <= set(CODE.findall(found["Band"]))


def test_the_glossary_names_all_that_can_bind_as_reports_do():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", entries()["Binding constraint"], re.MULTILINE)
    assert sorted(rows[1:]) == sorted(NAMES.items())  # the first is the head


ANSWERS = ("plan-a-fleet", "plan-for-what-may-come", "how-many-models", "split-an-endpoint", "explain-a-run")


def test_answers_write_money_and_intervals_as_the_glossary_says():
    """In sentences `$672` and `(a to b)`: `672 USD` and `[a, b]` are for tables and lists of figures."""
    for page in ANSWERS:
        text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8")
        shown = " ".join(" ".join(found[0].split()) for found in FENCE.finditer(text) if "$ mmesim" in found[0])
        assert re.findall(r"\d USD\*? (?:a month|an hour)", shown) == []
        assert re.findall(r"(?:knee|has|saves)[^.;]{0,20} \[[\d., ]+\] (?:of|models)", shown) == []


def test_the_ledger_of_the_glossary_has_all_parts_in_order():
    assert tuple(CODE.findall(entries()["Latency ledger"])) == names_in_results().parts


def test_the_glossary_is_in_alphabetical_order_and_explains_every_term():
    found = entries()
    order = [re.sub(r"[^a-z0-9]", "", term.lower()) for term in found]
    assert order == sorted(order)
    assert [term for term, text in found.items() if not text.strip()] == []
