"""The data plane's loop: run every request up to the control plane's next event, or until it has to decide
something.
"""

from mmesim.engine.kernel.batches import close_batch
from mmesim.engine.kernel.codes import (
    A_DROPPED,
    A_GIVEN_UP,
    A_WAITING,
    CLASS_ARRIVAL,
    CLASS_ENTRY,
    CLASS_EXPIRY,
    CLIENT_TIMEOUT,
    CPU_DONE,
    DO_ANSWER,
    DO_ENTER,
    DO_LEAVE,
    DO_LOSE,
    DO_NOTHING,
    DO_POST_WAIT,
    DO_PRE_WAIT,
    DO_REACH,
    DO_STAGE,
    DO_THROTTLE,
    GROW,
    INF,
    INVOCATION_TIMEOUT,
    LOAD_TIMEOUT,
    NONE,
    OK,
    REACHED,
    READY,
    REFILL,
    TASK_CONTROL,
    TASK_JOB,
    TASK_POST,
    TIMER_BATCH,
    TIMER_IDLE,
    TIMER_JOB,
    TIMER_LOOP,
    TIMER_PRE,
    TIMER_REACH,
    TIMER_USER,
    USERS,
)
from mmesim.engine.kernel.columns import LINE
from mmesim.engine.kernel.cpu import refresh, start_task, sync
from mmesim.engine.kernel.demand import end_idle
from mmesim.engine.kernel.frontend import end_control, end_pre, forward, next_stalled, touch
from mmesim.engine.kernel.heap import KINDS, KLASS, pop_timer, push_timer, remove_task
from mmesim.engine.kernel.jit import entry, inline
from mmesim.engine.kernel.lists import WAITERS, free_control, link_client, link_server, new_attempt, room, unlink_server
from mmesim.engine.kernel.prefetch import prefetch
from mmesim.engine.kernel.record import integrate
from mmesim.engine.kernel.router import REFUSED, route
from mmesim.engine.kernel.server import settle


@inline
def fill(t, a, rows, overhead, i):
    """Attempt `a` is the first of the call in row `i` of the arrivals or of the drafts of users."""
    counts, params, attempts = t.counts[0], t.params[0], t.attempts
    attempts.call[a] = counts.calls
    counts.calls += 1
    attempts.number[a] = 1
    attempts.key[a] = rows.key[i]
    attempts.model[a] = rows.model[i]
    attempts.cpu[a] = rows.cpu[i]
    attempts.wait[a] = rows.wait[i]
    attempts.route[a] = rows.route[i]
    attempts.cold[a] = 0
    attempts.earlier_hits[a] = attempts.earlier_misses[a] = 0
    attempts.backoff[a] = 0.0
    attempts.failed[a] = 0.0
    if params.drawn_overhead == 1:
        attempts.pre_cpu[a] = overhead.pre_cpu[i]
        attempts.pre_wait[a] = overhead.pre_wait[i]
        attempts.hold_cpu[a] = overhead.hold_cpu[i]
        attempts.hold_wait[a] = overhead.hold_wait[i]
        attempts.post_cpu[a] = overhead.post_cpu[i]
        attempts.post_wait[a] = overhead.post_wait[i]
    else:
        attempts.pre_cpu[a] = params.pre_cpu
        attempts.pre_wait[a] = params.pre_wait
        attempts.hold_cpu[a] = params.hold_cpu
        attempts.hold_wait[a] = params.hold_wait
        attempts.post_cpu[a] = params.post_cpu
        attempts.post_wait[a] = params.post_wait


@inline
def begin(t, a, start, user):
    """The call of attempt `a` begins for its client at `start`."""
    params, attempts = t.params[0], t.attempts
    attempts.call_start[a] = start
    attempts.start[a] = start
    attempts.user[a] = user
    measured = 1 if start >= params.warmup and start < params.duration else 0
    attempts.measured[a] = measured
    t.counts[0].measured_begun += measured
    t.counts[0].begun += 1 if start < params.duration else 0


@inline
def is_in_vain(t, start):
    """Whether a call that begins at `start` comes after the measured time, and no measured call is there any more."""
    counts = t.counts[0]
    return start >= t.params[0].duration and counts.measured_calls == counts.measured_begun


AHEAD = 12  # calls that the hint is ahead of: a pool and its worker are reached through the model, four later each


@inline
def look_ahead(t, i):
    """Let the rows that the calls after row `i` of the arrivals will need be fetched into the caches."""
    models, pools, arrivals = t.models, t.pools, t.arrivals
    prefetch(arrivals, i + 2 * AHEAD, 0)
    m = arrivals.model[i + AHEAD]
    prefetch(models, m, 0)
    prefetch(t.model_stats, m, 0)
    prefetch(t.model_over, m, 0)
    p = models.first_copy[arrivals.model[i + AHEAD - 4]]
    if p >= 0:
        prefetch(pools, p, 0)
        prefetch(pools, p, LINE)
        prefetch(pools, p, 2 * LINE)
    p = models.first_copy[arrivals.model[i + AHEAD - 8]]
    if p >= 0:
        prefetch(pools, pools.next_copy[p], 0)  # the hint is for nothing where there is none
        if pools.idle_n[p] > 0:
            prefetch(t.workers, pools.idle_head[p], 0)
            prefetch(t.workers, pools.idle_head[p], LINE)


@inline
def begin_call(t):
    """The next call of the open-loop streams reaches the router; its row."""
    clock, arrivals = t.clock[0], t.arrivals
    i = clock.arrival
    clock.arrival = i + 1
    if i + AHEAD < clock.n_arrivals:
        look_ahead(t, i)
    a = new_attempt(t)
    fill(t, a, arrivals, t.arrival_overhead, i)
    if t.params[0].devices > 0:
        t.device_calls.work[a] = t.arrival_device[i]
    begin(t, a, arrivals.time[i], NONE)
    return a


@inline
def look_ahead_user(t):
    """Let the rows that the call of the user whose timer is next will need be fetched into the caches."""
    code = t.timers.code[0]
    if t.clock[0].n_timers > 0 and code % KINDS == TIMER_USER:
        u = code // KINDS
        m = t.drafts.model[t.users.at[u]]
        prefetch(t.models, m, 0)
        prefetch(t.model_stats, m, 0)
        prefetch(t.model_over, m, 0)


@inline
def begin_user_call(t, u):
    """The next call of user `u` reaches the router; its row, NONE if it is not made any more."""
    users = t.users
    t.clock[0].thinking -= 1
    if is_in_vain(t, users.start[u]):
        return NONE
    b = users.budget[u]
    if b != NONE:
        if t.budgets[b] == 0:
            return NONE
        t.budgets[b] -= 1
    a = new_attempt(t)
    i = users.at[u]
    fill(t, a, t.drafts, t.draft_overhead, i)
    if t.params[0].devices > 0:
        t.device_calls.work[a] = t.draft_device[i]
    users.at[u] = i + 1 if i < users.last[u] else users.first[u]
    users.left[u] -= 1
    prefetch(t.drafts, users.at[u], 0)  # wanted when this call ends
    begin(t, a, users.start[u], u)
    return a


@inline
def reach(t, a, now):
    """Attempt `a` reaches the router at `now` and is sent to a host: a hit if its model is ready there, else it
    waits. -> action
    """
    counts, attempts, pools = t.counts[0], t.attempts, t.pools
    integrate(t, now)
    counts.in_system += 1
    counts.reached += 1
    counts.most = max(counts.most, counts.in_system)
    attempts.answered[a] = 0
    attempts.hit[a] = 0
    attempts.host[a] = attempts.pool[a] = NONE
    attempts.server_list[a] = 0
    attempts.reach[a] = now
    attempts.forwarded[a] = -1.0
    attempts.stall[a] = attempts.slot_wait[a] = attempts.download[a] = 0.0
    attempts.memory_wait[a] = attempts.load[a] = 0.0
    attempts.service[a] = attempts.overhead[a] = attempts.cpu_wait[a] = 0.0
    if t.params[0].devices > 0:
        t.device_calls.asked[a] = t.device_calls.begun[a] = t.device_calls.copy[a] = 0.0
    link_client(t, a)
    p = route(t, a, attempts.route[a], now)
    if p == NONE:
        return DO_LOSE
    if p == REFUSED:
        return DO_THROTTLE
    h = pools.host[p]
    attempts.host[a] = h
    attempts.pool[a] = p
    touch(t, p, now)
    if pools.state[p] == READY:
        attempts.hit[a] = 1
        return forward(t, a, p, now)
    attempts.state[a] = A_WAITING
    attempts.cold[a] = 1
    attempts.next[a] = NONE
    if pools.waiter_tail[p] >= 0:
        attempts.next[pools.waiter_tail[p]] = a
    else:
        pools.waiter_head[p] = a
    pools.waiter_tail[p] = a
    pools.waiter_n[p] += 1
    link_server(t, a, WAITERS)
    return DO_NOTHING


@inline
def expire(t, now):
    """The first of the time-outs that are due at `now`: the client's, then a load waiter's, then an invocation's.
    -> cause, row
    """
    deadlines, attempts = t.deadlines[0], t.attempts
    if deadlines.client_expiry <= now:
        return CLIENT_TIMEOUT, deadlines.client_head
    if deadlines.waiter_expiry <= now:
        a = deadlines.waiter_head
        unlink_server(t, a)
        attempts.state[a] = A_GIVEN_UP  # its row is freed when the load ends
        t.pools.waiter_n[attempts.pool[a]] -= 1
        return LOAD_TIMEOUT, a
    a = deadlines.forward_head
    unlink_server(t, a)  # the job goes on: the model server cancels nothing
    return INVOCATION_TIMEOUT, a


@inline
def end_task(t, h, now):
    """The next CPU task of host `h` ends. -> action, its row"""
    clock, hosts = t.clock[0], t.hosts
    finish = t.tasks.finish[h, 0]
    sync(t, h, now)
    hosts.virtual[h] = max(finish, hosts.virtual[h])
    code = remove_task(hosts, t.tasks, h, 0)
    row, kind = code >> 2, code & 3
    if kind == TASK_JOB:
        used = t.workers.threads[row]
        hosts.threads[h] -= used
        if used > 1:
            hosts.spin[h] -= t.models.spin[t.attempts.model[t.workers.head[row]]] * used
        return DO_STAGE, row
    if kind == TASK_CONTROL:
        hosts.threads[h] -= t.controls.threads[row]
        end_control(t, h, row, now)
        if t.controls.second[row] > 0.0:
            start_task(t, h, now, code, t.controls.second[row], t.controls.threads[row], 0)
            t.controls.second[row] = 0.0
            return DO_NOTHING, NONE
        free_control(t, row)
        clock.signal = CPU_DONE
        clock.signal_row = row
        return DO_NOTHING, NONE
    hosts.threads[h] -= 1
    if kind == TASK_POST:
        return DO_POST_WAIT, row
    refresh(t, h)
    if t.ends[1] <= now or (clock.n_timers > 0 and t.timers.time[0] <= now):
        # Something else ends at this instant: completions go before entries to a queue.
        wait = t.attempts.pre_wait[row]
        t.attempts.overhead[row] += wait
        push_timer(clock, t.timers, now + wait, CLASS_ENTRY, TIMER_PRE, row, t.attempts.gen[row])
        end_pre(t, row, h, now)
        return DO_NOTHING, NONE
    end_pre(t, row, h, now)
    return DO_PRE_WAIT, row


@inline
def fire_timer(t, now):
    """The next timer fires. -> action, its row, its host (NONE when the timer is void)"""
    kind, row, gen = pop_timer(t.clock[0], t.timers)
    if kind == TIMER_JOB:
        if t.workers.gen[row] != gen:
            return DO_NOTHING, NONE, NONE
        return DO_STAGE, row, t.pools.host[t.workers.pool[row]]
    if kind == TIMER_LOOP:
        return next_stalled(t, row, now)
    if kind == TIMER_IDLE:
        if t.workers.gen[row] == gen:
            end_idle(t, row, now)
        return DO_NOTHING, NONE, NONE
    if kind == TIMER_BATCH:
        if t.workers.batch_no[row] != gen:
            return DO_NOTHING, NONE, NONE
        close_batch(t, row, now)
        return DO_STAGE, row, t.pools.host[t.workers.pool[row]]
    if kind == TIMER_USER:
        look_ahead_user(t)
        a = begin_user_call(t, row)
        return (DO_NOTHING if a == NONE else DO_REACH), a, NONE
    if t.attempts.gen[row] != gen:
        return DO_NOTHING, NONE, NONE
    if kind == TIMER_REACH:
        t.counts[0].backing_off -= 1
        return DO_REACH, row, NONE
    return (DO_ENTER if kind == TIMER_PRE else DO_LEAVE), row, t.attempts.host[row]


@entry
def advance(t, until):
    """Run the data plane up to, and without, time `until`; (signal, row): why it stopped and what it is about."""
    clock, deadlines, params = t.clock[0], t.deadlines[0], t.params[0]
    clock.crossings += 1
    if clock.signal != REACHED:  # a verb left one
        signal, row = clock.signal, clock.signal_row
        clock.signal = REACHED
        return signal, row
    while True:
        if clock.arrival >= clock.n_arrivals and clock.more == 1:
            return REFILL, NONE
        if clock.undrawn != NONE:
            return USERS, NONE
        missing = room(t)
        if missing != NONE:
            return GROW, missing
        arrival = INF
        if clock.arrival < clock.n_arrivals:
            arrival = t.arrivals.time[clock.arrival] + params.out_delay
        timer = INF
        klass = CLASS_ARRIVAL
        if clock.n_timers > 0:
            timer = t.timers.time[0]
            klass = t.timers.order[0] // KLASS
        expiry = min(deadlines.client_expiry, deadlines.waiter_expiry, deadlines.forward_expiry)
        completion = t.ends[1]
        now = min(min(completion, timer), min(expiry, arrival))
        if now >= until:
            return REACHED, NONE
        clock.now = now
        cause = OK
        if completion == now:
            h = t.firsts[1]
            action, row = end_task(t, h, now)
        elif timer == now and (klass < CLASS_EXPIRY or expiry > now):
            action, row, h = fire_timer(t, now)
        elif expiry == now:
            cause, row = expire(t, now)
            action = DO_LEAVE if t.attempts.state[row] == A_DROPPED else DO_ANSWER  # nobody serves what was dropped
            h = NONE
        elif is_in_vain(t, t.arrivals.time[clock.arrival]):
            clock.arrival = clock.n_arrivals
            clock.more = 0
            continue
        else:
            row = begin_call(t)
            action = DO_REACH
        if action == DO_REACH:
            action = reach(t, row, now)
            h = t.attempts.host[row]
        settle(t, action, row, cause, now)
        if h != NONE:
            refresh(t, h)
        if clock.signal != REACHED:
            signal, row = clock.signal, clock.signal_row
            clock.signal = REACHED
            return signal, row
