"""What runs on the clock of the twin."""

from __future__ import annotations

import simpy

Process = simpy.events.ProcessGenerator
