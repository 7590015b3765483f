"""The workers of a station by demand: the line of idle ones, one more when many wait, and one less when it idles.

A worker that was added has one timer, which looks from time to time whether it has been idle for `max_idle`: a timer
for each idle moment would be a timer for each job.
"""

from mmesim.engine.kernel import devices
from mmesim.engine.kernel.codes import (
    ADD_WORKER,
    CLASS_EXPIRY,
    INF,
    NONE,
    REACHED,
    READY,
    SERVES,
    TIMER_IDLE,
    WORKER_GONE,
)
from mmesim.engine.kernel.heap import push_timer
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.staff import staff


@inline
def stand_in_line(t, s, w, now):
    """Put worker `w` at the end of the line of idle workers of station `s`."""
    pools, workers = t.pools, t.workers
    workers.next[w] = NONE
    if t.params[0].max_idle < INF:
        t.by_demand.idle_since[w] = now
    if pools.idle_n[s] > 0:
        workers.next[pools.idle_tail[s]] = w
    else:
        pools.idle_head[s] = w
    pools.idle_tail[s] = w
    pools.idle_n[s] += 1


@inner
def leave_line(pools, workers, s, w):
    """Take worker `w` out of the line of idle workers of station `s`, if it stands there."""
    before = NONE
    x = pools.idle_head[s] if pools.idle_n[s] > 0 else NONE
    for _ in range(pools.idle_n[s]):
        if x == w:
            if before == NONE:
                pools.idle_head[s] = workers.next[w]
            else:
                workers.next[before] = workers.next[w]
            if pools.idle_tail[s] == w:
                pools.idle_tail[s] = before
            pools.idle_n[s] -= 1
            return
        before = x
        x = workers.next[x]


@inline
def ask_for_worker(t, s):
    """Signal that station `s` wants one more worker, if enough attempts wait and it may have one.

    When the control plane has something else to do first, the next attempt that has to wait asks again.
    """
    clock, pools = t.clock[0], t.pools
    wanted = pools.queue_n[s] >= pools.add_worker_at[s] and pools.workers[s] < pools.most_workers[s]
    if wanted and clock.signal == REACHED:
        clock.signal = ADD_WORKER
        clock.signal_row = s
        pools.workers[s] += 1


@inner
def watch_idle(t, w, until):
    """Look at `until` whether worker `w`, which was added, has been idle for so long that it stops."""
    push_timer(t.clock[0], t.timers, until, CLASS_EXPIRY, TIMER_IDLE, w, t.workers.gen[w])


@inner
def end_idle(t, w, now):
    """Worker `w`, which was added, stops if it has been idle for `max_idle`; else it is looked at later."""
    clock, space, workers, pools = t.clock[0], t.space[0], t.workers, t.pools
    s = workers.pool[w]
    if pools.state[s] != READY and pools.state[s] != SERVES:
        return  # it goes with its pool
    since = t.by_demand.idle_since[w] if workers.head[w] == NONE else now
    until = since + t.params[0].max_idle
    if until > now:
        watch_idle(t, w, until)
        return
    leave_line(pools, workers, s, w)
    staff(t, s, -1, now)
    if pools.first_worker[s] == w:
        pools.first_worker[s] = workers.sibling[w]
    else:
        x = pools.first_worker[s]
        while workers.sibling[x] != w:
            x = workers.sibling[x]
        workers.sibling[x] = workers.sibling[w]
    pools.workers[s] -= 1
    workers.gen[w] += 1
    workers.batch_no[w] += 1
    if t.params[0].devices > 0:
        devices.forget(t, pools.host[s], w, now)
    workers.next[w] = space.free_worker
    space.free_worker = w
    space.n_free_workers += 1
    clock.signal = WORKER_GONE
    clock.signal_row = s
