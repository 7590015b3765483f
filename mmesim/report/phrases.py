"""Words that several reports share: the fleet, counts, verdicts, parts of the latency, and what limits the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from mmesim import units
from mmesim.report.blocks import Cell, Tone
from mmesim.scenario.figures import SHOWN_UNITS, Kind
from mmesim.scenario.scenario import Scenario

VERDICTS: Mapping[str, tuple[str, Tone]] = MappingProxyType(
    {"pass": ("pass", "good"), "fail": ("FAIL", "bad"), "undecided": ("UNDECIDED", "open")}
)
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "network": "",
        "router": "",
        "frontend_stall": "the server's event loop is busy with other calls or registers a model",
        "load_slot_wait": "waiting for a load slot of the host",
        "download": "",
        "memory_wait": "waiting for an unload to free memory",
        "load": "",
        "queue": "waiting for a worker",
        "batch_wait": "waiting for the batch to fill",
        "cpu_wait": "slower because the vCPUs are shared",
        "device_wait": "waiting for the device to be free",
        "device_copy": "copying the model to the memory of the device",
        "service": "",
        "overhead": "work of the model server itself",
        "retry_backoff": "pauses between attempts",
        "failed_attempts": "attempts before the last one",
    }
)
"""Part of the latency -> what it is, empty where its name tells."""

INTERVALS = "[95 % interval]"
"""What brackets after a figure are."""
POINTS = "pt: percentage points"
"""What the unit of a difference of shares is."""
TRACE = "intervals cover the randomness of service and load for this trace, not that of other traffic"
LONGEST_MISSED = 16
"""Characters for the names of figures in a column of verdicts; beyond, they are counted."""


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 model`, `2,000 models`."""
    return f"{units.show_count(count)} {noun}{'' if count == 1 else 's'}"


def with_unit(name: str, kind: Kind) -> str:
    """A figure with its unit, `p99, ms`; shares and counts have none, and some names say theirs: `usd_per_hour`."""
    said = kind in ("share", "count") or name.startswith("usd_") or name.endswith("_rps")
    return name if said else f"{name}, {SHOWN_UNITS[kind]}"


def verdict(judged: str | None, *missed: str) -> Cell:
    """The verdict of a run, with the figures that miss their limit; a run of which nothing is expected passes."""
    mark, tone = VERDICTS[judged or "pass"]
    figures = ", ".join(dict.fromkeys(re.split(r"[<>=]", text, maxsplit=1)[0].strip() for text in missed))
    if len(figures) > LONGEST_MISSED:
        figures = plural(len(missed), "limit")
    return Cell(f"{mark} {figures}".rstrip(), tone=tone)


def short_paths(paths: Sequence[str]) -> list[str]:
    """The shortest ends of dotted paths that tell them apart."""
    steps = [path.split(".") for path in paths]
    for length in range(1, 1 + max(map(len, steps), default=1)):
        names = [".".join(path[-length:]) for path in steps]
        if len(set(names)) == len(set(paths)):
            return names
    return list(paths)


def of_scenario(scenario: Scenario) -> Iterator[str]:
    """What limits the figures of every run of the scenario in an experiment."""
    if any(stream.replays for stream in scenario.traffic):
        yield TRACE
    if scenario.run.until is not None:
        yield f"run.until ({scenario.run.until.text}) is ignored here: every scenario has the same replications"
