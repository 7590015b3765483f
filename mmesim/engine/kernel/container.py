"""The container of a host dies: what was handed to it fails, its models are gone. Loads that wait on the host go on."""

from mmesim.engine.kernel import devices
from mmesim.engine.kernel.codes import (
    A_BACKOFF,
    A_FREE,
    A_GIVEN_UP,
    A_WAITING,
    DRAINING,
    NONE,
    READY,
    TASK_CONTROL,
    TASK_JOB,
    TASK_PRE,
    WORKER_DIED,
)
from mmesim.engine.kernel.cpu import refresh, sync
from mmesim.engine.kernel.frontend import loop_of
from mmesim.engine.kernel.heap import remove_task
from mmesim.engine.kernel.jit import inner
from mmesim.engine.kernel.lists import free_attempt, free_pool
from mmesim.engine.kernel.loss import clear_signal, end_forwarded, stop_workers
from mmesim.engine.kernel.pools import new_workers


@inner
def empty_host(t, h, now):
    """The container of host `h` dies. Its artefacts stay on the disk, and the loads of the host where they are."""
    clock, hosts, pools, attempts = t.clock[0], t.hosts, t.pools, t.attempts
    clear_signal(t, h)  # no verb leaves a miss
    stop_jobs(t, h, now)
    p = hosts.first_pool[h]
    while p >= 0:
        if pools.state[p] == READY or pools.state[p] == DRAINING:
            stop_workers(t, p, now)
        p = pools.next_pool[p]
    if t.params[0].shared_queue == 1:
        stop_workers(t, t.stations[h], now)
    end_forwarded(t, h, WORKER_DIED, now)
    for a in range(attempts.state.size):  # what was answered long ago and is still served
        state = attempts.state[a]
        if (
            attempts.host[a] == h
            and state != A_FREE
            and state != A_BACKOFF
            and state != A_WAITING
            and state != A_GIVEN_UP
        ):
            free_attempt(t, a)
    p = hosts.first_pool[h]
    while p >= 0:
        after = pools.next_pool[p]
        if pools.state[p] == READY or pools.state[p] == DRAINING:
            t.models.disk_host[pools.model[p]] = h
            free_pool(t, p)
        p = after
    clock.memory_epoch += 1
    devices.clear(t, h, now)
    for k in range(hosts.loops[h]):
        t.loops.head[h, k] = t.loops.tail[h, k] = NONE
    if t.params[0].shared_queue == 1:
        restart_station(t, h, now)
    refresh(t, h)


@inner
def stop_jobs(t, h, now):
    """Nothing computes in the container of host `h` any more, but for what the control plane does."""
    hosts, tasks, attempts, workers = t.hosts, t.tasks, t.attempts, t.workers
    sync(t, h, now)
    i = 0
    while i < hosts.heap_n[h]:
        row, kind = tasks.code[h, i] >> 2, tasks.code[h, i] & 3
        if kind == TASK_CONTROL:
            i += 1
            continue
        remove_task(hosts, tasks, h, i)
        i = 0
        used = 1
        if kind == TASK_JOB:
            used = workers.threads[row]
            if used > 1:
                hosts.spin[h] -= t.models.spin[attempts.model[workers.head[row]]] * used
        elif kind == TASK_PRE and hosts.loops[h] > 0:
            t.loops.blocked[h, loop_of(attempts.route[row], hosts.loops[h])] -= 1
        hosts.threads[h] -= used


@inner
def restart_station(t, h, now):
    """The workers of the shared queue of host `h` are new, and the queue is empty."""
    pools, s = t.pools, t.stations[h]
    pools.queue_n[s] = pools.idle_n[s] = pools.workers[s] = 0
    pools.queue_head[s] = pools.queue_tail[s] = pools.filler[s] = NONE
    new_workers(t, s, t.copies.workers[t.model_stats.workers.size - 1, t.hosts.config[h]], now)
