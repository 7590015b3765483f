"""The life of a pool: its load ends or fails, its workers die and come back, it is unloaded."""

from mmesim.engine.kernel import devices
from mmesim.engine.kernel.clients import answer
from mmesim.engine.kernel.codes import (
    A_DROPPED,
    A_GIVEN_UP,
    DO_LEAVE,
    DRAINING,
    FREE,
    GHOST,
    INF,
    LOADING,
    NEVER_FITS,
    NO_WORKER,
    NONE,
    OK,
    READY,
    SERVES,
    TASK_JOB,
    WORKER_DIED,
)
from mmesim.engine.kernel.cpu import refresh, sync
from mmesim.engine.kernel.demand import leave_line, stand_in_line, watch_idle
from mmesim.engine.kernel.frontend import forward
from mmesim.engine.kernel.heap import remove_task
from mmesim.engine.kernel.jit import inner
from mmesim.engine.kernel.lists import (
    free_attempt,
    free_pool,
    take_pool,
    unlink_client,
    unlink_server,
)
from mmesim.engine.kernel.server import settle, station_of, take_next
from mmesim.engine.kernel.staff import staff, staff_leaves, worked
from mmesim.engine.kernel.waits import split_wait


@inner
def new_workers(t, s, n, now):
    """`n` workers of station `s`, all idle, in line in the order of their start."""
    staff(t, s, n, now)
    for _ in range(n):
        t.pools.workers[s] += 1
        stand_in_line(t, s, new_worker(t, s), now)


@inner
def new_worker(t, s):
    """A worker of station `s`, which counts it already; it has nothing to do yet."""
    space, workers, pools = t.space[0], t.workers, t.pools
    w = space.free_worker
    space.free_worker = workers.next[w]
    space.n_free_workers -= 1
    workers.pool[w] = s
    workers.head[w] = NONE
    workers.fresh[w] = 1
    workers.dead[w] = 0
    workers.sibling[w] = pools.first_worker[s]
    pools.first_worker[s] = w
    if t.params[0].max_idle < INF:
        t.by_demand.added[w] = 0
    if t.params[0].devices > 0:
        devices.assign(t, pools.host[s], w)
    return w


@inner
def add_worker(t, s, now):
    """A worker that was asked for has started at station `s`: it takes the next job or stands in line."""
    w = new_worker(t, s)
    staff(t, s, 1, now)
    if t.params[0].max_idle < INF:
        t.by_demand.added[w] = 1
        watch_idle(t, w, now + t.params[0].max_idle)
    follow(t, take_next(t, w, now), w, OK, now)
    refresh(t, t.pools.host[s])


@inner
def new_station(t, h, now):
    """The shared queue of host `h`, and its workers."""
    pools, copies, k = t.pools, t.copies, t.hosts.config[h]
    m = t.model_stats.workers.size - 1
    s = take_pool(t)
    pools.state[s] = SERVES
    pools.model[s] = NONE
    pools.host[s] = h
    pools.most_workers[s] = copies.most_workers[m, k]
    pools.add_worker_at[s] = copies.add_worker_at[m, k]
    t.stations[h] = s
    new_workers(t, s, copies.workers[m, k], now)


@inner
def follow(t, action, row, cause, now):
    """Do everything that follows from `action` at this instant."""
    settle(t, action, row, cause, now)


@inner
def pool_ready(t, p, now):
    """The load of pool `p` has ended: its waiters are forwarded at once, in order."""
    clock, pools, attempts = t.clock[0], t.pools, t.attempts
    m, h = pools.model[p], pools.host[p]
    pools.state[p] = READY
    pools.t3[p] = now
    pools.inserted[p] = clock.seq
    pools.credit[p] = t.hosts.clock[h]  # the clock after the evictions that made room (Cherkasova's order)
    clock.seq += 1
    t.models.loading[m] -= 1
    t.hosts.load_queue[h] -= 1
    if pools.load_left[p] != NO_WORKER:
        new_workers(t, p, t.copies.workers[m, t.hosts.config[h]], now)
    a = pools.waiter_head[p]
    pools.waiter_head[p] = pools.waiter_tail[p] = NONE
    pools.waiter_n[p] = 0
    while a >= 0:
        after = attempts.next[a]
        attempts.next[a] = NONE
        if attempts.state[a] == A_GIVEN_UP:
            free_attempt(t, a)
        else:
            unlink_server(t, a)
            split_wait(t, a, p, now)
            follow(t, forward(t, a, p, now), a, OK, now)
        a = after
    refresh(t, h)


@inner
def load_failed(t, p, cause, now):
    """The load of pool `p` has failed: its waiters get `cause`, the pool is gone."""
    clock, pools, attempts = t.clock[0], t.pools, t.attempts
    m, h = pools.model[p], pools.host[p]
    t.models.loading[m] -= 1
    t.hosts.load_queue[h] -= 1
    if cause != NEVER_FITS:
        clock.memory_epoch += 1  # what it held is free
    t.models.blocked_epoch[m] = clock.memory_epoch
    a = pools.waiter_head[p]
    while a >= 0:
        after = attempts.next[a]
        attempts.next[a] = NONE
        unlink_server(t, a)
        if attempts.answered[a] == 0:
            unlink_client(t, a)
            answer(t, a, cause, now)
        free_attempt(t, a)
        a = after
    free_pool(t, p)


@inner
def drop_pool(t, p, on_disk, now):
    """Pool `p` is unloaded: its workers and its row are free; `on_disk`: whether the artefact stays on its host."""
    free_workers(t, p, now)
    t.models.disk_host[t.pools.model[p]] = t.pools.host[p] if on_disk == 1 else NONE
    t.clock[0].memory_epoch += 1
    free_pool(t, p)


@inner
def free_workers(t, s, now):
    """The rows of all workers of station `s` are free: timers and tasks that were meant for them are void."""
    space, workers = t.space[0], t.workers
    w = t.pools.first_worker[s]
    while w >= 0:
        after = workers.sibling[w]
        workers.gen[w] += 1
        workers.batch_no[w] += 1
        if t.params[0].devices > 0:
            devices.forget(t, t.pools.host[s], w, now)
        workers.next[w] = space.free_worker
        space.free_worker = w
        space.n_free_workers += 1
        w = after
    t.pools.first_worker[s] = NONE


@inner
def empty_pool(t, p, now):
    """Ready pool `p` is unregistered while it works: its jobs get WORKER_DIED, its queue is dropped without an answer.

    What is still in the front end will not find the model (MMS, wlm/ModelManager.unregisterModel). The time-outs answer
    what was dropped.
    """
    pools, attempts = t.pools, t.attempts
    staff_leaves(t, p, now)
    pools.state[p] = DRAINING
    s = station_of(t, p)
    before = NONE
    a = pools.queue_head[s]
    for _ in range(pools.queue_n[s]):
        after = attempts.next[a]
        if attempts.pool[a] == p:
            if before == NONE:
                pools.queue_head[s] = after
            else:
                attempts.next[before] = after
            attempts.next[a] = NONE
            pools.queue_n[s] -= 1
            pools.in_flight[p] -= 1
            if attempts.server_list[a] == 0:
                free_attempt(t, a)
            else:
                attempts.state[a] = A_DROPPED
                attempts.pool[a] = NONE
        else:
            before = a
        a = after
    pools.queue_tail[s] = before
    for k in range(pools.workers[p]):
        crash_worker(t, p, k, now)


@inner
def crash_worker(t, p, k, now):
    """The `k`-th worker of ready pool `p` dies: its batch gets WORKER_DIED; its row, NONE if it is dead already.

    Requests go on queueing: a dead worker is still a worker to MMS (wlm/WorkLoadManager.hasNoWorker).
    """
    workers, pools, attempts = t.workers, t.pools, t.attempts
    if pools.state[p] == FREE or pools.state[p] == LOADING or pools.state[p] == GHOST:
        return NONE
    w = pools.first_worker[p]
    while k > 0 and w != NONE:
        w = workers.sibling[w]
        k -= 1
    if w == NONE or workers.dead[w] == 1:
        return NONE
    h = pools.host[p]
    staff(t, p, -1, now)
    workers.dead[w] = 1
    workers.gen[w] += 1
    workers.batch_no[w] += 1
    if pools.filler[p] == w:
        pools.filler[p] = NONE
    leave_line(pools, workers, p, w)
    sync(t, h, now)
    code = w * 4 + TASK_JOB
    for i in range(t.hosts.heap_n[h]):
        if t.tasks.code[h, i] == code:
            remove_task(t.hosts, t.tasks, h, i)
            used = workers.threads[w]
            t.hosts.threads[h] -= used
            if used > 1:
                t.hosts.spin[h] -= t.models.spin[attempts.model[workers.head[w]]] * used
            break
    if t.params[0].devices > 0:
        devices.forget(t, h, w, now)
    a = workers.head[w]
    workers.head[w] = NONE
    if a != NONE:
        worked(t, a, now)
    while a != NONE:
        after = attempts.next[a]
        follow(t, DO_LEAVE, a, WORKER_DIED, now)
        a = after
    refresh(t, h)
    return w


@inner
def revive_worker(t, w, now):
    """A worker that died has loaded its model again: it takes the next job or stands in line."""
    t.workers.dead[w] = 0
    t.workers.fresh[w] = 1
    staff(t, t.workers.pool[w], 1, now)
    if t.params[0].max_idle < INF and t.by_demand.added[w] == 1:
        watch_idle(t, w, now + t.params[0].max_idle)
    follow(t, take_next(t, w, now), w, OK, now)
    refresh(t, t.pools.host[t.workers.pool[w]])


@inner
def idle_pools(t, h):
    """Write the pools of host `h` that may be unloaded to `scratch`, oldest row of the host first: ready, not pinned,
    nothing queued or in flight.
    """
    pools, pinned = t.pools, t.models.pinned
    n = 0
    p = t.hosts.first_pool[h]
    while p >= 0:
        if pools.state[p] == READY and pools.in_flight[p] == 0 and pinned[pools.model[p]] == 0:
            t.scratch[n] = p
            n += 1
        p = pools.next_pool[p]
    return n
