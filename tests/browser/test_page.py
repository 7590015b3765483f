"""The page of a run in a browser, Debian's Chromium: what a person sees, reaches by keyboard, and hears read aloud.

Skipped where there is none, but not in CI. `make page` fetches axe-core, which looks for what shuts people out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from mmesim.report.page.run import run_page
from mmesim.results.folder.shown import Kept
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.helpers.files import ROOT
from tests.unit.report.page.test_other_pages import pages
from tests.unit.report.page.test_page import HOSTILE, SECTIONS, result
from tests.unit.results.synthetic import Call, replications, scenario

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDED = "needs a browser: apt-get install chromium"
AXE = ROOT / ".page" / "node_modules" / "axe-core" / "axe.min.js"
WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
Scheme = Literal["light", "dark"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and (not os.environ.get("CI") or os.environ.get("MMESIM_BROWSER") == "none"),
        reason="needs chromium: apt-get install chromium",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, NEEDED
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def many() -> Scenario:
    """Hostile names, and so many others that the table of models has pages."""
    names = [*HOSTILE, *(f"tenant-{number:03d}" for number in range(60))]
    each = {"artifact_size": 10**6, "memory": 10**7, "service": {"cpu": 0.01}}
    return scenario(["p99 < 500 ms", "p50 < 10 ms"], models=[{"name": name, **each} for name in names])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    of = many()
    rows = len(of.model_table())
    calls = [Call(0.001 * (1 + i % 70), model=i % rows, load=i if i % 9 == 0 else None) for i in range(3 * rows)]
    folder = tmp_path_factory.mktemp("run") / "result"
    found = Result(of, replications(of, calls, calls, windows=result().runs[0].windows))
    page = found.save(folder) / "report.html"
    page.write_text(run_page(Kept.read(folder)), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the browser complains of, and what it asks for besides the file."""
    return []


@pytest.fixture
def page(browser: Browser, file: Path, said: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    shown: tuple[ViewportSize, Scheme] = getattr(request, "param", (WIDE, "light"))
    viewport, scheme = shown
    said.clear()
    context = browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True)
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.on("request", lambda asked: None if asked.url == file.as_uri() else said.append(asked.url))
    opened.goto(file.as_uri())
    opened.wait_for_selector("#model-table tbody tr")
    yield opened
    context.close()
    assert said == []


def sideways(page: Page) -> list[list[object]]:
    """What goes on beyond its edge: its words, its width, and its room."""
    found: list[list[object]] = page.evaluate(
        "[...document.querySelectorAll('.scroll, .dt-layout-table, pre')]"
        ".filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)"
        ".map(one => [one.getAttribute('aria-label') || one.tagName, one.scrollWidth, one.clientWidth])"
    )
    return found


@pytest.mark.parametrize("page", [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")], indirect=True)
def test_it_fits_the_screen_and_draws_every_chart(page: Page) -> None:
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
    beyond = sideways(page)
    if page.viewport_size == WIDE:  # beside the table of all models, and files
        beyond = [one for one in beyond if one[0] not in ("DIV", "PRE")]
    assert beyond == []
    assert [one.get_attribute("id") for one in page.query_selector_all("main > section")] == SECTIONS
    charts = page.query_selector_all(".chart")
    assert len(charts) > 3
    for chart in charts:
        canvas = chart.query_selector("canvas")
        assert canvas is not None
        painted = canvas.evaluate("c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(x => x > 0)")
        assert painted


def test_models_are_sorted_searched_and_saved(page: Page, tmp_path: Path) -> None:
    rows = page.locator("#model-table tbody tr")
    first, heading = rows.first.locator("td").first, page.locator("#model-table th", has_text="model")
    heading.click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(first).not_to_have_text("x" * 300)
    heading.click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(first).to_have_text("x" * 300)
    page.fill("input[type=search]", "tenant-007")
    expect(rows).to_have_count(1)
    page.fill("input[type=search]", "cmd")
    expect(first).to_have_text(HOSTILE[3])
    page.fill("input[type=search]", "")
    expect(rows).to_have_count(25)
    with page.expect_download() as saved:
        page.click("#model-csv")
    saved.value.save_as(tmp_path / "models.csv")
    lines = (tmp_path / "models.csv").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 2 + len(many().model_table())
    assert lines[0].startswith('model,group,calls,ok,misses,"cold share, %"')
    assert any(line.startswith("'=cmd|") for line in lines)
    assert not any(line.startswith(("=", '"=')) for line in lines)


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(e => e.id || e.className || e.tagName)(document.activeElement)"))
        if "model-csv" in reached and page.evaluate("document.activeElement.tagName") == "PRE":
            break
    assert {"model-csv", "scroll", "SUMMARY", "PRE"} <= reached
    heading = page.locator("#model-table th:has-text('calls')").first
    heading.locator("[tabindex]").focus()
    expect(heading).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Enter")
    expect(heading).not_to_have_attribute("aria-sort", "descending")


def test_each_picture_says_what_it_shows_and_has_its_data_as_a_table(page: Page) -> None:
    pictures = page.query_selector_all("[role=img]")
    assert len(pictures) > 6
    for picture in pictures:
        assert len(picture.get_attribute("aria-label") or "") > 40
    assert len(page.query_selector_all("details table")) == len(page.query_selector_all(".chart")) + 2


@pytest.mark.parametrize("which", ["plan", "gate", "sweep", "diff"])
def test_other_pages_say_nothing_to_the_browser(browser: Browser, said: list[str], tmp_path: Path, which: str) -> None:
    said.clear()
    file = tmp_path / f"{which}.html"
    file.write_text(pages(HOSTILE[0])[which].text, encoding="utf-8")
    opened = browser.new_page(viewport=PHONE)
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.on("request", lambda asked: None if asked.url == file.as_uri() else said.append(asked.url))
    opened.goto(file.as_uri())
    wide, room = opened.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
    assert sideways(opened) == []
    if AXE.is_file():
        opened.evaluate(AXE.read_text(encoding="utf-8"))
        assert opened.evaluate("axe.run().then(found => found.violations.map(one => one.id))") == []
    opened.close()
    assert said == []


def test_print_is_in_light_colours(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)" != dark
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: make page")
@pytest.mark.parametrize("page", [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")], indirect=True)
def test_axe_finds_no_violation(page: Page) -> None:
    # Beside the policy of the page, as a tool of the browser would be.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(found => found.violations.map(one => [one.id, one.nodes.map(n => n.html)]))")
    assert found == []
