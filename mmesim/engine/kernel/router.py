"""Which pool gets an attempt: the router's policies and the placement of a new copy.

`sticky` is the default: a remembering affinity with bounded load. AWS publishes only that requests stay with the
instance that has the model, and that many requests make some go to another instance, where the model is loaded first
(docs.aws.amazon.com, sagemaker, how-multi-mode-endpoints-work); the rule itself is a platform unknown.

A new policy needs a row in scenario/endpoint/router.py, and here a name in `POLICIES`, its number, and a branch.
"""

from mmesim.engine.kernel.codes import GHOST, LOADING, LOST, MISS, NONE, READY, UP
from mmesim.engine.kernel.hashing import PRIME, mixed
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.lists import new_pool
from mmesim.engine.kernel.sides import end_up, first_up, side_of

POLICIES = ("sticky", "hash", "random", "least_outstanding", "round_robin")  # as a scenario names them
STICKY, HASH, RANDOM, LEAST_OUTSTANDING, ROUND_ROBIN = range(len(POLICIES))

PLACEMENTS = ("rendezvous", "most_free", "least_loaded")  # as a scenario names them
RENDEZVOUS, MOST_FREE, LEAST_LOADED = range(len(PLACEMENTS))

REFUSED = -2
ROUNDING = 1e-9  # of a token: calls at just the rate are not refused


@inner
def score(t, m, h):
    """Rendezvous weight of model `m` on host `h`: the host with the highest one is the model's first."""
    return mixed((t.models.key[m] ^ t.hosts.key[h]) % PRIME)


@inner
def pool_on(t, m, h):
    """The pool of model `m` on host `h` that is ready or loading, as far as the router knows; NONE without one."""
    pools = t.pools
    p = t.models.first_copy[m]
    while p >= 0:
        if pools.host[p] == h and (pools.state[p] == READY or pools.state[p] == LOADING or pools.state[p] == GHOST):
            return p
        p = pools.next_copy[p]
    return NONE


@inline
def uses(t, m, h):
    """Whether the router uses a pool of model `m` on host `h`: it has not forgotten it at a change of the fleet."""
    p = pool_on(t, m, h)
    return p != NONE and t.pools.up[p] > 0


@inner
def place(t, m, side):
    """Host of a side for a new copy of model `m`, NONE if every host of it that is up has one.

    RENDEZVOUS: the host that still has the artefact on disk, else the first in rendezvous order. LEAST_LOADED: the one
    with the fewest attempts in flight. Both among the hosts whose load queue is at most one longer than the shortest.
    MOST_FREE: the one with the least memory of pools, whatever its load queue. Equal ones in rendezvous order.
    """
    hosts, placement = t.hosts, t.params[0].placement
    first, end = first_up(t, side), end_up(t, side)
    shortest = NONE
    for k in range(first, end):
        h = t.up[k]
        if not uses(t, m, h) and (shortest == NONE or hosts.load_queue[h] < shortest):
            shortest = hosts.load_queue[h]
    if shortest == NONE:
        return NONE
    h = t.models.disk_host[m]
    if (
        placement == RENDEZVOUS
        and h >= 0
        and (hosts.state[h] == UP or hosts.state[h] == LOST)
        and hosts.side[h] == side
        and hosts.load_queue[h] <= shortest + 1
        and not uses(t, m, h)
    ):
        return h
    best = NONE
    best_score = least = 0
    for k in range(first, end):
        h = t.up[k]
        if (hosts.load_queue[h] <= shortest + 1 or placement == MOST_FREE) and not uses(t, m, h):
            s = score(t, m, h)
            full = 0
            if placement == MOST_FREE:
                full = hosts.placed[h]
            elif placement == LEAST_LOADED:
                full = hosts.in_flight[h]
            if best == NONE or full < least or (full == least and s > best_score):
                best, best_score, least = h, s, full
    return best


@inline
def sticky(t, m, side):
    """(pool, host to load on) of a side: one of them is NONE, or both when no host of it is up."""
    pools, models = t.pools, t.models
    ready = loading = NONE
    p = models.first_copy[m]
    while p >= 0:
        if pools.up[p] == 1 + side:  # its host's row may be far away
            if pools.state[p] == READY or pools.state[p] == GHOST:
                if ready == NONE or pools.in_flight[p] < pools.in_flight[ready]:
                    ready = p
            elif pools.state[p] == LOADING and loading == NONE:
                loading = p
        p = pools.next_copy[p]
    if ready >= 0:
        if (
            pools.in_flight[ready] < models.spill_at[m]
            or models.loading[m] > 0
            or models.blocked_epoch[m] == t.clock[0].memory_epoch
        ):
            return ready, NONE
        h = place(t, m, side)
        if h == NONE:
            return ready, NONE
        return again(t, m, h), h
    if loading >= 0:
        return loading, NONE
    h = place(t, m, side)
    return again(t, m, h), h


@inline
def again(t, m, h):
    """The pool of model `m` on host `h`, where a copy is to be placed, if the router had forgotten it."""
    if h == NONE or t.params[0].rehash == 0:
        return NONE
    p = pool_on(t, m, h)
    if p != NONE:
        t.pools.up[p] = 1 + t.hosts.side[h]
    return p


@inner
def first_in_order(t, m, side):
    """First host of a side for model `m` in rendezvous order, NONE when none of it is up."""
    up = t.up
    best = best_score = NONE
    for k in range(first_up(t, side), end_up(t, side)):
        s = score(t, m, up[k])
        if s > best_score:
            best, best_score = up[k], s
    return best


@inline
def home(t, m, side):
    """The same, looked for anew only when hosts have come or gone, or the traffic was shifted.

    While both sides take calls it is looked for each time.
    """
    clock, models = t.clock[0], t.models
    if clock.share > 0.0 and clock.share < 1.0:
        return first_in_order(t, m, side)
    if models.home_epoch[m] != clock.fleet_epoch:
        models.home_epoch[m] = clock.fleet_epoch
        models.home[m] = first_in_order(t, m, side)
    return models.home[m]


@inner
def rehash(t):
    """The hosts have changed: no copy is used any more that is not on the first host, of its side, of its model."""
    pools, models = t.pools, t.models
    t.params[0].rehash = 1
    for m in range(models.key.size):
        first = first_in_order(t, m, 0)
        second = first_in_order(t, m, 1)
        models.disk_host[m] = NONE
        p = models.first_copy[m]
        while p >= 0:
            if pools.host[p] != first and pools.host[p] != second:
                pools.up[p] = 0
            p = pools.next_copy[p]


@inner
def pick_host(t, m, u, side):
    """Host of a side by a policy that does not ask where the model is; NONE when none of it is up."""
    clock, hosts, up = t.clock[0], t.hosts, t.up
    first, end = first_up(t, side), end_up(t, side)
    n = end - first
    policy = t.params[0].policy
    if n == 0:
        return NONE
    if policy == RANDOM:
        return up[first + min(n - 1, int(u * n))]
    best = NONE
    if policy == HASH:
        best = home(t, m, side)
    elif policy == LEAST_OUTSTANDING:
        for k in range(first, end):
            if best == NONE or hosts.in_flight[up[k]] < hosts.in_flight[best]:
                best = up[k]
    elif policy == ROUND_ROBIN:
        best = up[first + clock.turn % n]
        clock.turn += 1
    return best


@inline
def choose(t, m, u):
    """(pool, host to load on) for a request of model `m` with its uniform number `u`; both NONE when no host is up.

    With a pool the host means nothing.
    """
    params = t.params[0]
    misroute = params.misroute
    p = h = NONE
    side, u = side_of(t, m, u)
    if u < misroute:
        first = first_up(t, side)
        n = end_up(t, side) - first
        if n > 0:
            h = t.up[first + min(n - 1, int(u / misroute * n))]
            p = pool_on(t, m, h)
    else:
        if misroute > 0.0:
            u = (u - misroute) / (1.0 - misroute)
        if params.policy == STICKY:
            p, h = sticky(t, m, side)
        else:
            h = pick_host(t, m, u, side)
            if h >= 0:
                p = pool_on(t, m, h)
    return p, h


@inline
def unchoose(t, u):
    """Take back what `choose` noted for a request with the uniform number `u`, which will be looked at again."""
    params = t.params[0]
    if params.policy == ROUND_ROBIN and u >= params.misroute:
        t.clock[0].turn -= 1


@inline
def is_throttled(t, h, now):
    """Whether host `h` refuses an attempt at `now`: too many in flight over all models, or no token left."""
    params, hosts = t.params[0], t.hosts
    most = params.throttle_in_flight
    if most > 0 and hosts.in_flight[h] >= most:
        return True
    rate = params.throttle_rate
    if rate <= 0.0:
        return False
    hosts.tokens[h] = min(params.throttle_burst, hosts.tokens[h] + rate * (now - hosts.tokens_at[h]))
    hosts.tokens_at[h] = now
    if hosts.tokens[h] < 1.0 - ROUNDING:
        return True
    hosts.tokens[h] = max(0.0, hosts.tokens[h] - 1.0)
    return False


@inline
def route(t, a, u, now):
    """Pool for attempt `a` with its uniform number `u`, made (and MISS signalled) if it has to be loaded.

    NONE: there is no host, or the one that the router chooses is lost; REFUSED: the host takes no more.
    """
    clock = t.clock[0]
    m = t.attempts.model[a]
    p, h = choose(t, m, u)
    if p != NONE:
        if t.pools.state[p] == GHOST:  # as every pool of a lost host is, whose row may be far away
            return NONE
        h = t.pools.host[p]
    elif h >= 0 and t.hosts.state[h] == LOST:
        return NONE
    if h >= 0 and is_throttled(t, h, now):
        return REFUSED
    if p == NONE and h >= 0:
        p = new_pool(t, m, h, a, now)
        clock.signal = MISS
        clock.signal_row = p
    return p
