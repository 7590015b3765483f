"""CPU of a run over time as a share of what the hosts have: after a deploy to another type they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mmesim.arrays import Floats
from mmesim.report.page.over_time import START
from mmesim.results.happened import Happened, Kind
from mmesim.results.over_time.fleet import vcpus
from mmesim.results.shown import HAPPENED, Kept

CPU, REPLICATION = "CPUUtilization", "replication"


def per_vcpu(kept: Kept, batches: Iterator[Mapping[str, Floats]], window_s: float) -> Iterator[Mapping[str, Floats]]:
    """The windows with the CPU in percent of all vCPUs that were up; CloudWatch's is in percent of one."""
    hosts, happened = kept.tables["hosts"], _happened(kept)
    number, vcpu = hosts[REPLICATION].to_numpy(), hosts["vcpu"].to_numpy()
    for batch in batches:
        found = np.array(batch[CPU], dtype=np.float64)
        for one in np.unique(batch[REPLICATION]).tolist():
            here = batch[REPLICATION] == one
            starts_s = batch[START][here]
            each = vcpus(kept.scenario, happened.get(one, ()), vcpu[number == one], starts_s, starts_s + window_s)
            found[here] /= each
        yield {**batch, CPU: found}


def _happened(kept: Kept) -> Mapping[int, list[Happened]]:
    """Which host came and went when, by replication."""
    found: dict[int, list[Happened]] = {}
    table = kept.tables.get(HAPPENED)
    for row in [] if table is None else table.to_pylist():
        if row["kind"] in (Kind.in_service, Kind.gone):
            one = Happened(row["at_s"], Kind(row["kind"]), row["name"], {"host": row["host"]})
            found.setdefault(row[REPLICATION], []).append(one)
    return found
