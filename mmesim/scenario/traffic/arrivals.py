"""Arrival processes: when calls begin. Those that follow a plan are in `planned`, those with states in `modulated`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, get_args

from pydantic import Field, field_validator

from mmesim import units
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.modulated import Mmpp, OnOff
from mmesim.scenario.traffic.planned import Diurnal, FlashCrowd, ModelSweep, Schedule
from mmesim.scenario.traffic.stages import Ramp
from mmesim.scenario.values.fields import Number, Rate, Refused
from mmesim.scenario.values.forms import Form, OneOf


class Poisson(Form):
    """Open loop: calls at random moments, `rate` on average, whatever the endpoint does."""

    form: ClassVar[str] = "poisson"

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")
    """Mean rate of calls."""


class ConstantRate(Form):
    """Calls with equal gaps of 1 / rate, the first at a random moment of the first gap.

    Time 0 is not a special moment of the process: any stretch of time has rate x time calls on average, and two such
    streams do not call at the same moments.
    """

    form: ClassVar[str] = "constant"

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")
    """Rate of calls."""


class Renewal(Form):
    """Calls with independent gaps of mean 1 / rate and standard deviation cv / rate.

    The first gap is what a long history leaves of one (its equilibrium), so the mean rate is `rate` from time 0 on.
    """

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")
    """Mean rate of calls."""
    cv: Annotated[Number, Field(ge=1e-6, le=1e3)]
    """Standard deviation of the gaps / their mean; 1 is about as random as Poisson, above 1 is bursty."""


class GammaArrivals(Renewal):
    """Gaps from a gamma distribution: with cv above 1 calls come in bursts, below 1 more evenly than Poisson."""

    form: ClassVar[str] = "gamma"


class WeibullArrivals(Renewal):
    """Gaps from a Weibull distribution; cv 1 is Poisson."""

    form: ClassVar[str] = "weibull"


class LognormalArrivals(Renewal):
    """Gaps from a lognormal distribution: rare long pauses."""

    form: ClassVar[str] = "lognormal"


class HyperexponentialArrivals(Renewal):
    """Gaps from two exponential phases with balanced means: short ones in bursts, and long pauses.

    Phase 1 has the chance p = (1 + sqrt((cv^2 - 1) / (cv^2 + 1))) / 2 and the rate 2 p x rate, phase 2 the rest.
    """

    form: ClassVar[str] = "hyperexponential"

    @field_validator("cv", mode="after")
    @classmethod
    def _above_one(cls, cv: float) -> float:
        if cv <= 1.0:
            raise Refused(
                f"{cv:g} is too small: two phases have a cv above 1", (), "poisson for cv 1, gamma for any cv"
            )
        return cv


ArrivalProcess = (
    Poisson
    | ConstantRate
    | GammaArrivals
    | WeibullArrivals
    | LognormalArrivals
    | HyperexponentialArrivals
    | Mmpp
    | OnOff
    | Schedule
    | Ramp
    | Diurnal
    | FlashCrowd
    | ModelSweep
    | ClosedLoop
)


def _meant(value: object) -> str | None:
    """A rate by itself is meant as that of calls at random moments."""
    rate = value.get("rate") if isinstance(value, Mapping) and len(value) == 1 else value
    found = units.split(rate)
    if found is None or (isinstance(value, Mapping) and rate is None):
        return None
    number, unit = found
    return f"{{poisson: {{rate: {number} {units.meant(unit, units.RATES) or unit or '/s'}}}}}"


ARRIVALS = OneOf("arrival process", "{poisson: {rate: 120 /s}}", get_args(ArrivalProcess), meant=_meant)
ArrivalsField = Annotated[ArrivalProcess, ARRIVALS]
"""A field of the schema that holds an arrival process."""
