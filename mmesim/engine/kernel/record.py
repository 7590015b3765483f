"""What is counted when an attempt ends: conservation, the histogram with its ledger, tenants, the minute, records."""

import numpy as np

from mmesim.engine.kernel.codes import (
    BATCH_WAIT,
    CPU_WAIT,
    DOWNLOAD,
    FAILED_ATTEMPTS,
    FRONTEND_STALL,
    LOAD,
    LOAD_SLOT_WAIT,
    MEMORY_WAIT,
    N_PARTS,
    NETWORK,
    OK,
    OVERHEAD,
    QUEUE,
    RETRY_BACKOFF,
    ROUTER,
    SERVICE,
    THROTTLED,
)
from mmesim.engine.kernel.jit import inline

LOWEST_EXPONENT = -19  # of results.histogram's grids, as are the next three (a test compares)
OCTAVES = 37
FINE = 256
COARSE = 16
MANTISSA_BITS, FINE_BITS, BIAS = 52, 8, 1022  # a number is mantissa * 2**(exponent - BIAS), 0.5 <= mantissa < 1
FIRST_CELL = (LOWEST_EXPONENT + BIAS) << FINE_BITS


@inline
def cell_of(x):
    """Cell of `x` seconds in the plain fine grid of results.histogram; a coarse cell is FINE // COARSE of them."""
    # The bits of a number are its exponent (biased) and its mantissa: the first of them number the cells of an octave.
    cell = (np.float64(x).view(np.int64) >> MANTISSA_BITS - FINE_BITS) - FIRST_CELL
    return max(0, min(OCTAVES * FINE - 1, cell))


@inline
def bucket(edges, i, x):
    """The bucket of `x` seconds, edges[i] < x <= edges[i + 1], looked for from the first bucket of its cell."""
    while i > 0 and x <= edges[i]:
        i -= 1
    while x > edges[i + 1]:
        i += 1
    return i


@inline
def integrate(t, now):
    """Bring the integral of the number of attempts in the system to `now`."""
    clock = t.clock
    clock.area[0] += clock.in_system[0] * (now - clock.area_at[0])
    clock.area_at[0] = now


@inline
def is_recorded(t, key):
    """Whether the call with this key belongs to the seeded sample whose records are kept."""
    params = t.params
    if params.record[0] == 0:
        return False
    x = (key % 2147483647 * 48271 + params.record_key[0]) % 2147483647
    x = (x * 69621) % 2147483647
    return x < params.record_threshold[0]


@inline
def end_call(t, a, cause, latency, cell, coarse):
    """Count the end of the call of attempt `a`, its last.

    `cell` and `coarse` are the fine cell and the coarse bucket of its latency.
    """
    clock, attempts = t.clock, t.attempts
    clock.calls_done[0] += 1
    m = attempts.model[a]
    if cause == OK:
        clock.ok_all[0] += 1
    else:
        t.causes[1, cause] += 1
    if attempts.measured[a] == 1:
        clock.measured_calls[0] += 1
        t.model_stats.calls[m] += 1
        t.model_stats.misses[m] += attempts.cold[a]
        if cause == OK:
            count_ok(t, a, m, latency, cell, coarse)
        else:
            t.causes[0, cause] += 1
    if is_recorded(t, attempts.key[a]):
        write_record(t, a, cause, latency)


@inline
def fill_ledger(t, a):
    """Write the parts of the latency of the call of attempt `a` to `t.ledger`, seconds; their sum."""
    attempts, parts = t.attempts, t.ledger
    parts[NETWORK] = t.params.network[0]
    parts[ROUTER] = t.params.router[0]
    parts[FRONTEND_STALL] = attempts.stall[a]
    parts[LOAD_SLOT_WAIT] = attempts.slot_wait[a]
    parts[DOWNLOAD] = attempts.download[a]
    parts[MEMORY_WAIT] = attempts.memory_wait[a]
    parts[LOAD] = attempts.load[a]
    parts[QUEUE] = attempts.taken[a] - attempts.queued[a]
    parts[BATCH_WAIT] = attempts.closed[a] - attempts.taken[a]
    parts[CPU_WAIT] = max(0.0, attempts.cpu_wait[a])  # rounding can make it a hair negative
    parts[SERVICE] = attempts.service[a]
    parts[OVERHEAD] = attempts.overhead[a]
    parts[RETRY_BACKOFF] = attempts.backoff[a]
    parts[FAILED_ATTEMPTS] = attempts.failed[a]
    total = 0.0
    for k in range(N_PARTS):
        total += parts[k]
    return total


@inline
def count_ok(t, a, m, latency, cell, coarse):
    """Count a successful measured call in the histogram with its ledger, and for its tenant."""
    clock, stats = t.clock, t.model_stats
    clock.measured_ok[0] += 1
    clock.latency_sum[0] += latency
    clock.latency_max[0] = max(clock.latency_max[0], latency)
    i = bucket(t.edges, t.start[cell], latency)
    t.counts[i] += 1
    total = fill_ledger(t, a)
    for k in range(N_PARTS):
        t.parts[i, k] += t.ledger[k]
    clock.ledger_error[0] = max(clock.ledger_error[0], abs(total - latency) - 1e-12 * t.clock.now[0])
    if t.attempts.cold[a] == 1:
        # A call that failed for a load and succeeded later belongs to the load of the copy that served it.
        t.retried_cold[i] += t.ledger[RETRY_BACKOFF] + t.ledger[FAILED_ATTEMPTS]
        p = t.attempts.pool[a]
        if t.pools.episode[p] == 0:
            t.pools.episode[p] = 1
            t.episodes[i] += 1
    stats.ok[m] += 1
    stats.latency[m] += latency
    t.model_hist[m, coarse] += 1
    for k in range(t.params.n_limits[0]):
        if latency > t.limits[k]:
            t.model_over[m, k] += 1


@inline
def end_attempt(t, a, cause, now, latency, coarse):
    """Count the end of attempt `a`, answered at `now` on the server's side, as its client and the metrics see it."""
    clock, attempts, window = t.clock, t.attempts, t.window
    integrate(t, now)
    clock.in_system[0] -= 1
    clock.sojourn[0] += now - attempts.reach[a]
    clock.attempts_all[0] += 1
    hit = attempts.hit[a]
    host = attempts.host[a]
    waited = 0.0
    if hit == 0:
        waited = (attempts.forwarded[a] if attempts.forwarded[a] >= 0.0 else now) - attempts.reach[a]
    if attempts.measured[a] == 1:
        clock.measured_attempts[0] += 1
        if hit == 1:
            clock.hits[0] += 1
            t.hosts.hits[host] += 1
        elif host >= 0:
            clock.misses[0] += 1
            clock.load_wait[0] += waited
            t.hosts.misses[host] += 1
        if cause != OK:
            t.causes[2, cause] += 1
    if cause != OK:
        t.window_causes[cause] += 1
    if cause != THROTTLED:
        window.attempts[0] += 1
    if hit == 1:
        window.hits[0] += 1
    elif host >= 0:
        window.load_wait[0] += waited
        window.load_wait_max[0] = max(window.load_wait_max[0], waited)
        window.misses[0] += 1
    if cause == OK:
        window.ok[0] += 1
        model_latency = now - attempts.forwarded[a]
        window.model_latency[0] += model_latency
        window.model_latency_max[0] = max(window.model_latency_max[0], model_latency)
        window.overhead_latency[0] += t.params.router[0]
        window.latency[0] += latency
        t.window_hist[coarse] += 1


@inline
def write_record(t, a, cause, latency):
    """Append the record of a call; there is always room (the kernel stops before it runs out)."""
    clock, attempts, records = t.clock, t.attempts, t.records
    r = clock.n_records[0]
    clock.n_records[0] = r + 1
    records.call[r] = attempts.call[a]
    records.key[r] = attempts.key[a]
    records.model[r] = attempts.model[a]
    records.host[r] = attempts.host[a]
    records.hit[r] = attempts.hit[a]
    records.cause[r] = cause
    records.attempts[r] = attempts.number[a]
    records.arrival[r] = attempts.call_start[a]
    records.latency[r] = latency
    if cause == OK:
        fill_ledger(t, a)
    for k in range(N_PARTS):
        t.record_parts[r, k] = t.ledger[k] if cause == OK else 0.0
