"""`mmesim validate`: every bad file is one clear message, exit code 64, and no traceback."""

from pathlib import Path

import pytest

GOOD = """\
name: good
endpoint:
  instance_type: ml.m5.xlarge
models:
  - name: tenant
    artifact_size: 40 MB
    memory: 40 MiB
    service: {cpu: 10 ms}
traffic:
  - arrivals: {poisson: {rate: 10 /s}}
run: {duration: 60 s}
"""

BAD = {
    "empty file": ("", "bad.yaml: is empty: `mmesim init` writes a file to start from"),
    "syntax error": (GOOD + "clients: {timeout: 3 s\n", "bad.yaml:13: is not YAML"),
    "duplicate keys": (GOOD + "name: again\n", "bad.yaml:12: name: duplicate key (first on line 1"),
    "wrong unit": (
        GOOD.replace("40 MiB", "40 ms"),
        "bad.yaml:7: models.tenant.memory: '40 ms' has the unknown",
    ),
    "no unit": (GOOD.replace("60 s", "60"), "bad.yaml:11: run.duration: 60 has no unit"),
    "negative": (GOOD.replace("10 ms", "-10 ms"), "bad.yaml:8: models.tenant.service.cpu: '-10 ms' is negative"),
    "nan": (
        GOOD.replace("10 /s", ".nan"),
        "bad.yaml:10: traffic.traffic-0.arrivals.poisson.rate: nan is not",
    ),
    "infinite": (GOOD.replace("60 s", ".inf"), "bad.yaml:11: run.duration: inf is not a finite number"),
    "unknown instance type": (
        GOOD.replace("ml.m5.xlarge", "ml.m5.4xlrage"),
        "bad.yaml:3: endpoint.instance_type: unknown instance type 'ml.m5.4xlrage' (did you mean ml.m5.4xlarge?)",
    ),
    "zero instances": (
        GOOD.replace("xlarge", "xlarge\n  instance_count: 0"),
        "bad.yaml:4: endpoint.instance_count: 0 is too small: at least 1",
    ),
    "two models with one name": (
        GOOD.replace("traffic:", "  - {name: tenant, artifact_size: 0, memory: 0, service: {cpu: 0}}\ntraffic:"),
        "bad.yaml:9: models.tenant.name: two models are called 'tenant'",
    ),
    "billion laughs": (
        "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40))]),
        "bad.yaml: aliases expand to",
    ),
    "code in YAML": ("name: !!python/object/apply:os.system [echo]\n", "bad.yaml:1: name: the tag"),
    "missing table": (
        GOOD.replace("  - name: tenant", "  - name: tenant\n    file: no.csv"),
        "bad.yaml:6: models.tenant.file: there is no file",
    ),
    "missing trace": (
        GOOD.replace("arrivals: {poisson: {rate: 10 /s}}", "trace: {file: no.csv}"),
        "bad.yaml:10: traffic.traffic-0.trace.file: there is no file",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_one_clear_message(mmesim, text, message):
    Path("bad.yaml").write_text(text)
    outcome = mmesim("validate", "bad.yaml")
    assert outcome.code == 64
    assert outcome.out == ""
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no.yaml", "no.yaml: cannot be read: No such file or directory\n"),
        (".", ".: is a folder, and a scenario is a file (YAML)\n"),
    ],
)
def test_a_file_that_is_not_there_is_one_clear_message(mmesim, name, message):
    outcome = mmesim("validate", name)
    assert (outcome.code, outcome.err) == (64, message)


def test_a_good_file_is_described_in_a_few_lines(mmesim):
    Path("good.yaml").write_text(GOOD)
    outcome = mmesim("validate", "good.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "good.yaml: ok: good: 1 x ml.m5.xlarge, 1 model, 1 stream of traffic, 60 s x",
        "  1 replication",
        "  offered: CPU work 4.15 % of what the vCPUs do together, workers at most 10.4 %",
        "    (tenant), memory of all models 123 MiB of 12.1 GiB",
        "  working set: 1 in 1 min, 1 in 10 min, 1 in 60 min (123 MiB, 123 MiB, 123 MiB",
        "    of 12.1 GiB)",
    ]


def test_several_files_are_all_checked(mmesim):
    Path("good.yaml").write_text(GOOD)
    Path("bad.yaml").write_text(GOOD.replace("60 s", "x").replace("40 MiB", "y"))
    outcome = mmesim("validate", "bad.yaml", "no.yaml", "good.yaml")
    assert outcome.code == 64
    assert outcome.out.startswith("good.yaml: ok")
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == ["bad.yaml", "bad.yaml", "no.yaml"]


def test_overrides_are_checked_too(mmesim):
    Path("good.yaml").write_text(GOOD)
    assert "3 x ml.m5.xlarge" in mmesim("validate", "good.yaml", "--set", "endpoint.instance_count=3").out
    outcome = mmesim("validate", "good.yaml", "--set", "endpoint.instance_count=0")
    assert outcome.code == 64
    assert outcome.err.startswith("--set endpoint.instance_count=0: endpoint.instance_count: 0 is too small")


def test_the_resolved_scenario_can_be_validated_again(mmesim):
    Path("good.yaml").write_text(GOOD)
    outcome = mmesim("validate", "good.yaml", "--resolved")
    Path("resolved.yaml").write_text(outcome.out)
    assert "price_per_hour: 0.23 USD" in outcome.out
    assert mmesim("validate", "resolved.yaml", "--resolved").out == outcome.out


def test_findings_are_shown_and_strict_fails(mmesim):
    Path("good.yaml").write_text(GOOD)
    assert (mmesim("validate", "good.yaml").err, mmesim("validate", "good.yaml", "--strict").code) == ("", 0)
    Path("bad.yaml").write_text(GOOD.replace("40 MiB", "40 GiB"))
    plain, strict = mmesim("validate", "bad.yaml"), mmesim("validate", "bad.yaml", "--strict")
    assert (plain.code, strict.code) == (0, 1)
    assert plain.err == strict.err
    assert plain.err.startswith("problem: tenant needs 40.1 GiB of memory (1 worker of 40.1 GiB and their parent)")
