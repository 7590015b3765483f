"""What is found before a run: each rule where it fires, and where it does not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmesim.preflight.call_time import in_server_s
from mmesim.preflight.check import findings
from mmesim.preflight.finding import Finding
from mmesim.preflight.load_time import load_parts_s
from mmesim.preflight.offered import Offered
from mmesim.preflight.working_set import working_sets
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario

BASE = """\
name: base
endpoint: {instance_type: ml.m5.large, instance_count: 1}
models:
  - {name: m, artifact_size: 50 MB, memory: 900 MiB, process_memory: 350 MiB, load: {cpu: 1 s}, service: {wait: 30 ms}}
traffic: {arrivals: {poisson: {rate: 5 /s}}}
run: {duration: 10 min}
"""

Make = Callable[..., Scenario]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The base scenario with some values changed."""

    def make(*overrides: str, text: str = BASE) -> Scenario:
        file = tmp_path / "s.yaml"
        file.write_text(text)
        return Scenario.from_yaml(file, overrides)

    return make


def by_id(scenario: Scenario) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings(scenario)}


def test_nothing_is_found_where_all_is_well(make: Make) -> None:
    assert findings(make()) == []


GPU = ["endpoint.devices={count: 1, memory: 16 GiB}"]

CUSTOM = (
    "{kind: custom, overhead: none, base_tasks: 50, queue: model, job_queue_size: 100, event_loops: 4, max_models: 2}"
)

FIRES = {
    "never_fits": (["models.m.workers=4"], "problem"),
    "load_time": (["models.m.artifact_size=29 GB", "endpoint.download.unpack=50 MB/s"], "problem"),
    "call_time": (["clients.timeout=32 ms"], "warning"),
    "cpu": (["models.m.service={cpu: 400 ms}", "models.m.workers=1", "endpoint.instance_count=1"], "problem"),
    "workers": (["models.m.service.wait=190 ms"], "warning"),
    "calls": (["traffic.traffic-0.arrivals.poisson.rate=800000 /s"], "problem"),
    "working_set": (["models.m.count=10"], "warning"),
    "deploy_room": (
        [
            "models.m.count=10",
            "endpoint.instance_count=4",
            "deploys=[{at: 1 s, strategy: {canary: {share: 25 %, wait: 5 min}}}]",
        ],
        "warning",
    ),
    "tasks": (["endpoint.pid_limit=70", "models.m.count=3", "models.m.framework_threads=4"], "warning"),
    "threads": (["models.m.service={cpu: 5 ms, threads: 12}", "models.m.oversubscription=0.67"], "warning"),
    "accelerator": (["endpoint.instance_type=ml.g4dn.xlarge"], "warning"),
    "device": ([*GPU, "models.m.service.device=250 ms"], "problem"),
    "device_memory": ([*GPU, "models.m.count=2", "models.m.device_memory=9 GiB"], "warning"),
    "devices_undocumented": ([*GPU, "models.m.service.device=1 ms"], "warning"),
    "price": (["endpoint.region=ap-southeast-7"], "note"),
    "memory": (["models.m.count=10"], "note"),
    "disk": (["models.m.count=4", "endpoint.disk_size=100 MB"], "note"),
    "max_models": ([f"server={CUSTOM}", "models.m.count=5"], "note"),
}


@pytest.mark.parametrize("rule", FIRES)
def test_each_rule_fires(make: Make, rule: str) -> None:
    overrides, severity = FIRES[rule]
    found = by_id(make(*overrides))
    assert rule in found, sorted(found)
    assert found[rule].severity == severity
    assert found[rule].source
    assert found[rule].evidence


def test_what_can_never_fit_says_how_much_of_how_much_and_what_would(make: Make) -> None:
    found = by_id(make("models.m.workers=4"))["never_fits"]
    assert found.text == (
        "m needs 4.89 GiB of memory (4 workers of 1.22 GiB and their parent), a host has 4.45 GiB: "
        "never fits; 3 workers do"
    )
    assert found.try_ == "models.m.workers=3"
    assert by_id(make("models.m.workers=3")).get("never_fits") is None


@pytest.mark.parametrize(
    ("count", "end"), [(2, " (and 1 more model)"), (1300, " (and 1,299 more models)"), (1, "never fits")]
)
def test_of_many_that_never_fit_the_others_are_counted(make: Make, count: int, end: str) -> None:
    found = by_id(make(f"models.m.count={count}", "models.m.memory=5 GiB"))["never_fits"]
    assert found.text.endswith(end)


@pytest.mark.parametrize(
    ("overrides", "resource", "workers"),
    [
        (["models.m.artifact_size=31 GB"], "disk", None),
        (["endpoint.pid_limit=60", "models.m.workers=2"], "tasks", 1),
        (["models.m.memory=5 GiB"], "memory", None),
        ([*GPU, "models.m.device_memory=15.5 GiB"], "device_memory", None),
    ],
)
def test_each_resource_can_be_the_one(make: Make, overrides: list[str], resource: str, workers: int | None) -> None:
    found = by_id(make(*overrides))["never_fits"]
    assert found.evidence["resource"] == resource
    assert found.evidence.get("workers_that_fit") == workers
    needed, available = found.evidence["needed"], found.evidence["available"]
    assert isinstance(needed, int | float)
    assert isinstance(available, int | float)
    assert needed > available


def test_a_batch_rule_stands_for_the_wait_of_calls_too(make: Make) -> None:
    """It gives the whole time of a batch: CPU time if the calls have any."""
    affine = "{cpu: 5 ms, wait: 30 ms, batch: {affine: {base: 20 ms, per_item: 4 ms}}}"
    given = make(f"models.m.service={affine}", "models.m.batch_size=4", "server.overhead=none")
    offered = Offered(given)
    assert in_server_s(offered, offered.models[0]) == pytest.approx(0.024)
    assert offered.worker_s[0] == pytest.approx(0.020 / 4 + 0.004)


def test_a_load_that_can_never_end_says_what_takes_so_long(make: Make) -> None:
    huge = make("models.m.artifact_size=97 GB", "endpoint.disk_size=200 GB")
    parts = load_parts_s(Offered(huge), huge.model_table()[0])
    speed = huge.endpoint.host.cpu_speed
    assert parts["download"] == pytest.approx(97e9 / 90e6, rel=1e-3)
    assert parts["unpack"] == pytest.approx(97e9 / 150e6 / speed)
    found = by_id(huge)["load_time"]
    assert found.severity == "problem"
    assert "1,078 s download" in found.text
    assert "no load ever ends" in found.text
    slow = by_id(make("models.m.load={wait: 65 s}"))["load_time"]
    assert slow.severity == "warning"
    assert "endpoint.load_timeout (60 s)" in slow.text


def test_offered_cpu_and_workers(make: Make) -> None:
    of = Offered(make("models.m.service={cpu: 30 ms, wait: 20 ms}", "endpoint.cpu_speed=1"))
    assert of.open_per_s.sum(axis=1) == pytest.approx(np.full(96, 5.0))
    assert of.cpu_s == pytest.approx([0.0308])
    assert of.worker_s == pytest.approx([0.0504])
    full = by_id(make("models.m.service.wait=300 ms"))["workers"]
    assert full.severity == "problem"
    assert full.evidence["busy_workers"] == pytest.approx(1.5, rel=0.01)
    assert by_id(make("models.m.service.wait=300 ms", "endpoint.instance_count=2")).get("workers") is None
    one_home = ["models.m.service.wait=300 ms", "endpoint.instance_count=2", "endpoint.router.policy=hash"]
    assert by_id(make(*one_home))["workers"].severity == "problem"


def test_a_figure_is_computed_once_for_models_that_differ_in_name_and_traffic_alone(make: Make, tmp_path: Path) -> None:
    rows = "name,service,memory,rate\n" + "".join(
        f"{name},{service} ms,{memory} MiB,{rate} /s\n"
        for name, service, memory, rate in [("a", 5, 40, 1), ("b", 7, 40, 2), ("c", 5, 40, 3), ("d", 5, 41, 1)]
    )
    text = BASE.replace("name: m,", "name: m, file: t.csv,").replace("traffic: {", "traffic: {popularity: weights, ")
    (tmp_path / "t.csv").write_text(rows)
    scenario = make(text=text)
    asked = []

    def figure(model: Model) -> float:
        asked.append(model.name)
        return model.service.cpu.mean + model.memory_bytes

    found = Offered(scenario).each(figure)
    assert found.tolist() == [model.service.cpu.mean + model.memory_bytes for model in scenario.model_table()]
    assert asked == ["a", "b", "d"]


def test_so_many_models_have_fewer_windows(make: Make) -> None:
    many = Offered(make("models.m.count=200000"))
    assert many.open_per_s.nbytes <= 80_000_000
    assert many.open_per_s.sum(axis=1) == pytest.approx(np.full(50, 5.0))


OVERLOAD = ["endpoint.instance_type=ml.m5.2xlarge", "models.m.count=100", "models.m.memory=90 MB"]


def overload(make: Make, *overrides: str) -> dict[str, Finding]:
    """1,200 calls a second of 25 ms on one instance."""
    text = BASE.replace("rate: 5 /s", "rate: 1200 /s")
    return by_id(make(*OVERLOAD, "models.m.service={cpu: 25 ms}", *overrides, text=text))


def test_too_much_cpu_work_says_how_much_there_is_and_why_so_many_instances(make: Make) -> None:
    found = overload(make, "endpoint.instance_count=3", "endpoint.cpu_speed=1")["cpu"]
    assert found.text == (
        "calls bring 31 s of CPU work a second, the 3 instances do at most 15.6 s (each 5.2 s: 8 vCPUs = 4 cores, "
        "whose 2 threads together do 1.3 times the work of one): 198 %, more than there is: what is not done waits or "
        "is refused, whatever the queues hold; of 9 instances they would take 66.2 %"
    )
    assert found.try_ == "endpoint.instance_count=9"
    one = overload(make, "endpoint.threads_per_core=1", "endpoint.cpu_speed=0.5")["cpu"].text
    assert "the instance does at most 4 s (8 vCPUs = 8 cores, at 0.5 times the speed of an ml.c5)" in one


def test_workers_that_suffice_once_there_is_enough_cpu_are_no_finding(make: Make) -> None:
    popular = "traffic.traffic-0.popularity={zipf: 0.5}"
    three = ["endpoint.instance_count=3", "endpoint.cpu_speed=1"]
    assert "workers" not in overload(make, popular, *three)
    much = overload(make, "traffic.traffic-0.popularity={zipf: 2.0}", *three)["workers"]
    assert much.text.endswith("; even with 9 instances, which the CPU work needs")
    # Enough on 9 instances, as it says.
    enough = int(much.try_.rpartition("=")[2]) if much.try_ else 0
    assert enough > 1
    mended = overload(
        make,
        "traffic.traffic-0.popularity={zipf: 2.0}",
        "endpoint.instance_count=9",
        "endpoint.cpu_speed=1",
        f"models.m.workers={enough}",
    )
    assert not mended.keys() & {"cpu", "workers"}


def test_large_figures_have_no_exponent(make: Make) -> None:
    text = BASE.replace("rate: 5 /s", "rate: 40000 /s").replace("30 ms", "30 ms, cpu: 25 ms")
    found = by_id(make(text=text))
    assert "calls bring 1,032 s of CPU work a second" in found["cpu"].text
    assert not [one.text for one in found.values() if "e+" in one.text]


@pytest.mark.parametrize("rule", ["cpu", "device", "workers"])
def test_a_warning_begins_at_nine_tenths_and_a_problem_at_the_whole(make: Make, rule: str) -> None:
    overrides, _ = FIRES[rule]
    share = by_id(make(*overrides))[rule].evidence["share"]  # at 5 calls a second
    rates = [5.0 * wanted / float(share) for wanted in (0.89, 0.91, 1.01)]
    found = [by_id(make(*overrides, f"traffic.traffic-0.arrivals.poisson.rate={rate} /s")).get(rule) for rate in rates]
    assert [one and one.severity for one in found] == [None, "warning", "problem"]


def test_a_short_peak_is_a_warning_and_a_whole_run_a_problem(make: Make) -> None:
    spike = "{flash_crowd: {base: 1 /s, peak: 20 /s, at: 5 min, ramp: 10 s, hold: 20 s, decay: 10 s}}"
    text = BASE.replace("{poisson: {rate: 5 /s}}", spike)
    found = by_id(make("models.m.service.wait=100 ms", text=text))["workers"]
    assert found.severity == "warning"
    assert "busiest" in found.text


def test_a_region_without_a_price_is_said(make: Make) -> None:
    found = by_id(make("endpoint.region=ap-southeast-7"))["price"]
    assert found.text == "no price of ml.m5.large in ap-southeast-7 is known: costs are left out"
    assert found.try_ == "endpoint.price_per_hour"
    assert "price" not in by_id(make("endpoint.region=ap-southeast-7", "endpoint.price_per_hour=0.1 USD"))


def test_users_who_wait_for_answers_cannot_overload(make: Make) -> None:
    text = BASE.replace("{poisson: {rate: 5 /s}}", "{closed_loop: {users: 500, think_time: 1 ms}}")
    found = by_id(make("models.m.service={cpu: 400 ms}", text=text))
    assert not {"cpu", "workers", "calls"} & set(found)


def test_the_working_set(make: Make) -> None:
    scenario = make("models.m.count=100", "models.m.memory=10 MiB", "models.m.process_memory=10 MiB")
    sets = working_sets(Offered(scenario))
    assert sets is not None
    for name, time_s in (("1 min", 60), ("10 min", 600), ("60 min", 3600)):
        models = 100 * (1 - np.exp(-0.05 * time_s))
        assert sets[name].models == pytest.approx(models)
        assert sets[name].memory_bytes == pytest.approx(models * scenario.model_table()[0].pool_memory_bytes)
    assert by_id(scenario).get("working_set") is None


def test_recorded_traffic_has_no_working_set(make: Make, tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("time,model\n0,m\n1,m\n")
    text = BASE.replace("arrivals: {poisson: {rate: 5 /s}}", "trace: {file: day.csv}")
    assert working_sets(Offered(make(text=text))) is None


def test_several_frameworks(make: Make) -> None:
    other = "  - {name: n, framework: xgboost, artifact_size: 1 MB, memory: 10 MiB, service: {wait: 1 ms}}\n"
    mixed = BASE.replace("traffic:", f"{other}traffic:")
    assert by_id(make(text=mixed))["frameworks"].evidence == {"python": 1, "xgboost": 1}
    assert by_id(make("models.m.framework=xgboost", text=mixed)).get("frameworks") is None


def test_threads_of_calls_are_tasks(make: Make) -> None:
    model = make("models.m.service={cpu: 5 ms, threads: 12}", "models.m.workers=2").model_table()[0]
    assert model.pool_tasks == 1 + 2 * 12 + 3 + 3 * 2


@pytest.mark.parametrize("spin", [0.0, 0.02])
def test_threads_that_cost_little_are_no_finding(make: Make, spin: float) -> None:
    scenario = make("models.m.service={cpu: 5 ms, threads: 4}", f"models.m.oversubscription={spin}")
    assert by_id(scenario).get("threads") is None


@pytest.mark.parametrize(("spin", "said"), [(0.022, False), (0.0225, True)])
def test_threads_are_said_to_cost_too_much_from_a_tenth_on(make: Make, spin: float, said: bool) -> None:
    # 12 threads on 2 vCPUs lose 1 - 1 / (1 + 5 x spin): a tenth at 0.0222
    scenario = make("models.m.service={cpu: 5 ms, threads: 12}", f"models.m.oversubscription={spin}")
    assert ("threads" in by_id(scenario)) == said


def test_time_on_devices_is_set_against_what_all_of_them_do(make: Make) -> None:
    calls = ["models.m.service.device=120 ms", "traffic.traffic-0.arrivals.poisson.rate=20 /s"]
    found = by_id(make(*GPU, *calls, "endpoint.instance_count=2"))["device"]
    assert found.text.startswith("calls bring 2.4 s of work for devices a second, which do at most 2 s: 120 %")
    assert found.try_ == "endpoint.instance_count=4"
    assert by_id(make(*GPU, *calls, "endpoint.instance_count=2", "endpoint.devices.at_once=2")).get("device") is None


def test_what_aws_does_not_document_is_named(make: Make) -> None:
    found = by_id(make("endpoint.devices={count: 4, memory: 16 GiB}", "models.m.device_memory=1 GiB"))
    assert "4 devices on a host and a model server other than Triton (mms)" in found["devices_undocumented"].text


def test_a_gpu_that_no_model_uses_is_said_and_one_that_is_used_is_not(make: Make) -> None:
    found = by_id(make("endpoint.instance_type=ml.g4dn.xlarge"))["accelerator"]
    assert "which no model uses (service.device, device_memory)" in found.text
    assert "accelerator" not in by_id(make("endpoint.instance_type=ml.g4dn.xlarge", "models.m.service.device=1 ms"))
