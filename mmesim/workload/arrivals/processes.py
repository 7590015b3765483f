"""Every arrival process of an open loop: how the times of its calls are drawn, and how many to expect.

To add one, write its class in `scenario.traffic`, its two functions in a module here, and its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mmesim.arrays import Floats
from mmesim.scenario.traffic.arrivals import (
    ConstantRate,
    GammaArrivals,
    HyperexponentialArrivals,
    LognormalArrivals,
    Poisson,
    WeibullArrivals,
)
from mmesim.scenario.traffic.modulated import Mmpp, OnOff
from mmesim.scenario.traffic.planned import Diurnal, FlashCrowd, Schedule
from mmesim.scenario.traffic.stages import Ramp
from mmesim.scenario.values.forms import Form
from mmesim.workload.arrivals import modulated, plan, poisson, renewal
from mmesim.workload.draws.generators import Generators


@dataclass(frozen=True)
class Process:
    """What a process is in the workload; each function gets the scenario's object first."""

    times: Callable[[Any, Generators, int], Iterator[Floats]]
    """(process, generators, calls drawn at a time) -> seconds from the start of the stream, never falling."""
    expected: Callable[[Any, float], float]
    """(process, seconds) -> calls from the start of the stream on for that time, on average."""
    first_per_s: Callable[[Any], float] | None = None
    """Calls a second at the start, where that is not the rate of the first second."""

    def at_start_per_s(self, process: Form) -> float:
        """Calls a second at the start of the stream, on average."""
        return self.expected(process, 1.0) if self.first_per_s is None else self.first_per_s(process)


def _planned(plan_of: Callable[[Any], plan.Plan]) -> Process:
    """A process whose rate follows a plan."""
    return Process(
        lambda process, generators, chunk: plan.times(plan_of(process), generators, chunk),
        lambda process, length_s: plan_of(process).calls(length_s),
        lambda process: plan_of(process).first_per_s,
    )


PROCESSES: Mapping[type[Form], Process] = MappingProxyType(
    {
        Poisson: Process(poisson.times, poisson.expected),
        ConstantRate: Process(renewal.constant, poisson.expected),
        GammaArrivals: Process(renewal.renewal, poisson.expected),
        WeibullArrivals: Process(renewal.renewal, poisson.expected),
        LognormalArrivals: Process(renewal.renewal, poisson.expected),
        HyperexponentialArrivals: Process(renewal.renewal, poisson.expected),
        Mmpp: Process(modulated.mmpp_times, modulated.mmpp_expected),
        OnOff: Process(modulated.on_off_times, modulated.on_off_expected),
        Schedule: _planned(plan.schedule),
        Ramp: Process(plan.ramp_times, lambda process, length_s: plan.ramp(process).calls(length_s), plan.ramp_first),
        Diurnal: _planned(plan.diurnal),
        FlashCrowd: _planned(plan.flash_crowd),
    }
)
"""Class in the scenario -> what it is here. A sweep over the models and closed loops say themselves who calls."""
