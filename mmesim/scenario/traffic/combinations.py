"""Which parts of a stream go together: arrivals, popularity, drift and sessions."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.drift import Drift
from mmesim.scenario.traffic.modulated import OnOff
from mmesim.scenario.traffic.planned import ModelSweep, Planned
from mmesim.scenario.traffic.popularity import Popularity, Tenants
from mmesim.scenario.traffic.sessions import Sessions
from mmesim.scenario.values.fields import Refused
from mmesim.scenario.values.forms import Form


def conflicts(
    arrivals: Form | None,
    popularity: Popularity,
    drift: Drift | None,
    sessions: Sessions | None,
    chosen: bool,
) -> Iterator[Refused]:
    """What cannot stand together in one stream; `chosen`: the popularity was given, not left to its default."""
    if isinstance(arrivals, ModelSweep):
        given = {"popularity": chosen, "drift": drift is not None, "sessions": sessions is not None}
        for key in (key for key, there in given.items() if there):
            yield Refused("is meaningless for a sweep: every model is called once", (key,))
    if isinstance(arrivals, ClosedLoop):
        for key, there in (("drift", drift), ("sessions", sessions)):
            if there is not None:
                yield Refused(
                    "does not apply to a closed loop: users choose each call by the initial popularity", (key,)
                )
    if sessions is None:
        return
    if sessions.models == "tenant" and not isinstance(popularity, Tenants):
        hint = "popularity: {tenants: {size: 4, between: {zipf: 0.9}, within: uniform}}"
        yield Refused("a session within one tenant needs a popularity by tenants", ("sessions", "models"), hint)
    if sessions.models == "tenant" and drift is not None:
        yield Refused("models that exchange their popularity leave their tenant", ("drift",), "sessions.models: each")
    if isinstance(arrivals, OnOff) and arrivals.each != "stream" and sessions.models != "same":
        message = f"with on_off per {arrivals.each}, a session would call models that are off"
        yield Refused(message, ("sessions", "models"), "same, or on_off with each: stream")


def changing(arrivals: Form | None, drift: Drift | None) -> str | None:
    """Why the calls of a stream change by plan, in words; None if they may have a steady state."""
    if isinstance(arrivals, Planned):
        return f"follows {arrivals.plan}"
    if isinstance(arrivals, ClosedLoop) and arrivals.stages is not None:
        return "follows stages"
    if isinstance(arrivals, ClosedLoop) and arrivals.calls_each is not None:
        return "has users who stop after some calls"
    if drift is not None:
        return "has models whose popularity drifts"
    return None


def not_replayed(arrivals: Form | None, drift: Drift | None, sessions: Sessions | None) -> str | None:
    """Why the caches of a stream cannot be set as earlier calls left them, in words; None if they can.

    They can where each call chose its model independently of all others, whenever it came.
    """
    reason = changing(arrivals, drift)
    if reason is not None:
        return reason
    if isinstance(arrivals, ClosedLoop):
        return "has users who wait for answers: what they called before the start is unknown"
    if isinstance(arrivals, OnOff) and arrivals.each != "stream":
        return f"switches each {arrivals.each} on and off: which were on before the start is not replayed"
    if sessions is not None and sessions.models != "each":
        return "has sessions that stay with a model or a tenant: they are not replayed"
    return None


def too_few_or_many(arrivals: Form | None, drift: Drift | None, models: int) -> Iterator[Refused]:
    """What a stream requires of the number of its models."""
    every_s = arrivals.every_s if isinstance(arrivals, ModelSweep) else None
    if isinstance(arrivals, ModelSweep) and every_s is not None and models > every_s * arrivals.rate_per_s:
        length = units.show_seconds(models / arrivals.rate_per_s)
        message = f"one sweep over {models} models takes {length}: it does not end before the next begins"
        yield Refused(message, ("arrivals", "every"))
    if drift is not None and models < 2:
        yield Refused("needs at least two models", ("drift",))
