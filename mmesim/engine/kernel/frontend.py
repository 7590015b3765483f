"""The front end of the model server: a request comes in on an event loop, which does its work before the queue.

An event loop is one thread: it does one thing after the other, requests and registrations of models. Source:
awslabs/multi-model-server, frontend http/InferenceRequestHandler and http/ManagementRequestHandler: what a request
needs up to the queue runs on the event loop that read it, as a registration does, for which every connection of that
loop waits until the model's parent process has started.
"""

from mmesim.engine.kernel.codes import (
    A_PRE,
    A_STALLED,
    CLASS_ENTRY,
    DO_ENTER,
    DO_NOTHING,
    DO_PRE_WAIT,
    NONE,
    TASK_PRE,
    TIMER_LOOP,
    TIMER_PRE,
)
from mmesim.engine.kernel.cpu import start_task
from mmesim.engine.kernel.heap import push_timer
from mmesim.engine.kernel.jit import inline
from mmesim.engine.kernel.lists import FORWARDED, link_server

MOST_LOOPS = 1 << 24  # of one host: a timer names host and loop by one number


@inline
def touch(t, p, now):
    """Note an access to pool `p`: eviction ranks by sequence number, by time only where the rule is about time."""
    clock, pools = t.clock[0], t.pools
    pools.last[p] = now
    pools.credit[p] = t.hosts.clock[pools.host[p]]
    pools.accessed[p] = clock.seq
    clock.seq += 1
    pools.frequency[p] += 1


@inline
def forward(t, a, p, now):
    """Hand attempt `a` to the container of its host; its pool is ready. -> action"""
    attempts = t.attempts
    h = t.pools.host[p]
    attempts.forwarded[a] = now
    attempts.state[a] = A_PRE
    t.pools.in_flight[p] += 1
    link_server(t, a, FORWARDED)
    loops = t.hosts.loops[h]
    k = NONE
    if loops > 0:
        k = loop_of(attempts.route[a], loops)
        if t.loops.blocked[h, k] > 0 or t.loops.head[h, k] != NONE:
            stall(t, a, h, k)
            return DO_NOTHING
    return start_pre(t, a, h, k, now)


@inline
def loop_of(u, loops):
    """The event loop of a client's connection, from the uniform number of its call: other digits than the router's."""
    x = u * 4096.0
    return min(loops - 1, int((x - int(x)) * loops))


@inline
def stall(t, a, h, k):
    """Attempt `a` comes in on event loop `k` of host `h`, which is busy: it waits."""
    attempts, loops = t.attempts, t.loops
    attempts.state[a] = A_STALLED
    attempts.next[a] = NONE
    if loops.head[h, k] == NONE:
        loops.head[h, k] = a
    else:
        attempts.next[loops.tail[h, k]] = a
    loops.tail[h, k] = a


@inline
def release_loop(t, h, k, now):
    """A registration or an attempt no longer keeps event loop `k` of host `h`: what waits there first comes in."""
    loops = t.loops
    loops.blocked[h, k] -= 1
    if loops.blocked[h, k] == 0 and loops.head[h, k] != NONE:
        push_timer(t.clock[0], t.timers, now, CLASS_ENTRY, TIMER_LOOP, h * MOST_LOOPS + k, 0)


@inline
def end_control(t, h, row, now):
    """CPU work of the control plane, or its first part, has ended: the event loop that it blocked is free."""
    k = t.controls.loop[row]
    if k != NONE:
        t.controls.loop[row] = NONE
        release_loop(t, h, k, now)


@inline
def next_stalled(t, row, now):
    """The first attempt that waits at an event loop comes in. -> action, its row, its host"""
    attempts, loops = t.attempts, t.loops
    h, k = row // MOST_LOOPS, row % MOST_LOOPS
    a = loops.head[h, k]
    if a == NONE or loops.blocked[h, k] > 0:
        return DO_NOTHING, NONE, h
    loops.head[h, k] = attempts.next[a]
    attempts.next[a] = NONE
    attempts.state[a] = A_PRE
    attempts.stall[a] = now - attempts.forwarded[a]
    action = start_pre(t, a, h, k, now)
    if loops.blocked[h, k] == 0 and loops.head[h, k] != NONE:
        push_timer(t.clock[0], t.timers, now, CLASS_ENTRY, TIMER_LOOP, row, 0)
    return action, a, h


@inline
def start_pre(t, a, h, k, now):
    """The front end begins its work on attempt `a`: what computes keeps event loop `k` (or NONE). -> action"""
    attempts = t.attempts
    if attempts.pre_cpu[a] > 0.0:
        if k != NONE:
            t.loops.blocked[h, k] += 1
        start_task(t, h, now, a * 4 + TASK_PRE, attempts.pre_cpu[a], 1, 0)
        attempts.overhead[a] += attempts.pre_cpu[a] / t.hosts.full_speed[h]
        return DO_NOTHING
    return DO_PRE_WAIT


@inline
def end_pre(t, a, h, now):
    """The front end has computed for attempt `a`: its event loop is free."""
    n = t.hosts.loops[h]
    if n > 0:
        release_loop(t, h, loop_of(t.attempts.route[a], n), now)


@inline
def pre_wait(t, a, now):
    """The part of the front end's work before the queue that is waiting, not computing. -> action"""
    attempts = t.attempts
    if attempts.pre_wait[a] > 0.0:
        attempts.overhead[a] += attempts.pre_wait[a]
        push_timer(t.clock[0], t.timers, now + attempts.pre_wait[a], CLASS_ENTRY, TIMER_PRE, a, attempts.gen[a])
        return DO_NOTHING
    return DO_ENTER
