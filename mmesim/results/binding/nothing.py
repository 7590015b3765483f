"""Why nothing binds: slow calls have more work, or they wait, but not for long."""

from __future__ import annotations

from collections.abc import Mapping

from mmesim import units
from mmesim.scenario.figures import parts_of

OWN = ("network", "router", "service", "overhead")
"""What a call takes by itself."""
OWN_WORK = "the slowest calls are slow because of their own work"
NEGLIGIBLE = 0.001
"""A wait below this share of what a call takes by itself is none."""


def why_nothing(ledger_ms: Mapping[str, Mapping[str, float]]) -> str:
    """The reason in words, from the ledgers of a summary, ms; for a run in which nothing binds and calls succeeded."""
    tail, middle = ledger_ms["p99"], ledger_ms["p50"]
    if not tail["mean"] or not middle["mean"]:
        return OWN_WORK
    waits = {part: tail[part] for part in parts_of(tail) if part not in OWN}
    more_work, waited = sum(tail[part] - middle[part] for part in OWN), sum(waits.values())
    if waited <= max(0.0, more_work):
        return OWN_WORK
    most = max(waits, key=lambda part: waits[part])
    alone = sum(middle[part] for part in OWN)
    if waited < NEGLIGIBLE * alone:  # rounding, or as good as none
        return "calls do not wait"
    return (
        f"calls around p99 wait {units.show_number(waited)} ms (most of it: {most}), little compared with the "
        f"{units.show_number(alone)} ms that a call takes by itself"
    )
