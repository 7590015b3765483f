"""What several policies say together, and what cooldowns let happen; knows time only as a number.

Rules of Application Auto Scaling (user guide, target tracking and step scaling policies).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

from mmesim.scenario.endpoint.autoscaling.policies import ScalingPolicy, Watching


@dataclass(frozen=True, slots=True)
class Decision:
    """A number of hosts that there should be, and the place of the policy that says so."""

    hosts: int
    policy: int


class Cooldowns:
    """What a scale-out counts from, and whether there may be a scale-in; a policy has its own cooldowns.

    A cooldown begins when the change is done. In that of a scale-out, and before it while hosts are on their way, only
    a larger one is made: it counts from the hosts before the first. A scale-out ends the cooldowns of scale-ins.
    """

    def __init__(self, policies: Sequence[ScalingPolicy]) -> None:
        each = [one.cooldowns_s if isinstance(one, Watching) else (0.0, 0.0) for one in policies]
        self._out_s, self._in_s = [out_s for out_s, _ in each], [in_s for _, in_s in each]
        self._base: list[int | None] = [None] * len(policies)
        self._until_s = [-inf] * len(policies)
        self._in_done_s = -inf

    def base(self, policy: int, capacity: int, now: float) -> int:
        """The hosts from which a scale-out of a policy counts now."""
        base = self._base[policy]
        return capacity if base is None or now >= self._until_s[policy] else base

    def may_scale_in(self, policy: int, now: float) -> bool:
        """Whether no scale-in is under way and none was done too short a time ago."""
        return now >= self._in_done_s + self._in_s[policy]

    def out_begins(self, policy: int | None, before: int, now: float) -> None:
        """Hosts are on their way, asked for by a policy, None for the schedule; there were `before`."""
        self._in_done_s = -inf
        if policy is not None:
            self._base[policy] = self.base(policy, before, now)
            self._until_s[policy] = inf

    def out_is_done(self, policy: int | None, now: float) -> None:
        """They are in service."""
        if policy is not None:
            self._until_s[policy] = now + self._out_s[policy]

    def in_begins(self) -> None:
        """Hosts are being drained, whoever asked for it."""
        self._in_done_s = inf

    def in_is_done(self, policy: int | None, now: float) -> None:
        """They are gone; after a scheduled action no cooldown begins."""
        if self._in_done_s == inf:  # no scale-out has ended it meanwhile
            self._in_done_s = -inf if policy is None else now


def decide(
    policies: Sequence[ScalingPolicy],
    answers: Sequence[int | None],
    asked: Collection[int],
    capacity: int,
    cooldowns: Cooldowns,
    now: float,
) -> Decision | None:
    """What is done about the answers of policies, of which those in `asked` are new; None when nothing.

    Out if one of them wants to. In only if all that must agree, and may scale in, are ready to; other policies
    scale in whatever those say. Of several numbers the largest holds.
    """
    if all(hosts is None or hosts == capacity for hosts in answers):
        return None
    outs = [Decision(hosts, k) for k in asked if (hosts := answers[k]) is not None and hosts > capacity]
    if outs:
        return max(outs, key=lambda one: (one.hosts, -one.policy))
    trackers = [k for k, one in enumerate(policies) if isinstance(one, Watching) and one.must_agree]
    ready = [Decision(hosts, k) for k in trackers if (hosts := answers[k]) is not None and hosts <= capacity]
    ins = [Decision(hosts, k) for k in asked if k not in trackers and (hosts := answers[k]) is not None]
    ins = [one for one in ins if cooldowns.may_scale_in(one.policy, now)]
    agreed = trackers and len(ready) == len(trackers) and any(k in asked for k in trackers)
    if agreed and all(cooldowns.may_scale_in(k, now) for k in trackers):
        ins.append(max(ready, key=lambda one: (one.hosts, -one.policy)))
    return max((one for one in ins if one.hosts < capacity), key=lambda one: (one.hosts, -one.policy), default=None)
