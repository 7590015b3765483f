"""`extends` and `--set`: what is put over what."""

import re

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario.faults.kinds import PoisonModel
from mmesim.scenario.file.load import load
from mmesim.scenario.values.times import Gamma, Lognormal, Percentiles


@pytest.fixture
def over(write, base):
    """A scenario that extends the base, loaded."""

    def over(text, *overrides):
        write(base, "base.yaml")
        return load(write(f"extends: base.yaml\n{text}", "over.yaml"), overrides)

    return over


def test_maps_merge_and_values_replace(over):
    loaded = over("name: over\nendpoint: {instance_count: 6}\nrun: {seed: 7}")
    assert (loaded.name, loaded.endpoint.instance_type, loaded.endpoint.instance_count) == ("over", "ml.m5.xlarge", 6)
    assert (loaded.run.seed, loaded.run.duration_s) == (7, 60)


def test_models_and_streams_merge_by_name_and_new_ones_follow(over):
    loaded = over(
        "models:\n  - {name: other, artifact_size: 0, memory: 0, service: {cpu: 1 ms}}\n  - {name: tenant, count: 2}\n"
        "traffic:\n  - {name: extra, arrivals: {poisson: {rate: 1 /s}}}\n  - {name: traffic-0, models: [tenant]}\n"
    )
    assert [model.name for model in loaded.model_table()] == ["tenant-000", "tenant-001", "other"]
    assert loaded.models[0].memory_bytes == 40 * 2**20
    assert [(stream.name, stream.models) for stream in loaded.traffic] == [("traffic-0", ("tenant",)), ("extra", None)]


def test_other_lists_replace(over, write, base):
    write(base + "expect: [p99 < 1 s, p50 < 1 s]\n", "one.yaml")
    loaded = load(write("extends: one.yaml\nexpect: [p90 < 2 s]", "two.yaml"))
    assert [expectation.text for expectation in loaded.expect] == ["p90 < 2 s"]


def test_a_new_distribution_or_source_takes_the_place_of_the_old_one(over, write):
    cpu = "{cpu: {lognormal: {mean: 1 ms, cv: 2}}}"
    first = over(f"models: [{{name: tenant, service: {cpu}}}]")
    assert first.model_table()[0].service.cpu == Lognormal(0.001, 2)
    write(f"extends: base.yaml\nmodels: [{{name: tenant, service: {cpu}}}]", "mid.yaml")
    again = load(
        write("extends: mid.yaml\nmodels: [{name: tenant, service: {cpu: {lognormal: {mean: 5 ms}}}}]", "b.yaml")
    )
    assert again.model_table()[0].service.cpu == Lognormal(0.005, 2)
    new = "extends: mid.yaml\nmodels: [{name: tenant, service: {cpu: {gamma: {mean: 5 ms, cv: 1}}}}]"
    assert load(write(new, "c.yaml")).model_table()[0].service.cpu == Gamma(0.005, 1)
    traced = over("traffic: [{name: traffic-0, trace: {file: base.yaml}}]")
    assert traced.traffic[0].arrivals is None


def test_percentiles_are_never_mixed(over, write):
    over("")
    one = "extends: base.yaml\nmodels: [{name: tenant, service: {cpu: {percentiles: {0: 1 ms, 100: 2 ms}}}}]"
    two = "extends: one.yaml\nmodels: [{name: tenant, service: {cpu: {percentiles: {50: 3 ms, 99: 4 ms}}}}]"
    write(one, "one.yaml")
    assert load(write(two, "two.yaml")).model_table()[0].service.cpu == Percentiles(((50.0, 0.003), (99.0, 0.004)))


def test_paths_are_relative_to_the_file_that_writes_them(tmp_path, write, base):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "calls.csv").write_text("time,model\n")
    text = base.replace("arrivals: {poisson: {rate: 10 /s}}", "trace: {file: calls.csv}")
    (tmp_path / "sub" / "base.yaml").write_text(text)
    loaded = load(write("extends: sub/base.yaml\nname: over", "over.yaml"))
    assert loaded.traffic[0].trace is not None
    assert loaded.traffic[0].trace.file == tmp_path / "sub" / "calls.csv"


def test_errors_name_the_file_that_wrote_the_value(over):
    with pytest.raises(ScenarioError) as error:
        over("endpoint: {instance_count: 0}\nmodels: [{name: tenant, memory: 3}]")
    assert [(problem.file[-9:], problem.line) for problem in error.value.problems] == [
        ("over.yaml", 2),
        ("over.yaml", 3),
    ]


def test_a_circle_is_refused(write):
    write("extends: b.yaml", "a.yaml")
    with pytest.raises(ScenarioError, match=r"a.yaml:1: extends: circular extends: b.yaml -> a.yaml -> b.yaml"):
        load(write("extends: a.yaml", "b.yaml"))


def test_a_base_that_is_missing_is_looked_for_beside_its_name(write):
    write("name: base", "base.yaml")
    with pytest.raises(ScenarioError, match=r"there is no file .*bsae.yaml \(did you mean base.yaml\?\)"):
        load(write("extends: bsae.yaml"))


@pytest.mark.parametrize(("link", "message"), [("no.yaml", "there is no file"), ("3", "is not the path of a file")])
def test_a_base_must_be_a_file(write, link, message):
    with pytest.raises(ScenarioError, match=f"a.yaml:1: extends: {message}"):
        load(write(f"extends: {link}"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("endpoint.instance_count=6", lambda s: s.endpoint.instance_count == 6),
        ("endpoint.router.policy=hash", lambda s: s.endpoint.router.policy == "hash"),
        ("endpoint.pid_limit=null", lambda s: s.endpoint.pid_limit is None),
        ("models.tenant.memory=60 MiB", lambda s: s.models[0].memory_bytes == 60 * 2**20),
        ("models.0.memory=60 MiB", lambda s: s.models[0].memory_bytes == 60 * 2**20),
        ("traffic.0.arrivals.poisson.rate=7 /s", lambda s: s.traffic[0].arrivals.rate_per_s == 7),
        ("traffic.traffic-0.models=[tenant]", lambda s: s.traffic[0].models == ("tenant",)),
        ("models.tenant.service={wait: 3 s}", lambda s: s.models[0].service.wait.value == 3),
        ("expect=[p99 < 1 s, max < 2 s]", lambda s: len(s.expect) == 2),
        ("clients.timeout=80 s", lambda s: s.clients.timeout_s == 80),
        ("run.seed=9", lambda s: s.run.seed == 9),
    ],
)
def test_an_override_sets_one_value(scenario, base, text, read):
    assert read(scenario(base, text))
    assert not read(scenario(base))


@pytest.mark.parametrize("key", ["faults", "deploys", "models", "traffic"])
def test_an_override_with_a_list_gives_the_whole_list(scenario, base, key):
    items = {
        "faults": ("{name: a, slow_s3: {factor: 2}, at: 1 s}", "{name: b, slow_s3: {factor: 3}, at: 2 s}"),
        "deploys": ("{name: a, at: 1 s}", "{name: b, at: 2 s}"),
        "models": tuple(f"{{name: {n}, artifact_size: 1 MB, memory: 1 MB, service: {{cpu: 1 ms}}}}" for n in "ab"),
        "traffic": tuple(f"{{name: {n}, arrivals: {{poisson: {{rate: 1 /s}}}}}}" for n in "ab"),
    }[key]
    # The second override takes the place of the first, whatever names they share.
    found = scenario(base, f"{key}=[{items[0]}]", f"{key}=[{', '.join(items)}]", f"{key}=[{items[1]}]")
    assert [one.name for one in getattr(found, key)] == ["b"]


TWO_GROUPS = """\
models:
  - {name: a, artifact_size: 1 MB, memory: 1 MB, service: {cpu: 1 ms}}
  - {name: b, artifact_size: 1 MB, memory: 1 MB, service: {cpu: 1 ms}}
traffic:
  - {name: t, models: [a], arrivals: {poisson: {rate: 1 /s}}}
faults:
  - {name: f, poison_model: {models: [a]}, at: 1 s}
"""


def two_groups(base):
    """The base with two groups of models, the first of which is called and poisoned."""
    sections = base.split("models:")[0], TWO_GROUPS, "run:" + base.split("run:")[1]
    return "\n".join(sections)


def called_and_poisoned(loaded):
    """The models of the stream, and those of the fault."""
    fault = loaded.faults[0].what
    assert isinstance(fault, PoisonModel)
    return loaded.traffic[0].models, fault.models


@pytest.mark.parametrize("given", ["[b]", "[b, a]"])
def test_the_models_of_a_stream_and_of_a_fault_are_replaced(scenario, base, write, given):
    wanted = tuple(given.strip("[]").split(", "))
    write(two_groups(base), "two.yaml")
    of_a_file = f"extends: two.yaml\ntraffic: [{{name: t, models: {given}}}]\n"
    of_a_file += f"faults: [{{name: f, poison_model: {{models: {given}}}}}]"
    extended = load(write(of_a_file, "over.yaml"))
    assert called_and_poisoned(extended) == (wanted, wanted)
    overridden = scenario(two_groups(base), f"traffic.t.models={given}", f"faults.f.poison_model.models={given}")
    assert called_and_poisoned(overridden) == (wanted, wanted)
    assert scenario(two_groups(base), "traffic.t.models.0=b").traffic[0].models == ("b",)


def test_the_last_override_wins_and_names_may_contain_dots(scenario, base):
    text = base.replace("name: tenant", "name: v1.2")
    loaded = scenario(text, "models.v1.2.memory=1 MiB", "models.v1.2.memory=2 MiB")
    assert loaded.models[0].memory_bytes == 2 * 2**20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("endpoint", "write --set key.key=value"),
        ("=3", "write --set key.key=value"),
        ("a..b=3", "write --set key.key=value"),
        ("models.tenat.memory=1 MiB", r"there is no 'tenat' here, only tenant \(did you mean tenant\?\)"),
        ("models.5.memory=1 MiB", "there is no '5' here"),
        ("endpoint.pid_limit=", 'there is no value \\(null is the default, "" an empty text\\)'),
        ("models.tenant.name=other", "a name is not changed by an override: it says which item is meant"),
        ("models.tenant=3", "tenant is a map: name one of its keys"),
        ("endpoint.instance_cuont=3", r"endpoint.instance_cuont: unknown key, .*did you mean instance_count\?"),
        ("endpoint.instance_count=-3", "endpoint.instance_count: -3 is negative"),
        ("endpoint.instance_count=[", "is not YAML"),
        ("run.warmup=soon", "run.warmup: 'soon' is not a time"),
    ],
)
def test_a_wrong_override_is_refused_by_its_own_text(problems, base, text, message):
    (problem,) = problems(base, text)
    assert problem.file == f"--set {text}"
    assert re.search(message, str(problem))


def test_items_of_a_list_that_an_override_gives_have_their_names(scenario, base):
    (fault,) = scenario(base, "faults=[{slow_s3: {factor: 2}, at: 1 s}]", "faults.slow_s3.at=2 s").faults
    assert (fault.name, fault.at_s) == ("slow_s3", 2.0)
