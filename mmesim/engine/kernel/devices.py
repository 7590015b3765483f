"""The devices of a host, such as GPUs: each does some jobs at a time, first come, first served, and has its own memory.

A worker has one device, on which it keeps its model while there is room. A job that comes to its turn first copies the
model there, unless it is there; the models that were used longest ago make room, but not those whose jobs are on the
device. What finds no room even so fails as out of memory. A job holds its place on the device while it copies.
"""

from mmesim.engine.kernel.codes import CLASS_COMPLETION, D_AWAY, D_ON, D_WAITS, NONE, TIMER_JOB
from mmesim.engine.kernel.heap import push_timer
from mmesim.engine.kernel.jit import inline, inner


@inner
def equip(t, h, count, at_once, room, copy_Bps, now):
    """Host `h`, which has nothing to do yet, has `count` devices for `room` bytes of models and `at_once` jobs each."""
    devices = t.devices
    devices.count[h, 0] = count
    for k in range(count):
        devices.at_once[h, k] = int(at_once)
        devices.room[h, k] = int(room)
        devices.copy_Bps[h, k] = copy_Bps
        devices.at[h, k] = now


@inner
def clear(t, h, now):
    """Nothing is on the devices of host `h` any more, which is gone; its workers have let go of them."""
    devices = t.devices
    for k in range(t.params[0].devices):
        bring(t, h, k, now)
        devices.head[h, k] = devices.tail[h, k] = devices.newest[h, k] = devices.oldest[h, k] = NONE
        devices.running[h, k] = devices.used[h, k] = 0


@inner
def let_go(t, s):
    """The workers of station `s` have nothing to do with their devices any more."""
    w = t.pools.first_worker[s]
    while w != NONE:
        t.on_device.state[w] = D_AWAY
        t.on_device.resident[w] = 0
        w = t.workers.sibling[w]


@inline
def assign(t, h, w):
    """New worker `w` of host `h` gets the next device in turn, with nothing of its model on it."""
    devices, on = t.devices, t.on_device
    on.device[w] = devices.given[h, 0] % devices.count[h, 0]
    devices.given[h, 0] += 1
    on.state[w] = D_AWAY
    on.resident[w] = on.failed[w] = 0
    on.next[w] = on.newer[w] = on.older[w] = NONE


@inline
def bring(t, h, k, now):
    """Bring the integrals of device `k` of host `h` to `now`."""
    devices = t.devices
    elapsed = now - devices.at[h, k]
    if devices.running[h, k] > 0:
        devices.busy[h, k] += elapsed
    devices.held[h, k] += elapsed * devices.used[h, k]
    devices.at[h, k] = now


@inner
def bring_all(t, h, now):
    """Bring the integrals of all devices of host `h` to `now`."""
    for k in range(t.params[0].devices):
        bring(t, h, k, now)


@inner
def come(t, w, now):
    """The job of worker `w` comes to its device: it begins there or waits."""
    attempts, devices, on = t.attempts, t.devices, t.on_device
    a = t.workers.head[w]
    h, k = attempts.host[a], on.device[w]
    while a != NONE:
        t.device_calls.asked[a] = now
        t.device_calls.begun[a] = -1.0
        a = attempts.next[a]
    if devices.running[h, k] < devices.at_once[h, k]:
        begin(t, h, k, w, now)
        return
    on.state[w] = D_WAITS
    on.next[w] = NONE
    if devices.head[h, k] == NONE:
        devices.head[h, k] = w
    else:
        on.next[devices.tail[h, k]] = w
    devices.tail[h, k] = w


@inner
def begin(t, h, k, w, now):
    """The job of worker `w` begins on device `k` of host `h`; without room for its model it ends at once, failed."""
    attempts, devices, on = t.attempts, t.devices, t.on_device
    bring(t, h, k, now)
    devices.running[h, k] += 1
    on.state[w] = D_ON
    a = t.workers.head[w]
    size = t.models.device_bytes[attempts.model[a]]
    copy, work = 0.0, on.work[w]
    if on.resident[w] == 1:
        leave_order(t, h, k, w)
        enter_order(t, h, k, w)
    elif size > 0:
        if make_room(t, h, k, size):
            place(t, h, k, w, size)
            copy = size / devices.copy_Bps[h, k]
            devices.copies[h, k] += 1
        else:
            on.failed[w] = 1
            work = 0.0
    while a != NONE:
        t.device_calls.begun[a] = now
        t.device_calls.copy[a] = copy
        a = attempts.next[a]
    push_timer(t.clock[0], t.timers, now + copy + work, CLASS_COMPLETION, TIMER_JOB, w, t.workers.gen[w])


@inner
def leave(t, h, w, now):
    """The job of worker `w` of host `h` leaves its device: the next one begins. -> whether it has failed"""
    devices, on = t.devices, t.on_device
    k = on.device[w]
    bring(t, h, k, now)
    devices.running[h, k] -= 1
    on.state[w] = D_AWAY
    failed = on.failed[w]
    on.failed[w] = 0
    x = devices.head[h, k]
    if x != NONE:
        devices.head[h, k] = on.next[x]
        begin(t, h, k, x, now)
    return failed


@inner
def forget(t, h, w, now):
    """Worker `w` of host `h` is gone, with what it has and does on its device."""
    devices, on = t.devices, t.on_device
    k = on.device[w]
    if on.state[w] == D_WAITS:
        before, x = NONE, devices.head[h, k]
        while x != w:
            before, x = x, on.next[x]
        if before == NONE:
            devices.head[h, k] = on.next[w]
        else:
            on.next[before] = on.next[w]
        if devices.tail[h, k] == w:
            devices.tail[h, k] = before
        on.state[w] = D_AWAY
    elif on.state[w] == D_ON:
        leave(t, h, w, now)
    if on.resident[w] == 1:
        bring(t, h, k, now)
        evict(t, h, k, w)


@inner
def make_room(t, h, k, size):
    """Evict models from device `k` of host `h`, those used longest ago first, until `size` bytes fit.

    -> whether they fit: the models of jobs on the device stay.
    """
    devices, on = t.devices, t.on_device
    x = devices.oldest[h, k]
    while devices.used[h, k] + size > devices.room[h, k] and x != NONE:
        after = on.newer[x]
        if on.state[x] != D_ON:
            evict(t, h, k, x)
        x = after
    return devices.used[h, k] + size <= devices.room[h, k]


@inline
def place(t, h, k, w, size):
    """The model of worker `w` is on device `k` of host `h` from now on, used last."""
    t.on_device.resident[w] = 1
    t.on_device.bytes[w] = size
    t.devices.used[h, k] += size
    enter_order(t, h, k, w)


@inline
def evict(t, h, k, w):
    """The model of worker `w` is on device `k` of host `h` no more."""
    leave_order(t, h, k, w)
    t.on_device.resident[w] = 0
    t.devices.used[h, k] -= t.on_device.bytes[w]


@inline
def enter_order(t, h, k, w):
    """Worker `w` has used device `k` of host `h` last."""
    devices, on = t.devices, t.on_device
    last = devices.newest[h, k]
    on.older[w] = last
    on.newer[w] = NONE
    if last == NONE:
        devices.oldest[h, k] = w
    else:
        on.newer[last] = w
    devices.newest[h, k] = w


@inline
def leave_order(t, h, k, w):
    """Take worker `w` out of the order of use of device `k` of host `h`."""
    devices, on = t.devices, t.on_device
    older, newer = on.older[w], on.newer[w]
    if older == NONE:
        devices.oldest[h, k] = newer
    else:
        on.newer[older] = newer
    if newer == NONE:
        devices.newest[h, k] = older
    else:
        on.older[newer] = older


@inner
def put_on_device(t, p):
    """The model of ready pool `p` is on the devices of its workers, where nothing has to leave for it."""
    h, size = t.pools.host[p], t.models.device_bytes[t.pools.model[p]]
    w = t.pools.first_worker[p]
    while w != NONE and size > 0:
        k = t.on_device.device[w]
        if t.on_device.resident[w] == 0 and t.devices.used[h, k] + size <= t.devices.room[h, k]:
            place(t, h, k, w, size)
        w = t.workers.sibling[w]
