"""How long workers are there and how long they are busy: two integrals for each model.

A worker is there while it is alive and its pool is ready. It is busy from taking the first attempt of a batch to the
end of its job, the wait for the batch to fill included: meanwhile it takes nothing else. Workers that serve all models
of a host have a row of their own, the last one; what they are busy with counts for the model.
"""

from mmesim.engine.kernel.codes import NONE, READY, SERVES
from mmesim.engine.kernel.jit import inline, inner


@inline
def worked(t, a, now):
    """The job of the batch that begins with attempt `a` has ended."""
    t.model_stats.busy[t.attempts.model[a]] += now - t.attempts.taken[a]


@inner
def staff(t, s, n, now):
    """`n` workers have joined station `s`, or left it (negative); those of a pool that is not ready do not count."""
    pools, stats = t.pools, t.model_stats
    if pools.state[s] != READY and pools.state[s] != SERVES:
        return
    m = pools.model[s]
    if m == NONE:
        m = stats.workers.size - 1
    stats.worker[m] += stats.workers[m] * (now - stats.worker_at[m])
    stats.worker_at[m] = now
    stats.workers[m] += n


@inner
def staff_leaves(t, p, now):
    """All workers of ready pool `p` leave: it is about to be unloaded."""
    alive = 0
    w = t.pools.first_worker[p]
    while w != NONE:
        alive += 1 - t.workers.dead[w]
        w = t.workers.sibling[w]
    staff(t, p, -alive, now)
