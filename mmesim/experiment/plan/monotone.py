"""`plan.assume_monotone`: a fleet is outside because a larger one of its family is, so most need not be tried.

That is an assumption: with a router that spreads calls over all hosts, the hits of a cache do not rise with their
number. In each family, which differs in the number of instances alone, the largest fleet that short runs turn down is
looked for by halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from mmesim.experiment.plan.trials import Place
from mmesim.experiment.plan.tried import Tried


def settle_smaller(fleets: Sequence[Tried], try_them: Callable[[Sequence[Tried]], Mapping[int, Place]]) -> None:
    """Turn down every fleet of which a larger one is turned down; `try_them` says where fleets lie, by identity.

    Nothing is tried that is dearer than a fleet which looks clearly inside.
    """
    families: dict[object, list[Tried]] = {}
    for one in sorted(fleets, key=lambda one: one.option.instance_count):
        if not one.is_settled:
            families.setdefault(one.option.family, []).append(one)
    cheapest = math.inf
    while families:
        families = {
            family: cheaper
            for family, members in families.items()
            if (cheaper := [one for one in members if one.option.usd_per_month < cheapest])
        }
        middles = {family: members[len(members) // 2] for family, members in families.items()}
        places = try_them(list(middles.values()))
        for family, middle in middles.items():
            members = families[family]
            at = members.index(middle)
            if middle.state == "turned down":
                for smaller in members[:at]:
                    words = f"a larger fleet of its family, {middle.option.instance_count} instances, is turned down"
                    smaller.turn_down(middle.stage or "short runs", f"{words} (plan.assume_monotone)", middle.binds)
                families[family] = members[at + 1 :]
                continue
            if places.get(id(middle)) == "inside":
                cheapest = min(cheapest, middle.option.usd_per_month)
            families[family] = members[:at]
