"""The batch of a worker: what it takes into it, and how long its job takes alone on the host."""

from mmesim.engine.kernel.codes import A_TAKEN, BATCH_AFFINE, BATCH_SUM, BROKEN, NONE
from mmesim.engine.kernel.jit import inline
from mmesim.engine.kernel.record import foresee


@inline
def add_to_batch(t, w, a, now):
    """Worker `w` takes attempt `a` into its batch."""
    attempts, workers = t.attempts, t.workers
    attempts.state[a] = A_TAKEN
    attempts.taken[a] = now
    attempts.closed[a] = -1.0
    attempts.next[a] = NONE
    if workers.n[w] == 0:
        workers.head[w] = a
    else:
        attempts.next[workers.tail[w]] = a
    workers.tail[w] = a
    workers.n[w] += 1


@inline
def close_batch(t, w, now):
    """The batch of worker `w` is complete; the stages of its job must follow."""
    attempts, workers, models, pools = t.attempts, t.workers, t.models, t.pools
    s, a = workers.pool[w], workers.head[w]
    m, h = attempts.model[a], attempts.host[a]
    if pools.filler[s] == w:
        pools.filler[s] = NONE
    workers.batch_no[w] += 1
    workers.stage[w] = 0
    speed = t.hosts.full_speed[h]
    threads, serial = models.threads[m], models.serial[m]
    cpu, wait, device = attempts.cpu[a], attempts.wait[a], device_time(t, a)
    longest = -1.0
    attempts.closed[a] = now
    rule = models.batch_rule[m]
    a = attempts.next[a]
    while a != NONE:
        attempts.closed[a] = now
        if rule == BATCH_SUM:
            cpu += attempts.cpu[a]
            wait += attempts.wait[a]
            device += device_time(t, a)
        elif rule == BATCH_AFFINE:
            cpu, device = max(cpu, attempts.cpu[a]), max(device, device_time(t, a))
        else:
            if longest < 0.0:
                longest = wait + device + job_time(cpu, threads, serial, speed)
            time = attempts.wait[a] + device_time(t, a) + job_time(attempts.cpu[a], threads, serial, speed)
            if time > longest:
                longest, cpu, wait, device = time, attempts.cpu[a], attempts.wait[a], device_time(t, a)
        a = attempts.next[a]
    if rule == BATCH_AFFINE:
        time = models.batch_base[m] + workers.n[w] * models.batch_per_item[m]
        on_cpu, on_device = cpu > 0.0, cpu <= 0.0 and device > 0.0
        cpu, device = (time if on_cpu else 0.0), (time if on_device else 0.0)
        wait = 0.0 if on_cpu or on_device else time
    p = attempts.pool[workers.head[w]]
    broken = pools.load_left[p] == BROKEN
    if broken:  # the handler tries to load the model again before each call
        cpu, wait, device = pools.retry_cpu[p], pools.retry_wait[p], 0.0
        threads = 1  # as its load had
    elif workers.fresh[w] == 1:
        workers.fresh[w] = 0
        cpu += models.first_cpu[m]
        wait += models.first_wait[m]
    workers.asked_cpu[w] = cpu
    workers.asked_wait[w] = wait
    workers.service[w] = wait + device + job_time(cpu, threads, serial, speed)
    if t.params[0].devices > 0:
        t.on_device.work[w] = device
        t.on_device.asks[w] = not broken and (device > 0.0 or models.device_bytes[m] > 0)
    a = workers.head[w]
    workers.hold[w] = attempts.hold_cpu[a] / speed + attempts.hold_wait[a]
    foresee(t, a, now + workers.service[w] + workers.hold[w])
    while a != NONE:
        attempts.service[a] = workers.service[w]
        a = attempts.next[a]


@inline
def device_time(t, a):
    """Time of attempt `a` on a device."""
    return t.device_calls.work[a] if t.params[0].devices > 0 else 0.0


@inline
def job_time(cpu, threads, serial, speed):
    """Time of a job of `cpu` CPU seconds alone on its host (Amdahl's law), seconds."""
    if threads > 1:
        return (cpu * serial + cpu * (1.0 - serial) / threads) / speed
    return cpu / speed
