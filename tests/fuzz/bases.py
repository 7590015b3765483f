"""Sound input, small enough to be run at once, from which mutants are made."""

from __future__ import annotations

SCENARIO = """\
name: base
endpoint:
  instance_type: ml.m5.xlarge
  instance_count: 2
  warm: true
  eviction: lru
  router: {policy: sticky, spill_at: 4}
  download: {first_byte: 50 ms}
  throttling: {in_flight: 100}
server:
  default_workers_per_model: 2
  job_queue_size: 50
  batch_size: 2
  max_batch_delay: 10 ms
  overhead: sagemaker
models:
  - name: small
    count: 20
    artifact_size: 20 MB
    memory: 200 MiB
    framework: python
    service: {cpu: {lognormal: {mean: 12 ms, cv: 0.5}}}
  - name: large
    artifact_size: 200 MB
    memory: 900 MiB
    process_memory: 150 MiB
    workers: 1
    load: {cpu: 1 s, wait: 200 ms}
    service: {cpu: 20 ms, wait: 5 ms, threads: 2, serial: 30 %, batch: sum}
traffic:
  - name: steady
    arrivals: {poisson: {rate: 20 /s}}
    popularity: {zipf: 1.0}
  - name: users
    models: [large]
    arrivals: {closed_loop: {users: 3, think_time: {exponential: {mean: 1 s}}}}
clients:
  timeout: 5 s
  network: 5 ms
  retries: {fixed: {delay: 100 ms, max_attempts: 2}}
expect:
  - p99 < 500 ms
  - error_rate < 1 %
run: {duration: 20 s, warmup: 5 s, seed: 1}
"""

MINIMAL = """\
name: m
endpoint: {vcpu: 4, memory: 16 GiB, usable_memory: 2 GiB}
models:
  - {name: a, count: 3, artifact_size: 10 MB, memory: 50 MiB, process_memory: 50 MiB, load: {cpu: 1 s},
     service: {cpu: 10 ms}}
traffic: {arrivals: {poisson: {rate: 5 /s}}}
run: {duration: 20 s}
"""

SWEPT = (
    MINIMAL
    + """\
sweep:
  grid:
    endpoint.instance_count: [1, 2]
    server.default_workers_per_model: [1, 2]
"""
)

GATED = (
    MINIMAL
    + """\
expect:
  - p99 < 5 s
  - p99 warm of a in every 10 s < 200 ms
  - cache_hit_ratio >= 50 %
  - error_rate < 5 %
  - loads < 60 /min
"""
)

TABLE = "name,artifact_size,memory,weight\na,10 MB,50 MiB,3\nb,20 MB,60 MiB,2\nc,5 MB,70 MiB,1\n"
WITH_TABLE = MINIMAL.replace(
    "name: a, count: 3, artifact_size: 10 MB, memory: 50 MiB,", "name: t, file: table.csv,"
).replace("rate: 5 /s}}", "rate: 5 /s}}, popularity: weights")

TRACE = "time,model,service\n0.0,a-000,0.01\n0.5,a-001,0.02\n1.25,a-002,0.01\n3.5,a-000,0.03\n7.75,a-001,0.01\n"
LOG = "".join(
    f'10.0.0.{k} - - [01/Jan/2026:00:00:{k:02d} +0000] "POST /models/a-00{k % 3}/invoke HTTP/1.1" 200 12 0.0{k}1\n'
    for k in range(1, 9)
)
PATTERN = r'\[(?P<time>[^\]]+)\] "POST /models/(?P<model>[^/]+)/invoke[^"]*" 200'
TIMES = "%d/%b/%Y:%H:%M:%S %z"
WITH_TRACE = MINIMAL.replace("{arrivals: {poisson: {rate: 5 /s}}}", "{trace: {file: t.csv}}")
WITH_LOG = WITH_TRACE.replace(
    "{file: t.csv}", f"{{file: t.log, format: access-log, time_format: '{TIMES}', pattern: '{PATTERN}'}}"
)

PROPERTIES = """\
inference_address=http://0.0.0.0:8080
management_address=http://0.0.0.0:8081
model_store=/opt/ml/model
load_models=ALL
default_workers_per_model=2
job_queue_size=50
preload_model=false
number_of_netty_threads=4
default_response_timeout=60
max_request_size=6553500
"""
TORCHSERVE = """\
inference_address=http://0.0.0.0:8080
metrics_address=http://0.0.0.0:8082
load_models=a.mar
models={"a": {"1.0": {"marName": "a.mar", "minWorkers": 2, "maxWorkers": 2, "batchSize": 4, "maxBatchDelay": 50}}}
"""
WITH_CONFIG = MINIMAL + "server: {config: config.properties}\n"

PATHS = (
    "name", "endpoint", "endpoint.vcpu", "endpoint.memory", "endpoint.instance_count", "endpoint.instance_type",
    "endpoint.router.policy", "endpoint.eviction", "endpoint.warm", "endpoint.load_timeout", "endpoint.throttling.rate",
    "server.job_queue_size", "server.event_loops", "server.overhead", "server.environment", "models", "models.a.count",
    "models.a.workers", "models.a.memory", "models.a.service.cpu", "models.a.name", "models.b.count", "traffic",
    "traffic.main.arrivals.poisson.rate", "traffic.0.popularity", "clients.timeout", "clients.retries", "run.duration",
    "run.warmup", "run.seed", "run.until", "expect", "processes", "sweep.grid", "faults", "run", "run.nothing", "a..b",
    "",
)  # fmt: skip
"""Paths for `--set`, right ones and wrong ones."""
