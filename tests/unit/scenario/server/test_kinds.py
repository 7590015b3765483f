"""The keys of `server` by its kind: defaults, what is required, what means nothing, and what is written down."""

from __future__ import annotations

from typing import get_args

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario
from mmesim.scenario.file.dump import dump
from mmesim.scenario.server.kind import UNBOUNDED
from mmesim.scenario.server.kinds import KINDS
from mmesim.scenario.server.server import Server

CUSTOM = "queue: model, job_queue_size: 9, event_loops: 2, overhead: none, base_tasks: 10"
SERVERS = {
    "mms": "server: {kind: mms}",
    "djl": "server: {kind: djl, overhead: none}",
    "torchserve": "server: {kind: torchserve}",
    "triton": "server: {kind: triton, overhead: none, base_tasks: 20}",
    "custom": f"server: {{kind: custom, {CUSTOM}}}",
}
TEXT = """
name: kinds
endpoint: {instance_type: ml.m5.xlarge}
%s
models: {name: m, artifact_size: 1 MB, memory: 10 MB, %sload: {cpu: 1 s}, service: {cpu: 1 ms}}
traffic: {arrivals: {poisson: {rate: 1 /s}}}
run: {duration: 1 min}
"""


@pytest.fixture
def scenario(tmp_path):
    def load(server: str, *overrides: str) -> Scenario:
        file = tmp_path / "scenario.yaml"
        process = "" if "triton" in server else "process_memory: 10 MB, "
        file.write_text(TEXT % (server, process))
        return Scenario.from_yaml(file, overrides)

    return load


def refusals(scenario, server: str, *overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        scenario(server, *overrides)
    return [str(problem) for problem in error.value.problems]


def test_every_kind_has_a_scenario_here_and_its_rules():
    assert tuple(SERVERS) == get_args(Server.model_fields["kind"].annotation)
    assert set(SERVERS) <= set(KINDS)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_scenario_of_each_kind_is_written_down_and_read_back(scenario, kind, tmp_path):
    one = scenario(SERVERS[kind])
    assert one.server.kind == kind
    file = tmp_path / "resolved.yaml"
    file.write_text(dump(one))
    assert Scenario.from_yaml(file) == one
    assert one.with_({"run.seed": 2}).server == one.server


def test_the_defaults_are_those_of_the_kind(scenario):
    djl, triton = scenario(SERVERS["djl"]).server, scenario(SERVERS["triton"]).server
    assert (djl.job_queue_size, djl.max_idle_s, djl.reserved_memory_bytes) == (1000, 60.0, 500 * 2**20)
    assert (triton.job_queue_size, triton.max_batch_delay_s, triton.queue_bound) == (None, 0.0, UNBOUNDED)
    kind = scenario(SERVERS["djl"]).server_kind
    rule = kind.model_workers(scenario(SERVERS["djl"]).model_table()[0])
    assert (rule.at_start, rule.at_most, rule.add_at) == (1, 4, 3)  # four vCPUs
    loops = {kind: scenario(text).server_kind.event_loops for kind, text in SERVERS.items()}
    assert loops == {"mms": 8, "djl": 8, "torchserve": 8, "triton": 8, "custom": 2}


def test_the_defaults_follow_the_kind_when_it_changes(scenario):
    assert scenario(SERVERS["mms"]).with_({"server.kind": "torchserve"}).server.job_queue_size == 100
    changed = scenario("server: {overhead: none}").with_({"server.kind": "djl"})
    assert changed.server.job_queue_size == 1000
    assert changed.with_({"server.kind": "mms"}).server == scenario("server: {overhead: none}").server


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("djl", ["overhead is missing: DJL Serving has no default for it, as what its front end costs"]),
        ("triton", ["overhead is missing: Triton has no default", "base_tasks is missing: Triton has no default"]),
        (
            "custom",
            [
                f"{key} is missing: a server of your own has no default for it, as only you know it"
                for key in ("queue", "job_queue_size", "event_loops", "overhead", "base_tasks")
            ],
        ),
    ],
)
def test_what_is_not_known_of_a_server_must_be_given(scenario, kind, words):
    found = refusals(scenario, f"server: {{kind: {kind}}}")
    assert len(found) == len(words)
    for text, word in zip(found, words, strict=True):
        assert "scenario.yaml:4" in text
        assert word in text
        assert "write" in text


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in SERVERS for name in KINDS[kind].meaningless])
def test_a_key_that_means_nothing_to_a_kind_is_refused_with_the_reason(scenario, kind, name):
    key = Server.model_fields[name].alias or name
    value = {"config": "''", "max_idle_time": "1 s", "queue": "model", "process_start": "{cpu: 1 s}"}.get(key, "1")
    value = {"preload_model": "true", "reserved_memory": "1 MB", "preload_dirty": "1 MB"}.get(key, value)
    if key == "config":
        value = "{notes: []}"
    found = refusals(scenario, SERVERS[kind], f"server.{key}={value}")
    assert any(f"means nothing to {KINDS[kind].title}: {KINDS[kind].meaningless[name]}" in text for text in found)
    assert any(f"server.{key}" in text for text in found)


@pytest.mark.parametrize(
    ("server", "override", "words"),
    [
        ("djl", "models.m.preload_model=true", "means nothing to DJL Serving: its workers have no parent process"),
        (
            "mms",
            "models.m.max_workers=3",
            "means nothing to Multi Model Server: its workers are as many as at the load",
        ),
        ("triton", "models.m.process_memory=1 MB", "give what a model adds as memory"),
        ("mms", "server.job_queue_size=null", "the queue of Multi Model Server has a bound"),
        ("djl", "server.max_idle_time=0 s", "must be above 0"),
        ("custom", "server.max_models=0", "too small"),
        ("mms", "server.kind=TensorFlow-Serving", "TensorFlow Serving is custom, with max_models"),
        ("custom", "server.queue=server", "queue: server needs server_workers"),
        ("custom", "server.server_workers=3", "each model has workers of its own with queue: model"),
        ("mms", "server.kind=tritton", "did you mean"),
    ],
)
def test_bad_input(scenario, server, override, words):
    assert any(words in text for text in refusals(scenario, SERVERS[server], override))


def test_the_most_workers_are_at_least_those_of_the_start(scenario):
    found = refusals(scenario, SERVERS["djl"], "models.m.workers=4", "models.m.max_workers=3")
    assert "3 is less than the 4 workers of the start" in found[0]


def test_workers_of_models_and_of_the_server_exclude_each_other(scenario):
    shared = SERVERS["custom"].replace("queue: model", "queue: server, server_workers: 3")
    assert scenario(shared).server_kind.server_workers.at_most == 3
    assert "with server.queue: server" in refusals(scenario, shared, "models.m.workers=2")[0]
    assert "with queue: server" in refusals(scenario, shared, "server.default_workers_per_model=2")[0]


@pytest.mark.parametrize("kind", ["triton", "custom"])
def test_a_fault_of_workers_needs_a_kind_whose_workers_die_alone(scenario, kind):
    fault = "faults=[{worker_crash: {models: [m]}, at: 10 s}]"
    assert "none dies alone" in refusals(scenario, SERVERS[kind], fault)[0]
    scenario(SERVERS["djl"], fault)


@pytest.mark.parametrize(("kind", "words"), [("djl", "workers that come and go"), ("triton", "none dies alone")])
def test_a_leak_needs_workers_that_stay_and_can_be_killed(scenario, kind, words):
    fault = "faults=[{leak: {models: [m], per_call: 1 MB}, at: 10 s}]"
    assert words in refusals(scenario, SERVERS[kind], fault)[0]
    scenario(SERVERS["torchserve"], fault)
