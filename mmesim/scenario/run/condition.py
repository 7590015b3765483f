"""Conditions: lines of the grammar of `expect` that are asked while a scenario runs, minute by minute.

    p99 > 1 s
    error_rate of tenants in every 5 min > 5 %

A condition is true at the end of a window when its comparison holds for what ended within it. Windows follow each
other from the moment at which it is first asked; they last a minute, or what `in every` says. Nothing is measured
during the warm-up, and a window in which nothing ended makes no condition true.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim.scenario.figures import LATENCIES
from mmesim.scenario.run.expect import Expectation, read_expectation
from mmesim.scenario.run.expected import COUNTS
from mmesim.scenario.values.fields import Refused

WINDOW_S = 60.0
"""Length of a window when a line does not say it: that of CloudWatch's alarms."""

OF_GROUP: tuple[str, ...] = (*LATENCIES, "error_rate")
"""Figures that can be asked for of the calls of a group."""

LIVE: tuple[str, ...] = (
    *OF_GROUP,
    "cache_hit_ratio",
    "throughput",
    "model_loading_wait",
    "cpu_utilization",
    "memory_utilization",
    "disk_utilization",
    *(name for name in COUNTS if name != "requests.in_flight_at_end"),
)
"""Figures that are known minute by minute."""

_NAMED = ", ".join(name for name in LIVE if "." not in name or name in LATENCIES)


def window_s(line: Expectation) -> float:
    """Length of the windows in which a condition is asked."""
    return line.calls.every_s or WINDOW_S


def read_condition(value: object) -> Expectation:
    """A condition as a file writes it; raises Refused, also for what is known only after the run."""
    line = read_expectation(value)
    if line.metric not in LIVE:
        raise Refused(
            f"{line.metric} is known only after the run: minute by minute there are {_NAMED}, and counts such as "
            "requests.errors.queue_full"
        )
    calls = line.calls
    if calls.state is not None:
        raise Refused(
            f"{calls.state} calls are told from the others only after the run: write `{line.metric}` without "
            f"`{calls.state}`, or cache_hit_ratio"
        )
    if calls.between_s is not None:
        raise Refused("a condition is asked minute by minute: write `in every 5 min` for longer windows")
    if calls.group is not None and line.metric not in OF_GROUP:
        raise Refused(f"{line.metric} of a group is known only after the run: of a group there are {_OF_GROUP}")
    return line


_OF_GROUP = ", ".join(OF_GROUP)

EXAMPLES = ("p99 > 1 s", "error_rate > 5 %", "p99 of tenants in every 5 min > 1 s", "cpu_utilization > 90 %")

ConditionField = Annotated[
    Expectation,
    PlainValidator(read_condition),
    PlainSerializer(lambda condition: condition.text),
    WithJsonSchema(
        {
            "type": "string",
            "description": "a line as in `expect`, which is asked minute by minute, or in windows of `in every 5 min`",
            "examples": list(EXAMPLES),
        }
    ),
]
