"""The table of spellings refuses what no key says, and the starter names what there is."""

import re

import pytest

from mmesim.cli.init import starter
from mmesim.scenario import Scenario
from mmesim.scenario.endpoint.eviction import EVICTIONS
from mmesim.scenario.endpoint.router import RouterPolicy
from mmesim.scenario.file.problems import allowed_keys
from mmesim.scenario.file.spellings import TABLE
from mmesim.scenario.file.tree import Located
from mmesim.scenario.file.yaml import read_text, write_flow
from mmesim.scenario.server.frameworks import Framework
from mmesim.scenario.traffic.arrivals import ARRIVALS

PLACES = {
    "endpoint": "endpoint.",
    "server": "server.",
    "models": "models.tenant.",
    "traffic": "traffic.0.",
    "run": "run.",
}
"""Section of a spelling -> where one of its keys stands, as in `--set`."""


SCALED = "  autoscaling: {policy: target_tracking, metric: InvocationsPerInstance, target: 9, min: 1, max: 9}\n"


@pytest.fixture
def base(base, request):
    """The base of all, with autoscaling for the spellings that stand below it."""
    spelling = getattr(request.node, "callspec", None) and request.node.callspec.params.get("spelling")
    below = spelling is not None and spelling.place[:2] == ("endpoint", "autoscaling")
    return base.replace("models:\n", f"{SCALED}models:\n", 1) if below else base


def setting(place, text):
    """An override that writes what a hint says, at a place of a spelling."""
    key, _, value = text.partition(": ")
    whole = key in Scenario.model_fields
    where = "" if whole else f"{place[0]}.{place[1]}." if place[1:2] == ("autoscaling",) else PLACES[place[0]]
    return f"{where}{key}={value}"


def schema_keys(place, base, tmp_path):
    """The keys that the schema has where a spelling stands."""
    tree = read_text(base, "a", tmp_path)
    return [*allowed_keys(tuple(0 if step == "*" else step for step in place[:-1]), tree, Scenario)]


@pytest.mark.parametrize("spelling", TABLE, ids=lambda spelling: ".".join(spelling.place))
def test_a_spelling_is_no_key_of_the_schema(spelling, base, tmp_path):
    names = ARRIVALS.names if spelling.place[-2:-1] == ("arrivals",) else ()
    assert spelling.place[-1] not in (*schema_keys(spelling.place, base, tmp_path), *names)


@pytest.mark.parametrize("spelling", TABLE, ids=lambda spelling: ".".join(spelling.place))
def test_a_spelling_is_refused_at_its_line_with_what_to_write(spelling, base, problems, tmp_path):
    tree = read_text(base, "a", tmp_path)
    value = spelling.write.partition(": ")[2] if spelling.same else "1"
    written = write_flow(put(tree, spelling.place, read_text(value, "a", tmp_path)).plain())
    (problem,) = problems(written)
    assert problem.field.split(".")[-1] == spelling.place[-1]
    assert (problem.message, problem.hint) == (spelling.message, f"write {spelling.write}")


@pytest.mark.parametrize("spelling", TABLE, ids=lambda spelling: ".".join(spelling.place))
def test_what_a_spelling_says_to_write_is_accepted(spelling, base, scenario, write):
    write("HashOwner,HashApp,HashFunction,Trigger,1\no,a,f,http,1\n", "invocations.csv")
    text = base.replace("- arrivals: {poisson: {rate: 10 /s}}", f"- {spelling.write}")
    if "arrivals" in spelling.write and spelling.place[0] == "clients":
        text = re.sub(r"traffic:\n.*\n", f"{spelling.write}\n", base)
    if text != base and spelling.place[0] in ("traffic", "clients"):
        assert scenario(text)
    else:
        assert scenario(base, setting(spelling.place, spelling.write))


def put(tree, place, value):
    """A tree with a value at a place that it does not have."""
    step, rest = place[0], place[1:]
    if step == "*":
        return tree.with_value([put(tree.list[0], rest, value), *tree.list[1:]])
    inner = tree.map.get(step) or Located({}, "a", None, None, tree.folder)
    if not rest:
        return tree.with_value({**tree.map, step: value})
    if step == "arrivals":
        inner = inner.with_value({})  # one process at a time
    return tree.with_value({**tree.map, step: put(inner, rest, value)})


def test_no_spelling_says_not_yet():
    assert [spelling.message for spelling in TABLE if "yet" in spelling.message or "version" in spelling.message] == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("eviction", (*EVICTIONS.words, *EVICTIONS.names, "module:function")),
        ("router", tuple(RouterPolicy)),
        ("framework", tuple(Framework)),
    ],
)
def test_the_starter_names_every_choice(key, words):
    text = starter()
    found = re.search(rf"^[ #]*{key}: ", text, re.MULTILINE)
    assert found is not None
    comment = " ".join(text[found.start() :].split("\n")[:3])
    assert [word for word in words if word not in comment] == []
