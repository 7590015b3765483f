"""`mmesim uncertain` and `mmesim robustness`: reports, JSON, exit codes; what a plain run says about beliefs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmesim.scenario.file.load import load
from tests.helpers.command import Command

BELIEVED = "{uncertain: {uniform: {low: 10 ms, high: 30 ms}}}"
SCENARIO = f"""\
name: unsure
endpoint: {{vcpu: 4, memory: 8 GiB, instance_count: 2}}
models: [{{name: m, artifact_size: 1 MB, memory: 10 MB, service: {{cpu: {BELIEVED}}}}}]
traffic: [{{arrivals: {{poisson: {{rate: 10 /s}}}}}}]
run: {{duration: 60 s, warmup: 10 s, replications: 5}}
expect: [p50 < 25 ms]
"""
SENTENCE = (
    "models.m.service.cpu is believed to lie between 10 and 30 ms: this run uses 20 ms; "
    "mmesim uncertain shows what depends on it"
)


@pytest.fixture
def file(mmesim: Command) -> Path:
    """A scenario in the working folder."""
    path = Path("unsure.yaml")
    path.write_text(SCENARIO)
    return path


def test_a_plain_run_uses_the_middle_and_says_so(mmesim: Command, file: Path) -> None:
    done = mmesim("run", file, "--out", "out")
    assert done.code == 0
    assert "Believed, not known" in done.out
    shown = " ".join(done.out.split())
    assert "models.m.service.cpu is believed to lie between 10 and 30 ms: this run uses 20 ms" in shown
    summary = json.loads(Path("out/summary.json").read_text())
    (found,) = [one for one in summary["findings"] if one["id"] == "belief"]
    assert (found["id"], found["severity"], found["text"], found["try"]) == ("belief", "note", SENTENCE, None)
    assert found["evidence"] == {
        "models.m.service.cpu.low": 10.0,
        "models.m.service.cpu.high": 30.0,
        "models.m.service.cpu.used": "20 ms",
        "models.m.service.cpu.unit": "ms",
    }
    assert load("out/scenario.yaml") == load(file)


def test_several_beliefs_are_one_note_with_each_in_its_evidence(mmesim: Command, file: Path) -> None:
    memory = "models.m.memory={uncertain: {low: 10 MiB, mid: 20 MiB, high: 40 MiB}}"
    said = (
        "2 inputs are believed, not known: this run uses models.m.memory = 20 MiB (10 to 40 MiB), "
        "models.m.service.cpu = 20 ms (10 to 30 ms); mmesim uncertain shows what depends on them"
    )
    assert mmesim("validate", file, "--set", memory).err.count("believed") == 1
    done = mmesim("run", file, "--set", memory, "--out", "out")
    assert said in " ".join(done.out.split())
    (found,) = [one for one in json.loads(Path("out/summary.json").read_text())["findings"] if one["id"] == "belief"]
    assert found["text"] == said
    assert {key: value for key, value in found["evidence"].items() if key.startswith("models.m.memory.")} == {
        "models.m.memory.low": 10.0,
        "models.m.memory.high": 40.0,
        "models.m.memory.used": "20 MiB",
        "models.m.memory.unit": "MiB",
    }
    for words in (
        ("diff", file, "--replications", 2, "--set-both", memory, "--set", "endpoint.instance_count=1"),
        ("robustness", file, "--set", memory, "--set", "run.replications=2"),
    ):
        assert " ".join(mmesim(*words).out.split()).count(said) == 1


def test_validate_and_diff_say_so_too(mmesim: Command, file: Path) -> None:
    assert f"note: {SENTENCE}" in mmesim("validate", file).err
    compared = mmesim("diff", file, "--set", "models.m.service.cpu=15 ms")
    shown = " ".join(compared.out.split())
    assert f"a {SENTENCE}" in shown
    assert f"b {SENTENCE}" not in shown


def test_uncertain(mmesim: Command, file: Path) -> None:
    done = mmesim("uncertain", file, "--draws", 8)
    assert done.code == 0
    assert "unsure: 8 draws of 1 belief x 5 replications, seed 1" in done.out
    assert "models.m.service.cpu   uniform   low 10 ms, high 30 ms" in done.out
    assert "raises" in done.out
    again = mmesim("uncertain", file, "--draws", 8, "--json")
    assert again.out == mmesim("uncertain", file, "--draws", 8, "--json", "--jobs", 1).out
    data = json.loads(again.out)
    assert data["figures"]["p50"]["variance"]["inputs_share"] > 0.9
    assert data["figures"]["p50"]["ranking"]["inputs"][0]["field"] == "models.m.service.cpu"
    (expected,) = data["expect"]
    assert expected["holds"] + expected["fails"] + expected["undecided"] == 1.0
    assert 0.0 < expected["holds"] < 1.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metric", "p98x"], "unknown metric 'p98x'"),
        (["--draws", "4"], "4 draws are too few"),
        (["--set", "models.m.service.cpu=20 ms"], "nothing is uncertain"),
        (["--set", "models.m.service.cpu={uncertain: {lwo: 1}}"], "unknown belief 'lwo'"),
    ],
)
def test_bad_input_ends_with_64(mmesim: Command, file: Path, words: list[str], message: str) -> None:
    done = mmesim("uncertain", file, *words)
    assert done.code == 64
    assert message in done.err
    assert done.out == ""


def test_robustness(mmesim: Command, file: Path) -> None:
    done = mmesim("robustness", file, "--set", "models.m.service.cpu=1 ms", "--check")
    assert done.code == 0
    assert "holds in 9 of 9 settings of what AWS does not publish" in done.out
    assert "\nendpoint.load_slots = 1 " in done.out
    assert json.loads(mmesim("robustness", file, "--json").out)["robustness"]["replications"] == 5


@pytest.mark.parametrize(("limit", "code"), [("22 ms", 0), ("19 ms", 1)])
def test_check_tells_by_the_exit_code(mmesim: Command, file: Path, limit: str, code: int) -> None:
    """About 18 ms, of which 10 are CPU: 15 % slower it is 20 ms."""
    done = mmesim(
        "robustness", file, "--set", f"expect=[p50 < {limit}]", "--set", "models.m.service.cpu=10 ms", "--check"
    )
    assert done.code == code


def test_check_needs_something_to_check(mmesim: Command, file: Path) -> None:
    done = mmesim("robustness", file, "--set", "expect=[]", "--check")
    assert done.code == 64
    assert "--check needs expectations" in done.err
    assert mmesim("robustness", file, "--set", "expect=[]").code == 0


def test_run_with_robustness(mmesim: Command, file: Path) -> None:
    done = mmesim("run", file, "--robustness", "--out", "out")
    assert done.code == 0
    assert "What AWS does not publish" in done.out
    found = json.loads(Path("out/summary.json").read_text())["robustness"]
    assert found["holds"] + found["fails"] + found["undecided"] == len(found["settings"]) == 9
    assert json.loads(mmesim("run", file, "--json", "--out", "plain").out)["robustness"] is None
