"""The clients: when they give up, whether they try again, and the next call of a user of a closed loop.

Source of boto3's rules: botocore, retryhandler.py and data/_retry.json (legacy), retries/standard.py and
retries/quota.py (standard).
"""

from mmesim.engine.kernel.codes import (
    A_BACKOFF,
    CLASS_ARRIVAL,
    CLIENT_TIMEOUT,
    NONE,
    OK,
    TIMER_REACH,
    TIMER_USER,
)
from mmesim.engine.kernel.failed import count_failed
from mmesim.engine.kernel.hashing import BACKOFF, ROUTE, chance
from mmesim.engine.kernel.heap import push_timer
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.lists import new_attempt
from mmesim.engine.kernel.record import COARSE, FINE, bucket, cell_of, end_attempt, end_call


@inline
def answer(t, a, cause, now):
    """Attempt `a` ends for its client: answered by the platform at `now`, or given up by the client (CLIENT_TIMEOUT).

    An answer reaches the client after the way back, unless the client has given up by then. Then the call ends, or the
    client tries again.
    """
    params, attempts = t.params[0], t.attempts
    attempts.answered[a] = 1
    done = now + params.back_delay
    if done > attempts.start[a] + params.patience:
        cause = CLIENT_TIMEOUT
    if cause == CLIENT_TIMEOUT:
        done = attempts.start[a] + params.client_timeout
    latency = done - attempts.call_start[a]
    cell = cell_of(latency)
    coarse = bucket(t.coarse_edges, t.coarse_start[cell // (FINE // COARSE)], latency)
    end_attempt(t, a, cause, now, latency, coarse)
    if cause != OK and attempts.measured[a] == 1:
        count_failed(t, a, cause, min(now, done), done)
    if params.max_attempts > 1 and not is_last(attempts, params, t.tokens, t.retry_on, a, cause):
        try_again(t, a, done)
        return
    end_call(t, a, cause, latency, cell, coarse)
    if attempts.user[a] != NONE:
        next_call(t.clock[0], t.timers, t.users, t.drafts, params.out_delay, attempts.user[a], done)


@inner
def is_last(attempts, params, tokens, retry_on, a, cause):
    """Whether the client makes no further attempt after `a`, which ended with `cause`; keeps the retry quota.

    It takes what it needs: all tables are copied where a function that is not inlined gets them.
    """
    quota = params.retry_quota
    process = (attempts.key[a] if attempts.user[a] == NONE else attempts.user[a]) % params.processes
    if cause == OK:
        if quota > 0:
            back = attempts.retry_cost[a] if attempts.number[a] > 1 else params.quota_refund
            tokens[process] = min(quota, tokens[process] + back)
        return True
    if attempts.number[a] >= params.max_attempts or retry_on[cause] == 0:
        return True
    if quota > 0:
        cost = params.quota_cost_timeout if cause == CLIENT_TIMEOUT else params.quota_cost
        if tokens[process] < cost:
            return True
        tokens[process] -= cost
        attempts.retry_cost[a] = cost
    return False


@inner
def try_again(t, a, done):
    """The client, who sees the failure of attempt `a` at `done`, makes another one after a pause, in a row of its own.

    The failed attempt may go on being served. The pause is base * factor ** (failures - 1), at most the cap, less a
    random share of it up to the jitter.
    """
    params, attempts = t.params[0], t.attempts
    b = new_attempt(t)
    number = attempts.number[a]
    pause = params.retry_base
    for _ in range(number - 1):
        pause = min(pause * params.retry_factor, params.retry_cap)
    pause = min(pause, params.retry_cap)
    key = attempts.key[a]
    pause *= 1.0 - params.retry_jitter * chance(key, number, BACKOFF, params.chance_seed)
    life = attempts.gen[b]
    attempts[b] = attempts[a]
    if params.devices > 0:
        t.device_calls[b] = t.device_calls[a]
    attempts.gen[b] = life
    attempts.next[b] = NONE
    attempts.state[b] = A_BACKOFF
    attempts.number[b] = number + 1
    # Not in the past, by what rounding adds to a client's patience.
    late = max(0.0, t.clock[0].now - params.out_delay - (done + pause))
    attempts.start[b] = done + pause + late
    attempts.backoff[b] = attempts.backoff[a] + pause + late
    attempts.failed[b] = attempts.failed[a] + (done - attempts.start[a])
    attempts.route[b] = chance(key, number, ROUTE, params.chance_seed)
    attempts.earlier_hits[b] += attempts.hit[a]
    attempts.earlier_misses[b] += 1 if attempts.hit[a] == 0 and attempts.host[a] >= 0 else 0
    attempts.answered[b] = 1  # nobody waits for it yet
    attempts.pool[b] = attempts.host[b] = NONE
    attempts.server_list[b] = 0
    t.counts[0].backing_off += 1
    reach_at = max(t.clock[0].now, attempts.start[b] + params.out_delay)
    push_timer(t.clock[0], t.timers, reach_at, CLASS_ARRIVAL, TIMER_REACH, b, attempts.gen[b])


@inner
def next_call(clock, timers, users, drafts, out_delay, u, done):
    """User `u`, free since `done`, begins the next call after its pause.

    Python is asked when all drawn calls are used, and when the user is away and comes back later.
    """
    users.free_at[u] = done
    if users.left[u] == 0:
        users.next[u] = clock.undrawn
        clock.undrawn = u
        return
    i = users.at[u]
    start = max(max(done + drafts.gap[i], users.start[u] + drafts.pace[i]), users.begin[u])
    start = max(start, clock.now - out_delay)  # as in `try_again`
    if start < users.end[u]:
        users.start[u] = start
        clock.thinking += 1
        push_timer(clock, timers, max(clock.now, start + out_delay), CLASS_ARRIVAL, TIMER_USER, u, 0)
    elif users.again[u] == 1:
        users.next[u] = clock.undrawn
        clock.undrawn = u
