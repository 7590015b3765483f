"""Faults that do not do what they are meant for."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered


def late(offered: Offered) -> Iterator[Finding]:
    """Faults that would come when the run is over."""
    duration_s = offered.scenario.run.duration_s
    for fault in offered.scenario.faults:
        if fault.at_s is not None and fault.at_s >= duration_s:
            at, end = units.show_seconds(fault.at_s, 12), units.show_seconds(duration_s, 12)
            yield Finding(
                id="fault",
                severity="note",
                text=f"fault {fault.name!r} never comes: it is due at {at}, and the run ends at {end}",
                evidence={"at_s": fault.at_s, "duration_s": duration_s},
                source="docs/reference/scenario.md#faults",
                try_=f"faults: at before {end}, or a longer run.duration",
            )
