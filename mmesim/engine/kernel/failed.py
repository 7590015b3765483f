"""What a failed attempt waited for: the ledger of attempts that end without a success, by cause.

The parts of an attempt that was cut short are those that it had begun; they add up to what it took, as in the ledger of
successful calls. A job under way counts as service up to its time at full speed, then as the server's own work, and
what is longer as waiting for the CPU.
"""

from mmesim.engine.kernel.codes import (
    A_DROPPED,
    A_GIVEN_UP,
    A_POST,
    A_QUEUED,
    A_STALLED,
    A_TAKEN,
    A_WAITING,
    BATCH_WAIT,
    CPU_WAIT,
    DEVICE_COPY,
    DEVICE_WAIT,
    DOWNLOAD,
    FRONTEND_STALL,
    LOAD,
    LOAD_SLOT_WAIT,
    MEMORY_WAIT,
    N_PARTS,
    NETWORK,
    OVERHEAD,
    QUEUE,
    ROUTER,
    SERVICE,
)
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.waits import split_wait


@inner
def count_failed(t, a, cause, now, done):
    """Count attempt `a`, which fails with `cause` at `now` on the server's side and at `done` for its client."""
    attempts, params, parts = t.attempts, t.params[0], t.ledger
    for k in range(N_PARTS):
        parts[k] = 0.0
    if attempts.host[a] >= 0:
        if attempts.hit[a] == 0:
            t.causes[3, cause] += 1
        fill_server_side(t, a, now)
    total = done - attempts.start[a]
    server = 0.0
    for k in range(N_PARTS):
        server += parts[k]
    parts[ROUTER] = min(params.router, max(0.0, total - server))
    parts[NETWORK] = max(0.0, total - server - parts[ROUTER])
    for k in range(N_PARTS):
        t.failed_parts[cause, k] += parts[k]


@inline
def fill_server_side(t, a, now):
    """Write what attempt `a` spent on its host until `now` to `t.ledger`."""
    attempts, parts = t.attempts, t.ledger
    state = attempts.state[a]
    if state == A_WAITING or state == A_GIVEN_UP:
        split_wait(t, a, attempts.pool[a], now)
    parts[LOAD_SLOT_WAIT] = attempts.slot_wait[a]
    parts[DOWNLOAD] = attempts.download[a]
    parts[MEMORY_WAIT] = attempts.memory_wait[a]
    parts[LOAD] = attempts.load[a]
    since = attempts.forwarded[a]
    if since < 0.0:
        return
    left = now - since
    if state == A_STALLED:
        parts[FRONTEND_STALL] = left
        return
    parts[FRONTEND_STALL] = attempts.stall[a]
    if state == A_QUEUED or state == A_DROPPED:
        parts[QUEUE] = now - attempts.queued[a]
    elif state == A_TAKEN or state == A_POST:
        parts[QUEUE] = attempts.taken[a] - attempts.queued[a]
        closed = attempts.closed[a]
        if closed < 0.0:
            closed = now
        parts[BATCH_WAIT] = closed - attempts.taken[a]
        if t.params[0].devices > 0:
            on_device(parts, t.device_calls.asked[a], t.device_calls.begun[a], t.device_calls.copy[a], now)
        served = now - closed - parts[DEVICE_WAIT] - parts[DEVICE_COPY]
        parts[SERVICE] = max(0.0, min(attempts.service[a], served))  # rounding can make it a hair negative
    left -= parts[FRONTEND_STALL] + parts[QUEUE] + parts[BATCH_WAIT] + parts[SERVICE]
    left -= parts[DEVICE_WAIT] + parts[DEVICE_COPY]
    own = attempts.overhead[a]
    if state == A_TAKEN:
        own += attempts.hold_cpu[a] / t.hosts.full_speed[attempts.host[a]] + attempts.hold_wait[a]
    parts[OVERHEAD] = max(0.0, min(own, left))
    parts[CPU_WAIT] = max(0.0, left - parts[OVERHEAD])


@inline
def on_device(parts, asked, begun, copy, now):
    """Write how long a job waited for its device and for the copy of its model there, until `now`, to `parts`."""
    if begun < 0.0:
        parts[DEVICE_WAIT] = now - asked
    else:
        parts[DEVICE_WAIT] = begun - asked
        parts[DEVICE_COPY] = min(copy, now - begun)
