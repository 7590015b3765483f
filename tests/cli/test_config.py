"""A `config.properties` on the command line: one clear message for each thing that is wrong, findings for the rest."""

import json
from pathlib import Path

import pytest

from mmesim.scenario.server.config.keys import KEYS
from tests.cli.test_validate import GOOD


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("MMS_CONFIG_FILE", *(f"MMS_{key.upper()}" for key in KEYS)):
        monkeypatch.delenv(name, raising=False)


SCENARIO = GOOD + "server: {config: config.properties}\n"

BAD = {
    "no room in the queue": (
        b"default_workers_per_model=1\njob_queue_size=0\n",
        "config.properties:2: job_queue_size: 0 is too small: at least 1, below it the real server refuses to register "
        "any model (500)\n",
    ),
    "no number": (b"job_queue_size=many\n", "config.properties:1: job_queue_size: 'many' is not a whole number"),
    "contradictory addresses": (
        b"inference_address=http://0.0.0.0:8080\nmanagement_address=http://127.0.0.1:8080\n",
        "config.properties:2: management_address: both addresses use port 8080",
    ),
    "contradictory sockets": (
        b"use_native_io=false\ninference_address=unix:/run/mms.sock\n",
        "config.properties:2: inference_address: a unix socket needs use_native_io=true",
    ),
    "missing variable": (
        b"# first\ndefault_workers_per_model=$$NO_SUCH_NUMBER$$\n",
        "config.properties:2: default_workers_per_model: there is no environment variable NO_SUCH_NUMBER",
    ),
    "broken escape": (b"model_store=\\u12\n", "config.properties:1: '\\\\u12' is not a character"),
    "no text": ("job_queue_size=5".encode("utf-16"), "config.properties: is not a text file"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_bad_configuration_is_one_clear_message(mmesim, command, data, message):
    Path("config.properties").write_bytes(data)
    Path("good.yaml").write_text(SCENARIO)
    outcome = mmesim(command, "good.yaml")
    assert outcome.code == 64
    assert outcome.out == ""
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("no.properties", "there is no file no.properties"),
        (".", ". is not a file"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_clear_message(mmesim, place, message):
    Path("good.yaml").write_text(GOOD + f"server: {{config: {place}}}\n")
    outcome = mmesim("validate", "good.yaml")
    assert (outcome.code, outcome.err) == (64, f"good.yaml:12: server.config: {message}\n")


def test_a_named_configuration_must_exist_and_a_default_one_need_not(mmesim, monkeypatch):
    Path("good.yaml").write_text(GOOD + "server: {config: auto}\n")
    assert mmesim("validate", "good.yaml").code == 0
    monkeypatch.setenv("MMS_CONFIG_FILE", "gone.properties")
    outcome = mmesim("validate", "good.yaml")
    assert outcome.code == 64
    assert outcome.err == "good.yaml:12: server.config: there is no file gone.properties (MMS_CONFIG_FILE names it)\n"


def test_findings_are_in_the_report_the_summary_and_the_resolved_scenario(mmesim):
    Path("config.properties").write_text("job_queue_size=9\nmax_request_size=5\n")
    Path("good.yaml").write_text(SCENARIO)
    checked = mmesim("validate", "good.yaml")
    assert checked.code == 0
    assert checked.err.startswith("note: config.properties: used: job_queue_size=9\n")
    ran = mmesim("run", "good.yaml", "--out", "first")
    assert ran.code == 0
    assert "\nConfiguration of the model server\n  - config.properties: used: job_queue_size=9\n" in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 100
    findings = json.loads(Path("first/summary.json").read_text())["findings"]
    # What the run alone can know comes on top of what was known before it.
    findings = [entry for entry in findings if entry["id"] != "binding_constraint"]
    assert {(entry["id"], entry["severity"]) for entry in findings} == {("config", "note")}
    assert [entry["text"] for entry in findings] == [line.removeprefix("note: ") for line in checked.err.splitlines()]
    # The resolved scenario gives the same result without the file.
    Path("config.properties").unlink()
    again = mmesim("run", "first/scenario.yaml", "--out", "second")
    assert again.out == ran.out
    assert Path("second/scenario.yaml").read_text() == Path("first/scenario.yaml").read_text()


def test_the_environment_alone_changes_nothing(mmesim, monkeypatch):
    Path("good.yaml").write_text(GOOD)
    plain = mmesim("validate", "good.yaml", "--resolved")
    Path("config.properties").write_text("enable_envvars_config=true\njob_queue_size=9\n")
    monkeypatch.setenv("MMS_CONFIG_FILE", "config.properties")
    monkeypatch.setenv("MMS_JOB_QUEUE_SIZE", "8")
    assert mmesim("validate", "good.yaml", "--resolved") == plain
