"""What is counted when an attempt ends: conservation, the histogram with its ledger, tenants, the minute, records."""

import numpy as np

from mmesim.engine.kernel.codes import (
    BATCH_WAIT,
    COLD,
    CPU_WAIT,
    DEVICE_COPY,
    DEVICE_WAIT,
    DOWNLOAD,
    FAILED_ATTEMPTS,
    FRONTEND_STALL,
    INF,
    LOAD,
    LOAD_SLOT_WAIT,
    LOAD_WAIT,
    MEMORY_WAIT,
    MODEL_LATENCY,
    N_PARTS,
    NAN,
    NETWORK,
    OK,
    OVERHEAD,
    QUEUE,
    RETRY_BACKOFF,
    ROUTER,
    SERVICE,
    T_CLOSED,
    T_DONE,
    T_FORWARDED,
    T_QUEUED,
    T_REACH,
    T_TAKEN,
    TEN_S,
    THROTTLED,
    WARM,
    WINDOW_CELLS,
)
from mmesim.engine.kernel.columns import LINE
from mmesim.engine.kernel.hashing import rank
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.prefetch import prefetch

LOWEST_EXPONENT = -19  # of results.histogram's grids, as are the next three (a test compares)
OCTAVES = 37
FINE = 256
COARSE = 16
MANTISSA_BITS, FINE_BITS, BIAS = 52, 8, 1022  # a number is mantissa * 2**(exponent - BIAS), 0.5 <= mantissa < 1
ROUNDING = 1e-9  # relative: what a latency may be above a limit that it equals
FIRST_CELL = (LOWEST_EXPONENT + BIAS) << FINE_BITS
CELL_BYTES = 4  # of a cell of a model's histogram


@inline
def cell_of(x):
    """Cell of `x` seconds in the plain fine grid of results.histogram; a coarse cell is FINE // COARSE of them."""
    # The bits of a number are its exponent (biased) and its mantissa: the first of them number the cells of an octave.
    cell = (np.float64(x).view(np.int64) >> MANTISSA_BITS - FINE_BITS) - FIRST_CELL
    return max(0, min(OCTAVES * FINE - 1, cell))


@inline
def window_bucket(x):
    """Bucket of `x` seconds in a row of window_times."""
    return cell_of(x) // WINDOW_CELLS


@inline
def bucket(edges, i, x):
    """The bucket of `x` seconds, edges[i] < x <= edges[i + 1], looked for from the first bucket of its cell."""
    while i > 0 and x <= edges[i]:
        i -= 1
    while x > edges[i + 1]:
        i += 1
    return i


@inline
def foresee(t, a, done):
    """Let be fetched where attempt `a` will be counted if it is done by `done`: it may have to wait for the CPU."""
    cell = cell_of(done + t.params[0].back_delay - t.attempts.call_start[a])
    place = t.coarse_start[cell // (FINE // COARSE)] * CELL_BYTES
    prefetch(t.model_hist, t.attempts.model[a], place)
    prefetch(t.model_hist, t.attempts.model[a], place + LINE // 2)
    prefetch(t.parts, t.start[cell], 0)
    prefetch(t.parts, t.start[cell], LINE)


@inline
def without_rounding(latency):
    """`latency` as it is compared with a limit: the difference of two times is a hair off, and may reach the limit."""
    return latency * (1.0 - ROUNDING)


@inline
def integrate(t, now):
    """Bring the integral of the number of attempts in the system to `now`."""
    counts = t.counts[0]
    counts.area += counts.in_system * (now - counts.area_at)
    counts.area_at = now
    if now >= counts.ten_end:
        next_ten(counts, t.window[0], t.params[0], t.most_in_system, t.least_in_system, now)


@inline
def note_most(counts, window):
    """Note the largest number of attempts in the system for the window and for the ten seconds, and count anew."""
    window.in_flight_max = max(window.in_flight_max, counts.most)
    counts.ten_most = max(counts.ten_most, counts.most)
    counts.most = counts.in_system


@inner
def next_ten(counts, window, params, most, least, now):
    """Write down the ten seconds that are over at `now`, also those in which nothing happened, and begin others."""
    while now >= counts.ten_end:
        note_most(counts, window)
        most[counts.ten] = counts.ten_most
        least[counts.ten] = counts.ten_least
        counts.ten_most = counts.ten_least = counts.in_system
        counts.ten += 1
        if counts.ten == params.tens:  # the run is over
            counts.ten_end = INF
        else:
            counts.ten_end = min((counts.ten + 1) * TEN_S, params.duration)


@inline
def is_recorded(t, key):
    """Whether the call with this key belongs to the seeded sample whose records are kept."""
    params = t.params[0]
    return params.record == 1 and rank(key, params.record_key) < params.record_threshold


@inline
def end_call(t, a, cause, latency, cell, coarse):
    """Count the end of the call of attempt `a`, its last.

    `cell` and `coarse` are the fine cell and the coarse bucket of its latency.
    """
    counts, attempts = t.counts[0], t.attempts
    counts.calls_done += 1
    m = attempts.model[a]
    if cause == OK:
        counts.ok_all += 1
    else:
        t.causes[1, cause] += 1
    if attempts.measured[a] == 1:
        counts.measured_calls += 1
        t.model_stats.calls[m] += 1
        t.model_stats.misses[m] += attempts.cold[a]
        if cause == OK:
            count_ok(t, a, m, latency, cell, coarse)
        else:
            t.causes[0, cause] += 1
            if attempts.host[a] < 0 and attempts.earlier_hits[a] + attempts.earlier_misses[a] == 0:
                counts.unreached += 1
        if t.params[0].n_selections > 0:
            n = t.params[0].n_selections
            select(t.selections, t.members, t.cells, t.cell_causes, attempts, n, a, cause, latency)
    begun, params = attempts.call_start[a], t.params[0]
    if begun + latency >= params.warmup and begun + latency < params.duration:
        counts.answers += 1
        if cause == OK:
            counts.answers_ok += 1
    if begun < params.duration and is_recorded(t, attempts.key[a]):
        write_record(t, a, cause, latency)


@inline
def fill_ledger(t, a):
    """Write the parts of the latency of the call of attempt `a` to `t.ledger`, seconds; their sum."""
    attempts, parts = t.attempts, t.ledger
    parts[NETWORK] = t.params[0].network
    parts[ROUTER] = t.params[0].router
    parts[FRONTEND_STALL] = attempts.stall[a]
    parts[LOAD_SLOT_WAIT] = attempts.slot_wait[a]
    parts[DOWNLOAD] = attempts.download[a]
    parts[MEMORY_WAIT] = attempts.memory_wait[a]
    parts[LOAD] = attempts.load[a]
    parts[QUEUE] = attempts.taken[a] - attempts.queued[a]
    parts[BATCH_WAIT] = attempts.closed[a] - attempts.taken[a]
    parts[CPU_WAIT] = max(0.0, attempts.cpu_wait[a])  # rounding can make it a hair negative
    if t.params[0].devices > 0:  # else they stay 0
        parts[DEVICE_WAIT] = t.device_calls.begun[a] - t.device_calls.asked[a]
        parts[DEVICE_COPY] = t.device_calls.copy[a]
    parts[SERVICE] = attempts.service[a]
    parts[OVERHEAD] = attempts.overhead[a]
    parts[RETRY_BACKOFF] = attempts.backoff[a]
    parts[FAILED_ATTEMPTS] = attempts.failed[a]
    total = 0.0
    for k in range(N_PARTS):
        total += parts[k]
    return total


@inline
def add_parts(t, i, first, end):
    """Add the parts from `first` up to `end` of the call that is being counted to those of bucket `i`."""
    for k in range(first, end):
        t.parts[i, k] += t.ledger[k]


@inline
def count_ok(t, a, m, latency, cell, coarse):
    """Count a successful measured call in the histogram with its ledger, and for its tenant."""
    counts, stats = t.counts[0], t.model_stats
    counts.measured_ok += 1
    counts.latency_sum += latency
    i = bucket(t.edges, t.start[cell], without_rounding(latency))
    if t.histogram[i] == 0 or latency < t.shortest[i]:
        t.shortest[i] = latency
    t.longest[i] = max(t.longest[i], latency)
    t.histogram[i] += 1
    total = fill_ledger(t, a)
    add_parts(t, i, NETWORK, LOAD_SLOT_WAIT)
    add_parts(t, i, QUEUE, DEVICE_WAIT)
    add_parts(t, i, SERVICE, RETRY_BACKOFF)
    if t.attempts.cold[a] == 1 or t.attempts.number[a] > 1 or t.params[0].devices > 0:  # else the others are 0
        add_parts(t, i, LOAD_SLOT_WAIT, QUEUE)
        add_parts(t, i, DEVICE_WAIT, SERVICE)
        add_parts(t, i, RETRY_BACKOFF, N_PARTS)
    counts.ledger_error = max(counts.ledger_error, abs(total - latency) - 1e-12 * t.clock[0].now)
    if t.attempts.cold[a] == 0:
        counts.warm_sum += latency
        counts.warm_max = max(counts.warm_max, latency)
    else:
        counts.cold_sum += latency
        counts.cold_max = max(counts.cold_max, latency)
        t.cold_histogram[i] += 1
        # A call that failed for a load and succeeded later belongs to the load of the copy that served it.
        t.retried_cold[i] += t.ledger[RETRY_BACKOFF] + t.ledger[FAILED_ATTEMPTS]
        p = t.attempts.pool[a]
        if t.pools.episode[p] == 0:
            t.pools.episode[p] = 1
            t.episodes[i] += 1
    if stats.ok[m] == 0 or latency < stats.latency_min[m]:
        stats.latency_min[m] = latency
    stats.latency_max[m] = max(stats.latency_max[m], latency)
    stats.ok[m] += 1
    stats.latency[m] += latency
    t.model_hist[m, coarse] += 1
    for k in range(t.params[0].n_limits):
        if without_rounding(latency) > t.limits[k]:
            t.model_over[m, k] += 1


@inner
def select(selections, members, cells, cell_causes, attempts, n, a, cause, latency):
    """Count the end of the measured call of attempt `a` in each of the `n` selections that it belongs to.

    It takes what it needs: all tables are copied where a function that is not inlined gets them.
    """
    m, start, cold = attempts.model[a], attempts.call_start[a], attempts.cold[a] == 1
    hits, misses = attempts.earlier_hits[a], attempts.earlier_misses[a]
    if attempts.hit[a] == 1:
        hits += 1
    elif attempts.host[a] >= 0:
        misses += 1
    reached = hits + misses > 0
    for k in range(n):
        state = selections.state[k]
        if members[m, k] == 0 or start < selections.start[k] or start >= selections.end[k]:
            continue
        if reached and ((state == WARM and cold) or (state == COLD and not cold)):
            continue
        window = min(selections.windows[k] - 1, int((start - selections.start[k]) / selections.length[k]))
        c = selections.first[k] + window
        cells.calls[c] += 1
        cells.hits[c] += hits
        cells.misses[c] += misses
        if cause == OK:
            cells.ok[c] += 1
            cells.latency[c] += latency
            if without_rounding(latency) > selections.limit[k]:
                cells.over[c] += 1
        else:
            cell_causes[c, cause] += 1


@inline
def end_attempt(t, a, cause, now, latency, coarse):
    """Count the end of attempt `a`, answered at `now` on the server's side, as its client and the metrics see it."""
    counts, window, attempts = t.counts[0], t.window[0], t.attempts
    integrate(t, now)
    counts.in_system -= 1
    counts.ten_least = min(counts.ten_least, counts.in_system)
    counts.sojourn += now - attempts.reach[a]
    counts.attempts_all += 1
    hit = attempts.hit[a]
    host = attempts.host[a]
    waited = 0.0
    if hit == 0:
        waited = (attempts.forwarded[a] if attempts.forwarded[a] >= 0.0 else now) - attempts.reach[a]
    if attempts.measured[a] == 1:
        counts.measured_attempts += 1
        if hit == 1:
            counts.hits += 1
            t.hosts.hits[host] += 1
        elif host >= 0:
            counts.misses += 1
            counts.load_wait += waited
            t.hosts.misses[host] += 1
        if cause != OK:
            t.causes[2, cause] += 1
    if cause != OK:
        t.window_causes[cause] += 1
    if cause != THROTTLED:
        window.attempts += 1
    if hit == 1:
        window.hits += 1
    elif host >= 0:
        window.load_wait += waited
        window.load_wait_min = min(window.load_wait_min, waited)
        window.load_wait_max = max(window.load_wait_max, waited)
        if t.params[0].window_times == 1:
            t.window_times[LOAD_WAIT, window_bucket(waited)] += 1
        window.misses += 1
    if cause == OK:
        window.latency_min = min(window.latency_min, latency)
        window.latency_max = max(window.latency_max, latency)
        window.ok += 1
        model_latency = now - attempts.forwarded[a]
        window.model_latency += model_latency
        window.model_latency_min = min(window.model_latency_min, model_latency)
        window.model_latency_max = max(window.model_latency_max, model_latency)
        if t.params[0].window_times == 1:
            t.window_times[MODEL_LATENCY, window_bucket(model_latency)] += 1
        window.overhead_latency += t.params[0].router
        window.latency += latency
        t.window_hist[coarse] += 1


@inline
def write_record(t, a, cause, latency):
    """Append the record of a call; there is always room (the kernel stops before it runs out)."""
    space, attempts, records = t.space[0], t.attempts, t.records
    r = space.n_records
    space.n_records = r + 1
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
    if t.params[0].record_times == 1:
        write_times(t.record_times, attempts, a, r, cause)


@inner
def write_times(times, attempts, a, r, cause):
    """Write when the call of attempt `a` came to each stage; what a failed one never came to is not known here."""
    known = cause == OK
    times[r, T_REACH] = attempts.reach[a] if known else NAN
    times[r, T_FORWARDED] = attempts.forwarded[a] if known else NAN
    times[r, T_QUEUED] = attempts.queued[a] if known else NAN
    times[r, T_TAKEN] = attempts.taken[a] if known else NAN
    times[r, T_CLOSED] = attempts.closed[a] if known else NAN
    times[r, T_DONE] = attempts.post_start[a] if known else NAN
