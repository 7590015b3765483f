"""What AWS's rule of thumb for utilizations says of the fleet, and whether hits and queues contradict it."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.findings.seen import RULE, Seen

LOW, HIGH = 0.5, 0.8
"""A fleet whose CPU and memory are both used between these shares is right-sized, by the rule of thumb."""
FEWEST_HITS = 0.95
"""Hit ratio below which the memory is too small, whatever its utilization is."""
REFUSED = 0.001
"""Share of the attempts refused by full queues, or failed, that contradicts."""


def right_sized(seen: Seen) -> Iterator[Finding]:
    """A fleet that looks right-sized by its utilizations."""
    cpu, memory = seen.figure("cpu_utilization"), seen.figure("memory_utilization")
    if not (LOW <= cpu <= HIGH and LOW <= memory <= HIGH):
        return
    against = list(_against(seen))
    endpoint = seen.scenario.endpoint
    most = units.show_fraction(endpoint.usable_memory_bytes / endpoint.host.memory_bytes)
    text = f"CPU {units.show_fraction(cpu)} and memory {units.show_fraction(memory)} look right-sized (50 to 80 %)"
    if against:
        text += (
            f", but {' and '.join(against)}: containers may fill at most {most} of the memory, so a full cache always "
            "looks so"
        )
    else:
        text += ", and neither hits nor queues contradict it"
    yield Finding(
        id="right_sized",
        severity="warning" if against else "note",
        text=text,
        evidence={
            "cpu_utilization": cpu,
            "memory_utilization": memory,
            "cache_hit_ratio": seen.figure("cache_hit_ratio"),
            "contradicted": "yes" if against else "no",
        },
        source=RULE,
        try_="judging by hits and queues instead of utilizations" if against else None,
    )


def _against(seen: Seen) -> Iterator[str]:
    hits = seen.figure("cache_hit_ratio")
    if hits < FEWEST_HITS and seen.warmed:
        yield f"only {units.show_fraction(hits)} of the calls find their model loaded"
    refused = seen.failed(seen.scenario.server_kind.queue.refusal) / max(1, seen.attempts)
    if refused > REFUSED:
        yield f"full queues refuse {units.show_fraction(refused)} of the attempts"
