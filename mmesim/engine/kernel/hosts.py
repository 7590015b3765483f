"""What the control plane does to a host: it comes, leaves, is slowed down, and computes for loads."""

from mmesim.engine.kernel import devices
from mmesim.engine.kernel.codes import COMING, LEAVING, NONE, TASK_CONTROL, UP
from mmesim.engine.kernel.cpu import refresh, set_rates, start_task, sync
from mmesim.engine.kernel.frontend import end_control
from mmesim.engine.kernel.heap import remove_task
from mmesim.engine.kernel.jit import inner
from mmesim.engine.kernel.lists import free_control
from mmesim.engine.kernel.record import integrate


@inner
def add_host(t, key, config, speed, now):
    """A new host to which the router does not send yet, of the configuration with this place in `copies`; its row.

    It is on the first side.
    """
    clock, hosts = t.clock[0], t.hosts
    h = clock.n_hosts
    clock.n_hosts = h + 1
    hosts.state[h] = COMING
    hosts.key[h] = key
    hosts.config[h] = config
    hosts.speed[h] = hosts.full_speed[h] = speed
    hosts.at[h] = hosts.tokens_at[h] = now
    hosts.tokens[h] = t.params[0].throttle_burst
    refresh(t, h)
    return h


@inner
def equip_host(t, h, loops, vcpu, cores, smt_slope):
    """Set what host `h`, which has nothing to do yet, computes with, and the event loops of its front end."""
    hosts = t.hosts
    hosts.loops[h] = loops
    hosts.vcpu[h] = vcpu
    hosts.cores[h] = cores
    hosts.smt_slope[h] = smt_slope
    set_rates(t, h)


@inner
def open_host(t, h):
    """The router may send to host `h`, which was COMING or LEAVING, from now on, and uses what is loaded there."""
    clock, up, side = t.clock[0], t.up, t.hosts.side[h]
    if t.hosts.state[h] == UP:
        return
    t.hosts.state[h] = UP
    p = t.hosts.first_pool[h]
    while p >= 0:
        t.pools.up[p] = 1 + side
        p = t.pools.next_pool[p]
    k = clock.n_up
    if side == 0:  # hosts of the first side stand before those of the second
        while k > clock.n_up_first:
            up[k] = up[k - 1]
            k -= 1
        clock.n_up_first += 1
    up[k] = h
    clock.n_up += 1
    clock.memory_epoch += 1
    clock.fleet_epoch += 1


@inner
def drain_host(t, h):
    """The router sends no request to host `h` any more; what is there goes on."""
    if t.hosts.state[h] == UP:
        leave_router(t, h)
    elif t.hosts.state[h] == COMING:
        t.hosts.state[h] = LEAVING


@inner
def leave_router(t, h):
    """The router forgets host `h` and what is loaded there."""
    clock, up = t.clock[0], t.up
    t.hosts.state[h] = LEAVING
    p = t.hosts.first_pool[h]
    while p >= 0:
        t.pools.up[p] = 0
        p = t.pools.next_pool[p]
    n = 0
    for k in range(clock.n_up):
        if up[k] != h:
            up[n] = up[k]
            n += 1
    clock.n_up = n
    clock.n_up_first -= 1 - t.hosts.side[h]
    clock.fleet_epoch += 1


@inner
def start_cpu(t, h, k, work, second, now):
    """CPU work of the control plane on one thread of host `h`, `work` and then `second` seconds; its row.

    The first part blocks event loop `k`, NONE for no loop.
    """
    space, controls = t.space[0], t.controls
    row = space.free_control
    space.free_control = controls.next[row]
    space.n_free_controls -= 1
    controls.host[row] = h
    controls.threads[row] = 1
    controls.second[row] = second
    controls.loop[row] = k
    if k != NONE:
        t.loops.blocked[h, k] += 1
    start_task(t, h, now, row * 4 + TASK_CONTROL, work, 1, 0)
    refresh(t, h)
    return row


@inner
def cancel_cpu(t, row, now):
    """Take back CPU work of the control plane that is under way."""
    h = t.controls.host[row]
    sync(t, h, now)
    i = 0
    while t.tasks.code[h, i] != row * 4 + TASK_CONTROL:
        i += 1
    remove_task(t.hosts, t.tasks, h, i)
    t.hosts.threads[h] -= t.controls.threads[row]
    end_control(t, h, row, now)
    free_control(t, row)
    refresh(t, h)


@inner
def set_speed(t, h, speed, now):
    """One thread of host `h` does `speed` CPU seconds of work in a second from now on."""
    sync(t, h, now)
    t.hosts.speed[h] = speed
    set_rates(t, h)
    refresh(t, h)


@inner
def sync_all(t, now):
    """Bring all integrals over time to `now`."""
    integrate(t, now)
    for h in range(t.clock[0].n_hosts):
        sync(t, h, now)
        devices.bring_all(t, h, now)
