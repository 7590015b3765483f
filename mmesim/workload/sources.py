"""When the calls of a stream come and for which models: one function a kind of source."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.scenario.file.trace_files import read_fingerprint
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.stream import Traffic
from mmesim.workload.arrivals import open_loop as calls
from mmesim.workload.block import Arrivals, rows_of
from mmesim.workload.trace import fingerprint


def source(
    scenario: Scenario, traffic: Traffic, replication: int, chunk: int, beyond: bool = False
) -> Iterator[Arrivals]:
    """The arrivals of a stream, counted from its start, at least up to its end or that of the source.

    `beyond`: also those after the run, for calls that are not answered yet.
    """
    seed, name = scenario.run.seed, traffic.name
    models = scenario.models_of(traffic)
    window_s = scenario.end_of(traffic) - traffic.start_s
    if beyond:
        further_s = scenario.goes_on_until(traffic) - scenario.end_of(traffic)
        # All blocks of a bootstrap are drawn at once: of patient clients' traffic no more than as long again.
        window_s += further_s if traffic.bootstrap_s is None else min(further_s, window_s)
    if traffic.arrivals is not None:
        return calls.arrivals(traffic, models, seed, replication, window_s, chunk)
    if traffic.fingerprint is not None:
        return fingerprint.arrivals(read_fingerprint(traffic.fingerprint), rows_of(models), seed, replication, name)
    from mmesim.workload.recorded import recorded

    return recorded(scenario, traffic, replication, window_s, chunk)  # the schema wants exactly one source
