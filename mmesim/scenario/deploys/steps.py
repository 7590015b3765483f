"""A deployment strategy as a plan: which hosts come, take traffic, wait and go, in steps of whole hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

from mmesim.scenario.deploys.strategy import AllAtOnce, Canary, Linear, Rolling, Strategy

ROUNDING = 1e-9
"""Of a number of hosts: 3 steps of 10 % of 10 hosts are 3 hosts, not 4."""

DIGITS = 12
"""Of a share: three steps of 30 % are 90 %, not 89.99999999999999 %."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `provision` new hosts come, the traffic shifts, the step bakes, `terminate` old hosts go."""

    provision: int
    """New hosts that are provisioned, and awaited, before the shift."""
    share: float
    """Share of the traffic that the new hosts take from the shift on."""
    new_on: int
    """New hosts that take traffic from the shift on."""
    old_on: int
    """Old hosts that still do."""
    bake_s: float
    """Time from the shift to the next step, in which alarms are watched."""
    terminate: int
    """Old hosts that are terminated at the end of the step."""


def steps(strategy: Strategy, old: int, new: int, termination_wait_s: float = 0.0) -> tuple[Step, ...]:
    """The steps that replace `old` hosts by `new` ones, both at least 1.

    A share that is not a whole number of hosts is rounded up for the new hosts that take traffic and down for the old
    ones that stop, so that neither side has fewer hosts than its share of the traffic (U). The last step ends with the
    termination wait, which is the final baking period (U).
    """
    match strategy:
        case AllAtOnce():
            shifts = [(1.0, termination_wait_s)]
        case Canary():
            shifts = [(strategy.share, strategy.wait_s), (1.0, termination_wait_s)]
        case Linear():
            number = ceil(1.0 / strategy.step - ROUNDING)
            shares = [min(1.0, round((k + 1) * strategy.step, DIGITS)) for k in range(number - 1)]
            shifts = [*((share, strategy.wait_s) for share in shares), (1.0, termination_wait_s)]
        case Rolling():
            return tuple(_rolling(strategy, old, new))
    return tuple(
        Step(
            provision=new if k == 0 else 0,
            share=share,
            new_on=ceil(share * new - ROUNDING),
            old_on=old - floor(share * old + ROUNDING),
            bake_s=bake_s,
            terminate=old if k == len(shifts) - 1 else 0,
        )
        for k, (share, bake_s) in enumerate(shifts)
    )


def _rolling(strategy: Rolling, old: int, new: int) -> Iterator[Step]:
    batch = max(1, floor(strategy.batch * new + ROUNDING))
    on, left = 0, old
    while on < new:
        more = min(batch, new - on)
        on += more
        stays = old - floor(old * on / new + ROUNDING)
        yield Step(more, on / new, on, stays, strategy.wait_s, left - stays)
        left = stays
