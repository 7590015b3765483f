"""What runs on the clock of the twin."""

from __future__ import annotations

import simpy

Process = simpy.events.ProcessGenerator


def once(event: simpy.Event) -> Process:
    """Wait for an event that may have come: then what follows comes before all else of this instant."""
    if not event.triggered:
        yield event
