"""Streams with more or fewer calls: the same shape in time, every rate times a factor."""

from __future__ import annotations

from typing import Any

from mmesim.scenario.traffic.arrivals import ConstantRate, Poisson, Renewal
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.modulated import Mmpp, OnOff
from mmesim.scenario.traffic.planned import Diurnal, FlashCrowd, ModelSweep, Schedule
from mmesim.scenario.traffic.stages import MOST_USERS, Ramp
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.traffic.trace.trace import AZURE_2019, TraceSource
from mmesim.scenario.values.fields import Refused
from mmesim.scenario.values.forms import Form

MOST_ROUNDING = 0.1
"""Largest relative error of a number of users: beyond it, rounding would be another factor."""


def scaled(stream: Traffic, factor: float) -> Traffic:
    """The stream with `factor` times as many calls in the same time; Refused where that means nothing.

    Open loop: every rate, of calls or of sessions, times the factor, so draw i still belongs to call i. Closed loop:
    the users times the factor, rounded. A trace: its own `rate`, which thins it or adds shifted copies. A limit to the
    number of calls grows too, so that the stream lasts as long.
    """
    changed: dict[str, Any] = {}
    if stream.fingerprint is not None:
        raise Refused(
            "has the number of calls of its trace",
            ("fingerprint",),
            "replay the trace itself, whose rate is a factor, or write arrivals",
        )
    if stream.trace is not None:
        changed["trace"] = _trace(stream.trace, stream.bootstrap_s is not None, factor)
    if stream.arrivals is not None:
        try:
            changed["arrivals"] = _arrivals(stream.arrivals, factor)
        except Refused as refused:
            raise refused.below("arrivals", stream.arrivals.form) from None
    if stream.calls is not None:
        changed["calls"] = max(1, round(stream.calls * factor))
    result: Traffic = stream.model_copy(update=changed)
    return result


def _trace(trace: TraceSource, bootstrapped: bool, factor: float) -> TraceSource:
    if bootstrapped and trace.format == AZURE_2019:
        message = "counts per minute that are drawn in blocks cannot be thinned or multiplied"
        raise Refused(message, ("trace", "rate"), "make single calls of them with `mmesim trace convert`")
    result: TraceSource = trace.model_copy(update={"rate": trace.rate * factor})
    return result


def _arrivals(of: Form, factor: float) -> Form:
    """The process with every rate times a factor."""
    changed: dict[str, Any]
    match of:
        case Poisson() | ConstantRate() | Renewal() | OnOff():
            changed = {"rate_per_s": of.rate_per_s * factor}
        case Mmpp():
            states = of.states.items()
            changed = {
                "states": {
                    name: state.model_copy(update={"rate_per_s": state.rate_per_s * factor}) for name, state in states
                }
            }
        case Schedule():
            changed = {"rates": {time: rate * factor for time, rate in of.rates.items()}}
        case Ramp():
            stages = [stage.model_copy(update={"target_per_s": stage.target_per_s * factor}) for stage in of.stages]
            changed = {"start_rate_per_s": of.start_rate_per_s * factor, "stages": tuple(stages)}
        case Diurnal():
            changed = {"mean_per_s": of.mean_per_s * factor}
        case FlashCrowd():
            changed = {"base_per_s": of.base_per_s * factor, "peak_per_s": of.peak_per_s * factor}
        case ModelSweep():
            changed = _sweep(of, factor)
        case ClosedLoop():
            changed = _users(of, factor)
        case _:
            raise AssertionError(of.form)
    result: Form = of.model_copy(update=changed)
    return result


def _sweep(of: ModelSweep, factor: float) -> dict[str, Any]:
    """Sweeps that come that many times as often, each in proportionally less time."""
    if of.every_s is None:
        message = "a single sweep calls every model once: there is no more or less traffic of it"
        raise Refused(message, ("every",), "every: 1 h, or a stream of its own scenario")
    return {"rate_per_s": of.rate_per_s * factor, "every_s": of.every_s / factor}


def _users(of: ClosedLoop, factor: float) -> dict[str, Any]:
    """So many times as many users, who come in the same time."""
    wanted = of.most_users * factor
    if abs(round(wanted) - wanted) > MOST_ROUNDING * wanted:
        message = f"{of.most_users} users x {factor:.6g} are {wanted:.3g} users: too few to be rounded"
        raise Refused(message, ("users",), "more users who call less often, or an open loop such as poisson")
    if wanted > MOST_USERS:
        raise Refused(f"{wanted:,.0f} users are too many: at most {MOST_USERS:,}", ("users",))
    changed: dict[str, Any] = {"users": None if of.users is None else round(of.users * factor)}
    if of.stages is not None:
        stages = [stage.model_copy(update={"target": round(stage.target * factor)}) for stage in of.stages]
        changed["stages"] = tuple(stages)
    if of.spawn_rate_per_s is not None:
        changed["spawn_rate_per_s"] = of.spawn_rate_per_s * factor
    return changed
