"""What is drawn in several places has one colour in all of them."""

from __future__ import annotations

import colorsys
import re

import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

from mmesim.report import colours
from mmesim.report.blocks import Bars, Part
from mmesim.report.notebook.shown import notebook
from mmesim.report.page.bars import bars
from mmesim.report.page.distribution import distribution, of_table
from mmesim.report.page.document import document
from mmesim.report.plots.latency import latency
from mmesim.report.plots.ledger import ledger
from mmesim.results.result import Result
from mmesim.scenario.figures import PARTS
from tests.unit.report.page.test_page import result

FILLED = re.compile(r"\.picture \.part-(\w+) \{ fill: (#\w+);")


@pytest.fixture(scope="module")
def run() -> Result:
    return result()


def test_every_part_of_the_ledger_has_a_colour_of_its_own() -> None:
    assert set(colours.OF_PART) == set(PARTS)
    assert len(set(colours.OF_PART.values())) == len(PARTS)


def test_a_part_has_one_colour_on_pages_in_notebooks_and_in_pictures(run: Result) -> None:
    containers = [one for one in ledger(run).axes[1].containers if isinstance(one, BarContainer)]
    drawn = {str(one.get_label()): to_hex(one.patches[0].get_facecolor()) for one in containers}
    assert set(drawn) >= {"load", "service"}
    for html in (document("x", "x", "plain", (), {}), notebook("x", "x", "plain", ())):
        assert dict(FILLED.findall(html)) == colours.OF_PART
    for part, colour in drawn.items():
        assert colour == colours.OF_PART[part]


def test_the_colour_of_a_part_does_not_depend_on_what_stands_beside_it() -> None:
    alone = bars(Bars(("p50",), (1.0,), (Part("service", (1.0,)),)), "x")
    beside = bars(Bars(("p50",), (2.0,), (Part("network", (1.0,)), Part("service", (1.0,)))), "x")
    assert all('class="part-service"' in html and "on-part-service" in html for html in (alone, beside))


def test_kinds_of_calls_have_one_colour_in_both_pictures_of_the_latency_and_none_is_red(run: Result) -> None:
    chart = distribution(of_table(run.tables["histograms"]), (), 10.0)
    assert chart is not None
    on_page = {curve["label"]: curve["colour"] for curve in chart.data()["curves"]}
    style = document("x", "x", "plain", (), {})
    lines = {line.get_label(): line.get_color() for line in latency(run).axes[0].lines}
    for calls, ground in colours.OF_CALLS.items():
        assert f"{on_page[calls]}: {ground.light};" in style
        assert f"{on_page[calls]}: {ground.dark};" in style
        assert lines[calls] == ground.light
        for colour in ground:
            hue, saturation, _ = colorsys.rgb_to_hsv(*(one / 255 for one in rgb(colour)))
            assert saturation < 0.3 or 30 < 360 * hue < 330


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
