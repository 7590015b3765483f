"""Results in a notebook: small, without a script, and with the figures of everywhere else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from pydantic import BaseModel

from mmesim import Capacity, Explained, Gated, SplitAnswer
from mmesim.report import formats
from mmesim.report.blocks import Column, Table, cells, report
from mmesim.report.content.capacity import answer as carries
from mmesim.report.content.diff import answer as differs
from mmesim.report.content.gated.words import answer as holds
from mmesim.report.content.planned.statement import statement
from mmesim.report.content.sweep import answer as cheapest
from mmesim.report.content.verdict import answer
from mmesim.report.notebook.plan import of_plan
from mmesim.report.notebook.shown import MOST_ROWS, notebook
from tests.helpers.gated import gated, line, mixed, scenario
from tests.helpers.planned import planned
from tests.unit.report.content.test_capacity import document
from tests.unit.report.page.test_other_pages import compared, sweep
from tests.unit.report.page.test_page import HOSTILE, hostile, result

VOID = {"img", "br", "meta", "input"}


class Checked(HTMLParser):
    """The texts of a piece of HTML whose elements are all closed in order, and the names of its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("href", "src")]
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def shown(name: str) -> dict[str, str]:
    """Every kind of result, with one name everywhere."""
    return {
        "run": result()._repr_html_(),
        "diff": compared(name)._repr_html_(),
        "sweep": sweep(name)._repr_html_(),
        "gate": gated(scenario(line(verdict="fail"), name=name))._repr_html_(),
        "plan": of_plan(planned().model_copy(update={"name": name})),
    }


@pytest.mark.parametrize("kind", [Capacity, Explained, Gated, SplitAnswer])
def test_print_shows_the_short_form_of_an_answer(kind: type[BaseModel]) -> None:
    short: type[BaseModel] = type("Short", (kind,), {"__repr__": lambda self: "short"})
    assert str(short.model_construct()) == "short"
    assert kind.__repr__ is not BaseModel.__repr__


def test_it_is_small_closed_and_runs_nothing() -> None:
    for kind, html in shown("by-hand").items():
        assert len(html.encode()) < 20_000, kind
        found = Checked(html)
        assert {"script", "link", "iframe", "object"} & found.names == set()
        assert {"table", "style"} <= found.names, kind
        assert ("svg" in found.names) == (kind != "gate"), kind


def test_what_it_says_is_what_everybody_says() -> None:
    of = result()
    text = Checked(of._repr_html_()).text
    assert answer(of.summary) in text
    for estimate in of.summary["latency_ms"].values():
        assert formats.value(estimate) in text
        assert formats.interval(estimate) in text
    assert formats.percent_value(of.summary["cache_hit_ratio"]) in text
    assert differs(compared()) in Checked(compared()._repr_html_()).text
    assert cheapest(sweep()) in Checked(sweep()._repr_html_()).text
    assert carries(document()) in Checked(document()._repr_html_()).text
    assert holds(mixed()) in Checked(mixed()._repr_html_()).text
    assert " ".join(statement(planned()).split()) in Checked(of_plan(planned())).text


def test_names_do_no_harm() -> None:
    for html in shown("".join(HOSTILE)).values():
        found = Checked(html)
        assert {"script", "img"} & found.names == set()
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", found.text)
    run = Checked(result(hostile())._repr_html_())
    assert "<script>alert(1)</script>" in run.text
    assert "script" not in run.names


def test_a_long_table_is_cut_and_says_where_the_rest_is() -> None:
    table = Table((Column("point"),), tuple(cells(str(n)) for n in range(500)))
    found = Checked(notebook("many", "all", "plain", report([table]), rest="frame"))
    assert f"the first {MOST_ROWS} of 500 rows; all: frame" in found.text
    assert str(MOST_ROWS + 1) not in found.texts
