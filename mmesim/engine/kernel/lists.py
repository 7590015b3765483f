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
)
from mmesim.engine.kernel.jit import inline, inner


@inline
def new_attempt(t):
    """A free row of attempts; the caller fills it."""
    clock = t.clock
    a = clock.free_attempt[0]
    clock.free_attempt[0] = t.attempts.next[a]
    clock.n_free_attempts[0] -= 1
    t.attempts.next[a] = NONE
    return a


@inline
def free_attempt(t, a):
    """Give a row of attempts back."""
    clock, attempts = t.clock, t.attempts
    attempts.state[a] = A_FREE
    attempts.gen[a] += 1
    attempts.next[a] = clock.free_attempt[0]
    clock.free_attempt[0] = a
    clock.n_free_attempts[0] += 1


@inline
def free_control(t, row):
    """Give the row of CPU work of the control plane back."""
    clock, controls = t.clock, t.controls
    controls.host[row] = NONE
    controls.next[row] = clock.free_control[0]
    clock.free_control[0] = row
    clock.n_free_controls[0] += 1


@inner
def new_pool(t, m, h, asker, now):
    """A pool of model `m` on host `h` in state LOADING, asked for by attempt `asker` (or NONE)."""
    clock, pools, models, hosts = t.clock, t.pools, t.models, t.hosts
    p = clock.free_pool[0]
    clock.free_pool[0] = pools.free[p]
    clock.n_free_pools[0] -= 1
    pools.state[p] = LOADING
    pools.model[p] = m
    pools.host[p] = h
    pools.queue_head[p] = pools.queue_tail[p] = NONE
    pools.waiter_head[p] = pools.waiter_tail[p] = NONE
    pools.idle_head[p] = pools.idle_tail[p] = NONE
    pools.queue_n[p] = pools.waiter_n[p] = pools.idle_n[p] = pools.in_flight[p] = 0
    pools.workers[p] = 0
    pools.first_worker[p] = NONE
    pools.filler[p] = NONE
    pools.episode[p] = 0
    pools.frequency[p] = 0
    pools.asker[p] = asker
    pools.asked_by[p] = t.attempts.key[asker] if asker >= 0 else NONE
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
    models.n_copies[m] += 1
    models.loading[m] += 1
    tail = hosts.last_pool[h]
    pools.prev_pool[p] = tail
    pools.next_pool[p] = NONE
    if tail >= 0:
        pools.next_pool[tail] = p
    else:
        hosts.first_pool[h] = p
    hosts.last_pool[h] = p
    hosts.n_pools[h] += 1
    hosts.load_queue[h] += 1
    return p


@inner
def free_pool(t, p):
    """Unlink a pool from its model and its host and give its row back."""
    clock, pools, models, hosts = t.clock, t.pools, t.models, t.hosts
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
    models.n_copies[m] -= 1
    before, after = pools.prev_pool[p], pools.next_pool[p]
    if before >= 0:
        pools.next_pool[before] = after
    else:
        hosts.first_pool[h] = after
    if after >= 0:
        pools.prev_pool[after] = before
    else:
        hosts.last_pool[h] = before
    hosts.n_pools[h] -= 1
    pools.state[p] = FREE
    pools.gen[p] += 1
    pools.free[p] = clock.free_pool[0]
    clock.free_pool[0] = p
    clock.n_free_pools[0] += 1


@inline
def link_client(t, a):
    """Put attempt `a` at the end of the list of attempts whose client waits (in order of their start)."""
    clock, attempts = t.clock, t.attempts
    tail = clock.client_tail[0]
    attempts.client_prev[a] = tail
    attempts.client_next[a] = NONE
    if tail >= 0:
        attempts.client_next[tail] = a
    else:
        clock.client_head[0] = a
        clock.client_expiry[0] = attempts.start[a] + t.params.client_timeout[0]
    clock.client_tail[0] = a


@inline
def unlink_client(t, a):
    """Take attempt `a` out of the list of attempts whose client waits."""
    clock, attempts = t.clock, t.attempts
    before, after = attempts.client_prev[a], attempts.client_next[a]
    if after >= 0:
        attempts.client_prev[after] = before
    else:
        clock.client_tail[0] = before
    if before >= 0:
        attempts.client_next[before] = after
    else:
        clock.client_head[0] = after
        clock.client_expiry[0] = INF
        if after >= 0:
            # Rounding may put two attempts that reach the router together in the other order of their deadlines.
            clock.client_expiry[0] = max(clock.now[0], attempts.start[after] + t.params.client_timeout[0])


WAITERS, FORWARDED = 1, 2  # attempts.server_list; 0: in neither


@inline
def link_server(t, a, which):
    """Put attempt `a` at the end of the list of load waiters or of forwarded attempts; it counts as in flight."""
    clock, attempts = t.clock, t.attempts
    attempts.server_list[a] = which
    attempts.server_next[a] = NONE
    if which == WAITERS:
        tail = clock.waiter_tail[0]
        clock.waiter_tail[0] = a
        if tail < 0:
            clock.waiter_head[0] = a
            clock.waiter_expiry[0] = attempts.reach[a] + t.params.load_timeout[0]
    else:
        tail = clock.forward_tail[0]
        clock.forward_tail[0] = a
        if tail < 0:
            clock.forward_head[0] = a
            clock.forward_expiry[0] = attempts.forwarded[a] + t.params.invocation_timeout[0]
    attempts.server_prev[a] = tail
    if tail >= 0:
        attempts.server_next[tail] = a
    t.hosts.in_flight[attempts.host[a]] += 1


@inline
def unlink_server(t, a):
    """Take attempt `a` out of its list of the platform's time-outs, if it is in one."""
    clock, attempts = t.clock, t.attempts
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
            clock.waiter_tail[0] = before
        if before < 0:
            clock.waiter_head[0] = after
            clock.waiter_expiry[0] = attempts.reach[after] + t.params.load_timeout[0] if after >= 0 else INF
    else:
        if after < 0:
            clock.forward_tail[0] = before
        if before < 0:
            clock.forward_head[0] = after
            clock.forward_expiry[0] = attempts.forwarded[after] + t.params.invocation_timeout[0] if after >= 0 else INF
    t.hosts.in_flight[attempts.host[a]] -= 1


@inline
def room(t):
    """Which table has fewer than MARGIN free rows, NONE if none has."""
    clock = t.clock
    if clock.n_free_attempts[0] < clock.margin[0]:
        return GROW_ATTEMPTS
    if clock.n_free_pools[0] < MARGIN:
        return GROW_POOLS
    if clock.n_free_workers[0] < t.params.margin_workers[0]:
        return GROW_WORKERS
    if clock.n_free_controls[0] < MARGIN:
        return GROW_CONTROLS
    if clock.n_timers[0] + clock.margin[0] >= t.timers.time.size:
        return GROW_TIMERS
    if clock.tasks_full[0] == 1:
        return GROW_TASKS
    if t.params.record[0] == 1 and clock.n_records[0] + clock.margin[0] >= t.records.call.size:
        return GROW_RECORDS
    return NONE
