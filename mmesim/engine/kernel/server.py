"""The model server on a host: queues, workers and their jobs. What a kind of server decides is a column.

An arrival reaches the queue after `pre`; a job occupies its worker for service and `hold`; the answer leaves `post`
later. A queue is first in, first out, and refuses when it is full; the worker that has been idle longest takes first;
nothing is cancelled. Source: awslabs/multi-model-server, frontend wlm/Model, wlm/BatchAggregator, wlm/WorkerThread.

A queue and its workers are columns of a row of pools, the station: the pool's own row, or, where all models of a host
share one queue, a row in state SERVES.

Each step returns what comes next at the same instant, as an action of `codes`; `settle` runs them until nothing is
left. So every step is compiled into the loop once.
"""

from mmesim.engine.kernel import devices
from mmesim.engine.kernel.batches import add_to_batch, close_batch
from mmesim.engine.kernel.clients import answer
from mmesim.engine.kernel.codes import (
    A_POST,
    A_QUEUED,
    BROKEN,
    CLASS_BATCH,
    CLASS_COMPLETION,
    D_ON,
    DO_ANSWER,
    DO_ENTER,
    DO_FAIL,
    DO_FINISH,
    DO_LEAVE,
    DO_LOSE,
    DO_NOTHING,
    DO_POST_WAIT,
    DO_PRE_WAIT,
    DO_REFUSE,
    DO_STAGE,
    DO_THROTTLE,
    HOST_LOST,
    IDLE,
    LOAD_FAILED,
    MODEL_ERROR,
    NO_WORKER,
    NONE,
    OK,
    READY,
    TASK_JOB,
    TASK_POST,
    THROTTLED,
    TIMER_BATCH,
    TIMER_JOB,
    TIMER_POST,
)
from mmesim.engine.kernel.cpu import start_task
from mmesim.engine.kernel.demand import ask_for_worker, stand_in_line
from mmesim.engine.kernel.frontend import pre_wait
from mmesim.engine.kernel.heap import push_timer
from mmesim.engine.kernel.jit import inline
from mmesim.engine.kernel.lists import free_attempt, unlink_client, unlink_server
from mmesim.engine.kernel.staff import worked


@inline
def enter_queue(t, a, now):
    """Offer attempt `a` to the queue of its model: to an idle worker, to the queue, or refused. -> action, its row"""
    attempts, pools = t.attempts, t.pools
    p = attempts.pool[a]
    attempts.queued[a] = now
    attempts.cpu_wait[a] += (now - attempts.forwarded[a]) - attempts.overhead[a] - attempts.stall[a]
    if pools.state[p] != READY or pools.load_left[p] == NO_WORKER:
        return DO_REFUSE, a
    s = station_of(t, p)
    w = pools.filler[s]
    if w != NONE and attempts.pool[t.workers.head[w]] == p:
        add_to_batch(t, w, a, now)
        if t.workers.n[w] < t.models.batch_size[t.pools.model[p]]:
            return DO_NOTHING, NONE
        close_batch(t, w, now)
        return DO_STAGE, w
    if pools.idle_n[s] > 0:
        w = pools.idle_head[s]
        pools.idle_head[s] = t.workers.next[w]
        pools.idle_n[s] -= 1
        return begin_batch(t, w, a, now), w
    if pools.queue_n[s] >= t.params[0].queue_bound:
        return DO_REFUSE, a
    attempts.state[a] = A_QUEUED
    attempts.next[a] = NONE
    if pools.queue_n[s] > 0:
        attempts.next[pools.queue_tail[s]] = a
    else:
        pools.queue_head[s] = a
    pools.queue_tail[s] = a
    pools.queue_n[s] += 1
    if t.params[0].workers_grow == 1:
        ask_for_worker(t, s)
    return DO_NOTHING, NONE


@inline
def station_of(t, p):
    """The row of pools with the queue and the workers of pool `p`: its own, or that of its host."""
    if t.params[0].shared_queue == 1:
        return t.stations[t.pools.host[p]]
    return p


@inline
def begin_batch(t, w, a, now):
    """Worker `w` takes attempt `a` and, without waiting, what the queue has next for its batch. -> action"""
    attempts, workers, pools = t.attempts, t.workers, t.pools
    s, p, m = workers.pool[w], attempts.pool[a], attempts.model[a]
    size = t.models.batch_size[m]
    workers.n[w] = 0
    add_to_batch(t, w, a, now)
    delay = t.models.max_batch_delay[m]
    if delay <= 0.0:
        size = min(size, t.params[0].largest_undelayed)
    while workers.n[w] < size and pools.queue_n[s] > 0 and attempts.pool[pools.queue_head[s]] == p:
        a = pools.queue_head[s]
        pools.queue_head[s] = attempts.next[a]
        pools.queue_n[s] -= 1
        add_to_batch(t, w, a, now)
    if workers.n[w] < size and delay > 0.0:
        until = now + delay
        if t.params[0].delay_from_arrival == 1:
            until = max(now, attempts.queued[workers.head[w]] + delay)
        if until > now:
            pools.filler[s] = w
            push_timer(t.clock[0], t.timers, until, CLASS_BATCH, TIMER_BATCH, w, workers.batch_no[w])
            return DO_NOTHING
    close_batch(t, w, now)
    return DO_STAGE


@inline
def next_stage(t, w, now):
    """Start the next stage of the job of worker `w` that takes time. -> action

    Stages: waiting, CPU on one thread (Amdahl's serial share), CPU on all threads, device, hold (CPU), hold (waiting).
    Hold follows the service on the same thread, so a single-threaded job without a device does both in one task: the
    end is the same.
    """
    attempts, workers, models = t.attempts, t.workers, t.models
    a = workers.head[w]
    m, h = attempts.model[a], attempts.host[a]
    on_device = False
    if t.params[0].devices > 0:
        if t.on_device.state[w] == D_ON and devices.leave(t, h, w, now):
            return DO_FAIL
        on_device = t.on_device.asks[w] == 1
    stage = workers.stage[w]
    threads = 1
    if stage < 5:  # the last one asks for nothing of the model, whose row may be far away by then
        threads = models.threads[m]
        if threads > 1 and t.pools.load_left[attempts.pool[a]] == BROKEN:
            threads = 1  # it loads the model again, as its load did
    work = wait = 0.0
    used = 1
    while stage < 6 and work <= 0.0 and wait <= 0.0:
        if stage == 0:
            wait = workers.asked_wait[w]
        elif stage == 1:
            if threads > 1:
                work = workers.asked_cpu[w] * models.serial[m]
        elif stage == 2:
            if threads > 1:
                work = workers.asked_cpu[w] * (1.0 - models.serial[m]) / threads
                used = threads
            elif on_device:
                work = workers.asked_cpu[w]
            else:
                work = workers.asked_cpu[w] + attempts.hold_cpu[a]
                stage = 4  # the next two are within this one
        elif stage == 3:
            if on_device:
                workers.stage[w] = 4
                devices.come(t, w, now)
                return DO_NOTHING
        elif stage == 4:
            if threads > 1 or on_device:
                work = attempts.hold_cpu[a]
                used = 1
        else:
            wait = attempts.hold_wait[a]
        stage += 1
    workers.stage[w] = stage
    if work > 0.0:
        workers.threads[w] = used
        start_task(t, h, now, w * 4 + TASK_JOB, work, used, models.spin[m] if used > 1 else 0)
        return DO_NOTHING
    if wait > 0.0:
        push_timer(t.clock[0], t.timers, now + wait, CLASS_COMPLETION, TIMER_JOB, w, workers.gen[w])
        return DO_NOTHING
    return DO_FINISH


@inline
def finish_item(t, w, a, now):
    """The job of worker `w` is done; the front end's work for its attempt `a` begins. -> action"""
    attempts, workers = t.attempts, t.workers
    t.pools.served[attempts.pool[a]] += 1
    attempts.overhead[a] += workers.hold[w]
    attempts.cpu_wait[a] += (now - attempts.closed[a]) - workers.service[w] - workers.hold[w]
    if t.params[0].devices > 0:
        on = t.device_calls
        attempts.cpu_wait[a] -= on.begun[a] - on.asked[a] + on.copy[a]
    attempts.next[a] = NONE
    attempts.state[a] = A_POST
    attempts.post_start[a] = now
    if attempts.post_cpu[a] > 0.0:
        h = attempts.host[a]
        start_task(t, h, now, a * 4 + TASK_POST, attempts.post_cpu[a], 1, 0)
        full_speed = attempts.post_cpu[a] / t.hosts.full_speed[h]
        attempts.overhead[a] += full_speed
        attempts.cpu_wait[a] -= full_speed
        return DO_NOTHING
    return DO_POST_WAIT


@inline
def post_wait(t, a, now):
    """The part of the front end's work after the job that is waiting, not computing. -> action"""
    attempts = t.attempts
    attempts.cpu_wait[a] += now - attempts.post_start[a]
    if attempts.post_wait[a] > 0.0:
        attempts.overhead[a] += attempts.post_wait[a]
        push_timer(t.clock[0], t.timers, now + attempts.post_wait[a], CLASS_COMPLETION, TIMER_POST, a, attempts.gen[a])
        return DO_NOTHING
    return DO_LEAVE


@inline
def take_next(t, w, now):
    """A worker that has finished takes the first job of the queue, or stands in line. -> action"""
    attempts, workers, pools = t.attempts, t.workers, t.pools
    s = workers.pool[w]
    if pools.queue_n[s] > 0:
        a = pools.queue_head[s]
        pools.queue_head[s] = attempts.next[a]
        pools.queue_n[s] -= 1
        return begin_batch(t, w, a, now)
    stand_in_line(t, s, w, now)
    return DO_NOTHING


@inline
def container_done(t, a):
    """The container is done with attempt `a`, which has been answered: its row is free, its pool may be idle."""
    clock, pools = t.clock[0], t.pools
    p = t.attempts.pool[a]
    free_attempt(t, a)
    if p == NONE:
        return
    pools.in_flight[p] -= 1
    if pools.in_flight[p] == 0 and pools.state[p] == READY and t.hosts.wanted[pools.host[p]] > 0:
        clock.signal = IDLE
        clock.signal_row = p


@inline
def settle(t, action, row, cause, now):
    """Do everything that follows from `action` at this instant. `row` is a worker for DO_STAGE, DO_FINISH and
    DO_FAIL, else an attempt.

    The steps stand in the order in which one follows from the other: most events are over after one or two rounds.
    """
    free_worker = more = NONE
    jobs = 0
    failed = False
    while True:
        if action == DO_PRE_WAIT:
            action = pre_wait(t, row, now)
        if action == DO_ENTER:
            action, row = enter_queue(t, row, now)
        if action == DO_STAGE:
            action = next_stage(t, row, now)
            if action == DO_FINISH and jobs > 0:
                # A whole queue of jobs that take no time would end in one event: more than the tables have room for.
                push_timer(t.clock[0], t.timers, now, CLASS_COMPLETION, TIMER_JOB, row, t.workers.gen[row])
                action = DO_NOTHING
        if action == DO_FINISH or action == DO_FAIL:
            failed = action == DO_FAIL  # found no memory on its device
            free_worker = row
            more = t.workers.head[row]
            worked(t, more, now)
            t.workers.head[row] = NONE
            action = DO_NOTHING
        if more != NONE:
            row = more
            more = t.attempts.next[row]
            if failed:
                action, cause = DO_LEAVE, LOAD_FAILED
            else:
                action = finish_item(t, free_worker, row, now)
        if action == DO_POST_WAIT:
            action = post_wait(t, row, now)
            cause = OK
        if action != DO_NOTHING:
            leave(t, action, row, cause, now)
            action = DO_NOTHING
        if more == NONE:
            if free_worker == NONE:
                return
            row = free_worker
            free_worker = NONE
            action = take_next(t, row, now)
            jobs += 1


@inline
def leave(t, action, row, cause, now):
    """Attempt `row` leaves the server with `cause` or one that `action` says, or with DO_ANSWER is only answered."""
    if action == DO_REFUSE:
        cause = refusal(t, t.attempts.pool[row])
    elif action == DO_LOSE:
        cause = HOST_LOST
    elif action == DO_THROTTLE:
        cause = THROTTLED
    if action != DO_ANSWER:
        unlink_server(t, row)
    if t.attempts.answered[row] == 0:
        unlink_client(t, row)
        if cause == OK and t.pools.load_left[t.attempts.pool[row]] == BROKEN:
            cause = MODEL_ERROR
        answer(t, row, cause, now)
    if action != DO_ANSWER:
        container_done(t, row)


@inline
def refusal(t, p):
    """Why pool `p` takes an attempt neither to a worker nor into its queue: its cause."""
    if t.pools.load_left[p] == NO_WORKER:
        return LOAD_FAILED
    # A model that was unregistered while the request was in the front end is not found.
    return t.params[0].refusal if t.pools.state[p] == READY else MODEL_ERROR
