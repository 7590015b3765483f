"""Functions of the user that are not there are found without running anything of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.preflight.check import findings
from mmesim.scenario.file.load import load

TEXT = """
name: own
endpoint: {instance_type: ml.m5.xlarge, autoscaling: {policy: "FUNCTION", min: 1, max: 2}}
models: {name: m, artifact_size: 1 MB, memory: 10 MiB, service: {cpu: 10 ms}}
traffic: {arrivals: {poisson: {rate: 1 /s}}}
run: {duration: 30 min}
"""
MINE = "raise SystemExit\nfrom os import path as taken\nother = 1\ndef scale(seen): pass\n"


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("nowhere:scale", "there is no module nowhere in"),
        ("mine:scala", "mine.py has no function scala"),
        ("os:system", "os belongs to Python"),
        ("broken:scale", "cannot be read as Python"),
        ("mine:scale", None),
        ("mine:other", None),
        ("mine:taken", None),
        ("every:thing", None),
    ],
)
def test_a_function_that_is_not_there_is_a_problem(tmp_path: Path, function: str, why: str | None) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "every.py").write_text("from os import *\n")
    (tmp_path / "broken.py").write_text("def scale(:\n")
    (tmp_path / "a.yaml").write_text(TEXT.replace("FUNCTION", function))
    found = [one for one in findings(load(tmp_path / "a.yaml")) if one.id == "own_code"]
    assert len(found) == (why is not None)
    assert why is None or (found[0].severity == "problem" and why in found[0].text)


def test_processes_and_rules_of_eviction_are_looked_for_too(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT.replace("FUNCTION", "a:b") + "processes: [c:d]\n")
    found = [one.text for one in findings(load(tmp_path / "a.yaml", ["endpoint.eviction=e:f"])) if one.id == "own_code"]
    assert [text.split()[0] for text in found] == ["c:d", "e:f", "a:b"]
