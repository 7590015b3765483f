"""Which files a gate is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.errors import UserError
from mmesim.experiment.gate.files import scenario_files, unchecked

EXPECTING = "name: a\nexpect: [p99 < 1 s]\n"


def put(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_yml", ".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_of_a_folder_every_yaml_file_under_it_that_expects_something(tmp_path):
    put(tmp_path, b_yaml=EXPECTING, deep__er__a_yaml=EXPECTING, plain_yaml="name: x\n", c_yml=EXPECTING)
    put(tmp_path, note_yaml="# expect: nothing\nnote:\n  expect: [p99 < 1 s]\n")
    found = [path.relative_to(tmp_path).as_posix() for path in scenario_files([tmp_path])]
    assert found == ["b.yaml", "deep/er/a.yaml"]


def test_a_file_that_is_no_yaml_is_meant_too(tmp_path):
    put(tmp_path, a_yaml="name: [\nexpect: [p99 < 1 s]\n")
    assert [path.name for path in scenario_files([tmp_path])] == ["a.yaml"]


def test_what_a_file_extends_expects_something_for_it_too(tmp_path):
    put(tmp_path, base_yaml=EXPECTING, plain_yaml="name: x\n", a_yaml="extends: base.yaml\nname: b\n")
    put(tmp_path, deep__b_yaml='name: c\nextends: "../a.yaml"  # and more\n', c_yaml="extends: plain.yaml\n")
    put(tmp_path, d_yaml="extends: d.yaml\n", e_yaml="extends: nowhere.yaml\n", f_yaml='"expect": [p99 < 1 s]\r\n')
    found = [path.relative_to(tmp_path).as_posix() for path in scenario_files([tmp_path])]
    assert found == ["a.yaml", "base.yaml", "deep/b.yaml", "f.yaml"]


def test_a_scenario_that_a_folder_leaves_out_is_known_and_one_that_misspells_expect_is_in(tmp_path):
    scenario = "name: a\nendpoint: {instance_count: 2}\n"
    put(tmp_path, a_yaml=scenario + "expect: []\n", typo_yaml=scenario + "expected: [p99 < 1 s]\n", none_yaml=scenario)
    put(tmp_path, b_yml=scenario + "expect: []\n", other_yaml="jobs: {a: b}\nexcept: []\n", pipeline_yml="stages: []\n")
    assert [path.name for path in scenario_files([tmp_path])] == ["a.yaml", "typo.yaml"]
    assert [path.name for path in unchecked([tmp_path])] == ["b.yml", "none.yaml"]
    assert [path.name for path in unchecked([tmp_path, tmp_path / "b.yml"])] == ["none.yaml"]
    assert unchecked([tmp_path / "none.yaml"]) == []


def test_hidden_folders_are_not_looked_into(tmp_path):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "a.yaml").write_text(EXPECTING)
    put(tmp_path, b_yaml=EXPECTING)
    assert [path.name for path in scenario_files([tmp_path])] == ["b.yaml"]


def test_the_copy_that_a_result_keeps_is_not_a_scenario_of_yours(tmp_path):
    put(tmp_path, a_yaml=EXPECTING, results__a__scenario_yaml=EXPECTING, sizing__scenario_yaml=EXPECTING)
    kept = tmp_path / "results" / "a"
    (kept / "summary.json").write_text("{}")
    found = [path.relative_to(tmp_path).as_posix() for path in scenario_files([tmp_path])]
    assert found == ["a.yaml", "sizing/scenario.yaml"]
    assert scenario_files([kept / "scenario.yaml"]) == [kept / "scenario.yaml"]


def test_a_folder_inside_a_hidden_one_can_be_named(tmp_path):
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "a.yaml").write_text(EXPECTING)
    assert [path.name for path in scenario_files([tmp_path / ".ci"])] == ["a.yaml"]


def test_a_file_counts_once_and_in_the_order_given(tmp_path):
    put(tmp_path, a_yaml=EXPECTING, b_yaml=EXPECTING)
    given = [tmp_path / "b.yaml", tmp_path, tmp_path / "." / "b.yaml"]
    assert [path.name for path in scenario_files(given)] == ["b.yaml", "a.yaml"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "there is no scenario under it"),
        ({"a_yml": EXPECTING}, r"its 1 \*.yml files are not looked at: name them, or call them \*.yaml"),
        ({"a_yaml": "name: x\n"}, r"no \*.yaml under it has a section `expect`.\nAdd one"),
    ],
)
def test_a_folder_without_a_scenario_is_a_mistake(tmp_path, texts, said):
    put(tmp_path, **texts)
    with pytest.raises(UserError, match=said):
        scenario_files([tmp_path])


def test_nothing_named_is_a_mistake():
    with pytest.raises(UserError, match="no scenario is named"):
        scenario_files([])
