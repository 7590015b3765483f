"""Odd and hostile input: each gets one message of a user's mistake, at once, and never a defect of mmesim."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmesim.preflight.size import size
from mmesim.scenario.scenario import Scenario
from tests.helpers.command import Command

BASE = """
name: odd
endpoint: {instance_type: ml.m5.xlarge, instance_count: 1}
models: [{name: m, memory: 1 MiB, artifact_size: 1 MB, service: {wait: 1 ms}, load: {cpu: 0.1 s}}]
traffic: [{arrivals: {constant: {rate: 1 /s}}}]
run: {duration: 20 s}
"""
STREAM = "arrivals: {constant: {rate: 1 /s}}"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    file = tmp_path / "base.yaml"
    file.write_text(BASE)
    return file


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("models.m.name=[]", "a name is not changed by an override"),
        ("models=[{name: {a: 1}}]", "name: a map is not text"),
        ("traffic.traffic-0.name=[1]", "a name is not changed by an override"),
        (f"traffic=[{{models: [], {STREAM}}}]", "models: is empty"),
        ('traffic=[{trace: {file: "a\\0b.csv"}}]', "cannot be the name of a file"),
        ('traffic=[{trace: {file: "\\ud800"}}]', "cannot be the name of a file"),
        (f"traffic=[{{trace: {{file: {'a' * 300}}}}}]", "File name too long"),
        ("models={file: /}", "it is a folder"),
        (f"run.duration=5 {'z' * 100_000}", "has the unknown unit 'zzz"),
        (f"run.duration={'5' * 100_000} s", "is not a finite number"),
        ("endpoint.instance_count=2147483648", "is too large: at most"),
        ("endpoint.instance_count=9223372036854775808", "is too large: at most"),
        ("endpoint.vcpu=100000000", "is too large: at most 10,000"),
        ("endpoint.price_per_hour=1e308 USD", "is too large: at most"),
        ("endpoint.load_slots=10000000000000", "is too large: at most"),
        ("server.event_loops=1000000", "is too large: at most 10,000"),
        ("server.default_workers_per_model=1000000", "is too large: at most 10,000"),
        ("models.m.workers=1000000", "is too large: at most 10,000"),
        ("models.m.count=2147483648", "is too large: at most"),
        ("models.m.oversubscription=1e30", "is too large: at most"),
        ("models.m.service={cpu: {lognormal: {mean: 5 ms, cv: 1e200}}}", "cv must be at most 1e+09"),
        ("models.m.service={cpu: {gamma: {mean: 5 ms, cv: 1e-200}}}", "cv must be at least 1e-09"),
        (f"traffic=[{{{STREAM}, sessions: {{calls: 9999999999, gap: 1 s}}}}]", "is too large: at most 1,000,000"),
        (f"traffic=[{{{STREAM}, popularity: {{lognormal: {{cv: 1e200}}}}}}]", "is too large: at most 1,000"),
        ("traffic.traffic-0.arrivals={poisson: {rate: 1e9 /s}}", "is too large: at most"),
        ("run.duration=1e300 s", "is too large: at most"),
        ("run.seed=36893488147419103232", "is too large: at most"),
        ("run.replications=10000000", "is too large: at most 1,000,000"),
    ],
)
def test_a_value_that_cannot_be_is_named(mmesim: Command, base: Path, override: str, said: str) -> None:
    outcome = mmesim("validate", base, "--set", override)
    assert outcome.code == 64
    assert said in outcome.err
    assert "Located" not in outcome.err
    assert len(outcome.err) < 7_000


def test_a_silent_tenant_that_is_called_is_found_before_the_run(mmesim: Command, base: Path) -> None:
    mix = "{tenants: {size: 2, between: uniform, within: weights}}"
    models = "models=[" + ", ".join(
        f"{{name: m{n or ''}, weight: {weight}, memory: 1 MiB, artifact_size: 1 MB, service: {{wait: 1 ms}}}}"
        for n, weight in enumerate((1, 0, 0, 0))
    )
    words = ("validate", base, "--set", models + "]", "--set")
    outcome = mmesim(*words, f"traffic.traffic-0.popularity={mix}")
    assert outcome.code == 64
    assert "all weights are 0 in tenant 'm2'" in outcome.err
    assert outcome.err.startswith("--set traffic")
    mix = mix.replace("between: uniform", "between: weights")
    assert mmesim(*words, f"traffic.traffic-0.popularity={mix}").code == 0


@pytest.mark.parametrize(
    "settings",
    [("traffic.traffic-0.arrivals.constant.rate=1e7 /s", "run.duration=30 min"), ("run.duration=1e11 s",)],
)
def test_a_run_that_hardly_is_meant_asks_first(mmesim: Command, base: Path, settings: tuple[str, ...]) -> None:
    words = [word for one in settings for word in ("--set", one)]
    outcome = mmesim("run", base, *words)
    assert outcome.code == 64
    assert "allow it with --yes" in outcome.err
    assert outcome.out == ""
    assert size(Scenario.from_yaml(base, settings), 1).too_large is not None
    assert size(Scenario.from_yaml(base), 1).too_large is None


@pytest.mark.parametrize("method", ["lhs", "sobol"])
@pytest.mark.parametrize("points", [99_999_999_999, 2_000_000, 100_000])
def test_a_sweep_that_hardly_is_meant_asks_before_its_points_are_made(
    mmesim: Command, base: Path, method: str, points: int
) -> None:
    outcome = mmesim("sweep", base, "--sample", f"{method}:{points}", "--range", "endpoint.instance_count=1..100")
    assert outcome.code == 64
    assert "too large" in outcome.err or "more than" in outcome.err


@pytest.mark.parametrize("how", ["cat t.csv | {} trace describe /dev/stdin", "{} trace describe <(cat t.csv)"])
def test_a_pipe_is_read(tmp_path: Path, how: str) -> None:
    (tmp_path / "t.csv").write_text("time,model\n0,a\n1,b\n2,a\n")
    line = how.format(f"{sys.executable} -m mmesim")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "3" in done.stdout
    assert list(temporary.iterdir()) == []


def test_own_code_is_announced_and_can_be_refused(mmesim: Command, base: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def watch(env, endpoint):\n    yield env.timeout(1)\n")
    own = ("--set", "processes=[mine:watch]")
    outcome = mmesim("run", base, "--no-own-code", *own)
    assert outcome.code == 64
    assert "--no-own-code refuses: mine:watch" in outcome.err
    assert "no-own-code" not in mmesim("validate", base, *own).err
    outcome = mmesim("run", base, *own)
    assert outcome.code == 0
    assert f"runs Python code that the scenario names: mine:watch in {tmp_path}" in outcome.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("os:system", "os belongs to Python"),
        ("shutil:rmtree", "shutil belongs to Python"),
        ("mine:system", "is a function of Python's posix"),
        ("mine:three", "does not take 2 arguments"),
    ],
)
def test_what_is_no_code_of_ones_own_is_not_called(
    mmesim: Command, base: Path, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "mine.py").write_text("from os import system\n\ndef three(a, b, c):\n    yield\n")
    outcome = mmesim("run", base, "--set", f"processes=[{name}]")
    assert outcome.code == 64
    assert said in outcome.err


TABLE = "name,memory,artifact_size,service,load_cpu\n" + "".join(f"a{n},1 MiB,1 MB,1 ms,0.1 s\n" for n in range(500))


def damaged(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[len(packed) // 2] ^= 0x55
    return bytes(packed)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv.gz", damaged(TABLE.encode()), "cannot be read"),
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)[:200], "cannot be read"),
        (
            "t.csv",
            TABLE.replace("a7,", '"a7,').encode(),
            "t.csv:9: a cell goes on in the next line: is a quote left open?",
        ),
        (
            "t.csv.gz",
            gzip.compress(b"name,memory\n" + b"a" * (50 << 20), mtime=0),
            "line 2 is longer than 1,048,576 characters",
        ),
    ],
)
def test_a_damaged_table_of_models_is_named(
    mmesim: Command, base: Path, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    outcome = mmesim("validate", base, "--set", f"models=[{{name: t, file: {name}}}]")
    assert outcome.code == 64
    assert said in outcome.err


def parquet(kind: pa.DataType, names: list[object]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"time": [1.0, 2.0], "model": pa.array(names, kind)}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b'time,model\n1,a\n2,"b\n3,c\n', "t.csv:3: column 'model': a name with a line end in it"),
        ("t.csv.gz", gzip.compress(b"time,model\n1," + b"a" * (50 << 20), mtime=0), "cannot be read"),
        ("t.parquet", parquet(pa.binary(), [b"a", b"\xff"]), "column 'model': binary is not text"),
        ("t.parquet", parquet(pa.struct({"x": pa.int64()}), [{"x": 1}, {"x": 2}]), "column 'model': struct"),
        ("t.parquet", parquet(pa.map_(pa.string(), pa.int64()), [[("a", 1)], []]), "column 'model': map"),
        ("t.parquet", parquet(pa.list_(pa.string()), [["a"], ["b"]]), "column 'model': list"),
    ],
)
def test_a_damaged_trace_is_named(mmesim: Command, tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    outcome = mmesim("trace", "describe", name)
    assert outcome.code == 64
    assert said in outcome.err


FORGED = "m\npass; all limits hold"
MEETS = """
name: {name}
endpoint: {{instance_type: ml.m5.xlarge, instance_count: 1, warm: true}}
models: [{{name: {name}, count: 2, memory: 1 MiB, artifact_size: 1 MB, service: {{wait: 1 ms}}, load: {{cpu: 0.1 s}}}}]
traffic: [{{name: {name}, {traffic}, models: [{name}]}}]
run: {{duration: 2 min, replications: 2}}
clients: {{timeout: {{uncertain: {{low: 10 ms, mid: 11 ms, high: 12 ms}}}}}}
expect: ["p99{end}< 1 s", "p99 warm < 2 s"]
sweep: {{grid: {{"models.{bare}.memory": [1 MiB, 2 MiB]}}}}
"""


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "f.yaml"),
        ("validate", "f.yaml", "--set", "models.0.memory=1 TiB"),
        ("validate", "f.yaml", "--set", "models.0.memory=oops"),
        ("validate", "f.yaml", "--set", "traffic.0.models=[no, {name}]"),
        ("run", "f.yaml", "--out", "out"),
        ("run", "f.yaml", "--out", "out", "--quiet"),
        ("run", "f.yaml", "--out", "out", "--set", "models.0.service.wait=12 ms"),
        ("diff", "f.yaml", "f.yaml"),
        ("uncertain", "f.yaml", "--draws", "8"),
        ("sweep", "f.yaml", "--out", "s", "--replications", "1"),
        ("robustness", "f.yaml"),
        ("explain", "f.yaml", "--replications", "2"),
    ],
    ids=" ".join,
)
def test_a_name_of_two_lines_forges_no_line(mmesim: Command, words: tuple[str, ...]) -> None:
    """Whatever a name holds, no line of what a command says begins with its second half."""
    name = json.dumps(FORGED)
    Path("f.yaml").write_text(MEETS.format(name=name, bare=name[1:-1], end="\\n", traffic=STREAM))
    outcome = mmesim(*(word.replace("{name}", name) for word in words))
    assert outcome.code in (0, 1, 2, 64), outcome.err
    assert outcome.out + outcome.err
    forged = [line for line in (outcome.out + outcome.err).splitlines() if line.lstrip(" -").startswith("pass; all")]
    assert forged == []
