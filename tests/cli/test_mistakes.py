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
    (END, "ml.m5.xlarge, instances: 3", "write instance_count: 2"),
    (END, "ml.m5.xlarge, instance_count: two", "'two' is not a number"),
    (END, "ml.m5.xlarge, router: sticky", "write {policy: sticky}"),
    (END, "ml.m5.xlarge, eviction: LRU", "did you mean lru?"),
    (END, "ml.m5.xlarge, memory_threshold: 80", "do you mean 80 %?"),
    (END, "ml.m5.xlarge, network: 10 Gbps", "write 10 Gbit/s"),
    (RUN, "run: {duration: 10 minutes}", "write 10 min"),
    (RUN, "run: {}", "run.duration: is missing"),
    (RUN, "run: {duration: 60 s}\nexpect: p99 < 500 ms", "write [p99 < 500 ms]"),
    (RUN, "run: {duration: 60 s}\nexpect: [p95 < 500]", "'500' has no unit"),
    (RUN, "run: {duration: 60 s}\nserver: {workers: 4}", "did you mean default_workers_per_model?"),
    (RUN, "run: {duration: 60 s}\nclients: {retries: standard}", "did you mean boto3-standard?"),
    (RUN, "run: {duration: 60 s", "is not YAML"),
    (MOD, "models:\n  m: {memory: 40 MiB}", "write - name: m"),
    (MOD, "models:", "models: nothing is not a list"),
    (MOD, "modles:", "did you mean models?"),
]
CLASSES = re.compile(
    rf"\b({'|'.join(name for name in mmesim.scenario.__all__ if name not in ('Scenario', 'Model'))})\b"
)


def test_the_base_is_valid(mmesim):
    Path("base.yaml").write_text(BASE)
    assert mmesim("validate", "base.yaml").code == 0


@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES, ids=[wrong or "nothing" for _, wrong, _ in MISTAKES])
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
