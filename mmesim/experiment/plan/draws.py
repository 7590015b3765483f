"""With uncertain inputs: the cheapest fleet that is inside in enough of their draws.

The draws are those of `mmesim uncertain`: points of a scrambled Sobol sequence, so that the first 4, 8, 16 ... of them
are spread evenly. In each draw a fleet is inside or not as ten short runs show it, on the same random numbers in every
draw; near a limit that is a matter of chance, but as often too good as too bad. Where two or five of them prove that it
is far outside, or five lie so near to each other that it is plainly inside, there are no more. What is decided is the
share of the draws: after 4 of them, then after twice as many, the bounds of Clopper and Pearson on it are compared with
the share that is wanted. A wrong answer is any fleet that is taken though its share is too small, so 2.5 % are divided
by the fleets that may be tried, and by the looks. A cheaper fleet is missed only if the cheapest one whose share is
large enough is turned down, so these 2.5 % are divided by the looks alone. What 512 draws leave open is named.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from mmesim import units
from mmesim.arrays import Floats
from mmesim.errors import STOPPED, Contradiction, OutputError, UserError
from mmesim.experiment.numbers import DRAWS
from mmesim.experiment.plan.fleets import option_of
from mmesim.experiment.plan.trials import Place, try_short
from mmesim.experiment.plan.tried import UNKNOWN, OverDraws, Tried
from mmesim.experiment.plan.walk import Walk, called, cannot_be, screened
from mmesim.experiment.unknowns.uncertain import drawn, shares_of
from mmesim.results.answers.planned import FleetLine
from mmesim.results.expect.expect import compare
from mmesim.scenario.constraints import NAMES
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.plan import Plan
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import share_bound
from mmesim.stats.means import mean

LOOKS = (4, 8, 16, 32, 64, 128, 256, 512)
"""Draws after which the share of a fleet is looked at."""
COMPARED = 32
"""Draws in which fleets are compared by what they cost: one that is inside in any of them is tried in all of these."""
WRONG = 0.025
"""Chance that the cheapest fleet whose share is large enough is turned down, and that one whose share is not is taken.
"""
LEVEL = WRONG / len(LOOKS)
"""Of a look."""
TOLD_AFTER = (2, 5)
"""Short runs of a draw after which a fleet that is hopeless in it gets no more: it thrashes, and takes longest; after
the last of them one that is plainly inside."""
AT_ONCE = 16
"""Draws that are simulated side by side, for each job."""
PRICE = "price"
"""What a fleet lacks in a draw in which it costs more than is allowed."""
CANNOT_BE = "contradiction"
"""What a fleet lacks in a draw in which it cannot be: room for the container, say."""


@dataclass
class Draws:
    """The walk through the fleets of a scenario with beliefs; what it finds stands in the walk and its fleets."""

    walk: Walk
    template: Template
    own: Tried | None
    jobs: int = 1
    _inside: dict[int, list[bool]] = field(default_factory=dict)
    """Of each fleet that was simulated, by its row: whether it is inside, draw by draw."""
    _usd: dict[int, list[float]] = field(default_factory=dict)
    """What it costs a month, likewise: what is believed may be a price."""

    _to_try: int = 1
    """Fleets of the grid that may become the answer."""

    def __post_init__(self) -> None:
        base = self.template.at()
        assert base.plan is not None
        self._base: Scenario = base
        self._plan: Plan = base.plan
        self._shares: Floats = shares_of(base, LOOKS[-1])
        # Else a fleet costs the same in every draw, and one that costs more than is allowed need not be drawn.
        self._may_cost_less = any(belief.field.startswith("endpoint.") for belief in base.beliefs)

    def go(self) -> None:
        """Find the cheapest fleet inside; those that are shown whatever they cost are tried as well."""
        walk = self.walk
        self._to_try = sum(not self._is_out(one) for one in walk.in_grid)
        for row, fleet in enumerate(walk.fleets):
            if not fleet.option.in_grid:
                continue
            self._try(row, fleet)
            if fleet.state == "inside":
                walk.answer = fleet
                break
        in_memory = next((one for one in walk.in_grid if one.option.needs and one.option.everything_in_memory), None)
        for row, fleet in enumerate(walk.fleets):
            if fleet is self.own or fleet is in_memory:
                self._try(row, fleet)
        self._count_extra()

    def _is_out(self, fleet: Tried) -> bool:
        """Whether a fleet is settled before anything is drawn."""
        return fleet.is_settled or (not self._may_cost_less and cannot_be(fleet))

    def _try(self, row: int, fleet: Tried) -> None:
        if self._is_out(fleet):
            return
        found = self._inside[row] = []
        usd = self._usd[row] = list[float]()
        fleet.over_draws = OverDraws()
        fleet.stage = "draws"
        self.walk.doing = called(fleet)
        try:
            self._show_middle(fleet)
            for look in LOOKS:
                while len(found) < look:
                    last = min(look, len(found) + AT_ONCE * max(1, self.jobs))
                    found += self._simulate(fleet, range(len(found), last), usd)
                    fleet.over_draws.draws, fleet.over_draws.inside = len(found), sum(found)
                    self.walk.doing = f"{called(fleet)}, {len(found)} draws"
                    self.walk.tell()
                if self._look(fleet, look == LOOKS[-1]):
                    break
        except (OutputError, *STOPPED):
            raise
        except UserError as error:
            fleet.leave_open("draws", f"cannot be simulated: {error}")
        self.walk.tell()

    def _show_middle(self, fleet: Tried) -> None:
        """What is shown of each line is what short runs find with the middle values."""
        middle = Tried(fleet.option)
        if screened(middle):
            return
        try_short([middle], self.walk.runs, DRAWS)
        _add(fleet, middle)
        fleet.lines = middle.lines

    def _simulate(self, fleet: Tried, numbers: range, usd: list[float]) -> list[bool]:
        """Whether the fleet is inside in each of these draws; what it costs in them is added to `usd`."""
        possible = dict[int, Tried]()
        assert fleet.over_draws is not None
        for number in numbers:
            believed = drawn(self._base.beliefs, self._shares[number])
            values = {name: value for name, value in believed.items() if name not in fleet.option.values}
            try:
                scenario = self.template.at({**values, **fleet.option.values})
                one = Tried(option_of(fleet.option.values, scenario, self._plan))
            except Contradiction:
                fleet.over_draws.binds[CANNOT_BE] += 1
                usd.append(math.inf)
                continue
            usd.append(one.option.usd_per_month)
            if cannot_be(one):
                fleet.over_draws.binds[PRICE] += 1
            elif screened(one):
                fleet.over_draws.binds[one.binds or UNKNOWN] += 1
            else:
                possible[number] = one
        places = try_short(list(possible.values()), self.walk.runs, DRAWS, TOLD_AFTER)
        inside = dict[int, bool]()
        for (number, one), place in zip(possible.items(), places, strict=True):
            _add(fleet, one)
            inside[number] = self._is_inside(one, place)
            if not inside[number]:
                fleet.over_draws.binds[one.binds or UNKNOWN] += 1
        return [inside.get(number, False) for number in numbers]

    @staticmethod
    def _is_inside(one: Tried, place: Place) -> bool:
        asked = {e.text: e for need in one.option.needs for e in need.lines}
        return place == "inside" or (place == "near" and all(_holds(asked[line.text], line) for line in one.lines))

    def _look(self, fleet: Tried, last: bool) -> bool:
        """Whether the draws so far settle it."""
        found, wanted = fleet.over_draws, self._plan.share_of_draws
        assert found is not None
        said = _outside(found, wanted)
        if found.inside and found.draws < COMPARED:
            return False
        if share_bound(found.inside, found.draws, LEVEL) < wanted:
            fleet.turn_down("draws", said, _most(found.binds))
        elif 1.0 - share_bound(found.draws - found.inside, found.draws, LEVEL / max(1, self._to_try)) >= wanted or (
            found.inside == found.draws and wanted == 1.0 and last
        ):
            fleet.state, fleet.reason = "inside", None
        elif last:
            is_tie = abs(found.inside / found.draws - wanted) <= self._plan.tolerance * (1.0 - wanted)
            fleet.leave_open("draws", f"{said}: too near to tell", is_tie)
        return fleet.is_settled

    def _count_extra(self) -> None:
        """What fleets of the grid cost beyond the cheapest one inside, on average over the draws in which they are.

        One that was inside in none of its first draws is taken to be inside in none.
        """
        mine = {
            row: [usd if inside else math.inf for usd, inside in zip(self._usd[row][:COMPARED], found, strict=False)]
            for row, found in self._inside.items()
            if self.walk.fleets[row].option.in_grid
        }
        best = [min((each[n] for each in mine.values() if n < len(each)), default=math.inf) for n in range(COMPARED)]
        for row, each in mine.items():
            over = self.walk.fleets[row].over_draws
            extra = [usd - least for usd, least in zip(each, best, strict=False) if usd < math.inf]
            if over is not None and extra:
                over.extra_usd = mean(extra)


def _holds(e: Expectation, line: FleetLine) -> bool:
    """Whether the estimate of a line is inside its limit; what has no value is, unless it fails for that."""
    value = line.value
    if value is None and line.interval is not None:
        value = mean(line.interval)
    if value is None:
        return line.verdict != "fail"
    return compare(e.comparison, value, value, line.limit) == "pass"


def _add(fleet: Tried, one: Tried) -> None:
    fleet.replications += one.replications
    fleet.requests += one.requests
    fleet.simulated += one.simulated


def _outside(found: OverDraws, wanted: float) -> str:
    """In how many draws a fleet is not inside, what it lacks in them, and in how many it may be."""
    lacks = f" ({_lacks(found.binds)})" if found.binds else ""
    allowed = "none" if wanted == 1.0 else f"at most {units.show_fraction(1.0 - wanted)}"
    outside = f"{found.draws - found.inside} of {found.draws} draws of uncertain inputs{lacks}"
    return f"outside in {outside}, and {allowed} may be"


def _lacks(binds: Counter[str]) -> str:
    return ", ".join(f"{NAMES.get(name, name)} in {count}" for name, count in binds.most_common())


def _most(binds: Counter[str]) -> str | None:
    return next((name for name, _ in binds.most_common(1) if name != UNKNOWN), None)
