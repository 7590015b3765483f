"""Models that do not fit: all their calls fail, or some of all calls find their model unloaded, whatever is evicted.

At every moment the copies that a fleet holds, loaded or being loaded, fit into its room. A call whose model has no copy
in the room waits for a whole load. Its model is drawn independently of all that has been before, so its chance to be
such a call is at least one less the popularity of the best set of models that fit: no rule of eviction, no start with
full caches and no chance of a short run changes that. Without knowledge of the future keeping the most popular pages is
best for independent requests (E. Coffman, P. Denning, Operating Systems Theory, 1973, chapter 6: rule A0; A. Aho, P.
Denning, J. Ullman, Principles of optimal page replacement, JACM 18, 1971). Copies have sizes: the best set of a
knapsack is at most that of the fractional one, which takes models by popularity over size (G. Dantzig,
Discrete-variable extremum problems, Operations Research 5, 1957), and holds at most as many as there are of the
smallest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim import units
from mmesim.arrays import Flags, Floats
from mmesim.preflight.offered import named
from mmesim.preflight.proof.asked import Asked, Bad
from mmesim.preflight.proof.chance import margin
from mmesim.preflight.proof.fleet import Fleet, Room
from mmesim.preflight.room import HELD
from mmesim.scenario.constraints import NAMES


def never_fits(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Calls for models that an empty host cannot hold."""
    calls = asked.of_model
    proved = float(calls[fleet.failing].sum())
    if proved <= 0.0:
        return
    lost = {resource: float(calls[fleet.never_fits[resource]].sum()) for resource in HELD}
    binds = max(HELD, key=lambda resource: lost[resource])
    models = [fleet.offered.models[row] for row in np.flatnonzero(fleet.never_fits[binds] & (calls > 0.0)).tolist()]
    text = f"{named([model.name for model in models])} can never be loaded for lack of {NAMES[binds]}"
    yield Bad(asked.share_of(proved), binds, text)


def unloaded(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Calls that find no copy in memory: they miss, and are late where the shortest load is longer than the limit."""
    if asked.kind == "misses":
        late, why = np.ones_like(asked.rows), ""
    else:
        late = _late(fleet, asked, fleet.load_s)
        why = f" and a load takes {_shortest(fleet.load_s[late & asked.rows])} or more"
    for room in fleet.rooms:
        yield from _outside(fleet, asked, room, late, why)
    if asked.kind != "misses" and not late.all():
        whole_s = fleet.load_s + fleet.download_s
        late = _late(fleet, asked, whole_s)
        why = f" and download and load take {_shortest(whole_s[late & asked.rows])} or more"
        yield from _outside(fleet, asked, fleet.disk, late, why)


def _late(fleet: Fleet, asked: Asked, wait_s: Floats) -> Flags:
    """[models]: whether a call that waits at least this long is bad."""
    scenario = fleet.scenario
    endpoint, clients = scenario.endpoint, scenario.clients
    answer_s = fleet.call_s + wait_s
    if clients.retries is not None:
        # Another attempt may find the model loaded, as soon as the first one has failed.
        first_s = 0.0 if endpoint.throttling.is_on else min(endpoint.load_timeout_s, clients.timeout_s)
        late: Flags = np.minimum(answer_s, first_s) > asked.limit_s
        return late
    return (answer_s > asked.limit_s) | (wait_s > endpoint.load_timeout_s)


def _outside(fleet: Fleet, asked: Asked, room: Room, late: Flags, why: str) -> Iterator[Bad]:
    """Calls for models that have no copy in this room, of those that are late then."""
    bad = (late | fleet.failing) & asked.rows
    proved = _calls_outside(fleet, asked, room, bad)
    if proved <= 1e-9 * asked.expected:
        return
    yield Bad(asked.share_of(proved), room.resource, f"{held(fleet, asked, room)}{why}, whatever is unloaded")


def held(fleet: Fleet, asked: Asked, room: Room) -> str:
    """How many of the models that are asked for a room holds at once, in words."""
    needs = np.sort(room.needs[asked.rows & ~fleet.failing & (asked.of_model > 0.0)])
    fitting = int(np.searchsorted(np.cumsum(needs), max(0.0, room.has) * fleet.caches, side="right"))
    if len(needs) and needs[0] > 0.0:
        fitting = min(fitting, int(max(0.0, room.has) // needs[0]) * fleet.caches)
    each = fleet.caches == 1 < fleet.scenario.endpoint.most_instances
    what = f"{'room for ' if room.resource == 'tasks' else ''}{NAMES[room.resource]}"
    where = f"{what}{' of each instance' if each else ''}"
    return f"{where} holds at most {fitting:,} of {len(needs):,} models"


def _calls_outside(fleet: Fleet, asked: Asked, room: Room, rows: Flags) -> float:
    """Calls for these models that find no copy in this room, on average, at least."""
    needs, outside = np.where(fleet.failing, np.inf, room.needs), 0.0
    for calls in asked.calls.together:
        value = np.where(rows, calls, 0.0)
        outside += float(value.sum()) - most_held(value, needs, room.has, fleet.caches)
    return outside


def cold_calls(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Cold calls, where every load is longer than the limit: all are late but those that find a load nearly done.

    These are calls for models that are being loaded when they come, as many at once as there are load slots.
    """
    endpoint, clients = fleet.scenario.endpoint, fleet.scenario.clients
    late = _late(fleet, asked, fleet.load_s) | fleet.failing
    if clients.retries is not None or endpoint.throttling.is_on or not late[asked.rows].all():
        return
    slots = endpoint.load_slots * endpoint.most_instances
    joining = float(np.sort(np.where(fleet.failing, 0.0, asked.of_model))[::-1][:slots].sum())
    outside, room = max((_calls_outside(fleet, asked, room, asked.rows), room.resource) for room in fleet.rooms)
    surely = outside - margin(outside) - asked.calls.even
    if surely > 0.0:
        loads = fleet.load_s[asked.rows & ~fleet.failing]
        share = surely / (surely + joining + margin(joining) + asked.calls.even)
        text = f"a load alone takes {_shortest(loads)} or more" if len(loads) else "no model can be loaded"
        yield Bad(share, "load" if len(loads) else room, text)


def most_held(value: Floats, needs: Floats, has: float, hosts: int) -> float:
    """At most the value of the best set of models that this many hosts hold together; what needs infinity is in none.

    The smaller of two bounds: the fractional knapsack of all hosts as one, and the most valuable models, as many as
    there are places for the smallest.
    """
    some = (value > 0.0) & np.isfinite(needs) & (needs <= has)
    value, needs = value[some], needs[some]
    if not len(value):
        return 0.0
    smallest = float(needs.min())
    places = len(value) if smallest <= 0.0 or np.isinf(has) else int(has // smallest) * hosts
    by_number = float(np.sort(value)[::-1][:places].sum())
    if np.isinf(has) or float(needs.sum()) <= has * hosts:
        return by_number
    with np.errstate(divide="ignore"):
        order = np.argsort(-value / needs, kind="stable")
    filled, gained = np.cumsum(needs[order]), np.cumsum(value[order])
    whole = int(np.searchsorted(filled, has * hosts, side="right"))
    before, until = (float(gained[whole - 1]), float(filled[whole - 1])) if whole else (0.0, 0.0)
    part = (has * hosts - until) / float(needs[order[whole]])
    return min(by_number, before + part * float(value[order[whole]]))


def _shortest(waits_s: Floats) -> str:
    return units.show_seconds(float(waits_s.min())) if len(waits_s) else "nothing"
