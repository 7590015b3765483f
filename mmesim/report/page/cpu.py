"""CPU of a run over time as a share of what the hosts have: after a deploy to another type they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from mmesim.arrays import Floats, divide
from mmesim.report.page.over_time import START
from mmesim.results.folder.shown import HAPPENED, Kept
from mmesim.results.measured.happened import Kind
from mmesim.results.over_time.fleet import Span, means

CPU, REPLICATION = "CPUUtilization", "replication"
COLUMNS = (REPLICATION, "host", "vcpu")


def per_vcpu(kept: Kept, batches: Iterator[Mapping[str, Floats]], window_s: float) -> Iterator[Mapping[str, Floats]]:
    """The windows with the CPU in percent of all vCPUs that were up; CloudWatch's is in percent of one."""
    hosts, there = kept.tables["hosts"], _there(kept)
    vcpu = {(r, h): float(n) for r, h, n in zip(*(hosts[name].to_pylist() for name in COLUMNS), strict=True)}
    for batch in batches:
        found = np.array(batch[CPU], dtype=np.float64)
        for replication in np.unique(batch[REPLICATION]).tolist():
            here = batch[REPLICATION] == replication
            begin_s = batch[START][here]
            spans = {key: of for key, of in there.items() if key[0] == replication and key in vcpu}
            weighed = [of._replace(weight=vcpu[key]) for key, of in spans.items()]
            up, all_vcpus = (means(of, begin_s, begin_s + window_s) for of in (spans.values(), weighed))
            found[here] = divide(found[here] * up, all_vcpus, np.nan)
        yield {**batch, CPU: found}


def _there(kept: Kept) -> dict[tuple[int, int], Span]:
    """When each host was in service, by replication and number."""
    first = range(kept.scenario.endpoint.instance_count)
    numbers = kept.tables["hosts"][REPLICATION].unique().to_pylist()
    found = {(number, host): Span(0.0, math.inf) for number in numbers for host in first}
    table = kept.tables.get(HAPPENED)
    for row in [] if table is None else table.to_pylist():
        if row["kind"] == Kind.in_service:
            found[row[REPLICATION], int(row["host"])] = Span(row["at_s"], math.inf)
        elif row["kind"] == Kind.gone:
            key = (row[REPLICATION], int(row["host"]))
            found[key] = found.get(key, Span(0.0, math.inf))._replace(end_s=row["at_s"])
    return found
