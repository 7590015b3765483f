"""Numbers and names that stand both in the code and in pages or helps are the same in both."""

from __future__ import annotations

import re

import pytest

import mmesim
from docs.examples import ROOT
from mmesim import units
from mmesim.experiment.capacity import amounts, limit
from mmesim.experiment.execute import cluster
from mmesim.experiment.execute.task import COMPILE_CPU_S
from mmesim.experiment.explained import explain
from mmesim.experiment.plan import fleets
from mmesim.experiment.replicate import EXPERIMENT_REPLICATIONS, RECORDS
from mmesim.experiment.split import candidates, whole
from mmesim.experiment.split import fleets as parts
from mmesim.experiment.sweep import sweep
from mmesim.experiment.unknowns import uncertain, unknowns
from mmesim.preflight import load, size
from mmesim.report.content.run import CHECKS
from mmesim.results.figures import latency
from mmesim.results.summary import steady
from mmesim.results.timeline import seen
from mmesim.scenario.figures import shown_in
from mmesim.stats.looks import LOOKS

COMPILED = f"about {COMPILE_CPU_S} s of CPU time"

FACTS: list[tuple[str, str]] = [
    *(
        (page, COMPILED)
        for page in (
            "CHANGELOG.md",
            "Makefile",
            "docs/tutorial.md",
            "docs/extend.md",
            "docs/how-to/use-in-ci.md",
            "docs/how-to/gate-in-ci.md",
            "docs/how-to/use-many-cores.md",
        )
    ),
    ("docs/how-to/sweep.md", f"More than {sweep.MOST:,} simulations need `--yes`"),
    ("docs/security.md", f"a sweep of more than {sweep.MOST:,} simulations"),
    ("docs/security.md", f"a run of more than {size.MOST_CALLS:,.0f} calls"),
    ("mmesim/cli/sweep.py", f"Allow more than {sweep.MOST:,} simulations, or {size.MOST_CALLS:,.0f} calls."),
    ("mmesim/cli/plan.py", f"Allow more than {fleets.MOST:,} fleets, or more than {size.MOST_CALLS:,.0f} calls."),
    ("mmesim/cli/options.py", f"Allow a run of more than {size.MOST_CALLS:,.0f} calls"),
    ("mmesim/cli/capacity.py", f"{amounts.MOST:g} times what the scenario has"),
    ("docs/how-to/read-results-with-pandas.md", f"Above {RECORDS:,} calls in all replications together"),
    ("docs/how-to/read-the-page.md", f"up to {RECORDS:,} calls"),
    ("docs/design.md", f"{RECORDS:,} of a run"),
    ("docs/how-to/look-at-a-timeline.md", f"at most {seen.MOST_SLICES:,} slices"),
    ("docs/how-to/what-you-do-not-know.md", f"draws them, {uncertain.DRAWS} times by default"),
    ("docs/how-to/explain-a-run.md", f"by default those of the file, but at least {EXPERIMENT_REPLICATIONS}"),
    ("docs/how-to/explain-a-run.md", f"hold together with {1 - explain.ALL_TOGETHER:.0%}".replace("%", " %")),
    ("docs/how-to/sweep.md", f"or {EXPERIMENT_REPLICATIONS} if the file does not give it"),
    ("docs/how-to/gate-your-sizing.md", f"after {', '.join(map(str, LOOKS[:-1]))} and {LOOKS[-1]} replications"),
    ("docs/how-to/gate-your-sizing.md", f"The gate never runs more than {LOOKS[-1]}"),
    ("docs/design.md", f"The gate looks after {', '.join(map(str, LOOKS[:-1]))} and {LOOKS[-1]} replications"),
    ("docs/how-to/use-many-cores.md", f"does not answer within {cluster.TIMEOUT_S:g} seconds"),
    ("docs/how-to/check-before-you-run.md", f"warning from {load.BUSY:.0%}".replace("%", " %")),
    ("docs/how-to/check-before-you-run.md", f"problem above {load.MOST_BYTES >> 30} GiB"),
    ("docs/how-to/check-before-you-run.md", f"warning above {load.SPIN:.0%}".replace("%", " %")),
    ("docs/how-to/warm-up-and-steady-state.md", f"significant at {steady.ALPHA:.0%}".replace("%", " %")),
    ("docs/how-to/warm-up-and-steady-state.md", f"{steady.GROWTH_CALLS:g} calls and a quarter of the mean"),
    ("docs/design.md", f"fewer than {latency.EPISODES_NEEDED} loads lie beyond it"),
    ("docs/how-to/split-an-endpoint.md", f"an endpoint for each of up to {parts.MOST_DEDICATED} models"),
    ("docs/how-to/split-an-endpoint.md", f"a copy of each of up to {parts.MOST_COMPONENTS} models"),
    ("docs/how-to/split-an-endpoint.md", f"up to {parts.MOST_CONTAINERS} models, a container for each"),
    ("docs/how-to/split-an-endpoint.md", f"of {candidates.MOST_ALL} models or fewer, all of them"),
]
"""A file, and what it has to say, apart from line ends."""

NUMBERS: list[tuple[str, str, float]] = [
    ("docs/how-to/how-many-models.md", "At most {} amounts are decided", limit.MOST_TRIED),
    ("docs/assumptions.md", "At most {} amounts are decided", limit.MOST_TRIED),
    ("docs/how-to/split-an-endpoint.md", "of which at most {} fleets are tried", whole.MOST_MORE),
    ("docs/how-to/warm-up-and-steady-state.md", "fewer than {} whole minutes measured", steady.FEWEST_WINDOWS),
]
IN_WORDS = {6: "six", 8: "eight", 12: "twelve"}


def on_one_line(path: str) -> str:
    """A file of the repository without its line ends and marks of emphasis."""
    return " ".join((ROOT / path).read_text(encoding="utf-8").replace("**", "").split())


@pytest.mark.parametrize(("path", "fact"), FACTS)
def test_a_number_is_that_of_the_code(path: str, fact: str):
    assert fact in on_one_line(path)


@pytest.mark.parametrize(("path", "fact", "number"), NUMBERS)
def test_a_number_in_words_is_that_of_the_code(path: str, fact: str, number: float):
    assert fact.format(IN_WORDS[int(number)]) in on_one_line(path)


def test_compiling_takes_about_as_long_as_it_is_said_to():
    row = re.search(
        r"^\| kernel, first time: compiled \| ([\d.]+) \|", (ROOT / "docs/performance.md").read_text(), re.MULTILINE
    )
    assert row is not None
    assert float(row[1]) == pytest.approx(COMPILE_CPU_S, rel=0.25)


def test_every_finding_before_a_run_is_in_the_table_of_its_page():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "mmesim" / "preflight").glob("*.py")]
    ids = {name for text in sources for name in re.findall(r'\bid="(\w+)"', text)}
    assert len(ids) > 20
    page = (ROOT / "docs/how-to/check-before-you-run.md").read_text(encoding="utf-8")
    named = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert ids - named == set()


def test_the_page_about_python_names_every_function():
    functions = {name for name in mmesim.__all__ if name.islower() and not name.startswith("_")}
    page = on_one_line("docs/how-to/use-from-python.md")
    assert {name for name in functions if f"`{name}`" not in page and f"`{name}(" not in page} == set()


def test_the_page_about_precision_names_every_figure():
    page = on_one_line("docs/how-to/stop-when-precise.md")
    assert [one.name for one in shown_in("until") if f"`{one.name}`" not in page] == []


def test_the_settings_that_robustness_tries_are_those_of_the_code():
    page = on_one_line("docs/how-to/what-you-do-not-know.md")
    slow, _, fast = unknowns.CPU_SPEED
    said = [
        f"{unknowns.MISROUTE:.0%} of the requests misrouted",
        f"{unknowns.THRESHOLD:.0%} of the memory or all but {units.show_bytes(unknowns.RESERVE)}",
        f"{1 - slow:.0%} slower or faster",
    ]
    assert fast == pytest.approx(2 - slow)
    assert [one for one in said if one.replace("%", " %") not in page] == []


def test_report_and_glossary_name_every_self_check():
    source = (ROOT / "mmesim/engine/measure/collect.py").read_text(encoding="utf-8")
    checks = {*re.findall(r'wrong\["(\w+)"\]', source), *re.findall(r'^ {8}"(\w+)": ""$', source, re.MULTILINE)}
    assert checks == set(CHECKS)
    entry = on_one_line("docs/glossary.md").partition("### Self-check")[2].partition("###")[0]
    assert {name for name in checks if f"`{name}`" not in entry} == set()
