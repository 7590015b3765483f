"""A host is lost: what is on it ends at once, and every row that it had in use is free.

The router may not know yet: then the host is LOST, its pools are GHOSTs, and calls that are sent there fail until
`notice_loss`. A call on the host gets HOST_LOST at the loss, one that is sent there later when it comes there.
"""

from mmesim.engine.kernel import devices
from mmesim.engine.kernel.clients import answer
from mmesim.engine.kernel.codes import (
    A_BACKOFF,
    A_FREE,
    ADD_WORKER,
    GHOST,
    HOST_LOST,
    IDLE,
    LEAVING,
    LOADING,
    LOST,
    MISS,
    NONE,
    REACHED,
    READY,
    TASK_CONTROL,
    UP,
)
from mmesim.engine.kernel.cpu import refresh, sync
from mmesim.engine.kernel.hosts import leave_router
from mmesim.engine.kernel.jit import inner
from mmesim.engine.kernel.lists import free_attempt, free_control, free_pool, free_row, unlink_client, unlink_server
from mmesim.engine.kernel.pools import free_workers
from mmesim.engine.kernel.staff import staff_leaves, worked


@inner
def kill_host(t, h, now):
    """Host `h` is no more. If the router sends to it, it goes on doing so: `notice_loss` must follow."""
    hosts, pools = t.hosts, t.pools
    hosts.state[h] = LOST if hosts.state[h] == UP else LEAVING
    clear_signal(t, h)
    stop_cpu(t, h, now)
    p = hosts.first_pool[h]
    while p >= 0:
        stop_workers(t, p, now)
        p = pools.next_pool[p]
    if t.params[0].shared_queue == 1:
        stop_workers(t, t.stations[h], now)
    lose_attempts(t, h, now)
    p = hosts.first_pool[h]
    while p >= 0:
        after = pools.next_pool[p]
        is_loading = pools.state[p] == LOADING
        if is_loading:
            t.models.loading[pools.model[p]] -= 1
        # The router believes in copies that it has forgotten as well: it may place a new one there.
        if hosts.state[h] == LOST and (is_loading or pools.state[p] == READY):
            make_ghost(pools, p)
        else:
            free_pool(t, p)
        p = after
    if t.params[0].shared_queue == 1:
        free_row(t, t.stations[h])
    devices.clear(t, h, now)
    for k in range(hosts.loops[h]):
        t.loops.blocked[h, k] = 0
        t.loops.head[h, k] = t.loops.tail[h, k] = NONE
    hosts.load_queue[h] = hosts.wanted[h] = 0
    refresh(t, h)


@inner
def notice_loss(t, h):
    """The router learns that host `h` is lost."""
    if t.hosts.state[h] != LOST:
        return
    leave_router(t, h)
    p = t.hosts.first_pool[h]
    while p >= 0:
        after = t.pools.next_pool[p]
        free_pool(t, p)
        p = after


@inner
def clear_signal(t, h):
    """What a verb has left to be signalled of a pool of host `h` is void."""
    clock = t.clock[0]
    about_pool = clock.signal == IDLE or clock.signal == ADD_WORKER or clock.signal == MISS
    if about_pool and t.pools.host[clock.signal_row] == h:
        clock.signal = REACHED


@inner
def stop_cpu(t, h, now):
    """Nothing computes on host `h` any more; the rows of what the control plane computed are free."""
    sync(t, h, now)
    for i in range(t.hosts.heap_n[h]):
        code = t.tasks.code[h, i]
        if code & 3 == TASK_CONTROL:
            free_control(t, code >> 2)
    t.hosts.heap_n[h] = t.hosts.threads[h] = t.hosts.spin[h] = 0


@inner
def stop_workers(t, s, now):
    """The workers of station `s` are no more, whatever they do."""
    workers = t.workers
    staff_leaves(t, s, now)
    w = t.pools.first_worker[s]
    while w >= 0:
        if workers.head[w] != NONE:
            worked(t, workers.head[w], now)
            workers.head[w] = NONE
        w = workers.sibling[w]
    if t.params[0].devices > 0:
        devices.let_go(t, s)
    free_workers(t, s, now)


@inner
def lose_attempts(t, h, now):
    """Every attempt on host `h` ends: those that wait for a load, then those in the container, by their order there."""
    attempts = t.attempts
    a = t.deadlines[0].waiter_head
    while a != NONE:
        after = attempts.server_next[a]
        if attempts.host[a] == h:
            lose_attempt(t, a, HOST_LOST, now)
        a = after
    end_forwarded(t, h, HOST_LOST, now)
    for a in range(attempts.state.size):  # what was answered long ago and is still served
        if attempts.host[a] == h and attempts.state[a] != A_FREE and attempts.state[a] != A_BACKOFF:
            free_attempt(t, a)


@inner
def end_forwarded(t, h, cause, now):
    """Every attempt that was handed to the container of host `h` and that nobody has answered fails with `cause`."""
    a = t.deadlines[0].forward_head
    while a != NONE:
        after = t.attempts.server_next[a]
        if t.attempts.host[a] == h:
            lose_attempt(t, a, cause, now)
        a = after


@inner
def lose_attempt(t, a, cause, now):
    """Attempt `a` ends with its host or its container; its client, if it still waits, is told."""
    unlink_server(t, a)
    if t.attempts.answered[a] == 0:
        unlink_client(t, a)
        answer(t, a, cause, now)
    free_attempt(t, a)


@inner
def make_ghost(pools, p):
    """Pool `p` is no more, but the router goes on sending to it."""
    pools.state[p] = GHOST
    pools.in_flight[p] = pools.queue_n[p] = pools.idle_n[p] = pools.waiter_n[p] = 0
    pools.waiter_head[p] = pools.waiter_tail[p] = pools.filler[p] = NONE
