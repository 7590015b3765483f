"""Endpoints whose hosts are M/M/4 queues: the router sends a call to any of them, and calls wait for workers alone."""

from __future__ import annotations

from mmesim.scenario import Scenario
from tests.helpers.texts import load_text

WORKERS = 4
TEXT = """
name: queues
endpoint:
  vcpu: 4
  memory: 16 GiB
  price_per_hour: 1 USD
  warm: true
  invocation_timeout: 1 h
  router: {{policy: random, overhead: 0 ms}}
server: {{overhead: none, process_start: {{cpu: 0 s}}, job_queue_size: 1000000}}
models:
  - name: queue
    workers: {workers}
    artifact_size: 0
    memory: 1 MiB
    load: {{cpu: 0 s}}
    service: {{wait: {{exponential: {{mean: {service}}}}}}}
traffic: {{name: calls, arrivals: {{poisson: {{rate: {rate}}}}}}}
clients: {{timeout: 1 h, network: 0 ms}}
run: {{duration: {duration}, warmup: 10 s, replications: 5, seed: 1}}
expect: [p95 < {limit}]
plan: {{{plan}}}
"""


def queues(*, service: str, rate: str, duration: str, limit: str, plan: str, workers: str = str(WORKERS)) -> Scenario:
    """The scenario; all as a file would have it."""
    return load_text(
        TEXT.format(workers=workers, service=service, rate=rate, duration=duration, limit=limit, plan=plan)
    )
