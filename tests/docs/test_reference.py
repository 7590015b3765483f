"""The generated pages are what the code generates now, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

from docs.examples import ROOT
from docs.generate import FOLDER, PAGES
from docs.pages.fields import MORE, sections
from docs.pages.results import keys
from mmesim.results.answers.gated import Gated

ALL_PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
REFERENCE = re.compile(r"\]\[([^\]]+)\]")
DEFINITION = re.compile(r"^\[([^\]]+)\]:", re.MULTILINE)
DEFAULT = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)` = (.+?)(?=, `|;| \|)")


def without_code(text: str) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Names of the headings of a page, as a link writes them."""
    titles = re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str):
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written.split("\n") == PAGES[name]().split("\n"), "python -m docs.generate writes it anew"


def test_every_page_of_the_reference_is_generated():
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)


def test_every_key_of_a_scenario_has_a_meaning_in_one_sentence_or_more():
    keys = [key for section in sections() for key in section.keys]
    assert len(keys) > 200
    assert [key.path for key in keys if not re.match(r"(?:[A-Z`2]|vCPU|access-log|azure).*\.$", key.meaning)] == []


def test_every_key_of_a_gate_has_a_meaning():
    rows = list(keys(Gated))
    assert len(rows) > 50
    assert [path for path, _, meaning in rows if not meaning] == []


def test_links_to_more_belong_to_a_key():
    assert set(MORE) <= {key.path for section in sections() for key in section.keys}


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    text = without_code(page.read_text(encoding="utf-8"))
    targets = [inline or defined for inline, defined in LINK.findall(text)]
    broken = []
    for target in targets:
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []
    assert set(REFERENCE.findall(text)) == set(DEFINITION.findall(text))


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs") for path in ALL_PAGES[1:] if path.name != "README.md"]
    assert [str(path) for path in pages if f"({path.as_posix()})" not in index] == []


def test_defaults_in_the_assumptions_are_those_of_the_code():
    text = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
    defaults = {key.path: key.default for section in sections() for key in section.keys}
    stated = DEFAULT.findall(text)
    assert len(stated) > 20
    wrong = {key: value for key, value in stated if defaults.get(key, "no such key").strip() != value.strip()}
    assert wrong == {}
