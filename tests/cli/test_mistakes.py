"""Typical mistakes in a scenario file: one short message each, which says what to write, and never a class's name."""

import re
from pathlib import Path

import pytest

import mmesim.scenario

ARR, POP = "{poisson: {rate: 70 /s}}", "{zipf: 0.9}"
SER, MEM = ", service: {cpu: 12 ms}", "memory: 30 MiB"
END, RUN = "ml.m5.xlarge", "run: {duration: 60 s}"
MOD = f"models:\n  - {{name: m, count: 30, artifact_size: 10 MB, {MEM}{SER}}}"
BASE = f"""name: base
endpoint: {{instance_type: {END}}}
{MOD}
traffic:
  - arrivals: {ARR}
    popularity: {POP}
{RUN}
"""
MISTAKES = [
    (ARR, "80 /s", "write {poisson: {rate: 80 /s}}"),
    (ARR, "80", "write {poisson: {rate: 80 /s}}"),
    (ARR, "4800 rpm", "write {poisson: {rate: 4800 /min}}"),
    (ARR, "poisson", "write {poisson: {rate: ...}}"),
    (ARR, "{poisson: 80 /s}", "write {rate: 80 /s}"),
    (ARR, "{rate: 80 /s}", "write {poisson: {rate: 80 /s}}"),
    (ARR, "{poisson: {rate: 4800 rpm}}", "write 4800 /min"),
    (ARR, "{poisson: {rate: 80 rps}}", "write 80 /s"),
    (ARR, "{poisson: {rate: 80 req/s}}", "write 80 /s"),
    (ARR, "{poisson: {rate: 80 /sec}}", "write 80 /s"),
    (ARR, "{poisson: {rate: 80}}", "has no unit"),
    (ARR, "{poisson: {}}", "poisson.rate: is missing"),
    (ARR, "{poison: {rate: 80 /s}}", "did you mean poisson?"),
    (ARR, "{poisson: {rps: 80}}", "did you mean rate?"),
    (ARR, "{on_off: {rate: 80 /s}}", "arrivals.on_off: on and off are missing"),
    (ARR, "[80 /s]", "a list is not an arrival process"),
    (POP, "zipf", "write {zipf: 1.0}"),
    (POP, "1.0", "write {zipf: 1.0}"),
    (POP, "zipf(1.1)", "write {zipf: 1.1}"),
    (POP, "lognormal", "write {lognormal: {cv: 2}}"),
    (POP, "{zipf: high}", "'high' is not a number"),
    (SER, "", "service of model 'm-000' and 29 more is missing"),
    (SER, ", service: 10 ms", "write {cpu: 10 ms}"),
    (SER, ", service: {cpu: 10}", "10 has no unit"),
    (SER, ", service: {time: 10 ms}", "write `service: {cpu: 12 ms}`"),
    (SER, ", service: {cpu: 10 msec}", "write 10 ms"),
    (SER, ", service: {cpu: lognormal}", "lognormal needs a value"),
    (
        SER,
        ", service: {cpu: 1 ms}, framework: pytorch",
        "process_memory and load of model 'm-000' and 29 more are missing",
    ),
    (SER, ", service: {cpu: 1 ms}, framework: XGBoost", "did you mean xgboost?"),
    (SER, ", service: {cpu: 1 ms}, load: 2 s", "write {cpu: 2 s}"),
    (SER, ", service: {cpu: 1 ms}, pinned: yes", "write true"),
    (MEM, "memory: 45Mi", "write 45 MiB"),
    (MEM, "memory: 1 Gi", "write 1 GiB"),
    (MEM, "memory: 40 mb", "write 40 MB"),
    (MEM, "memory: 40", "has no unit"),
    (MEM, "memroy: 40 MiB", "did you mean memory?"),
    (END, "ml.m5.xlrge", "did you mean ml.m5.xlarge?"),
    (END, "m5.xlarge", "did you mean ml.m5.xlarge?"),
    (END, "5", "5 is not text"),
    (END, "ml.m5.xlarge, instances: 3", "write instance_count: 3"),
    (END, "ml.m5.xlarge, instance_count: two", "'two' is not a number"),
    (END, "ml.m5.xlarge, router: sticky", "write {policy: sticky}"),
    (END, "ml.m5.xlarge, eviction: LRU", "did you mean lru?"),
    (END, "ml.m5.xlarge, memory_threshold: 80", "do you mean 80 %?"),
    (END, "ml.m5.xlarge, network: 10 Gbps", "write 10 Gbit/s"),
    (RUN, "run: {duration: 10 minutes}", "write 10 min"),
    (RUN, "run: {}", "run.duration: is missing"),
    (RUN, "run: {duration: 60 s}\nexpect: p99 < 500 ms", "write [p99 < 500 ms]"),
    (RUN, "run: {duration: 60 s}\nexpect: [p95 < 500]", "'500' has no unit"),
    (
        RUN,
        "run: {duration: 60 s}\nserver: {workers: 4}",
        "the workers of a copy of a model are called default_workers_per_model",
    ),
    (RUN, "run: {duration: 60 s}\nclients: {retries: standard}", "did you mean boto3-standard?"),
    (RUN, "run: {duration: 60 s", "is not YAML"),
    (MOD, "models:\n  m: {memory: 40 MiB}", "write - name: m"),
    (MOD, "models:", "models: nothing is not a list"),
    (MOD, "modles:", "did you mean models?"),
]
TRAFFIC = f"traffic:\n  - arrivals: {ARR}\n    popularity: {POP}\n"
MORE_MISTAKES = [
    (f"instance_type: {END}", "type: ml.m5.xlarge", "write instance_type: ml.m5.xlarge"),
    (f"instance_type: {END}", "instance: ml.m5.xlarge", "write instance_type: ml.m5.xlarge"),
    (f"instance_type: {END}", "instance_type: [ml.m5.xlarge]", "a list is not text"),
    (END, 'ml.m5.xlarge, instance_count: "2"', "write 2 without quotes"),
    (END, "ml.m5.xlarge, instance_count: 2.5", "2.5 is not a whole number"),
    (END, "ml.m5.xlarge, instance_count: 3 hosts", "write 3"),
    (END, "ml.m5.xlarge, hosts: 3", "write instance_count: 3"),
    (END, "ml.m5.xlarge, region: Frankfurt", "write one such as us-east-1"),
    (END, "ml.m5.xlarge, region: us-east1", "did you mean us-east-1?"),
    (END, "ml.m5.xlarge, price_per_hour: $0.23", "such as 0.23 USD"),
    (END, "ml.m5.xlarge, warm: yes", "write true"),
    (END, "ml.m5.xlarge, model_cache: off", "write disabled"),
    (END, "ml.m5.xlarge, model_cache: true", "true is not one of enabled, disabled (write enabled)"),
    (END, "ml.m5.xlarge, eviction: {ttl: 600}", "600 has no unit"),
    (END, "ml.m5.xlarge, router: {policy: round-robin}", "did you mean round_robin?"),
    (END, "ml.m5.xlarge, timeout: 70 s", "invocation_timeout"),
    (f"{{instance_type: {END}}}", "ml.m5.xlarge", "write {instance_type: ml.m5.xlarge}"),
    (f"endpoint: {{instance_type: {END}}}", f"endpoint:\n- instance_type: {END}", "write its keys without -"),
    (f"endpoint: {{instance_type: {END}}}\n", "", "base.yaml:1: endpoint: is missing"),
    ("count: 30", "instances: 30", "write count: 30"),
    ("count: 30", "count: 30 models", "write 30"),
    ("artifact_size: 10 MB", "artifact_size: 10", "10 has no unit"),
    ("artifact_size", "artefact_size", "did you mean artifact_size?"),
    ("name: m, ", "", "models.0.name: is missing"),
    ("{cpu: 12 ms}", "{cpu: {mean: 12 ms, cv: 0.8}}", "write {lognormal: {mean: 12 ms, cv: 0.8}}"),
    ("{cpu: 12 ms}", "{cpu: {p50: 10 ms, p99: 40 ms}}", "write {percentiles: {50: 10 ms, 99: 40 ms}}"),
    (
        "{cpu: 12 ms}",
        "{cpu: {percentiles: {p50: 10 ms, p99: 40 ms}}}",
        "not a percent between 0 and 100: write 50",
    ),
    ("{cpu: 12 ms}", "{cpu: {percentiles: {50: 10 ms, 99: 4 ms}}}", "times must not fall: 4 ms at 99 % after 10 ms"),
    ("{cpu: 12 ms}", "{cpu: {lognormal: {mean: 12 ms, cv: 80 %}}}", "write 0.8"),
    ("{cpu: 12 ms}", "{cpu: {lognormal: {mean: 12 ms, cv: 0,6}}}", "decimal comma: write cv: 0.6"),
    ("{cpu: 12 ms}", "{cpu: {lognormal: {cv: 0,6, mean: 12 ms}}}", "decimal comma: write cv: 0.6"),
    ("endpoint: {", "endpoint: {cpu_speed: 1,25, ", "decimal comma: write cpu_speed: 1.25"),
    ("endpoint: {", "endpoint: {cpu_speed: '0,9', ", "decimal comma: write 0.9"),
    ("count: 30", "count: thirty", "'thirty' is not a number: write digits, such as 30"),
    ("count: 30", "count: '1,500'", "thousands comma: write 1500"),
    ("count: 30", "count: 1,500", "thousands comma: write count: 1500"),
    ("artifact_size: 10 MB", "artifact_size: '1,5 GiB'", "decimal comma: write 1.5 GiB"),
    (RUN, f"{RUN}\nexpect: ['cost.month < 1,500 USD']", "thousands comma: write 1500 USD"),
    (RUN, f"{RUN}\nexpect: [p98 < 1 s]", "the percentiles are p50, p90, p95, p99 and p99.9"),
    ("{cpu: 12 ms}", "{cpu: {normal: {mean: 12 ms, sd: 1 ms}}}", "did you mean lognormal?"),
    ("{cpu: 12 ms}", "{cpu: -12 ms}", "is negative"),
    (MOD, "models: models.csv", "write {file: models.csv}"),
    (MOD, "models: {file: none.csv}", "there is no file"),
    (END, "ml.m5.xlarge, instance_count:3", "put a space after the colon"),
    (MOD, "models: [a, b, c]", "'a' is not a map with keys (and 2 more of the list) (write {name: a})"),
    (TRAFFIC, "traffic: 80 /s\n", "write {arrivals: {poisson: {rate: 80 /s}}}"),
    (TRAFFIC, "traffic: []\n", "traffic: is empty"),
    (TRAFFIC, "traffic:\n  - {poisson: {rate: 80 /s}}\n", "write arrivals: {poisson: {rate: 80 /s}}"),
    (TRAFFIC, "traffic:\n  - {rate: 80 /s}\n", "write arrivals: {poisson: {rate: 80 /s}}"),
    (TRAFFIC, f"{TRAFFIC}    models: [x]\n", "there is no model or group 'x' (the only group is m)"),
    (
        MOD,
        f"{MOD}\n  - {{name: o, artifact_size: 10 MB, {MEM}{SER}}}\nexpect: [p99 of basic < 1 s]",
        "the groups are m, o",
    ),
    (ARR, "{closed_loop: {users: 2, wait_time: constant_pacing(2)}}", "write pacing: 2 s"),
    (ARR, "{closed_loop: {users: 2, wait_time: constant(2)}}", "write think_time: 2 s"),
    (
        ARR,
        "{closed_loop: {users: 2, wait_time: 'between(1, 3)'}}",
        "write think_time: {uniform: {low: 1 s, high: 3 s}}",
    ),
    (ARR, "{closed_loop: {users: 2, constant_pacing: 2 s}}", "write pacing: 2 s"),
    (TRAFFIC, f"{TRAFFIC}    model: m\n", "did you mean models?"),
    (TRAFFIC, "traffic:\n  - {trace: calls.csv}\n", "write {file: calls.csv}"),
    (ARR, "{poisson: {rate: 80 /s, popularity: zipf}}", "it is a key of traffic"),
    (ARR, "{poisson: {rate: 80 Hz}}", "write 80 /s"),
    (ARR, "{constant: 80 /s}", "write {rate: 80 /s}"),
    (ARR, "{poisson: {rate: 1 /s}, gamma: {rate: 1 /s, cv: 2}}", "expected one arrival process, not poisson and gamma"),
    (RUN, "run: 60 s", "write {duration: 60 s}"),
    (RUN, "run: {time: 60 s}", "write duration: 60 s"),
    (RUN, "run: {duration: 60 s, warmup: 60 s}", "must be shorter than duration"),
    (RUN, "run: {duration: 60 s, seed: random}", "'random' is not a number"),
    (RUN, "run: {duration: 60 s, instance_count: 2}", "it is a key of endpoint"),
    (RUN, "run: {duration: 60 s}\nexpect: {p99: 500 ms}", "write [p99 < 500 ms]"),
    (RUN, "run: {duration: 60 s}\nexpect: [500 ms > p99]", "write p99 < 500 ms"),
    (RUN, "run: {duration: 60 s}\nexpect: [p99 = 500 ms]", "compare with <, <=, > or >="),
    (RUN, "run: {duration: 60 s}\nexpect: [P99 < 500 ms]", "did you mean p99?"),
    (
        RUN,
        "run: {duration: 60 s}\nexpect: [error_rate < 0.001]",
        "0.001 is not a share without `%`",
    ),
    (RUN, "run: {duration: 60 s}\nslo: [p99 < 500 ms]", "what is promised is called expect"),
    (RUN, "run: {duration: 60 s}\nserver: mms", "write {kind: mms}"),
    (RUN, "run: {duration: 60 s}\nautoscaling: {min: 1}", "autoscaling belongs to the endpoint"),
    (RUN, "run: {duration: 60 s}\nextends: none.yaml", "there is no file"),
    (
        RUN,
        "run: {duration: 60 s}\nsweep: {grid: {endpoint.instances: [1, 2]}}",
        "base.yaml:9: sweep.grid.endpoint.instances: ",
    ),
    (RUN, "run: {duration: 60 s}\nsweep: {grid: {endpoint.instance_count: 1-4}}", "'1-4' is not a range (write 1..4)"),
    (RUN, "run:\n\tduration: 60 s", "a tab cannot indent: use spaces"),
    (RUN, "run: duration: 60 s", "one key a line"),
    (RUN, "run: {duration: 60 s}\n1: 2", "base.yaml:9: 1: unknown key, one of name, endpoint"),
    (RUN, "run: {duration: true}", "true is not a time"),
    (RUN, "run:{duration: 60 s}", "base.yaml:8"),
    (RUN, "run: {duration: 60 s}\n  seed: 3", "the line is indented by 2 blanks, the line above it by 0"),
    (RUN, "run:\n    duration: 60 s\n  seed: 3", "indented differently from the rest of its block"),
    (
        RUN,
        "run:\n  duration: 60 s\n   seed: 3",
        "base.yaml:10: is not YAML: the line is indented by 3 blanks, the line above",
    ),
    (RUN, "run:\n  duration: 60 s\n\n# why\n   seed: 3", "base.yaml:12: is not YAML: the line is indented by 3 blanks"),
    (RUN, "processes:\n  - file: x.py\n     seed: 3", "the line is indented by 5 blanks, the line above it by 4"),
    (RUN, "run:\n  duration: 60 s: 3", "put quotes around text that holds a colon"),
    (RUN, "run: {duration: '60 s}", "a quote or a bracket is not closed"),
    (RUN, "run: *r", "give the value its name first: &name"),
    (RUN, "run: !env {duration: 60 s}", "the tag '!env' is not allowed"),
    (RUN, "run: {duration: 60 s}\n---\nname: b", "one scenario a file"),
    (RUN, "run:\n  duration:60 s", "put a space after the colon: duration: 60 s"),
    (RUN, "run:\n  seed: 1\n  duration:60 s", "base.yaml:10: is not YAML"),
    (RUN, "run: {duration=60 s}", "put a colon and a space in place of =: duration: 60 s"),
    ("{cpu: 12 ms}", "{cpu:12 ms}", "put a space after the colon: cpu: 12 ms"),
    ("{cpu: 12 ms}", "cpu:12 ms", "put a space after the colon: cpu: 12 ms"),
    ("artifact_size: 10 MB", "artifact_size: {uncertain: {low:10 MB, high: 1 GB}}", "after the colon: low: 10 MB"),
    (END, "ml.m5.xlarge, eviction: ttl:10 min", "put a space after the colon: ttl: 10 min"),
    (END, "ml.m5.xlarge, router: Sticky", "write {policy: sticky}"),
    (TRAFFIC, TRAFFIC.replace("- ", "-", 1), "put a space after the dash"),
    (RUN, "run: {duration\N{FULLWIDTH COLON} 60 s}", "is a full-width colon: write : and a blank"),
    (RUN, "run: {duration:\N{NO-BREAK SPACE}60 s}", "is a no-break space: write a blank"),
    (
        RUN,
        "run:\n  \N{LEFT SINGLE QUOTATION MARK}duration\N{RIGHT SINGLE QUOTATION MARK}: 60 s",
        "is a typographic quote",
    ),
    ("count: 30", "count: \N{MINUS SIGN}30", "is a minus sign that no keyboard has: write -"),
    ("count: 30", "count: 1_500", "no underscores: write 1500"),
    ("artifact_size: 10 MB", "artifact_size: 1_500 MB", "no underscores: write 1500 MB"),
    (RUN, "run: {duration: 60 s#long}", "put a space before the # of a comment"),
    (RUN, "run: {duration: 60 s;}", "remove the ;"),
    (RUN, "// run: {duration: 60 s}", "a comment begins with #"),
    (RUN, "run: {duration: `60 s`}", "put quotes around text that begins with `"),
    (RUN, "run: {duration: {{ length }}}", "{{ }} is not filled in: --set KEY=VALUE"),
    (RUN, "run: {duration: ${LENGTH}}", "variables of the shell are not replaced in a file"),
    (RUN, "run: {duration: 60 s", "a bracket is not closed, or a comma is missing; it was opened on line 8"),
    (RUN, "run: {duration: '60 s}", "it was opened on line 8"),
    ("name: base", "name: 5", "put quotes around it"),
    ("name: base\n", "", "name: is missing"),
]
CLASSES = re.compile(
    rf"\b({'|'.join(name for name in mmesim.scenario.__all__ if name not in ('Scenario', 'Model'))})\b"
)


def test_the_base_is_valid(mmesim):
    Path("base.yaml").write_text(BASE)
    assert mmesim("validate", "base.yaml").code == 0


ALL = [*MISTAKES, *MORE_MISTAKES]


@pytest.mark.parametrize(("right", "wrong", "said"), ALL, ids=[wrong or f"no {right[:9]}" for right, wrong, _ in ALL])
def test_a_mistake_is_one_short_message(mmesim, right, wrong, said):
    assert BASE.count(right) == 1
    Path("base.yaml").write_text(BASE.replace(right, wrong))
    outcome = mmesim("validate", "base.yaml")
    assert (outcome.code, outcome.out) == (64, "")
    (message,) = outcome.err.splitlines()
    assert said in message
    assert len(message) < 3 * 160
    assert not CLASSES.search(message)
    assert not re.search(r"function-|pydantic|<class|\(\)", message)


def test_one_override_of_many_models_is_one_message(mmesim):
    Path("base.yaml").write_text(BASE.replace("count: 30", "count: 500"))
    outcome = mmesim("validate", "base.yaml", "--set", "models.m.framework=pytorch")
    assert outcome.code == 64
    (message,) = outcome.err.splitlines()
    assert (
        "process_memory and load of model 'm-000' and 499 more are missing (pytorch has no sourced default)" in message
    )


def test_models_of_a_table_miss_a_column_together(mmesim):
    rows = "".join(f"m{i},1 MB,1 MiB\n" for i in range(40))
    Path("models.csv").write_text("name,artifact_size,memory\n" + rows)
    Path("base.yaml").write_text(BASE.replace(MOD, "models: {file: models.csv}"))
    (message,) = mmesim("validate", "base.yaml").err.splitlines()
    assert re.search(r"models.csv:2: service: service of model 'm0' and 39 more is missing", message)


def test_a_duplicate_key_hides_no_other_mistake(mmesim):
    Path("base.yaml").write_text(BASE.replace(RUN, "run: {duration: 60 s, duration: 70 s}\nclients: {timeout: 70}"))
    lines = mmesim("validate", "base.yaml").err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["run.duration", "clients.timeout"]


def test_a_misspelled_instance_type_is_one_message_with_keys_that_can_be_written(mmesim):
    Path("base.yaml").write_text(BASE.replace("instance_type", "InstanceType"))
    (line,) = mmesim("validate", "base.yaml").err.splitlines()
    assert "endpoint.InstanceType: unknown key, one of instance_type," in line
    assert line.endswith("(did you mean instance_type?)")


def test_keys_that_are_not_indented_are_two_short_messages(mmesim):
    Path("base.yaml").write_text(
        BASE.replace(f"endpoint: {{instance_type: {END}}}", f"endpoint:\ninstance_type: {END}")
    )
    empty, stray = mmesim("validate", "base.yaml").err.splitlines()
    assert "(indent its keys below it)" in empty
    assert "(it belongs inside: endpoint: {instance_type: ml.m5.xlarge})" in stray


COMMANDS = [
    ("validate base.yml", "did you mean base.yaml?"),
    ("validate nothere.yaml", "nothere.yaml: cannot be read: No such file or directory"),
    ("validate folder", "folder: is a folder, and a scenario is a file (YAML)"),
    ("validate calls.csv", "traffic: [{trace: {file: calls.csv}}]"),
    ("validate list.yaml", "a scenario is a map with keys such as `endpoint:`"),
    ("validate empty.yaml", "`mmesim init` writes a file to start from"),
    ("validate bytes.yaml", "is not text in UTF-8"),
    ("validate result.json", "models, traffic and run are missing"),
    ("base.yaml", "Did you mean 'mmesim run base.yaml'?"),
    ("runn base.yaml", "Did you mean 'run'?"),
    ("run base.yaml --quite", "--quiet"),
    ("run base.yaml base.yaml", "unexpected extra argument"),
    ("run", "Missing argument 'scenario'"),
    ("run base.yaml --seed x", "'--seed': must be a whole number, not 'x'"),
    ("run base.yaml --jobs 0", "must be at least 1, not '0'"),
    ("run base.yaml --jobs 1000", "must be at most 256, not '1000'"),
    ("capacity base.yaml --up-to x", "'--up-to': must be a number, not 'x'"),
    ("run base.yaml --replications many", "not 'many'"),
    ("run base.yaml --until 5%", "such as `p99 within 5 %`"),
    ("run base.yaml --requests some", "not 'some'"),
    ("run base.yaml --out base.yaml", "it is not a folder"),
    ("run base.yaml --set endpoint.instances=3", "write instance_count: 3"),
    ("run base.yaml --set instance_count=3", "it belongs inside: endpoint: {instance_count"),
    ("run base.yaml --set endpoint.instance_count", "write --set key.key=value"),
    ("run base.yaml --set endpoint.instance_count:3", "write --set key.key=value"),
    ("run base.yaml --set endpoint/instance_count=3", "unknown key"),
    ("run base.yaml --set Endpoint.instance_count=3", "did you mean endpoint?"),
    ("run base.yaml --set models.x.memory=30MiB", "there is no 'x' here, only m"),
    ("run base.yaml --set models.memory=30MiB", "write models.m.memory=30MiB"),
    ("run base.yaml --set traffic.arrivals.poisson.rate=80/s", "write traffic.traffic-0.arrivals.poisson.rate=80/s"),
    ("run base.yaml --set run.duration=60", "60 has no unit"),
    ("run base.yaml --set endpoint.instance_type=m5.xlarge", "did you mean ml.m5.xlarge?"),
    ("sweep base.yaml", "give --grid endpoint.instance_count=2,4,6"),
    ("sweep base.yaml --grid endpoint.instance_count", "write a field and values"),
    ("sweep base.yaml --grid endpoint.instance_count=", "give at least one value"),
    ("sweep base.yaml --grid endpoint.instances=1,2,3,4", "the number of hosts is called instance_count"),
    ("sweep base.yaml --grid instance_count=1,2,3,4", "it belongs inside: endpoint: {instance_count"),
    ("sweep base.yaml --grid endpoint.instance_count=1-4", "'1-4' is not a range (write 1..4)"),
    ("sweep base.yaml --grid models.x.memory=1MiB,2MiB", "there is no 'x' here, only m"),
    ("sweep base.yaml --grid run.seed=1 --grid run.seed=2", "is given twice"),
    ("sweep base.yaml --points nothere.csv", "nothere.csv: cannot be read: No such file or directory"),
    ("sweep base.yaml --sample random:10", "write lhs:64 or sobol:64"),
    ("sweep base.yaml --grid run.seed=1,2 --metrics p98", "did you mean p99?"),
    ("sweep base.yaml --grid run.seed=1,2 --plot p99.gif", "a plot is written as .png, .svg or .pdf"),
    ("diff base.yaml", "give a second file, or --set to change b"),
    ("diff base.yaml nothere.yaml", "nothere.yaml: cannot be read"),
    ("uncertain base.yaml", "write {uncertain: {low: , mid: , high: }}"),
    ("robustness base.yaml --check", "add `expect`"),
    ("init base.yaml", "already exists and is not overwritten"),
    ("schema base.yaml", "unexpected extra argument"),
    ("trace describe nothere.csv", "there is no file nothere.csv"),
    ("trace describe call.csv", "there is no file call.csv (did you mean calls.csv?)"),
    ("diff folder base.yaml", "folder: is a folder, and a scenario is a file (YAML)"),
    ("report base.yaml", "base.yaml is not the result folder of a run: it is a file"),
    ("metrics nowhere --start 2026-01-01T00:00Z", "nowhere is not the result folder of a run: there is no such folder"),
    ("plot base.yaml", "it is a file"),
    ("trace describe base.yaml", "column 'time' is missing"),
]


@pytest.mark.parametrize(("words", "said"), COMMANDS, ids=[words for words, _ in COMMANDS])
def test_a_mistake_on_the_command_line_is_at_most_three_lines(mmesim, words, said):
    Path("base.yaml").write_text(BASE)
    Path("calls.csv").write_text("time,model\n0.1,m-000\n")
    Path("list.yaml").write_text("- a\n")
    Path("empty.yaml").write_text("")
    Path("bytes.yaml").write_bytes(b"\xff\xfe\x00")
    Path("result.json").write_text('{"name": "x", "endpoint": {"instance_type": "ml.m5.large"}}')
    Path("folder").mkdir()
    outcome = mmesim(*words.split())
    assert (outcome.code, outcome.out) == (64, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) <= 3
    assert len(outcome.err) < 3 * 160
