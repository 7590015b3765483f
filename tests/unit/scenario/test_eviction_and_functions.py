"""Eviction rules, pinned models and user functions, as a file writes them."""

from pathlib import Path

import pytest

from mmesim.scenario import EvictionPolicy, Function, Gdsf, Ttl
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.load import load
from mmesim.scenario.file.yaml import read_text
from tests.helpers import schemas
from tests.helpers.texts import load_text

RULES = [
    ("lfu", EvictionPolicy.lfu),
    ("size", EvictionPolicy.size),
    ("gdsf", EvictionPolicy.gdsf),
    ("{gdsf: {}}", Gdsf(cost=1)),
    ("{gdsf: {cost: load_time}}", Gdsf(cost="load_time")),
    ("{ttl: 10 min}", Ttl(ttl_s=600.0)),
    ("rules:pick", Function(function="rules:pick", folder=Path.cwd())),
    ("rules.small:pick", Function(function="rules.small:pick", folder=Path.cwd())),
]


@pytest.mark.parametrize(("text", "rule"), RULES)
def test_a_rule_is_read_dumped_and_completed(base, text, rule):
    loaded = load_text(base, overrides=[f"endpoint.eviction={text}"])
    assert loaded.endpoint.eviction == rule
    assert load_text(dump(loaded)) == loaded
    validator = schemas.of_scenarios()
    written = base.replace("ml.m5.xlarge", f"ml.m5.xlarge\n  eviction: {text}")
    assert validator.is_valid(read_text(written, "a", Path()).plain())
    assert validator.is_valid(read_text(dump(loaded), "a", Path()).plain())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lur",
            f"unknown eviction rule 'lur': one of {', '.join(EvictionPolicy)}, ttl, such as {{ttl: 10 min}} or "
            "module:function (did you mean lru?)",
        ),
        ("ttl", "ttl needs a value (write {ttl: 10 min})"),
        ("3", "3 is not an eviction rule: one of lru, "),
        ("[lru]", "a list is not an eviction rule: one of lru, "),
        ("{lru: 1}", "eviction.lru: lru takes no keys: write its name alone"),
        ("{ttl: 10}", "eviction.ttl: "),
        ("{ttl: 0 s}", "eviction.ttl: '0 s' is too small: it must be above 0"),
        ("{ttl: 10 s, cost: 1}", "eviction.cost: unknown eviction rule 'cost'"),
        ("{gdsf: {cost: 2}}", "eviction.gdsf.cost: 2 is not one of 1, load_time"),
        ("'rules:'", "'rules:' does not name a function: write module:function, such as watch:watch"),
        ("'a b:c'", "'a b:c' does not name a function"),
        ("rules.py:pick:x", "does not name a function"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_one_line(problems, base, text, message):
    found = problems(base.replace("ml.m5.xlarge", f"ml.m5.xlarge\n  eviction: {text}"))
    assert len(found) == 1
    assert str(found[0]).partition(":")[2].startswith("4: endpoint.eviction")
    assert message in str(found[0])


def test_a_function_is_looked_up_beside_the_file_that_names_it(write, base, tmp_path):
    (tmp_path / "team").mkdir()
    write("endpoint: {eviction: 'rules:pick'}", "team/rule.yaml")
    path = write(f"extends: team/rule.yaml\n{base}")
    assert load(path).endpoint.eviction == Function(function="rules:pick", folder=tmp_path / "team")


def test_models_are_pinned_by_group_and_by_row(write, base, tmp_path, problems):
    pinned = base.replace("count: 3", "count: 3\n    pinned: true")
    assert [model.pinned for model in load_text(pinned).model_table()] == [True] * 3
    (tmp_path / "m.csv").write_text("name,pinned\nx,true\ny,false\nz,\n")
    table = base.replace("count: 3", "file: m.csv")
    assert [model.pinned for model in load(write(table)).model_table()] == [True, False, False]
    (tmp_path / "m.csv").write_text("name,pinned\nx,maybe\n")
    assert "'maybe' is neither true nor false" in str(problems(table)[0])


def test_without_a_model_cache_nothing_can_be_pinned(problems, base):
    pinned = base.replace("count: 3", "count: 3\n    pinned: true")
    found = problems(pinned, "endpoint.model_cache=disabled")
    assert [problem.field for problem in found] == ["endpoint.model_cache"]
    assert "'tenant-000' is pinned" in found[0].message
