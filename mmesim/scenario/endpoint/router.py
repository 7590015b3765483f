"""The router in front of the hosts: its policies, one row each, and what else it does."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from mmesim.scenario.values.fields import Count, Data, Seconds, Share


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


class Router(Data):
    """The router fleet in front of the hosts."""

    lone_key: ClassVar[str | None] = "policy"

    policy: RouterPolicy = RouterPolicy.sticky
    """How the router chooses the host of a call (U)."""
    overhead_s: Seconds = Field(2e-3, alias="overhead")
    """Time the router adds to each call (OverheadLatency; the published mean is about 2 ms)."""
    misroute: Share = 0.0
    """Share of the calls that go to a random host instead."""
    spill_at: Count | None = None
    """Calls in flight on each ready copy of a model above which one more copy is made; default max(4, 2 x workers)."""
