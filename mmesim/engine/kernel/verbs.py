"""What the control plane may do to the tables: compiled verbs that first bring a host's clock to now.

Nothing else changes a table while a run is under way.
"""

from mmesim.engine.kernel.clients import answer, next_call
from mmesim.engine.kernel.codes import (
    A_DROPPED,
    A_GIVEN_UP,
    DO_LEAVE,
    DRAINING,
    LOAD_TIMEOUT,
    NONE,
    OK,
    READY,
    TASK_CONTROL,
    TASK_JOB,
    WORKER_DIED,
)
from mmesim.engine.kernel.cpu import refresh, start_task, sync
from mmesim.engine.kernel.frontend import end_control, forward, release_loop
from mmesim.engine.kernel.heap import remove_task
from mmesim.engine.kernel.hosts import add_host, drain_host
from mmesim.engine.kernel.jit import entry, inline, inner
from mmesim.engine.kernel.lists import (
    free_attempt,
    free_control,
    free_pool,
    new_pool,
    room,
    unlink_client,
    unlink_server,
)
from mmesim.engine.kernel.record import integrate
from mmesim.engine.kernel.replay import replay
from mmesim.engine.kernel.router import score
from mmesim.engine.kernel.server import settle, stand_in_line, take_next

ADD_HOST, CREATE_POOL, POOL_READY, LOAD_FAILED, DRAIN_POOL, DROP_POOL, START_CPU, CANCEL_CPU = 0, 1, 2, 3, 4, 5, 6, 7
WANT, IDLE_POOLS, FORGET_DISK, SYNC, SET_SPEED, SCORES, ROOM = 8, 9, 10, 11, 12, 13, 14
BLOCK_LOOP, RELEASE_LOOP, CRASH_WORKER, REVIVE_WORKER, SET_CLOCK, EMPTY_POOL, DRAIN_HOST = 15, 16, 17, 18, 19, 20, 21
REPLAY, NEXT_CALL = 22, 23


@inner
def new_workers(t, p):
    """The workers of pool `p`, all idle, in line in the order of their start."""
    space, workers, pools = t.space[0], t.workers, t.pools
    for _ in range(t.models.workers[pools.model[p]]):
        w = space.free_worker
        space.free_worker = workers.next[w]
        space.n_free_workers -= 1
        workers.pool[w] = p
        workers.head[w] = NONE
        workers.fresh[w] = 1
        workers.dead[w] = 0
        workers.sibling[w] = pools.first_worker[p]
        pools.first_worker[p] = w
        pools.workers[p] += 1
        stand_in_line(pools, workers, p, w)


@inline
def overlap(reach, begun, ended):
    """Seconds of [begun, ended] that lie after `reach`."""
    return max(0.0, ended - max(begun, reach))


@inner
def split_wait(t, a, p):
    """Split the wait of attempt `a` for the load of pool `p` by what the load was doing meanwhile."""
    attempts, pools = t.attempts, t.pools
    since = attempts.reach[a]
    first = overlap(since, pools.asked[p], pools.t0[p])
    second = overlap(since, pools.t0[p], pools.t1[p])
    if t.params[0].slot_first == 1:
        attempts.slot_wait[a], attempts.download[a] = first, second
    else:
        attempts.download[a], attempts.slot_wait[a] = first, second
    attempts.memory_wait[a] = overlap(since, pools.t1[p], pools.t2[p])
    attempts.load[a] = overlap(since, pools.t2[p], pools.t3[p])


@inner
def follow(t, action, row, cause, now):
    """Do everything that follows from `action` at this instant."""
    settle(t, action, row, cause, now)


@inner
def crash_worker(t, p, k, now):
    """The `k`-th worker of ready pool `p` dies: its batch gets WORKER_DIED; its row, NONE if it is dead already.

    Requests go on queueing: a dead worker is still a worker to MMS (wlm/WorkLoadManager.hasNoWorker).
    """
    workers, pools, attempts = t.workers, t.pools, t.attempts
    if pools.state[p] != READY and pools.state[p] != DRAINING:
        return NONE
    w = pools.first_worker[p]
    while k > 0 and w != NONE:
        w = workers.sibling[w]
        k -= 1
    if w == NONE or workers.dead[w] == 1:
        return NONE
    h = pools.host[p]
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
                t.hosts.spin[h] -= t.models.spin[pools.model[p]] * used
            break
    a = workers.head[w]
    workers.head[w] = NONE
    while a != NONE:
        after = attempts.next[a]
        follow(t, DO_LEAVE, a, WORKER_DIED, now)
        a = after
    refresh(t, h)
    return w


@inner
def empty_pool(t, p, now):
    """Ready pool `p` is unregistered while it works: its jobs get WORKER_DIED, its queue is dropped without an answer.

    What is still in the front end will not find the model (MMS, wlm/ModelManager.unregisterModel). The time-outs answer
    what was dropped.
    """
    pools, attempts = t.pools, t.attempts
    pools.state[p] = DRAINING
    a = pools.queue_head[p]
    while pools.queue_n[p] > 0:
        after = attempts.next[a]
        attempts.next[a] = NONE
        pools.queue_n[p] -= 1
        pools.in_flight[p] -= 1
        if attempts.server_list[a] == 0:
            free_attempt(t, a)
        else:
            attempts.state[a] = A_DROPPED
            attempts.pool[a] = NONE
        a = after
    for k in range(pools.workers[p]):
        crash_worker(t, p, k, now)


@inner
def leave_line(pools, workers, p, w):
    """Take worker `w` out of the line of idle workers of pool `p`, if it stands there."""
    before = NONE
    x = pools.idle_head[p] if pools.idle_n[p] > 0 else NONE
    for _ in range(pools.idle_n[p]):
        if x == w:
            if before == NONE:
                pools.idle_head[p] = workers.next[w]
            else:
                workers.next[before] = workers.next[w]
            if pools.idle_tail[p] == w:
                pools.idle_tail[p] = before
            pools.idle_n[p] -= 1
            return
        before = x
        x = workers.next[x]


@inner
def revive_worker(t, w, now):
    """A worker that died has loaded its model again: it takes the next job or stands in line."""
    t.workers.dead[w] = 0
    t.workers.fresh[w] = 1
    follow(t, take_next(t, w, now), w, OK, now)
    refresh(t, t.pools.host[t.workers.pool[w]])


@inner
def pool_ready(t, p, first, second, third, now):
    """The load of pool `p` has ended: its waiters are forwarded at once, in order.

    Its phases ended at `first` and `second` (slot wait and download, or the other way round), `third` (memory) and now.
    """
    clock, pools, attempts = t.clock[0], t.pools, t.attempts
    m, h = pools.model[p], pools.host[p]
    pools.state[p] = READY
    pools.t0[p], pools.t1[p], pools.t2[p], pools.t3[p] = first, second, third, now
    pools.inserted[p] = clock.seq
    pools.credit[p] = t.hosts.clock[h]  # the clock after the evictions that made room (Cherkasova's order)
    clock.seq += 1
    t.models.loading[m] -= 1
    t.hosts.load_queue[h] -= 1
    new_workers(t, p)
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
            split_wait(t, a, p)
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
    if cause == LOAD_TIMEOUT:
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
def drop_pool(t, p, on_disk):
    """Pool `p` is unloaded: its workers and its row are free; `on_disk` tells whether the artefact stays on its
    host.
    """
    clock, space, pools, workers = t.clock[0], t.space[0], t.pools, t.workers
    w = pools.first_worker[p]
    while w >= 0:
        after = workers.sibling[w]
        workers.gen[w] += 1
        workers.next[w] = space.free_worker
        space.free_worker = w
        space.n_free_workers += 1
        w = after
    t.models.disk_host[pools.model[p]] = pools.host[p] if on_disk == 1 else NONE
    clock.memory_epoch += 1
    free_pool(t, p)


@inner
def start_cpu(t, h, k, work, second, now):
    """CPU work of the control plane on one thread of host `h`, `work` and then `second` seconds; its row.

    The first part blocks event loop `k`, NONE for no loop.
    """
    space, controls = t.space[0], t.controls
    row = space.free_control
    space.free_control = controls.next[row]
    space.n_free_controls -= 1
    controls.host[row] = h
    controls.threads[row] = 1
    controls.second[row] = second
    controls.loop[row] = k
    if k != NONE:
        t.loops.blocked[h, k] += 1
    start_task(t, h, now, row * 4 + TASK_CONTROL, work, 1, 0)
    refresh(t, h)
    return row


@inner
def cancel_cpu(t, row, now):
    """Take CPU work of the control plane back; 1 if it was still under way."""
    h = t.controls.host[row]
    if h == NONE:
        return 0
    sync(t, h, now)
    code = row * 4 + TASK_CONTROL
    for i in range(t.hosts.heap_n[h]):
        if t.tasks.code[h, i] == code:
            remove_task(t.hosts, t.tasks, h, i)
            t.hosts.threads[h] -= t.controls.threads[row]
            end_control(t, h, row, now)
            free_control(t, row)
            refresh(t, h)
            return 1
    return 0


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


@inline
def do(t, verb, now, i, j, x, y, z):
    """Do `verb`."""
    if verb == ADD_HOST:
        return add_host(t, now, i)
    if verb == CREATE_POOL:
        return new_pool(t, i, j, NONE, now)
    if verb == POOL_READY:
        pool_ready(t, i, x, y, z, now)
    elif verb == LOAD_FAILED:
        load_failed(t, i, j, now)
    elif verb == DRAIN_POOL:
        t.pools.state[i] = DRAINING
    elif verb == DROP_POOL:
        drop_pool(t, i, j)
    elif verb == START_CPU:
        return start_cpu(t, i, j, x, y, now)
    elif verb == CANCEL_CPU:
        return cancel_cpu(t, i, now)
    elif verb == WANT:
        t.hosts.wanted[i] = j
    elif verb == IDLE_POOLS:
        return idle_pools(t, i)
    elif verb == FORGET_DISK:
        if t.models.disk_host[i] == j:
            t.models.disk_host[i] = NONE
    elif verb == SYNC:
        integrate(t, now)
        for h in range(t.clock[0].n_hosts):
            sync(t, h, now)
    elif verb == SET_CLOCK:
        t.hosts.clock[i] = x
    elif verb == SCORES:
        for h in range(t.clock[0].n_hosts):
            t.scores[h] = score(t, i, h)
    elif verb == BLOCK_LOOP:
        t.loops.blocked[i, j] += 1
    elif verb == RELEASE_LOOP:
        release_loop(t, i, j, now)
    elif verb == CRASH_WORKER:
        return crash_worker(t, i, j, now)
    elif verb == REVIVE_WORKER:
        revive_worker(t, i, now)
    elif verb == EMPTY_POOL:
        empty_pool(t, i, now)
    elif verb == DRAIN_HOST:
        drain_host(t, i)
    elif verb == REPLAY:
        return replay(t, i, j)
    elif verb == NEXT_CALL:
        next_call(t.clock[0], t.timers, t.users, t.drafts, t.params[0].out_delay, i, x)
    elif verb == SET_SPEED:
        sync(t, i, now)
        t.hosts.speed[i] = x
        refresh(t, i)
    return 0


@entry
def act(t, verb, now, i, j, x, y, z):
    """Do `verb` at time `now` with its arguments; a row, a count or 0, and the table that must grow before the next."""
    t.clock[0].now = now
    result = do(t, verb, now, i, j, x, y, z)
    return result, room(t)
