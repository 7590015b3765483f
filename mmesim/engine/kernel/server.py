"""The model server on a host: front end, queue of each model, workers and their jobs (Multi Model Server's rules).

Source: awslabs/multi-model-server, frontend wlm/Model, wlm/BatchAggregator, wlm/WorkerThread: one FIFO queue for each model,
`job_queue_size` waiting beside those in service, refused at once when full, the worker that is idle longest takes first, no
cancellation. An arrival reaches the queue after `pre`, a job occupies its worker for service and `hold`, the answer leaves
`post` later.
"""

from mmesim.engine.kernel.codes import (
    A_POST,
    A_PRE,
    A_QUEUED,
    A_TAKEN,
    CLASS_COMPLETION,
    CLASS_ENTRY,
    IDLE,
    NONE,
    OK,
    QUEUE_FULL,
    READY,
    TASK_JOB,
    TASK_POST,
    TASK_PRE,
    TIMER_JOB,
    TIMER_POST,
    TIMER_PRE,
)
from mmesim.engine.kernel.cpu import start_task
from mmesim.engine.kernel.heap import push_timer
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.record import answer
from mmesim.engine.kernel.rows import FORWARDED, free_attempt, link_server, unlink_client, unlink_server


@inline
def touch(t, p):
    """Note an access to pool `p`: eviction ranks by sequence number, never by time."""
    clock, pools = t.clock, t.pools
    pools.accessed[p] = clock.seq[0]
    clock.seq[0] += 1
    pools.frequency[p] += 1


@inner
def forward(t, a, p, now):
    """Hand attempt `a` to the container of its host; its pool is ready."""
    attempts = t.attempts
    h = t.pools.host[p]
    attempts.forwarded[a] = now
    attempts.state[a] = A_PRE
    t.pools.in_flight[p] += 1
    link_server(t, a, FORWARDED)
    if attempts.pre_cpu[a] > 0.0:
        start_task(t, h, now, a * 4 + TASK_PRE, attempts.pre_cpu[a], 1, 0)
        attempts.overhead[a] += attempts.pre_cpu[a] / t.hosts.speed[h]
    else:
        pre_wait(t, a, now)


@inner
def pre_wait(t, a, now):
    """The part of the front end's work before the queue that is waiting, not computing."""
    attempts = t.attempts
    if attempts.pre_wait[a] > 0.0:
        attempts.overhead[a] += attempts.pre_wait[a]
        push_timer(t, now + attempts.pre_wait[a], CLASS_ENTRY, TIMER_PRE, a, attempts.gen[a])
    else:
        enter_queue(t, a, now)


@inner
def enter_queue(t, a, now):
    """Offer attempt `a` to the queue of its model: to an idle worker, to the queue, or refused."""
    attempts, pools = t.attempts, t.pools
    p = attempts.pool[a]
    attempts.queued[a] = now
    attempts.cpu_wait[a] += (now - attempts.forwarded[a]) - attempts.overhead[a] - attempts.stall[a]
    if pools.idle_n[p] > 0:
        w = pools.idle_head[p]
        pools.idle_head[p] = t.workers.next[w]
        pools.idle_n[p] -= 1
        begin_job(t, w, a, now)
        if next_stage(t, w, now):
            finish_job(t, w, now)
    elif pools.queue_n[p] < t.params.job_queue_size[0]:
        attempts.state[a] = A_QUEUED
        attempts.next[a] = NONE
        if pools.queue_n[p] > 0:
            attempts.next[pools.queue_tail[p]] = a
        else:
            pools.queue_head[p] = a
        pools.queue_tail[p] = a
        pools.queue_n[p] += 1
    else:
        leave(t, a, QUEUE_FULL, now)


@inner
def begin_job(t, w, a, now):
    """Worker `w` takes attempt `a`; `next_stage` must follow."""
    attempts, workers, hosts = t.attempts, t.workers, t.hosts
    p = workers.pool[w]
    m = t.pools.model[p]
    speed = hosts.speed[t.pools.host[p]]
    threads = t.models.threads[m]
    attempts.state[a] = A_TAKEN
    attempts.taken[a] = now
    attempts.closed[a] = now
    workers.head[w] = a
    workers.n[w] = 1
    workers.stage[w] = 0
    cpu, wait = attempts.cpu[a], attempts.wait[a]
    workers.asked_cpu[w] = cpu
    workers.asked_wait[w] = wait
    if threads > 1:
        serial = t.models.serial[m]
        workers.service[w] = wait + (cpu * serial + cpu * (1.0 - serial) / threads) / speed
    else:
        workers.service[w] = wait + cpu / speed
    workers.hold[w] = attempts.hold_cpu[a] / speed + attempts.hold_wait[a]


@inner
def next_stage(t, w, now):
    """Start the next stage of a job that takes time; True when there is none left.

    Stages: waiting, CPU on one thread (Amdahl's serial share), CPU on all threads, hold (CPU), hold (waiting). Hold follows
    the service on the same thread, so a single-threaded job does both in one task: the end is the same.
    """
    attempts, workers, models = t.attempts, t.workers, t.models
    a, p = workers.head[w], workers.pool[w]
    m, h = t.pools.model[p], t.pools.host[p]
    threads = models.threads[m]
    while True:
        stage = workers.stage[w]
        workers.stage[w] = stage + 1
        work = 0.0
        used = 1
        if stage == 0:
            if workers.asked_wait[w] > 0.0:
                push_timer(t, now + workers.asked_wait[w], CLASS_COMPLETION, TIMER_JOB, w, workers.gen[w])
                return False
        elif stage == 1:
            if threads > 1:
                work = workers.asked_cpu[w] * models.serial[m]
        elif stage == 2:
            if threads > 1:
                work = workers.asked_cpu[w] * (1.0 - models.serial[m]) / threads
                used = threads
            else:
                work = workers.asked_cpu[w] + attempts.hold_cpu[a]
        elif stage == 3:
            if threads > 1:
                work = attempts.hold_cpu[a]
        elif stage == 4:
            if attempts.hold_wait[a] > 0.0:
                push_timer(t, now + attempts.hold_wait[a], CLASS_COMPLETION, TIMER_JOB, w, workers.gen[w])
                return False
        else:
            return True
        if work > 0.0:
            workers.threads[w] = used
            start_task(t, h, now, w * 4 + TASK_JOB, work, used, models.spin[m] if used > 1 else 0)
            return False


@inner
def finish_job(t, w, now):
    """The job of worker `w` is done: answers leave, then the worker takes the next job or stands in line."""
    attempts, workers, pools = t.attempts, t.workers, t.pools
    while True:
        a, p = workers.head[w], workers.pool[w]
        attempts.service[a] += workers.service[w]
        attempts.overhead[a] += workers.hold[w]
        attempts.cpu_wait[a] += (now - attempts.closed[a]) - workers.service[w] - workers.hold[w]
        workers.head[w] = NONE
        begin_post(t, a, now)
        if pools.queue_n[p] == 0:
            workers.next[w] = NONE
            if pools.idle_n[p] > 0:
                workers.next[pools.idle_tail[p]] = w
            else:
                pools.idle_head[p] = w
            pools.idle_tail[p] = w
            pools.idle_n[p] += 1
            return
        a = pools.queue_head[p]
        pools.queue_head[p] = attempts.next[a]
        pools.queue_n[p] -= 1
        attempts.next[a] = NONE
        begin_job(t, w, a, now)
        if not next_stage(t, w, now):
            return


@inner
def begin_post(t, a, now):
    """The front end's work after the job, then the answer."""
    attempts = t.attempts
    attempts.state[a] = A_POST
    attempts.post_start[a] = now
    h = attempts.host[a]
    if attempts.post_cpu[a] > 0.0:
        start_task(t, h, now, a * 4 + TASK_POST, attempts.post_cpu[a], 1, 0)
        attempts.overhead[a] += attempts.post_cpu[a] / t.hosts.speed[h]
        attempts.cpu_wait[a] -= attempts.post_cpu[a] / t.hosts.speed[h]
    else:
        post_wait(t, a, now)


@inner
def post_wait(t, a, now):
    """The part of the front end's work after the job that is waiting, not computing."""
    attempts = t.attempts
    attempts.cpu_wait[a] += now - attempts.post_start[a]
    if attempts.post_wait[a] > 0.0:
        attempts.overhead[a] += attempts.post_wait[a]
        push_timer(t, now + attempts.post_wait[a], CLASS_COMPLETION, TIMER_POST, a, attempts.gen[a])
    else:
        leave(t, a, OK, now)


@inner
def leave(t, a, cause, now):
    """The container is done with attempt `a`: answered to a client that still waits, and its row is free."""
    clock, attempts, pools = t.clock, t.attempts, t.pools
    p = attempts.pool[a]
    unlink_server(t, a)
    if attempts.answered[a] == 0:
        unlink_client(t, a)
        answer(t, a, cause, now)
    free_attempt(t, a)
    pools.in_flight[p] -= 1
    if pools.in_flight[p] == 0 and pools.state[p] == READY and t.hosts.wanted[pools.host[p]] > 0:
        clock.signal[0] = IDLE
        clock.signal_row[0] = p
