"""What a result folder keeps gives back an equal scenario."""

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.load import load
from tests.helpers.files import SCENARIOS
from tests.helpers.texts import load_text


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_shipped_scenario_is_valid_and_survives_the_round_trip(path):
    scenario = load(path)
    again = load_text(dump(scenario))
    assert again == scenario
    assert again.model_table() == scenario.model_table()
    assert dump(again) == dump(scenario)


@pytest.mark.parametrize(
    "overrides",
    [
        ["endpoint.pid_limit=null", "endpoint.download.unpack=null", "endpoint.disk_read=1 GB/s"],
        ["endpoint.instance_type=ml.m7i.large", "endpoint.region=ap-south-1"],
        ["endpoint.instance_type=ml.m7i.large", "endpoint.cpu_speed=1.1"],
        ["endpoint.instance_type=ml.g4dn.xlarge", "endpoint.devices={at_once: 2}", "models.tenant.device_memory=1 GiB"],
        ["endpoint.usable_memory=7 GiB", "endpoint.router={misroute: 2 %, spill_at: 3}"],
        ["models.tenant.framework=pytorch", "models.tenant.process_memory=0", "models.tenant.load={cpu: 1 s}"],
        ["models.tenant.weight=0.1", "traffic.0.popularity=weights"],
        ["models.tenant.rate=3 /h", "traffic.0.popularity=weights"],
        ["traffic.0.trace={file: a.yaml, columns: {service: null}}"],
        ["traffic.0.start=1 s", "traffic.0.end=2 s", "traffic.0.models=[tenant-001]"],
        ["server.overhead={pre: {cpu: 0.1 ms, wait: {weibull: {mean: 0.3 ms, cv: 0.7}}}}"],
        ["models.tenant.service={cpu: {percentiles: {50: 1.1 ms, 99.9: 7 ms}}, wait: {empirical: [1 ms, 2 ms]}}"],
        ["server={batch_size: 4, max_batch_delay: 20 ms, preload_model: true, preload_dirty: 1 MiB, event_loops: 0}"],
        ["models.tenant={batch_size: 2, max_batch_delay: 0, preload_model: true, first_call: {cpu: 2 s}, workers: 3}"],
        ["models.tenant.service.batch={affine: {base: 20 ms, per_item: 4 ms}}", "models.tenant.batch_size=8"],
        ["models.tenant.service.batch=sum", "endpoint.model_cache=disabled"],
        ["name='1e3'"],
        ["run.warmup=auto", "endpoint.warm=stationary"],
        ["run={warmup: 7 s, warmup_found: {warmup: 7 s, why: 'it fits: 100 %', run_at_least: 2 h}}"],
        ["run.seed=1e3", "expect=[p99 <  500 ms, error_rate<0.1%]"],
    ],
)
def test_every_kind_of_value_survives_the_round_trip(scenario, base, monkeypatch, tmp_path, overrides):
    (tmp_path / "a.yaml").touch()
    monkeypatch.chdir(tmp_path)
    loaded = scenario(base, *overrides)
    assert load_text(dump(loaded)) == loaded


def test_a_host_by_hand_survives_the_round_trip(scenario, base):
    loaded = scenario(base.replace("instance_type: ml.m5.xlarge", "vcpu: 2\n  memory: 8 GiB"))
    assert "network: unlimited" in dump(loaded)
    assert load_text(dump(loaded)) == loaded


def test_the_resolved_file_pins_the_host(scenario, base):
    text = dump(scenario(base, "endpoint.price_per_hour=9 USD"))
    again = load_text(text)
    assert again.endpoint.host.price_source == "given in the scenario"
    # Another type over the resolved file is another host, not a new label on the old one.
    other = load_text(text, overrides=["endpoint.instance_type=ml.m5.2xlarge"])
    assert other.endpoint.host.vcpu == 8


def test_devices_of_another_type_are_those_of_the_catalogue():
    given = ["endpoint.instance_type=ml.g4dn.2xlarge", "endpoint.devices={at_once: 2}"]
    changed = load(SCENARIOS[0], given).with_({"endpoint.instance_type": "ml.g5.12xlarge"}).endpoint.host.devices
    assert changed is not None
    assert (changed.count, changed.at_once) == (4, 2)
    assert changed.memory_bytes == pytest.approx(89.4 / 4 * 2**30)


def test_a_part_on_a_device_needs_a_device():
    with pytest.raises(
        ScenarioError, match=r"has a part on a device \(service.device, device_memory\), ml.m5.large has"
    ):
        load(
            next(path for path in SCENARIOS if path.stem == "gpub"),
            ["endpoint.instance_type=ml.m5.large", "endpoint.devices=null"],
        )
