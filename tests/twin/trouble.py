"""What is wrong with S3 and with artefacts now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import prod

from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import SlowS3
from mmesim.scenario.models.groups import Model
from tests.twin.draws import Draws


class LoadFailed(Exception):
    """A load ends without a copy."""


@dataclass
class Trouble:
    """Nothing is wrong at first."""

    draws: Draws
    over: bool = False
    """Nobody looks any more."""
    slow: Counter[SlowS3] = field(default_factory=Counter)
    failing: list[Fault] = field(default_factory=list)
    """Outages under way, in the order in which they came."""
    leaving: list[dict[int, int]] = field(default_factory=list)
    """What an unload of a model leaves behind, one map for each leak."""
    bad: dict[int, list[Fault]] = field(default_factory=dict)
    """Model -> what makes its artefact bad, the last that came last."""

    @property
    def factor(self) -> float:
        """How many times longer downloads take."""
        return prod(one.factor**number for one, number in self.slow.items() if one.factor is not None)

    def first_byte_s(self, own_s: float) -> float:
        """The time to the first byte, which is `own_s` by itself."""
        given = [one.first_byte_s for one, number in self.slow.items() if number and one.first_byte_s is not None]
        return max([own_s, *given]) * self.factor

    def rate_of_one(self, own_Bps: float) -> float:
        """The most that one download gets, which is `own_Bps` by itself."""
        given = [one.stream_Bps for one, number in self.slow.items() if number and one.stream_Bps is not None]
        return min([own_Bps, *given]) / self.factor

    def failure(self, model: Model, draws: int, number: int) -> tuple[int, float] | None:
        """Whether request `number` of a download, from 1, fails now: the fewest tries, and a draw for the pause."""
        failing = []
        for fault in self.failing:
            assert fault.failing_s3 is not None
            tries = fault.failing_s3.tries
            fails, pause = self.draws.tries(fault, model, draws)[min(number, tries) - 1]
            if fails < fault.failing_s3.share:
                failing.append((tries, pause))
        return (min(tries for tries, _ in failing), failing[0][1]) if failing else None

    def of(self, model: int) -> str | None:
        """In which way a load of the model fails that ends now."""
        what = self.bad[model][-1].poison_model if self.bad.get(model) else None
        return None if what is None else what.load_failure
