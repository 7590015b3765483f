"""`mmesim explain`: report, JSON, exit codes, mistakes; the same from Python."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from markupsafe import escape

import mmesim as package
from mmesim.report.content.explained import answer_report
from mmesim.report.text import text
from mmesim.results.answers.explained import explained_schema
from tests.helpers.command import Command

SCENARIO = """\
name: small
endpoint: {instance_type: ml.m5.large, instance_count: 2, warm: true}
models: {name: m, count: 100, artifact_size: 10 MB, memory: 60 MiB, process_memory: 60 MiB, load: {wait: 1 s},
         service: {wait: 20 ms}}
traffic: {arrivals: {poisson: {rate: 10 /s}}}
run: {duration: 2 min, warmup: 20 s, seed: 3}
expect: [p95 < 500 ms, error_rate < 1 %]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.mark.slow
def test_what_binds_what_would_change_it_and_what_is_found(mmesim: Command, file: Path) -> None:
    done = mmesim("explain", file, "--store", "s.sqlite")
    assert done.code == 0
    assert "small: 2 x ml.m5.large, 168 USD a month" in done.out
    assert "What binds: memory" in done.out
    assert "What would change it: p95 < 500 ms (share_over 500 ms: " in done.out
    assert "one more load slot a host" in done.out.split("Sensitivities")[1]
    assert "(thrashing; tried: better)" in done.out.split("Findings")[1]
    assert done.out.splitlines()[-2].startswith("FAIL; what binds: memory; most for a dollar: ")
    assert max(map(len, done.out.splitlines())) <= 80
    # The second time nothing is simulated, and all is the same; with more processes, too.
    assert mmesim("explain", file, "--store", "s.sqlite").out == done.out
    said = mmesim("explain", file, "--store", "s.sqlite", "--quiet")
    assert said.err == ""
    assert done.out.endswith(said.out)
    assert said.out.count("\n") <= 3


def test_the_document(mmesim: Command, file: Path) -> None:
    words = ("explain", file, "--store", "s.sqlite", "--json", "--set", "expect=[]", "--replications", 3)
    done = mmesim(*words)
    assert done.code == 0
    data = json.loads(done.out)
    jsonschema.validate(data, explained_schema())
    assert data["replications"] == 3
    assert data["verdict"] is None
    assert [one["text"] for one in data["deciding"]] == ["p99", "error_rate", "cache_hit_ratio"]
    assert data["limits"][0]["id"] == data["binding_constraint"]["id"] == "memory"
    more = next(one for one in data["what_ifs"] if one["id"] == "one_more_instance")
    assert more["sets"] == {"endpoint.instance_count": 3}
    assert more["usd_per_month"] == pytest.approx(83.95)
    assert more["effects"][2]["outcome"] == "better"
    assert mmesim(*words).out == done.out
    assert mmesim(*words, "--jobs", 2).out == done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--replications", "1"], "--replications"),
        (["--set", "endpoint.instance_cuont=3"], "instance_count"),
        (["--set", "expect=[p99 < fast]"], "expect"),
        (["--cluster", "tcp://nowhere:1", "--jobs", "2"], "--jobs and --cluster exclude each other"),
    ],
)
def test_bad_input_ends_with_64(mmesim: Command, file: Path, words: list[str], message: str) -> None:
    done = mmesim("explain", file, *words)
    assert done.code == 64
    assert message in done.err
    assert done.out == ""


def test_a_missing_file_ends_with_64(mmesim: Command) -> None:
    done = mmesim("explain", "nothing.yaml")
    assert done.code == 64
    assert "nothing.yaml" in done.err


def test_own_code_can_be_refused(mmesim: Command, file: Path) -> None:
    Path("mine.py").write_text("def watch(env, endpoint):\n    yield env.timeout(1)\n")
    done = mmesim("explain", file, "--set", "processes=[mine:watch]", "--no-own-code")
    assert done.code == 64
    assert "which --no-own-code refuses" in done.err


def test_too_much_work_needs_a_yes(mmesim: Command, file: Path) -> None:
    done = mmesim("explain", file, "--set", "traffic.traffic-0.arrivals.poisson.rate=1000000 /s")
    assert done.code == 64
    assert "--yes" in done.err


def test_from_python(file: Path, tmp_path: Path) -> None:
    found = package.explain(file, replications=3, store=tmp_path / "s.sqlite")
    assert isinstance(found, package.Explained)
    shown = found._repr_html_()
    answer = " ".join(text(answer_report(found)).split())
    assert shown.count(escape(answer)) == 1  # above the report, which does not say it again
    assert len(shown.encode()) < 20_000
    frame = found.frame
    assert frame.index.names == ["what_if", "figure"]
    assert len(frame) == len(found.what_ifs) * len(found.deciding)
    assert frame.loc[("one_more_instance", "p95 < 500 ms"), "outcome"] == "better"
    assert found.of("one_more_instance").yours
    assert not found.of("one_more_load_slot").yours
    with pytest.raises(KeyError, match="one_more_instance"):
        found.of("one_more_instence")
    with pytest.raises(package.MmesimError, match="at least 2"):
        package.explain(file, replications=1)


def test_warmup_is_found_once(mmesim: Command, file: Path) -> None:
    done = mmesim(
        "explain", file, "--set", "run.warmup=auto", "--set", "endpoint.warm=false", "--replications", 2, "--json"
    )
    assert done.code == 0
    assert json.loads(done.out)["what_ifs"]
