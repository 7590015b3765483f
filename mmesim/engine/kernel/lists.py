"""Rows and the lists that link them: free lists, the copies of a model, the pools of a host, attempts by deadline."""

from mmesim.engine.kernel.codes import (
    A_FREE,
    FREE,
    GROW_ATTEMPTS,
    GROW_CONTROLS,
    GROW_POOLS,
    GROW_RECORDS,
    GROW_TASKS,
    GROW_TIMERS,
    GROW_WORKERS,
    INF,
    LOADING,
    MARGIN,
    NONE,
    UP,
    WORKS,
)
from mmesim.engine.kernel.hashing import load_key
from mmesim.engine.kernel.jit import inline, inner


@inline
def new_attempt(t):
    """A free row of attempts; the caller fills it."""
    space = t.space[0]
    a = space.free_attempt
    space.free_attempt = t.attempts.next[a]
    space.n_free_attempts -= 1
    t.attempts.next[a] = NONE
    return a


@inline
def free_attempt(t, a):
    """Give a row of attempts back."""
    space, attempts = t.space[0], t.attempts
    attempts.state[a] = A_FREE
    attempts.gen[a] += 1
    attempts.next[a] = space.free_attempt
    space.free_attempt = a
    space.n_free_attempts += 1


@inline
def free_control(t, row):
    """Give the row of CPU work of the control plane back."""
    space, controls = t.space[0], t.controls
    controls.host[row] = NONE
    controls.next[row] = space.free_control
    space.free_control = row
    space.n_free_controls += 1


@inline
def take_pool(t):
    """A free row of pools with an empty queue and no worker; the caller fills it."""
    space, pools = t.space[0], t.pools
    p = space.free_pool
    space.free_pool = pools.free[p]
    space.n_free_pools -= 1
    pools.queue_head[p] = pools.queue_tail[p] = NONE
    pools.idle_head[p] = pools.idle_tail[p] = NONE
    pools.queue_n[p] = pools.idle_n[p] = pools.workers[p] = 0
    pools.first_worker[p] = pools.filler[p] = NONE
    return p


@inner
def new_pool(t, m, h, asker, now):
    """A pool of model `m` on host `h` in state LOADING, asked for by attempt `asker` (or NONE)."""
    pools, models, hosts = t.pools, t.models, t.hosts
    p = take_pool(t)
    pools.state[p] = LOADING
    pools.model[p] = m
    pools.host[p] = h
    pools.up[p] = 1 + hosts.side[h] if hosts.state[h] == UP else 0
    pools.most_workers[p] = t.copies.most_workers[m, hosts.config[h]]
    pools.add_worker_at[p] = t.copies.add_worker_at[m, hosts.config[h]]
    pools.waiter_head[p] = pools.waiter_tail[p] = NONE
    pools.waiter_n[p] = pools.in_flight[p] = 0
    pools.episode[p] = 0
    pools.load_left[p] = WORKS
    pools.frequency[p] = pools.served[p] = 0
    pools.asked_by[p] = load_key(t.attempts.key[asker], t.attempts.number[asker]) if asker >= 0 else NONE
    pools.asked[p] = pools.last[p] = now
    pools.credit[p] = hosts.clock[h]
    pools.t0[p] = pools.t1[p] = pools.t2[p] = pools.t3[p] = INF
    tail = models.last_copy[m]
    pools.prev_copy[p] = tail
    pools.next_copy[p] = NONE
    if tail >= 0:
        pools.next_copy[tail] = p
    else:
        models.first_copy[m] = p
    models.last_copy[m] = p
    models.loading[m] += 1
    tail = hosts.last_pool[h]
    pools.prev_pool[p] = tail
    pools.next_pool[p] = NONE
    if tail >= 0:
        pools.next_pool[tail] = p
    else:
        hosts.first_pool[h] = p
    hosts.last_pool[h] = p
    hosts.load_queue[h] += 1
    hosts.placed[h] += t.copies.bytes[m, hosts.config[h]]
    return p


@inner
def free_pool(t, p):
    """Unlink a pool from its model and its host and give its row back."""
    pools, models, hosts = t.pools, t.models, t.hosts
    m, h = pools.model[p], pools.host[p]
    before, after = pools.prev_copy[p], pools.next_copy[p]
    if before >= 0:
        pools.next_copy[before] = after
    else:
        models.first_copy[m] = after
    if after >= 0:
        pools.prev_copy[after] = before
    else:
        models.last_copy[m] = before
    before, after = pools.prev_pool[p], pools.next_pool[p]
    if before >= 0:
        pools.next_pool[before] = after
    else:
        hosts.first_pool[h] = after
    if after >= 0:
        pools.prev_pool[after] = before
    else:
        hosts.last_pool[h] = before
    hosts.placed[h] -= t.copies.bytes[m, hosts.config[h]]
    free_row(t, p)


@inline
def free_row(t, p):
    """Give a row of pools back that is in no list."""
    space, pools = t.space[0], t.pools
    pools.state[p] = FREE
    pools.gen[p] += 1
    pools.free[p] = space.free_pool
    space.free_pool = p
    space.n_free_pools += 1


@inline
def link_client(t, a):
    """Put attempt `a` at the end of the list of attempts whose client waits (in order of their start)."""
    deadlines, attempts = t.deadlines[0], t.attempts
    tail = deadlines.client_tail
    attempts.client_prev[a] = tail
    attempts.client_next[a] = NONE
    if tail >= 0:
        attempts.client_next[tail] = a
    else:
        deadlines.client_head = a
        deadlines.client_expiry = attempts.start[a] + t.params[0].patience
    deadlines.client_tail = a


@inline
def unlink_client(t, a):
    """Take attempt `a` out of the list of attempts whose client waits."""
    clock, deadlines, attempts = t.clock[0], t.deadlines[0], t.attempts
    before, after = attempts.client_prev[a], attempts.client_next[a]
    if after >= 0:
        attempts.client_prev[after] = before
    else:
        deadlines.client_tail = before
    if before >= 0:
        attempts.client_next[before] = after
    else:
        deadlines.client_head = after
        deadlines.client_expiry = INF
        if after >= 0:
            # Rounding may put two attempts that reach the router together in the other order of their deadlines.
            deadlines.client_expiry = max(clock.now, attempts.start[after] + t.params[0].patience)


WAITERS, FORWARDED = 1, 2  # attempts.server_list; 0: in neither


@inline
def link_server(t, a, which):
    """Put attempt `a` at the end of the list of load waiters or of forwarded attempts; it counts as in flight."""
    deadlines, attempts = t.deadlines[0], t.attempts
    attempts.server_list[a] = which
    attempts.server_next[a] = NONE
    if which == WAITERS:
        tail = deadlines.waiter_tail
        deadlines.waiter_tail = a
        if tail < 0:
            deadlines.waiter_head = a
            deadlines.waiter_expiry = attempts.reach[a] + t.params[0].load_timeout
    else:
        tail = deadlines.forward_tail
        deadlines.forward_tail = a
        if tail < 0:
            deadlines.forward_head = a
            deadlines.forward_expiry = attempts.forwarded[a] + t.params[0].invocation_timeout
    attempts.server_prev[a] = tail
    if tail >= 0:
        attempts.server_next[tail] = a
    t.hosts.in_flight[attempts.host[a]] += 1


@inline
def unlink_server(t, a):
    """Take attempt `a` out of its list of the platform's time-outs, if it is in one."""
    deadlines, attempts = t.deadlines[0], t.attempts
    which = attempts.server_list[a]
    if which == 0:
        return
    attempts.server_list[a] = 0
    before, after = attempts.server_prev[a], attempts.server_next[a]
    if before >= 0:
        attempts.server_next[before] = after
    if after >= 0:
        attempts.server_prev[after] = before
    if which == WAITERS:
        if after < 0:
            deadlines.waiter_tail = before
        if before < 0:
            deadlines.waiter_head = after
            deadlines.waiter_expiry = attempts.reach[after] + t.params[0].load_timeout if after >= 0 else INF
    else:
        if after < 0:
            deadlines.forward_tail = before
        if before < 0:
            deadlines.forward_head = after
            deadlines.forward_expiry = attempts.forwarded[after] + t.params[0].invocation_timeout if after >= 0 else INF
    t.hosts.in_flight[attempts.host[a]] -= 1


@inline
def room(t):
    """Which table has fewer than MARGIN free rows, NONE if none has."""
    clock, space = t.clock[0], t.space[0]
    if space.n_free_attempts < space.margin:
        return GROW_ATTEMPTS
    if space.n_free_pools < MARGIN:
        return GROW_POOLS
    if space.n_free_workers < t.params[0].margin_workers:
        return GROW_WORKERS
    if space.n_free_controls < MARGIN:
        return GROW_CONTROLS
    if clock.n_timers + space.margin >= t.timers.time.size:
        return GROW_TIMERS
    if space.tasks_full == 1:
        return GROW_TASKS
    if t.params[0].record == 1 and space.n_records + space.margin >= t.records.call.size:
        return GROW_RECORDS
    return NONE
