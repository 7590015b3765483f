"""The router in front of the hosts: its policies, one row each, and what else it does."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from mmesim.scenario.values.fields import Count, Data, Refused, Seconds, Share


class RouterPolicy(StrEnum):
    """How the router chooses the host of a request (U: AWS documents only that models have an affinity to hosts).

    A row says all that others need to know of a policy; what it does is a branch of engine/kernel/router.py.
    """

    #                    value               spreads  one_home  replayable  plausible
    sticky = "sticky", False, False, True, True
    hash = "hash", False, True, True, True
    random = "random", True, False, True, False
    least_outstanding = "least_outstanding", True, False, False, False
    round_robin = "round_robin", True, False, True, False

    spreads: bool
    """Calls for a model go to any host, so that each host wants a copy of every model."""
    one_home: bool
    """Calls for a model go to its first host in rendezvous order, whether it fits there or not."""
    replayable: bool
    """Where a call goes does not depend on the calls in flight, so that earlier traffic can be replayed untimed."""
    plausible: bool
    """AWS may do it: `mmesim robustness` tries it."""

    def __new__(cls, value: str, spreads: bool, one_home: bool, replayable: bool, plausible: bool) -> RouterPolicy:
        """The member of a row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.spreads, member.one_home = spreads, one_home
        member.replayable, member.plausible = replayable, plausible
        return member


class Placement(StrEnum):
    """Where `sticky` makes a new copy of a model (U: AWS does not document it).

    What each does is a branch of engine/kernel/router.py.
    """

    rendezvous = "rendezvous"
    most_free = "most_free"
    least_loaded = "least_loaded"


SplitBy = Literal["calls", "models"]


class Router(Data):
    """The router fleet in front of the hosts."""

    lone_key: ClassVar[str | None] = "policy"

    policy: RouterPolicy = RouterPolicy.sticky
    """How the router chooses the host of a call (U)."""
    placement: Placement = Placement.rendezvous
    """Where `sticky` makes a new copy (U): `rendezvous`: the host that has its artefact, else one chosen by the hash of
    its name; `most_free`: the host with the most free memory; `least_loaded`: the one with the fewest calls in flight.
    The last two send all new copies to a new host until it is as full as the others."""
    overhead_s: Seconds = Field(2e-3, alias="overhead")
    """Time the router adds to each call (OverheadLatency; the published mean is about 2 ms)."""
    misroute: Share = 0.0
    """Share of the calls that go to a random host instead."""
    at_scale: Literal["stay", "rehash"] = "stay"
    """What `sticky` does when a host comes or goes (U): `stay`: copies are used where they are; `rehash`, the worst
    case: a copy is not used any more unless it is on the first host of its model, chosen by the hash of its name among
    the hosts that take calls then. `hash` always does so.
    """
    split_by: SplitBy = "calls"
    """What is split between old and new hosts while a deploy shifts traffic (U): `calls`: each goes to the new hosts
    with their share as its chance, so that both sides want a copy of every model; `models`: that share of the models
    moves, each with all its calls."""
    spill_at: Count | None = None
    """Calls in flight on each ready copy of a model above which one more copy is made; default max(4, 2 x workers)."""

    @model_validator(mode="after")
    def _rehashed_by_sticky(self) -> Router:
        if self.at_scale == "rehash" and self.policy is not RouterPolicy.sticky:
            does = "always does so" if self.policy.one_home else "remembers no copies"
            raise Refused(f"rehash needs policy: sticky ({self.policy} {does})", ("at_scale",))
        return self

    @model_validator(mode="after")
    def _placed_by_sticky(self) -> Router:
        if self.placement is not Placement.rendezvous and self.policy is not RouterPolicy.sticky:
            raise Refused(f"{self.placement} needs policy: sticky ({self.policy} places no copies)", ("placement",))
        return self
