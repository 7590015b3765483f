"""What is scaled, models or traffic: the amounts that can be tried, and the scenario of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context
from typing import Literal

from mmesim.errors import UserError
from mmesim.scenario.models.groups import MOST_MODELS
from mmesim.scenario.scaling import count_of, scalable, with_models, with_traffic
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop

Of = Literal["models", "traffic"]

STEP = 0.01
"""Resolution: two amounts nearer than this are not told apart, as a limit that is missed by 1 % is not a fail."""
MOST = 16.0
"""Times the present amount up to which is searched, unless another end is asked for."""
LEAST = 1.0 / 64.0
"""Of the present traffic: less is not tried."""
DIGITS = 4
"""Of a factor of the traffic."""
MOST_USERS = 1_000
"""Users beyond which one more makes less difference than amounts are told apart by."""


@dataclass(frozen=True)
class Amounts:
    """Amounts in a scenario: numbers of models (of a group), or factors of its traffic; the present one is `now`."""

    scenario: Scenario
    of: Of
    group: str | None
    now: float
    least: float
    most: float
    users: int | None = None
    """Of the largest closed loop, where nobody else calls: as the traffic is so many times as many users, amounts are
    whole numbers of them. None: any amount can be.
    """

    @classmethod
    def asked(cls, scenario: Scenario, of: Of, group: str | None, up_to: float | None) -> Amounts:
        """What can be tried; UserError where the scenario cannot be scaled, or the end is not an amount."""
        if of == "traffic":
            if group is not None:
                raise UserError("--group chooses models: it goes with --of models")
            now, least, farthest = 1.0, _short(LEAST), MOST
        else:
            now, least = float(count_of(scenario, group)), float(len(scalable(scenario, group)))
            farthest = min(MOST * now, float(MOST_MODELS))
        most = farthest if up_to is None else up_to
        if not (math.isfinite(most) and most > 0.0) or (of == "models" and most != round(most)):
            word = "a number of models" if of == "models" else "a factor above 0"
            raise UserError(f"--up-to {most:g} is not {word}")
        users = _users(scenario) if of == "traffic" else None
        if of == "traffic":
            # An end that the amounts cannot reach would never be met, and one rounded up is more than was asked for.
            most = float(Context(prec=DIGITS, rounding=ROUND_FLOOR).create_decimal(str(float(most))))
        if users is not None:
            least, most = _of_users(math.ceil(least * users), users), _of_users(math.floor(most * users + 1e-9), users)
        if most < least or (of == "models" and most > MOST_MODELS):
            highest = f" to {MOST_MODELS:,}" if of == "models" else ""
            raise UserError(f"--up-to {most:g} cannot be tried: from {least:.4g}{highest}")
        found = cls(scenario, of, group, now, least, most, users)
        found.at(found.rounded(found.start * 2.0))  # what cannot be scaled says so
        return found

    @property
    def start(self) -> float:
        """Where the search begins: at the present amount, unless only smaller ones are asked for."""
        return min(self.now, self.most)

    def at(self, amount: float) -> Scenario:
        """The scenario with that amount; UserError where there cannot be one."""
        if self.of == "traffic":
            return with_traffic(self.scenario, amount)
        return with_models(self.scenario, round(amount), self.group)

    def rounded(self, amount: float) -> float:
        """The nearest amount that can be."""
        inside = min(max(amount, self.least), self.most)
        if self.of == "models":
            return float(round(inside))
        return _short(inside) if self.users is None else _of_users(round(inside * self.users), self.users)

    @property
    def step(self) -> float:
        """How far two amounts are apart at least; 0 where they can be as near as they like."""
        if self.of == "models":
            return 1.0
        return 0.0 if self.users is None else 1.0 / self.users

    def apart(self, low: float, high: float) -> bool:
        """Whether there is another amount to try between two."""
        return high - low > max(STEP * low * (1.0 + 1e-9), 1.5 * self.step)

    def between(self, low: float, high: float) -> float:
        """An amount between two that are apart, in the middle of their ratio."""
        middle = self.rounded(math.sqrt(low * high))
        return middle if low < middle < high else self.rounded((low + high) / 2.0)

    def away(self, amount: float, share: float) -> float:
        """The amount that is larger by a share, or smaller if it is negative; at least one model, or user, away."""
        moved = self.rounded(amount * (1.0 + share))
        if self.step and moved == amount:
            return self.rounded(amount + math.copysign(self.step, share))
        return moved


def _short(factor: float) -> float:
    return float(f"{factor:.{DIGITS}g}")


def _of_users(number: int, users: int) -> float:
    """So many users as a factor, in two digits more: at a thousand of them 16.001 is another amount than 16."""
    return float(f"{number / users:.{DIGITS + 2}g}")


def _users(scenario: Scenario) -> int | None:
    """Of the largest closed loop of traffic that is nothing else."""
    loops = [stream.arrivals for stream in scenario.traffic if isinstance(stream.arrivals, ClosedLoop)]
    most = max((loop.most_users for loop in loops), default=0)
    return most if len(loops) == len(scenario.traffic) and 0 < most <= MOST_USERS else None
