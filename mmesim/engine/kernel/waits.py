"""What an attempt that waits for a load waits for: the phases of the load, as far as they lie in its wait."""

from mmesim.engine.kernel.jit import inline, inner


@inline
def overlap(reach, begun, ended, now):
    """Seconds of [begun, ended] that lie in [reach, now]."""
    return max(0.0, min(ended, now) - max(begun, reach))


@inner
def split_wait(t, a, p, now):
    """Split the wait of attempt `a` for the load of pool `p`, up to `now`, by what the load was doing meanwhile.

    The end of a phase that is not over is infinite.
    """
    attempts, pools = t.attempts, t.pools
    since = attempts.reach[a]
    first = overlap(since, pools.asked[p], pools.t0[p], now)
    second = overlap(since, pools.t0[p], pools.t1[p], now)
    if t.params[0].slot_first == 1:
        attempts.slot_wait[a], attempts.download[a] = first, second
    else:
        attempts.download[a], attempts.slot_wait[a] = first, second
    attempts.memory_wait[a] = overlap(since, pools.t1[p], pools.t2[p], now)
    attempts.load[a] = overlap(since, pools.t2[p], pools.t3[p], now)
