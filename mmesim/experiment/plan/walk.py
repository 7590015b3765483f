"""The walk through the fleets in order of price: the first that is inside is the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from mmesim.errors import STOPPED, OutputError, UserError
from mmesim.experiment.gate.tolerance import KNOWN
from mmesim.experiment.plan.courses import decide_on, search
from mmesim.experiment.plan.fleets import COUNT
from mmesim.experiment.plan.levels import CANDIDATES
from mmesim.experiment.plan.monotone import settle_smaller
from mmesim.experiment.plan.trials import Place, try_short
from mmesim.experiment.plan.tried import Tried
from mmesim.experiment.runs import Runs
from mmesim.preflight.proof.proof import proof
from mmesim.results.expect.expect import compare
from mmesim.scenario.run.expected import HOURS_PER_MONTH

NAMED = (COUNT, "endpoint.instance_type")
"""Fields of a grid that are part of a fleet's name."""


Watch = Callable[[int, int, str, int, int], None]
"""Gets how many fleets are settled, about how many there are to settle, what is being done, and how many simulations
with how many calls there were."""


@dataclass
class Walk:
    """The fleets in order of price, and how far the walk has come."""

    fleets: Sequence[Tried]
    tolerance: float
    runs: Runs
    assume_monotone: bool = False
    watch: Watch | None = None
    answer: Tried | None = None
    candidates: int = 0
    """Fleets that were tried on the numbers that decide."""
    best_so_far: Tried | None = None
    """The cheapest of those that short runs have shown clearly inside."""
    doing: str = ""
    """With which fleet, in words."""

    @property
    def in_grid(self) -> Sequence[Tried]:
        """The fleets that may be chosen."""
        return [one for one in self.fleets if one.option.in_grid]

    def go(self) -> None:
        """Find the answer: the cheapest fleet inside."""
        if self.assume_monotone:
            settle_smaller(self.in_grid, lambda some: self._short([one for one in some if not screened(one)]))
        for one in self.in_grid:
            if self.answer is not None or self.candidates == CANDIDATES:
                break
            if not one.is_settled and not screened(one):
                self.doing = called(one)
                self._try(one)
            self.tell()

    def _try(self, fleet: Tried) -> None:
        """A fleet by itself: what is dearer than the answer would be simulated in vain."""
        place = self._short([fleet]).get(id(fleet))
        if place == "inside":
            self.best_so_far = self.best_so_far or fleet
        elif not fleet.is_settled:
            self._alone(fleet, partial(search, fleet, self.tolerance, self.runs))
        if fleet.is_settled:
            return
        self.candidates += 1
        self._alone(fleet, partial(decide_on, fleet, self.tolerance, self.runs))
        if fleet.state == "inside":
            self.answer = fleet

    def _short(self, batch: Sequence[Tried]) -> dict[int, Place]:
        try:
            return {id(one): place for one, place in zip(batch, try_short(batch, self.runs), strict=True)}
        except (OutputError, *STOPPED):
            raise
        except UserError:
            # One of them cannot be simulated: each by itself, to know which.
            found = dict[int, Place]()
            for one in batch:

                def alone(one: Tried = one) -> None:
                    found[id(one)] = try_short([one], self.runs)[0]

                self._alone(one, alone)
            return found

    def _alone(self, fleet: Tried, do: Callable[[], object]) -> None:
        """Do something with one fleet; what its own input does wrong leaves it open."""
        try:
            do()
        except (OutputError, *STOPPED):
            raise
        except UserError as error:
            fleet.leave_open(fleet.stage or "short runs", f"cannot be simulated: {error}")

    def tell(self) -> None:
        """Tell who watches how far it is."""
        if self.watch is not None:
            settled = sum(one.is_settled for one in self.fleets)
            self.watch(settled, len(self.fleets), self.doing, self.runs.simulated, self.runs.calls)


def called(fleet: Tried) -> str:
    """A fleet in words: its instances, and what else is varied of it."""
    of = fleet.option
    others = [f"{field.rpartition('.')[2]} {value}" for field, value in of.values.items() if field not in NAMED]
    return ", ".join([f"{of.instance_count} x {of.instance_type or 'this host'}", *others])


def screened(fleet: Tried) -> bool:
    """Whether arithmetic alone turns a fleet down: it cannot be, costs more than is allowed, or is proved outside."""
    if cannot_be(fleet):
        return True
    # What is proved of a steady run says nothing of one in which something happens.
    for need in (one for one in fleet.option.needs if one.recovery is None):
        found = proof(need.scenario)
        if found is not None:
            when = "" if need.when is None else f"with {need.when}: "
            fleet.turn_down("proof", f"{when}{found.text}", found.binds)
            return True
    return False


def cannot_be(fleet: Tried) -> bool:
    """Whether a fleet is turned down whatever is believed of the models and the traffic: by what it is and costs."""
    for need in fleet.option.needs:
        for e in need.scenario.expect:
            usd = fleet.option.usd_per_month / (1.0 if e.metric == "cost.month" else HOURS_PER_MONTH)
            if e.metric in KNOWN and compare(e.comparison, usd, usd, e.limit) == "fail":
                fleet.turn_down("proof", f"{e.text} fails: it costs {e.show(usd)}")
                return True
    return False
