"""What a plan writes to deploy its answer is read back as the same server, from the file and from the variables."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mmesim.results.deploy.deploy import aws_name, deployable
from mmesim.scenario.scenario import Scenario

MODELS = {"name": "m", "count": 2, "artifact_size": "20 MB", "memory": "25 MiB", "service": {"cpu": "12 ms"}}
servers = st.fixed_dictionaries(
    {},
    optional={
        "default_workers_per_model": st.integers(1, 64) | st.sampled_from(["per_vcpu", "per_gpu_or_vcpu"]),
        "job_queue_size": st.integers(1, 10**6),
        "preload_model": st.booleans(),
        "event_loops": st.integers(0, 64),
    },
)
frameworks = st.sampled_from(["sklearn", "xgboost"])


def scenario(server: dict[str, Any], framework: str = "sklearn", **endpoint: Any) -> Scenario:
    return Scenario.from_dict(
        {
            "name": "tenants of acme",
            "endpoint": {"instance_type": "ml.m5.xlarge", "instance_count": 3} | endpoint,
            "server": server,
            "models": [MODELS | {"framework": framework}],
            "traffic": [{"arrivals": {"poisson": {"rate": "5 /s"}}}],
            "run": {"duration": "2 min"},
        }
    )


def same_server(one: Scenario, other: Scenario) -> None:
    """Both have the same workers, queue, preloading and event loops."""
    assert one.server_kind.default_workers == other.server_kind.default_workers
    assert one.server.job_queue_size == other.server.job_queue_size
    assert one.server.preload_model == other.server.preload_model
    # 0 stands for no limit at all, which no server has: a note says so.
    assert (one.server.event_loops or None) == other.server.event_loops
    assert [model.workers for model in one.resolved_models] == [model.workers for model in other.resolved_models]


@given(servers, frameworks)
def test_the_file_is_read_back(server: dict[str, Any], framework: str) -> None:
    given_ = scenario(server, framework)
    with TemporaryDirectory() as folder:
        file = Path(folder, "config.properties")
        file.write_text(deployable(given_).files["config.properties"], encoding="utf-8")
        same_server(given_, read({"config": str(file)}, framework, folder))


@given(servers, frameworks)
def test_the_variables_are_read_back(server: dict[str, Any], framework: str) -> None:
    given_ = scenario(server, framework)
    variables = container(given_)["Environment"]
    with TemporaryDirectory() as folder:
        same_server(given_, read({"environment": variables}, framework, folder))


def read(server: dict[str, Any], framework: str, folder: str) -> Scenario:
    """The scenario with a server from a file or from variables: they are read for files only."""
    data = {
        "name": "tenants",
        "endpoint": {"instance_type": "ml.m5.xlarge"},
        "server": server,
        "models": [MODELS | {"framework": framework}],
        "traffic": [{"arrivals": {"poisson": {"rate": "5 /s"}}}],
        "run": {"duration": "2 min"},
    }
    file = Path(folder, "scenario.yaml")
    file.write_text(json.dumps(data), encoding="utf-8")
    return Scenario.from_yaml(file)


def container(given_: Scenario) -> Any:
    return deployable(given_).model["PrimaryContainer"]


def variant(given_: Scenario) -> Any:
    return json.loads(deployable(given_).files["endpoint-config.json"])["ProductionVariants"][0]


def test_the_variant_has_the_fleet_and_nothing_that_was_not_asked_for():
    assert variant(scenario({})) == {
        "VariantName": "AllTraffic",
        "ModelName": "tenants-of-acme",
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 3,
    }


def test_a_strategy_is_written_only_for_a_policy_that_aws_offers():
    for policy, strategy in (("random", "RANDOM"), ("least_outstanding", "LEAST_OUTSTANDING_REQUESTS")):
        assert variant(scenario({}, router={"policy": policy}))["RoutingConfig"] == {"RoutingStrategy": strategy}
    for policy in ("sticky", "hash", "round_robin"):
        assert "RoutingConfig" not in variant(scenario({}, router={"policy": policy}))
    assert any("round_robin" in note for note in deployable(scenario({}, router={"policy": "round_robin"})).notes)


def test_a_disk_that_is_larger_than_aws_gives_is_asked_for_as_far_as_it_goes():
    assert variant(scenario({}, disk_size="100 GB"))["VolumeSizeInGB"] == 100
    assert variant(scenario({}, disk_size="900 GB"))["VolumeSizeInGB"] == 512


def test_the_model_cache_goes_to_the_model():
    for setting in ("enabled", "disabled"):
        found = container(scenario({}, model_cache=setting))
        assert found["MultiModelConfig"] == {"ModelCacheSetting": setting.capitalize()}
        assert found["Mode"] == "MultiModel"


def test_aws_own_xgboost_container_gets_its_own_variables_where_it_can_have_the_settings():
    preloaded = container(scenario({"preload_model": True}, "xgboost"))["Environment"]
    assert preloaded == {"SAGEMAKER_NUM_MODEL_WORKERS": "1", "SAGEMAKER_MODEL_JOB_QUEUE_SIZE": "100"}
    plain = scenario({}, "xgboost")
    assert "SAGEMAKER_MODEL_SERVER_WORKERS" in container(plain)["Environment"]
    assert any("XGBoost container" in note for note in deployable(plain).notes)


def test_what_aws_has_no_key_for_is_said():
    assert any("registers them so" in note for note in deployable(scenario({"batch_size": 4})).notes)
    assert any("event_loops" in note for note in deployable(scenario({"event_loops": 0})).notes)
    assert not any("registers them so" in note for note in deployable(scenario({})).notes)


@given(st.text(max_size=100))
def test_every_name_becomes_one_that_sagemaker_takes(name: str) -> None:
    found = aws_name(name)
    assert 1 <= len(found) <= 63
    assert all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in found)
    assert found[0].isalnum()
    assert found[-1].isalnum()


def test_a_plan_that_survives_a_zone_says_where_subnets_must_lie() -> None:
    lost = {"name": "zone-1", "zone_loss": {"zone": 1}, "at": "1 min"}
    plan = {"grid": {"endpoint.instance_count": [2, 3]}}
    plain = scenario({}).model_dump(mode="json", exclude_unset=True, by_alias=True)
    for extra, asked in (
        ({"plan": plan | {"survive": "zone"}, "expect": ["p99 < 1 s"]}, "plan.survive: zone"),
        ({"faults": [lost]}, "the loss of a zone among the faults"),
    ):
        found = deployable(Scenario.from_dict(plain | extra))
        assert any(
            note.startswith("VpcConfig: ") and asked in note and "3 different zones" in note for note in found.notes
        )
    survives = {"plan": plan | {"survive": "instance"}, "expect": ["p99 < 1 s"]}
    assert not any("VpcConfig" in note for note in deployable(Scenario.from_dict(plain | survives)).notes)


def test_the_file_of_torchserve_is_read_back() -> None:
    given_ = scenario({"kind": "torchserve", "default_workers_per_model": 3, "job_queue_size": 7, "event_loops": 5})
    found = deployable(given_)
    assert found.model["PrimaryContainer"]["Environment"] == {}  # type: ignore[index]
    with TemporaryDirectory() as folder:
        file = Path(folder, "config.properties")
        file.write_text(found.files["config.properties"], encoding="utf-8")
        same_server(given_, read({"kind": "torchserve", "config": str(file)}, "sklearn", folder))


def test_what_deploys_another_server_says_where_its_settings_go() -> None:
    djl = deployable(scenario({"kind": "djl", "overhead": "none", "max_workers": 3, "max_idle_time": "90 s"}))
    assert list(djl.files) == ["model.json", "endpoint-config.json", "serving.properties"]
    assert djl.properties == {
        "minWorkers": "1",
        "maxWorkers": "3",
        "job_queue_size": "1000",
        "max_idle_time": "90",
        "batch_size": "1",
        "max_batch_delay": "100",
        "reserved_memory_mb": "500",
    }
    assert djl.notes[0].startswith("serving.properties: goes into the archive of each model")
    custom = {"queue": "model", "job_queue_size": 9, "event_loops": 2, "overhead": "none", "base_tasks": 10}
    for server in ({"kind": "triton", "overhead": "none", "base_tasks": 20}, {"kind": "custom", **custom}):
        found = deployable(scenario(server))
        assert list(found.files) == ["model.json", "endpoint-config.json"]
        assert found.notes[0].startswith("Environment: how ")
