"""The scenario file as a whole: defaults, and everything that is refused with its place."""

from pathlib import Path

import pytest

from mmesim.errors import Problem, ScenarioError
from mmesim.scenario import (
    Clients,
    CpuWait,
    Endpoint,
    EvictionPolicy,
    HostType,
    ModelGroup,
    Poisson,
    RouterPolicy,
    RunSettings,
    Scenario,
    Service,
    Traffic,
    UniformPopularity,
    Weights,
    Zipf,
)
from mmesim.scenario.file.load import load
from mmesim.scenario.file.yaml import read_text
from mmesim.scenario.models.groups import AffineBatch
from mmesim.scenario.values.times import Constant, Exponential
from tests.helpers.texts import load_text


def test_a_dict_says_what_a_file_says(base, write):
    data = read_text(base, "a", Path()).plain()
    assert Scenario.from_dict(data, ["run.seed=3"]) == load(write(base), ["run.seed=3"])
    extended = {"extends": str(write(base, "base.yaml")), "endpoint": {"instance_count": 7}}
    assert Scenario.from_dict(extended) == load(write(base), ["endpoint.instance_count=7"])
    with pytest.raises(ScenarioError, match=r"^scenario: models.tenant.memory: 40 has no unit"):
        Scenario.from_dict(data | {"models": [data["models"][0] | {"memory": 40}]})


def test_defaults_are_those_of_the_design(scenario):
    loaded = scenario()
    endpoint, server = loaded.endpoint, loaded.server
    assert (endpoint.instance_count, endpoint.load_slots, endpoint.warm) == (1, 2, False)
    assert endpoint.eviction is EvictionPolicy.lru
    assert endpoint.router.policy is RouterPolicy.sticky
    assert (endpoint.router.overhead_s, endpoint.router.misroute, endpoint.router.spill_at) == (0.002, 0.0, None)
    assert (endpoint.pid_limit, endpoint.disk_bytes, endpoint.disk_read_Bps) == (32768, 30_000_000_000, None)
    assert endpoint.base_memory_bytes == round(0.65 * 2**30)
    assert (endpoint.download.stream_Bps, endpoint.download.unpack_Bps_per_vcpu) == (90e6, 150e6)
    assert (endpoint.invocation_timeout_s, endpoint.load_timeout_s, endpoint.load_limit_s) == (60, 60, 360)
    assert (server.default_workers_per_model, server.job_queue_size, server.base_tasks) == (1, 100, 50)
    assert server.overhead.pre == server.overhead.hold == CpuWait(cpu=Constant(0.0004))
    assert server.process_start == CpuWait(cpu=Constant(0.2))
    assert loaded.clients == Clients(timeout_s=70, network_s=0.005)
    assert loaded.run == RunSettings(duration_s=60, warmup_s=0, replications=1, seed=1)
    assert loaded.traffic[0].popularity == UniformPopularity()
    assert loaded.fixed_delay_s == 0.007


def test_usable_memory_is_the_smaller_of_threshold_and_reserve_unless_given(scenario, base):
    def usable(*overrides):
        return scenario(base, *overrides).endpoint.usable_memory_bytes

    gib = 2**30
    assert usable() == int(0.8 * 16 * gib)
    assert usable("endpoint.memory=8 GiB") == 8 * gib - round(2.9 * gib)
    assert usable("endpoint.usable_memory=10 GiB") == 10 * gib


def test_each_figure_of_the_host_can_be_overridden(scenario, base):
    host = scenario(base, "endpoint.vcpu=16", "endpoint.price_per_hour=1 USD", "endpoint.cpu_speed=1.2").endpoint.host
    assert (host.vcpu, host.memory_bytes, host.cpu_speed, host.cpu_speed_assumed) == (16, 16 * 2**30, 1.2, False)
    assert (host.price_usd_per_hour, host.price_estimated, host.price_source) == (1.0, False, "given in the scenario")
    assert scenario(base, "endpoint.vcpu=16").endpoint.load_slots == 8


def test_a_host_by_hand_has_whole_cores_and_an_unlimited_network(scenario, base):
    endpoint = scenario(base.replace("instance_type: ml.m5.xlarge", "vcpu: 1\n  memory: 8 GiB")).endpoint
    assert endpoint.host == HostType(vcpu=1, memory_bytes=8 * 2**30, network_Bps=float("inf"))
    assert (endpoint.host.threads_per_core, endpoint.host.smt_yield, endpoint.load_slots) == (1, 1.3, 1)
    assert endpoint.host.price_usd_per_hour is None


def test_a_scenario_can_be_built_in_python_with_seconds_and_bytes(scenario, base):
    built = Scenario(
        name="base",
        endpoint=Endpoint.model_validate({"instance_type": "ml.m5.xlarge"}),
        models=(
            ModelGroup(
                name="tenant",
                count=3,
                artifact_bytes=40_000_000,
                memory_bytes=40 * 2**20,
                service=Service(cpu=Constant(0.01)),
            ),
        ),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=10)),),
        run=RunSettings(duration_s=60),
    )
    assert built == scenario(base)
    assert built.model_table() == scenario(base).model_table()


def test_a_copy_forgets_the_table_of_the_old_models(scenario, base):
    first = scenario(base)
    assert len(first.model_table()) == 3
    one = first.models[0].model_copy(update={"count": 7})
    assert len(first.model_copy(update={"models": (one,)}).model_table()) == 7
    assert len(first.model_table()) == 3


def test_traffic_is_read_in_every_form(scenario, base):
    text = base.replace(
        "  - arrivals: {poisson: {rate: 10 /s}}\n",
        """\
  - {arrivals: {poisson: {rate: 600 /min}}, popularity: {zipf: 0.9}, models: [tenant-001], start: 5 s, end: 30 s}
  - {name: spiky, arrivals: {poisson: {rate: 1 /s}}, popularity: uniform}
  - trace: {file: a.yaml, columns: {time: t, service: null}}
  - trace: {file: a.yaml, format: azure-functions-2019}
""",
    )
    first, second, third, fourth = scenario(text).traffic
    assert [stream.name for stream in (first, second, third, fourth)] == [
        "traffic-0",
        "spiky",
        "traffic-2",
        "traffic-3",
    ]
    assert first.arrivals == Poisson(rate_per_s=10)
    assert first.popularity == Zipf(0.9)
    assert (first.models, first.start_s, first.end_s) == (("tenant-001",), 5.0, 30.0)
    assert third.trace is not None
    assert third.trace.file.is_absolute()
    assert (third.trace.columns.time, third.trace.columns.model, third.trace.columns.service) == ("t", "model", None)
    assert fourth.trace is not None
    assert fourth.trace.format == "azure-functions-2019"


def test_weights_come_from_the_models(scenario, base):
    text = base.replace("count: 3", "weight: 2").replace("10 /s}}", "10 /s}}\n    popularity: weights")
    loaded = scenario(text)
    assert loaded.traffic[0].popularity == Weights()
    assert loaded.model_table()[0].weight == 2.0


def test_overheads_are_a_named_set_or_given(scenario, base):
    named = scenario(base, "server.overhead=measured-vm").server.overhead
    assert named.pre == CpuWait(cpu=Constant(0.0014))
    given = scenario(base, "server.overhead={pre: 1 ms, hold: {wait: {exponential: {mean: 2 ms}}}}").server.overhead
    assert given.pre == CpuWait(cpu=Constant(0.001))
    assert given.hold == CpuWait(wait=Exponential(0.002))
    assert given.post == CpuWait()


def test_the_model_server_works_as_if_freshly_installed(scenario, base):
    server = scenario(base).server
    assert (server.batch_size, server.max_batch_delay_s) == (1, 0.1)
    assert (server.preload_model, server.preload_dirty_bytes) == (False, 3 * 2**20)
    assert (server.config, server.event_loops) == (None, None)


def test_event_loops_are_two_for_each_vcpu_unless_given(scenario, base):
    assert scenario(base).server_kind.event_loops == 8
    assert scenario(base, "endpoint.vcpu=3").server_kind.event_loops == 6
    assert scenario(base, "server.event_loops=1").server_kind.event_loops == 1


def test_a_model_takes_what_it_is_not_registered_with_from_the_server(scenario, base):
    server = "server={batch_size: 4, max_batch_delay: 20 ms, preload_model: true, preload_dirty: 1 MiB}"
    plain = scenario(base, server).model_table()[0]
    assert (plain.batch_size, plain.max_batch_delay_s) == (4, 0.02)
    assert (plain.preload_model, plain.preload_dirty_bytes) == (True, 2**20)
    own = "models.tenant={batch_size: 2, max_batch_delay: 0, preload_model: false, workers: 3}"
    given = scenario(base, server, own).model_table()[0]
    assert (given.batch_size, given.max_batch_delay_s, given.preload_model, given.workers) == (2, 0.0, False, 3)


def test_first_calls_are_those_of_the_framework_unless_given(scenario, base):
    assert scenario(base).model_table()[0].first_call == CpuWait()
    own = scenario(base, "models.tenant.first_call={cpu: 2 s, wait: {exponential: {mean: 1 s}}}").model_table()[0]
    assert own.first_call == CpuWait(cpu=Constant(2.0), wait=Exponential(1.0))


def test_a_batch_costs_its_longest_item_or_all_of_them_or_a_line(scenario, base):
    def batch(*overrides):
        return scenario(base, *overrides).model_table()[0].service.batch

    assert batch() == "max"
    assert batch("models.tenant.service.batch=sum") == "sum"
    affine = batch("models.tenant.service.batch={affine: {base: 20 ms, per_item: 4 ms}}")
    assert affine == AffineBatch(base_s=0.02, per_item_s=0.004)


def test_without_a_model_cache_every_vcpu_loads(scenario, base):
    disabled = scenario(base, "endpoint.model_cache=disabled").endpoint
    assert (disabled.model_cache, disabled.load_slots) == ("disabled", 4)
    assert scenario(base, "endpoint.model_cache=disabled", "endpoint.load_slots=1").endpoint.load_slots == 1
    assert scenario(base).endpoint.load_slots == 2


def test_expectations_name_the_latency_limits(scenario, base):
    text = base + "expect: [p99 < 500 ms, mean <= 20 ms, p99.9 < 500 ms, cache_hit_ratio >= 95 %]\n"
    loaded = scenario(text)
    assert loaded.latency_limits_s == (0.02, 0.5)
    last = loaded.expect[-1]
    assert (last.metric, last.comparison, last.limit, last.text) == (
        "cache_hit_ratio",
        ">=",
        0.95,
        "cache_hit_ratio >= 95 %",
    )
    assert not last.is_latency


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "ml.m5.xlarge",
            "ml.m5.xlrage",
            "3: endpoint.instance_type: unknown instance type 'ml.m5.xlrage' (did you mean ml.m5.xlarge?)",
        ),
        (
            "ml.m5.xlarge",
            "ml.t2.medium",
            "2: endpoint.network: the catalogue has no figure for ml.t2.medium: add the line `network: ",
        ),
        (
            "instance_type: ml.m5.xlarge",
            "instance_count: 2",
            "2: endpoint.vcpu: a host without instance_type needs it: add the line `vcpu: 4` with the right value",
        ),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  instance_count: 0", "4: endpoint.instance_count: 0 is too small: at least 1"),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  instance_count: 1.5",
            "4: endpoint.instance_count: 1.5 is not a whole number",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  instance_cuont: 2",
            "4: endpoint.instance_cuont: unknown key, one of instance_type",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  eviction: lur",
            "4: endpoint.eviction: unknown eviction rule 'lur': one of lru, ",
        ),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  router: {policy: stiky}", "4: endpoint.router.policy: 'stiky' is not one of"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  warm: yes", "4: endpoint.warm: 'yes' is neither true, false nor stationary"),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  warm: stationry",
            "4: endpoint.warm: 'stationry' is neither true, false nor stationary (did you mean stationary?)",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  warm: stationary\n  model_cache: disabled",
            "4: endpoint.warm: with model_cache: disabled no model is kept",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  warm: stationary\n  router: {policy: least_outstanding}",
            "4: endpoint.warm: least_outstanding depends on the calls in flight",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  region: us-esat-1",
            "4: endpoint.region: unknown region 'us-esat-1' (did you mean us-east-1?)",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  load_limit: 30 s",
            "4: endpoint.load_limit: must be at least load_timeout (60 s)",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  load_timeout: 400 s",
            "2: endpoint.load_limit: 6 min must be at least load_timeout (6.67 min)",
        ),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  memory: 3 GiB", "2: endpoint: no memory is left for models: 102 MiB usable"),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  usable_memory: 17 GiB",
            "4: endpoint.usable_memory: is more than the memory of the host",
        ),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  pid_limit: 50", "4: endpoint.pid_limit: leaves no process for a model"),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  memory_threshold: 0",
            "4: endpoint.memory_threshold: 0 is too small: it must be above 0",
        ),
        (
            "ml.m5.xlarge",
            "ml.m5.xlarge\n  model_cache: off",
            "4: endpoint.model_cache: 'off' is not one of enabled, disabled",
        ),
        ("run:", "server: {batch_size: 0}\nrun:", "12: server.batch_size: 0 is too small: at least 1"),
        ("run:", "server: {batch_size: 1025}\nrun:", "12: server.batch_size: 1025 is too large: at most 1,024"),
        ("run:", "server: {max_batch_delay: 1}\nrun:", "12: server.max_batch_delay: 1 has no unit"),
        ("run:", "server: {preload_model: 1}\nrun:", "12: server.preload_model: 1 is neither true nor false"),
        ("run:", "server: {event_loops: -1}\nrun:", "12: server.event_loops: -1 is negative"),
        ("count: 3", "count: 3\n    batch_size: 1.5", "7: models.tenant.batch_size: 1.5 is not a whole number"),
        ("count: 3", "count: 3\n    first_call: 1 s", "7: models.tenant.first_call: '1 s' is not a map with keys"),
        ("{cpu: 10 ms}", "{cpu: 10 ms, batch: {affine: {base: 1 ms}}}", "9: models.tenant.service.batch"),
        ("40 MiB", "40", "8: models.tenant.memory: 40 has no unit: write a size such as 1.5 GiB"),
        ("40 MiB", "40 ms", "8: models.tenant.memory: '40 ms' has the unknown unit 'ms'"),
        ("40 MiB", "-1 MiB", "8: models.tenant.memory: '-1 MiB' is negative"),
        ("40 MiB", ".nan", "8: models.tenant.memory: nan is not a finite number"),
        ("40 MiB", ".inf", "8: models.tenant.memory: inf is not a finite number"),
        (
            "count: 3",
            "count: 3\n    framework: xgbost",
            "7: models.tenant.framework: 'xgbost' is not one of python, xgboost",
        ),
        (
            "count: 3",
            "count: 3\n    framework: pytorch",
            "5: models.tenant.process_memory: process_memory and load of model 'tenant-000' and 2 more are",
        ),
        (
            "    memory: 40 MiB\n",
            "",
            "5: models.tenant.memory: memory of model 'tenant-000' and 2 more is missing: add, for example",
        ),
        ("{cpu: 10 ms}", "{threads: 2}", "9: models.tenant.service: needs a time"),
        (
            "{cpu: 10 ms}",
            "{cpu: {gamma: {mean: 1 s, cv: x}}}",
            "9: models.tenant.service.cpu.gamma.cv: 'x' is not a number",
        ),
        ("{cpu: 10 ms}", "10 ms", "9: models.tenant.service: '10 ms' is not a map with keys"),
        (
            "count: 3",
            "count: 3\n    weight: 1\n    rate: 1 /s",
            "8: models.tenant.rate: weight and rate exclude each other",
        ),
        ("count: 3", "count: 3\n    weight: 1", "12: traffic.traffic-0.popularity: the models have weights or rates"),
        ("- name: tenant", "- nmae: tenant", "5: models.0.nmae: unknown key, one of name"),
        ("rate: 10 /s", "rate: 0", "11: traffic.traffic-0.arrivals.poisson.rate: 0 is too small: it must be above 0"),
        (
            "{rate: 10 /s}",
            "{rate: 10 /s, rte: 1}",
            "11: traffic.traffic-0.arrivals.poisson.rte: unknown key, one of rate (did you mean rate?)",
        ),
        ("poisson", "poison", "11: traffic.traffic-0.arrivals.poison: unknown arrival process 'poison'"),
        (
            "10 /s}}",
            "10 /s}}\n    popularity: weights",
            "12: traffic.traffic-0.popularity: model 'tenant-000' and 2 others have neither weight nor rate",
        ),
        ("10 /s}}", "10 /s}}\n    popularity: {zipf: -1}", "12: traffic.traffic-0.popularity.zipf: -1 is negative"),
        ("10 /s}}", "10 /s}}\n    popularity: zpif", "12: traffic.traffic-0.popularity: unknown popularity 'zpif'"),
        (
            "10 /s}}",
            "10 /s}}\n    models: [tenat]",
            "12: traffic.traffic-0.models.0: there is no model or group 'tenat' (did you mean tenant?)",
        ),
        ("10 /s}}", "10 /s}}\n    start: 61 s", "12: traffic.traffic-0.start: the run ends before this stream starts"),
        ("10 /s}}", "10 /s}}\n    start: 6 s\n    end: 5 s", "13: traffic.traffic-0.end: must be after start"),
        (
            "10 /s}}",
            "10 /s}}\n    trace: {file: a.yaml}",
            "12: traffic.traffic-0.trace: arrivals and trace exclude each other",
        ),
        ("arrivals: {poisson: {rate: 10 /s}}", "models: [tenant]", "11: traffic.traffic-0: needs a source of calls"),
        (
            "arrivals: {poisson: {rate: 10 /s}}",
            "trace: {file: no.csv}",
            "11: traffic.traffic-0.trace.file: there is no file",
        ),
        ("duration: 60 s", "duration: 60 s, warmup: 60 s", "12: run.warmup: 60 s must be shorter than duration, 60 s"),
        ("duration: 60 s", "duration: 60 s, warmup: atuo", "12: run.warmup: 'atuo' is not a time"),
        (
            "duration: 60 s",
            "duration: 60 s, warmup: 10 s, warmup_found: {warmup: 9 s, why: so}",
            "12: run.warmup_found: belongs to another warm-up (remove warmup_found",
        ),
        ("duration: 60 s", "seed: 1", "12: run.duration: is missing"),
        ("duration: 60 s", "duration: 60 s, seed: -1", "12: run.seed: -1 is negative"),
        (
            "run: {duration: 60 s}",
            "run: {duration: 60 s}\nclients: {timeout: 7 ms}",
            "13: clients.timeout: no call can be answered",
        ),
        (
            "run: {duration: 60 s}",
            "run: {duration: 60 s}\nexpect: [p98 < 1 s]",
            "13: expect.0: unknown figure 'p98': the percentiles are p50, p90, p95, p99 and p99.9 (did you mean p99?)",
        ),
        (
            "run: {duration: 60 s}",
            "run: {duration: 60 s}\nexpect: [p99 == 1 s]",
            "13: expect.0: a simulation never meets an exact value",
        ),
        (
            "run: {duration: 60 s}",
            "run: {duration: 60 s}\nexpect: [error_rate < 1 s]",
            "13: expect.0: limit of error_rate",
        ),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: p99 < 1 s", "13: expect: 'p99 < 1 s' is not a list"),
        (
            "run: {duration: 60 s}",
            "run: {duration: 60 s}\nserver: {overhead: sagemakr}",
            "13: server.overhead: unknown overhead 'sagemakr': one of sagemaker, measured-vm, none, such as {pre: ",
        ),
        ("run: {duration: 60 s}", "", "1: run: is missing"),
        ("name: base", "name: 7", "1: name: 7 is not text"),
    ],
)
def test_a_wrong_value_is_refused_with_line_field_and_remedy(problems, base, tmp_path, old, new, expected):
    assert old in base
    texts = [str(problem) for problem in problems(base.replace(old, new, 1))]
    assert any(text.startswith(f"{tmp_path}/a.yaml:{expected}") for text in texts), texts


def test_the_harmless_values_of_those_keys_are_accepted(scenario, base):
    assert scenario(base + "clients: {retries: none}\nfaults: []\n") == scenario(base)


def test_all_problems_of_a_file_come_at_once_in_the_order_of_the_file(problems, base):
    text = base.replace("ml.m5.xlarge", "ml.m9.xlarge\n  load_slots: 0").replace("40 MiB", "40").replace("60 s", "x")
    assert [problem.line for problem in problems(text)] == [3, 4, 9, 13]


def test_two_models_with_one_name_are_refused(problems, base):
    text = base.replace(
        "traffic:", "  - {name: tenant-001, artifact_size: 0, memory: 0, service: {cpu: 1 ms}}\ntraffic:"
    )
    (problem,) = problems(text)
    assert (problem.line, problem.field) == (10, "models.tenant-001.name")
    assert problem.message == "two models are called 'tenant-001'"


def test_two_streams_with_one_name_are_refused(problems, base):
    text = base.replace("  - arrivals", "  - {name: a, trace: {file: a.yaml}}\n  - name: a\n    arrivals")
    assert [problem.message for problem in problems(text)] == ["two streams are called 'a'"]


@pytest.mark.parametrize("text", ["just text", "- a\n- b", "3"])
def test_a_scenario_is_a_map(problems, text):
    (problem,) = problems(text)
    assert problem.message.startswith("a scenario is a map")


def test_a_text_needs_no_file(base):
    assert load_text(base).name == "base"
    with pytest.raises(ScenarioError, match=r"^<text>:1: name: is empty"):
        load_text(base.replace("name: base", "name: ''"))


def test_a_problem_carries_the_value(problems, base, tmp_path):
    (problem,) = problems(base.replace("40 MiB", "40 ms"))
    assert isinstance(problem, Problem)
    assert (problem.file, problem.value) == (str(tmp_path / "a.yaml"), "40 ms")
