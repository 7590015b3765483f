"""What `--explain` says of a scenario that fails: its largest wait, and what one more instance would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.report import formats
from mmesim.report.content.gated.words import grouped, mark, of, on_one_line, quantity

if TYPE_CHECKING:
    from mmesim.results.answers.gated import GatedLine

RESOURCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cpu": ("share", "CPU: {used} busy"),
        "workers": ("", "workers: {used} of {limit} are busy on average"),
        "queue": ("", "queue: bursts fill its {limit} places"),
        "batch_delay": ("s", "batches: calls wait up to {limit} for one to fill"),
        "memory": ("bytes", "memory: the called models need {used}, there are {limit}"),
        "placement": ("bytes", "placement: the called models need {used} of {limit}, but one instance gets too much"),
        "tasks": ("", "processes and threads: {used} of {limit}"),
        "disk": ("bytes", "disk: the called models need {used}, there are {limit}"),
        "models": ("", "models: {used} copies are called, the server has room for {limit}"),
        "device": ("share", "device: {used} busy"),
        "device_memory": ("bytes", "device memory: the called models need {used}, there are {limit}"),
        "load_slots": ("", "load slots: {limit}, all taken"),
        "download": ("s", "downloads: one takes {used}"),
        "load": ("s", "loads: one takes {used}"),
        "throttling": ("", "throttling: {used} of {limit}"),
        "event": ("", "a fault, a deploy or a scale-in of the scenario, {used} of them on average"),
    }
)
"""What can bind: the unit of what is used of it, and what is said of both (docs/glossary.md, binding constraint)."""


NO_WAIT = "none: the slowest calls are slow by their own work, or wait but little"
"""What is said where nothing binds."""


def largest_wait(constraint: Mapping[str, object]) -> str:
    """What binds, with its use and what it is the cause of."""
    resource = on_one_line(str(constraint.get("id")))
    unit, words = RESOURCES.get(resource, ("", resource.replace("{", "{{").replace("}", "}}")))
    used, limit = (_amount(unit, constraint.get(key)) for key in ("used", "limit"))
    parts = [words.format(used=used, limit=limit)]
    for key, what in (("share_of_tail", "the time of the slowest 1 % of calls"), ("share_of_errors", "the errors")):
        share = constraint.get(key)
        if isinstance(share, int | float) and share > 0:
            parts.append(f"{units.show_fraction(share)} of {what}")
    return "; ".join(parts)


def _amount(unit: str, amount: object) -> str:
    if not isinstance(amount, int | float):
        return formats.DASH
    if unit == "bytes":
        return units.show_bytes(amount)
    if unit == "s":
        return units.show_seconds(amount)
    return quantity(unit, amount) if unit else units.show_number(amount)


def with_one_more(lines: Sequence[GatedLine]) -> list[str]:
    """What one more instance does to each line that fails."""
    return [f"{one.text}: {mark(one.verdict)}, {of(one)}" for one in grouped(lines)]
