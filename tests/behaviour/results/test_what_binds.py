"""What binds is found: small endpoints that lack one thing each, and some that lack nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.report import text as rendering
from mmesim.report.content.run import run_report
from mmesim.results.result import Result
from mmesim.scenario.scenario import Scenario

BASE = """\
name: base
endpoint:
  {vcpu: 4, memory: 32 GiB, network: 1 Gbit/s, instance_count: 1, base_memory: 1 GiB, usable_memory: 25.6 GiB,
   warm: true}
models:
  {name: m, count: 2, artifact_size: 50 MB, memory: 1 GiB, framework: python, process_memory: 100 MiB,
   load: {wait: 2 s}, service: {wait: 20 ms}}
traffic: {arrivals: {poisson: {rate: 5 /s}}}
run: {duration: 10 min, warmup: 2 min, replications: 1}
"""
COLD = ["endpoint.warm=false", "run.warmup=0 s"]


def service(text: str) -> str:
    return f"models.m.service={text}"


def rate(per_s: float) -> str:
    return f"traffic.traffic-0.arrivals.poisson.rate={per_s} /s"


GPU = "endpoint.devices={count: 1, memory: 16 GiB}"
FOUR_OF_8_6_GIB = ["models.m.count=4", "models.m.memory=8.5 GiB", "endpoint.warm=false"]
COMPUTES = service("{cpu: {exponential: {mean: 100 ms}}, wait: 0 s}")

TABLE: dict[str, tuple[str | None, list[str]]] = {
    "CPU work of many models": ("cpu", ["models.m.count=40", "models.m.memory=200 MiB", COMPUTES, rate(38)]),
    "a worker for each vCPU": ("cpu", ["models.m.count=1", "models.m.workers=4", COMPUTES, rate(36)]),
    "more than the CPU can do": (
        "cpu",
        ["models.m.count=8", "models.m.memory=500 MiB", service("{cpu: 100 ms, wait: 0 s}"), rate(60)],
    ),
    "one worker, nearly always busy": ("workers", ["models.m.count=1", COMPUTES, rate(8.5)]),
    "one worker, more calls than it can do": ("workers", ["models.m.count=1", service("{wait: 100 ms}"), rate(12)]),
    "one popular model": (
        "workers",
        ["models.m.count=10", "traffic.traffic-0.popularity={zipf: 3.0}", service("{wait: 100 ms}"), rate(7)],
    ),
    "calls that meet by chance": ("workers", ["models.m.count=1", rate(7)]),
    "few calls, slow for the queue": (
        "workers",
        ["models.m.count=3", service("{wait: {lognormal: {mean: 100 ms, cv: 0.2}}}"), rate(2)],
    ),
    "a GPU that is nearly always busy": (
        "device",
        [GPU, "models.m.workers=8", service("{device: {exponential: {mean: 100 ms}}, wait: 0 s}"), rate(8.5)],
    ),
    "models that push each other from a GPU": (
        "device_memory",
        [GPU, "models.m.count=8", "models.m.device_memory=3 GiB", service("{device: 1 ms, wait: 0 s}"), rate(3)],
    ),
    "models that do not fit on a GPU together, and compute at the same time": (
        "device_memory",
        [
            GPU,
            "endpoint.devices.at_once=4",
            "models.m.count=4",
            "models.m.device_memory=8 GiB",
            service("{device: 300 ms, wait: 0 s}"),
            rate(2),
        ],
    ),
    "workers that are added while a burst waits": (
        "workers",
        [
            "server.kind=djl",
            "server.overhead=none",
            "models.m.count=1",
            service("{wait: 50 ms}"),
            "traffic.traffic-0.arrivals={gamma: {rate: 4 /s, cv: 6}}",
        ],
    ),
    "a zone that is lost, and with it the memory for some models": (
        "memory",
        [
            "models.m.count=9",
            "models.m.memory=5.5 GiB",
            "endpoint.instance_count=3",
            "endpoint.loss_noticed_after=1 s",
            "faults=[{zone_loss: {zone: 1}, at: 3 min}]",
            "clients.retries=boto3-legacy",
            rate(3),
        ],
    ),
    "bursts and a short queue": (
        "queue",
        [
            "models.m.count=1",
            "server.job_queue_size=2",
            service("{wait: 50 ms}"),
            "traffic.traffic-0.arrivals={gamma: {rate: 4 /s, cv: 4}}",
        ],
    ),
    "a crowd of minutes that fills the queue": (
        "workers",
        [
            "models.m.count=1",
            "traffic.traffic-0.arrivals={flash_crowd: {base: 5 /s, peak: 70 /s, at: 4 min, ramp: 10 s, "
            "hold: 2 min, decay: 10 s}}",
        ],
    ),
    "more calls than the CPU can do, waiting for event loops": (
        "cpu",
        [
            "endpoint.vcpu=2",
            "models.m.count=1",
            "models.m.workers=8",
            "server.job_queue_size=1000",
            service("{cpu: 1 ms, wait: 0 s}"),
            "clients.timeout=2 s",
            rate(2400),
            "run.duration=40 s",
            "run.warmup=10 s",
        ],
    ),
    "downloads that never end": (
        "download",
        [
            "endpoint.download.stream=1 MB/s",
            "models.m.artifact_size=1 GB",
            "endpoint.load_slots=1",
            "endpoint.warm=false",
            "models.m.count=10",
        ],
    ),
    "artefacts that do not fit on the disk": (
        "disk",
        [
            "endpoint.disk_size=250 MB",
            "models.m.artifact_size=30 MB",
            "models.m.count=10",
            "models.m.memory=1 MiB",
            "models.m.load={wait: 1 s}",
            rate(30),
        ],
    ),
    "a queue shorter than a batch": (
        "queue",
        [
            "models.m.count=1",
            "models.m.batch_size=8",
            "models.m.max_batch_delay=100 ms",
            "server.job_queue_size=2",
            "server.overhead=none",
            service("{wait: 10 ms}"),
            rate(200),
        ],
    ),
    "batches that are seldom full": ("batch_delay", ["models.m.batch_size=8", "models.m.max_batch_delay=500 ms"]),
    "two of four copies fit": ("memory", [*FOUR_OF_8_6_GIB, rate(1)]),
    "thrashing that fills the queues": ("memory", [*FOUR_OF_8_6_GIB, rate(150), "models.m.load={wait: 8 s}"]),
    "a model larger than the host": ("memory", ["models.m.memory=30 GiB"]),
    "a copy of each model everywhere": (
        "memory",
        [*FOUR_OF_8_6_GIB, "endpoint.router.policy=random", "endpoint.instance_count=2"],
    ),
    "places enough, badly used": (
        "placement",
        [
            *COLD,
            "models.m.count=9",
            "models.m.memory=5 GiB",
            "endpoint.instance_count=3",
            "endpoint.usable_memory=17 GiB",
            "endpoint.router.spill_at=100",
            "run.seed=8",
            rate(3),
        ],
    ),
    "few process ids": (
        "tasks",
        ["endpoint.warm=false", "endpoint.pid_limit=80", "models.m.count=10", "models.m.framework_threads=6"],
    ),
    "a small disk": (
        "disk",
        [*FOUR_OF_8_6_GIB, "endpoint.disk_size=100 MB", "models.m.load={wait: 10 ms}"],
    ),
    "one load at a time": (
        "load_slots",
        [
            *COLD,
            "models.m.count=200",
            "models.m.memory=50 MiB",
            "models.m.process_memory=10 MiB",
            "models.m.load={wait: 200 ms}",
            "endpoint.load_slots=1",
            "run.duration=3 min",
            rate(20),
        ],
    ),
    "first calls for large artefacts": ("download", [*COLD, "models.m.artifact_size=900 MB"]),
    "downloads that end too late": ("download", [*COLD, "models.m.artifact_size=12 GB"]),
    "first calls for slow loads": ("load", [*COLD, "models.m.load={wait: 5 s}"]),
    "first loads, much of them download": ("load", [*COLD, "models.m.artifact_size=100 MB"]),
    "a client time-out that is too short": ("client_timeout", [service("{wait: 300 ms}"), "clients.timeout=200 ms"]),
    "a client time-out that cuts the slow calls off": (
        "client_timeout",
        [service("{wait: {exponential: {mean: 50 ms}}}"), "clients.timeout=150 ms", rate(1)],
    ),
    "an invocation time-out that is too short": (
        "invocation_timeout",
        [service("{wait: 300 ms}"), "endpoint.invocation_timeout=200 ms"],
    ),
    "a client time-out that queues run into": (
        "workers",
        ["models.m.count=1", service("{wait: 100 ms}"), rate(12), "clients.timeout=2 s"],
    ),
    "a limit of the platform": ("throttling", ["endpoint.throttling={rate: 3 /s}"]),
    "nothing: a quiet endpoint": (None, []),
    "nothing: service that varies": (None, [service("{wait: {exponential: {mean: 50 ms}}}"), rate(0.5)]),
    "nothing: a slow network": (None, ["clients.network=300 ms"]),
    "service above the platform's time-out": (
        "invocation_timeout",
        [service("{wait: 70 s}"), rate(0.005), "run.duration=5 h"],
    ),
}

BY_EXCESS = ("calls that meet by chance", "few calls, slow for the queue")
"""Cases in which calls wait for less than they take by themselves: only what they take beyond that shows it."""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The base with some values changed, simulated once."""

    def run(*overrides: str) -> Result:
        file = tmp_path / "s.yaml"
        file.write_text(BASE)
        scenario = Scenario.from_yaml(file, overrides)
        return Result(scenario, (simulate(scenario),))

    return run


@pytest.mark.parametrize("case", TABLE)
def test_the_known_bottleneck_is_found(run: Run, case: str) -> None:
    known, overrides = TABLE[case]
    summary: Any = run(*overrides).summary
    found = summary["binding_constraint"]
    assert (None if found is None else found["id"]) == known
    findings = [one for one in summary["findings"] if one["id"] == "binding_constraint"]
    assert len(findings) == (known is not None)
    if known is None:
        return
    assert found["limit"] > 0.0
    shares = [found["share_of_tail"] or 0.0, found["share_of_errors"] or 0.0]
    if case in BY_EXCESS:
        assert max(shares) < 0.5
        shares = [findings[0]["evidence"]["share_of_excess"]]
    assert 0.5 < max(shares) <= 1.0 + 1e-9
    assert findings[0]["evidence"]["used"] == found["used"]
    assert findings[0]["try"]


def test_memory_names_its_limit_and_the_copies_that_fit(run: Run) -> None:
    result = run(*FOUR_OF_8_6_GIB, rate(1))
    shown = rendering.text(run_report(result))
    assert "What binds: memory\n  2 of 4 copies fit, 8.6 GiB each on average: the called models need 34.4 GiB" in shown
    assert "the memory for models is 24.6 GiB" in shown.replace("\n  ", " ")
    row = next(line for line in shown.splitlines() if line.startswith("  memory  "))
    assert row.endswith("56.9 % of 80.0 %")
    found: Any = result.summary["binding_constraint"]
    assert (found["used"], found["limit"]) == (pytest.approx(4 * 8.6 * 2**30, rel=1e-3), pytest.approx(24.6 * 2**30))


def test_more_of_what_binds_helps(run: Run) -> None:
    before: Any = run("models.m.count=1", COMPUTES, rate(8.5)).summary
    (advice,) = [one["try"] for one in before["findings"] if one["id"] == "binding_constraint"]
    assert advice == "models.m.workers=2"
    after: Any = run("models.m.count=1", COMPUTES, rate(8.5), advice).summary
    assert after["latency_ms"]["p99"]["value"] < 0.5 * before["latency_ms"]["p99"]["value"]


def shown_binding(result: Result) -> str:
    """What binds, as the report says it, on one line."""
    sections = rendering.text(run_report(result)).split("\n\n")
    (section,) = [one for one in sections if one.startswith("What binds")]
    return " ".join(section.split())


def test_a_load_counts_with_its_download(run: Run) -> None:
    result = run(*COLD, "models.m.artifact_size=100 MB")
    found: Any = result.summary["binding_constraint"]
    ledger: Any = result.summary["ledger_ms"]
    assert ledger["p99.9"]["load"] > ledger["p99.9"]["download"] > 0.2 * ledger["p99.9"]["mean"]
    assert found["share_of_tail"] > 0.9
    said = shown_binding(result)
    assert "from the first call on, download included" in said
    assert "these are first loads after a cold start" in said
    assert said.endswith("try measuring after a warm-up (run.warmup), or calling each model once before")


def test_first_loads_after_a_warm_up_need_a_longer_one(run: Run) -> None:
    result = run("endpoint.warm=false", "run.warmup=1 s", "models.m.load={wait: 5 s}")
    assert "measuring after a longer warm-up (run.warmup)" in shown_binding(result)


def test_loads_that_come_again_are_no_first_loads(run: Run) -> None:
    said = shown_binding(run("endpoint.model_cache=disabled", *COLD, rate(0.5)))
    assert said.startswith("What binds: loads")
    assert "first loads" not in said
    assert said.endswith("try endpoint.model_cache=enabled")


def test_calls_that_meet_by_chance_wait_for_workers_that_are_seldom_busy(run: Run) -> None:
    said = shown_binding(run("models.m.count=1", rate(7)))
    assert said.startswith("What binds: workers of m 0.138 of 1 are busy")
    assert "calls that come at the same time wait for each other" in said
    assert "(100 % of what they take beyond a call without waiting) is due to it" in said


def test_a_quiet_endpoint_says_how_little_its_slowest_calls_wait(run: Run) -> None:
    said = shown_binding(run())
    assert said.startswith("What binds: nothing: calls around p99 wait 1")
    assert said.endswith("ms (most of it: queue), little compared with the 27.8 ms that a call takes by itself")


def test_calls_that_are_slow_by_their_own_work_say_so(run: Run) -> None:
    said = shown_binding(run(service("{wait: {exponential: {mean: 50 ms}}}"), rate(0.5)))
    assert said == "What binds: nothing: the slowest calls are slow because of their own work"


def test_waits_that_are_rounding_are_none(run: Run) -> None:
    said = shown_binding(run("models.m.count=1", "traffic.traffic-0.arrivals={constant: {rate: 1 /s}}"))
    assert said == "What binds: nothing: calls do not wait"


def test_what_is_lacking_after_a_loss_is_judged_by_the_instances_that_are_left(run: Run) -> None:
    """Nine models, four of which fit on an instance: with a zone less three must be left, and of four two would be."""
    _, overrides = TABLE["a zone that is lost, and with it the memory for some models"]
    said = shown_binding(run(*overrides))
    assert "on the 2 of 3 instances that were up while calls waited" in said
    assert said.endswith("try endpoint.instance_count=5")


def test_the_cpu_of_a_fleet_that_changes_is_that_of_the_minutes_that_broke_a_limit(run: Run) -> None:
    """Half of the work comes to an instance that is three times slower for 3 of 18 minutes."""
    slow = "faults=[{name: slow, slow_instance: {instance: 0, factor: 3, for: 3 min}, at: 8 min}]"
    case = ["endpoint.instance_count=2", "models.m.count=40", "models.m.memory=200 MiB", COMPUTES, rate(36), slow]
    result = run(*case, "run.duration=20 min", "expect=['p99 < 1 s']")
    found: Any = result.summary["binding_constraint"]
    assert found["id"] == "cpu"
    whole = float(np.max(result.runs[0].hosts.cpu_busy_s / (4.0 * result.runs[0].hosts.up_s)))
    assert whole < 0.65 < found["used"] <= 1.0
    said = shown_binding(result)
    assert "minutes that broke a limit" in said
    assert "on the fullest instance over the whole run" in said


def test_workers_that_are_added_are_said_to_come_late(run: Run) -> None:
    said = shown_binding(run(*TABLE["workers that are added while a burst waits"][1]))
    assert "but a copy starts with 1 and gets more only while 3 calls wait, up to 4, and each of them loads" in said
    assert said.endswith("try models.m.workers=2")


def test_the_router_of_aws_is_no_advice(run: Run) -> None:
    said = shown_binding(run(*TABLE["places enough, badly used"][1]))
    assert "which AWS decides" in said
    assert said.endswith("try endpoint.instance_count=4")
