"""Requests without timing: what they do to the ranking of the models for eviction, and which of them miss."""

from mmesim.engine.kernel.codes import NONE
from mmesim.engine.kernel.frontend import touch
from mmesim.engine.kernel.jit import inner
from mmesim.engine.kernel.router import choose, unchoose


@inner
def replay(t, first, last):
    """Touch the pools of the requests [first, last) of the buffer of arrivals, each at its time, up to the first miss.

    -> the request that misses, with the host that it goes to in `scratch[0]`; `last` when all of them hit.
    """
    arrivals = t.arrivals
    for k in range(first, last):
        p, h = choose(t, arrivals.model[k], arrivals.route[k])
        if p == NONE:
            unchoose(t, arrivals.route[k])
            t.scratch[0] = h
            return k
        touch(t, p, arrivals.time[k])
    return last
