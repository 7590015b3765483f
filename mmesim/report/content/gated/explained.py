"""What `--explain` says of a scenario that fails: what binds, and what one more instance would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.report import formats
from mmesim.report.content.gated.words import grouped, mark, of, on_one_line, quantity
from mmesim.results.binding.nothing import OWN_WORK
from mmesim.scenario.constraints import NAMES

if TYPE_CHECKING:
    from mmesim.results.answers.gated import GatedLine

USES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cpu": ("share", "{used} busy"),
        "workers": ("", "{used} of {limit} are busy on average"),
        "queue": ("", "bursts fill all {limit} places"),
        "batch_delay": ("s", "calls wait up to {limit} for a batch to fill"),
        "memory": ("bytes", "the called models need {used}, there are {limit}"),
        "placement": ("bytes", "the called models need {used} of {limit}, but one instance gets too much"),
        "tasks": ("", "{used} of {limit}"),
        "disk": ("bytes", "the called models need {used}, there are {limit}"),
        "models": ("", "{used} copies are called, the server has room for {limit}"),
        "device": ("share", "{used} busy"),
        "device_memory": ("bytes", "the called models need {used}, there are {limit}"),
        "load_slots": ("", "{limit}, all taken"),
        "download": ("s", "one takes {used}"),
        "load": ("s", "one takes {used}"),
        "throttling": ("", "{used} of {limit}"),
        "client_timeout": ("s", "{limit}, and a call takes {used} by itself"),
        "invocation_timeout": ("s", "{limit}, and a call takes {used} by itself"),
        "event": ("", "{used} a run on average"),
    }
)
"""What can bind: the unit of what is used of it, and what is said of its use (docs/glossary.md, binding constraint)."""
NOTHING = f"nothing: {OWN_WORK}, or they wait, but little"


def what_binds(constraint: Mapping[str, object]) -> str:
    """What binds, with its use and what it is the cause of."""
    resource = on_one_line(str(constraint.get("id")))
    unit, words = USES.get(resource, ("", ""))
    used, limit = (_amount(unit, constraint.get(key)) for key in ("used", "limit"))
    parts = [": ".join(filter(None, (NAMES.get(resource, resource), words.format(used=used, limit=limit))))]
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
