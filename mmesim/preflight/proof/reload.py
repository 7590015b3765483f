"""More loads than the load slots or the CPUs can do, of models that cannot all be in memory: thrashing.

A call whose model has no copy in the room (see `cold`) is good only if a load of its model ends within the limit. The
loads that end in the measured time and the limit after it are bounded by load slots and CPUs. What a load saves is
bounded in two ways:

* *Lone* calls, whose model has had no other call within the limit: a load saves one of them. A model with rate r is
  lone for at least 1 - r limit of the time.
* Any calls: a load saves at most as many as come for its model within the limit, and no model has more than q of them
  in any such time. With the weight min(1, c / q) for each call a load saves c.

How much is outside: with rates r, needs s and a price p of room, those in the room are worth at most p x room of
min(w r, p s), whatever is held and whatever was called lately. So what is outside, times its weight w, comes at a rate
of at least sum min(w r, p s) - p x room. Every price and every c gives a bound, none a wrong one: this is the
Lagrangian dual of the fractional knapsack.

Chance: what comes at a rate of at least b has the lower tail of a Poisson count of that rate (D. Freedman, On tail
probabilities for martingales, Annals of Probability 3, 1975), as in `chance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mmesim import units
from mmesim.arrays import Flags, Floats, Ints
from mmesim.preflight.proof.asked import Asked, Bad
from mmesim.preflight.proof.chance import CERTAINTY, margin
from mmesim.preflight.proof.cold import held
from mmesim.preflight.proof.fleet import Fleet, Room

PRICES = 32
SAVED = 8
"""How many prices, and how many c, are tried."""


def reloads(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Calls outside the room that are too many for the loads which can end in time."""
    scenario = fleet.scenario
    if not asked.calls.steady or (scenario.clients.retries is not None and _may_succeed_later(fleet, asked)):
        return
    rows = asked.rows & ~fleet.failing & (asked.of_model > 0.0)
    rooms = [room for room in fleet.rooms if room.needs[rows].sum() > room.has * fleet.caches]
    left_s = np.maximum(0.0, asked.limit_s - fleet.call_s)[rows]
    late = left_s < fleet.load_s[rows]
    if not rooms or late.all():  # without a load in time they are all late: `cold`
        return
    left_s = np.where(late, 0.0, left_s)
    loads = _loads(fleet, asked, np.flatnonzero(rows)[~late], float(left_s.max()))
    calls = asked.of_model[rows]
    shown = units.show_number(loads / asked.length_s)
    for room in rooms:
        for needs, has in _ways_to_fit(fleet, room, rows):
            share, outside = max(
                _lone(asked, calls, needs, has, left_s, loads), _crowded(asked, calls, needs, has, left_s, loads)
            )
            if share > 0.0:
                rate = units.show_number(outside / asked.length_s)
                text = f"{held(fleet, asked, room)}: whatever is unloaded, at least {rate} calls a second find no copy"
                yield Bad(share, room.resource, f"{text}, and at most {shown} loads a second can end in time")


def _may_succeed_later(fleet: Fleet, asked: Asked) -> bool:
    """Whether another attempt can be answered within the limit after the first one has failed."""
    endpoint, clients = fleet.scenario.endpoint, fleet.scenario.clients
    return endpoint.throttling.is_on or min(endpoint.load_timeout_s, clients.timeout_s) <= asked.limit_s


def _loads(fleet: Fleet, asked: Asked, rows: Ints, left_s: float) -> float:
    """Loads of these models that end in the measured time and the limit after it, at most."""
    endpoint = fleet.scenario.endpoint
    slots, time_s = endpoint.load_slots * endpoint.most_instances, asked.length_s + left_s
    shortest_s, least_work_s = float(fleet.load_s[rows].min()), float(fleet.load_cpu_s[rows].min())
    by_slots = slots * (time_s / shortest_s + 1.0) if shortest_s > 0.0 else math.inf
    capacity_s = endpoint.host.cores_when_full * endpoint.most_instances * time_s
    return min(by_slots, capacity_s / least_work_s + slots if least_work_s > 0.0 else math.inf)


def _ways_to_fit(fleet: Fleet, room: Room, rows: Flags) -> Iterator[tuple[Floats, float]]:
    """What the models need and what all caches have: in the unit of the room, and in places for the smallest model."""
    needs, has = room.needs[rows], max(0.0, room.has)
    yield needs, has * fleet.caches
    if needs.min() > 0.0:
        yield np.ones(len(needs)), float(has // needs.min()) * fleet.caches


def _lone(asked: Asked, calls: Floats, needs: Floats, has: float, left_s: Floats, loads: float) -> tuple[float, float]:
    """Least share of bad calls, and the lone calls outside that it counts, on average.

    A call ends the time in which its model is lone by the limit, at most.
    """
    length_s, rate = asked.length_s, calls / asked.length_s
    gone = rate * left_s
    prices = _some(rate[needs > 0.0] / needs[needs > 0.0], PRICES)
    worth = np.minimum(rate, prices[:, None] * needs) * (gone < 1.0)
    outside = (worth @ (1.0 - gone) - prices * has) * length_s
    varies = margin(np.square(worth * left_s) @ calls, (worth * left_s).max(axis=1))
    surely = np.maximum(0.0, outside - varies)
    return _best(asked, surely - margin(surely) - loads, outside)


def _crowded(
    asked: Asked, calls: Floats, needs: Floats, has: float, left_s: Floats, loads: float
) -> tuple[float, float]:
    """The same, of all calls outside."""
    rate = calls / asked.length_s
    most = _most_within(rate, left_s, asked.length_s)
    found = []
    for saved in _some(most, SAVED).tolist():
        weight = np.minimum(1.0, saved / most)
        prices = _some(weight[needs > 0.0] * rate[needs > 0.0] / needs[needs > 0.0], PRICES)
        marks = np.minimum(weight, prices[:, None] * needs / rate)
        outside = np.maximum(0.0, marks @ calls - prices * has * asked.length_s)
        found.append(_best(asked, outside - saved * loads - margin(outside), outside))
    return max(found)


def _most_within(rate: Floats, left_s: Floats, length_s: float) -> Floats:
    """[models]: more calls do not come for a model within the limit, at any time of a run; at least 1.

    Each such time lies within one of the times twice as long that begin at its multiples.
    """
    from scipy.special import pdtrc  # only where a scenario needs it

    times = np.maximum(1.0, length_s / np.maximum(left_s, 1e-9) + 2.0) * len(rate)
    mean, chance = 2.0 * rate * left_s, math.exp(-CERTAINTY) / times
    low, high = np.zeros(len(rate)), np.ceil(10.0 * mean + 100.0)
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        rare = pdtrc(middle, mean) <= chance
        low, high = np.where(rare, low, middle), np.where(rare, middle, high)
    return np.where(left_s > 0.0, high, 1.0)


def _some(values: Floats, number: int) -> Floats:
    """So many of the values, evenly by rank."""
    ordered = np.unique(values)
    return ordered[np.linspace(0, len(ordered) - 1, min(number, len(ordered))).astype(np.int64)]


def _best(asked: Asked, surely: Floats, outside: Floats) -> tuple[float, float]:
    at = int(np.argmax(surely))
    return float(surely[at] / (asked.expected + margin(asked.expected))), float(outside[at])
