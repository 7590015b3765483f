"""The verbs of the control plane: what it does to the tables while a run is under way.

A verb is a function here: its signature is its row in the table of verbs. Its place gives its number, its arguments
behind `now` (whole numbers before times and other reals) are what `act` passes on, and `dataplane.DataPlane` has a
method of the same name. A verb first brings the clocks that it depends on to `now`.
"""

from mmesim.engine.kernel import clients, container, devices, frontend, hosts, lists, loss, pools, router, sides, staff
from mmesim.engine.kernel.codes import DRAINING, NONE
from mmesim.engine.kernel.jit import Verbs, entry
from mmesim.engine.kernel.replay import replay as replay_calls

verb = Verbs()


@verb
def come_to(t, now):
    """Nothing but what every verb does: the clock is set to `now`."""


@verb
def add_host(t, now, key: int, config: int, speed: float) -> int:
    """A new host with `key` in rendezvous hashing and place `config` in `copies`; its row.

    The router does not send to it yet.
    """
    h = hosts.add_host(t, key, config, speed, now)
    if t.params[0].shared_queue == 1:
        pools.new_station(t, h, now)
    return h


@verb
def equip_host(t, now, host: int, loops: int, vcpu: float, cores: float, smt_slope: float):
    """What a new host, which has nothing to do yet, computes with, and its event loops."""
    hosts.equip_host(t, host, loops, vcpu, cores, smt_slope)


@verb
def open_host(t, now, host: int):
    """The router may send to a host from now on that is new or was drained."""
    hosts.open_host(t, host)


@verb
def take_side(t, now, host: int, side: int):
    """A new host, to which the router does not send yet, is on this side."""
    t.hosts.side[host] = side


@verb
def split_calls(t, now, share: float):
    """Hosts of the second side take this share of the attempts from now on, those of the first side the others."""
    sides.split_calls(t, share)


@verb
def drain_host(t, now, host: int):
    """The router sends no request to the host any more; what is there goes on."""
    hosts.drain_host(t, host)


@verb
def equip_devices(t, now, host: int, count: int, at_once: float, room: float, copy_Bps: float):
    """What devices a host has that has nothing to do yet, and how much memory for models and how many jobs each."""
    devices.equip(t, host, count, at_once, room, copy_Bps, now)


@verb
def kill_host(t, now, host: int):
    """The host is no more; `notice_loss` must follow, then or later."""
    loss.kill_host(t, host, now)


@verb
def empty_host(t, now, host: int):
    """The container of the host dies; loads that are in it must be interrupted."""
    container.empty_host(t, host, now)


@verb
def notice_loss(t, now, host: int):
    """The router learns that a host is lost."""
    loss.notice_loss(t, host)


@verb
def rehash(t, now):
    """The hosts have changed: no copy is used any more that is not on the first host of its model."""
    router.rehash(t)


@verb
def set_speed(t, now, host: int, speed: float):
    """CPU seconds of work that one thread of the host does in a second, from now on."""
    hosts.set_speed(t, host, speed, now)


@verb
def start_cpu(t, now, host: int, loop: int, first: float, second: float) -> int:
    """CPU work on one thread, `first` and then `second` seconds; the first part blocks an event loop. Its row."""
    return hosts.start_cpu(t, host, loop, first, second, now)


@verb
def cancel_cpu(t, now, row: int):
    """Take back CPU work that is under way."""
    hosts.cancel_cpu(t, row, now)


@verb
def sync(t, now):
    """Bring all integrals over time to now."""
    hosts.sync_all(t, now)


@verb
def create_pool(t, now, model: int, host: int) -> int:
    """A pool in state LOADING that no request asked for: eviction ranks it as used now; its row."""
    pool = lists.new_pool(t, model, host, NONE, now)
    t.pools.accessed[pool] = t.clock[0].seq
    t.clock[0].seq += 1
    return pool


@verb
def pool_ready(t, now, pool: int):
    """The load of a pool has ended."""
    pools.pool_ready(t, pool, now)


@verb
def spoil_pool(t, now, pool: int, left: int, cpu: float, wait: float):
    """The load of a pool leaves a copy that does not work: NO_WORKER, or BROKEN, with what each of its jobs takes."""
    t.pools.load_left[pool] = left
    t.pools.retry_cpu[pool] = cpu
    t.pools.retry_wait[pool] = wait


@verb
def load_failed(t, now, pool: int, cause: int):
    """The load of a pool has failed."""
    pools.load_failed(t, pool, cause, now)


@verb
def drain_pool(t, now, pool: int):
    """No request is sent to an idle pool any more."""
    staff.staff_leaves(t, pool, now)
    t.pools.state[pool] = DRAINING


@verb
def empty_pool(t, now, pool: int):
    """A ready pool is unregistered while it works."""
    pools.empty_pool(t, pool, now)


@verb
def drop_pool(t, now, pool: int, on_disk: int):
    """A pool is unloaded; whether the artefact stays on the host's disk (1 or 0)."""
    pools.drop_pool(t, pool, on_disk, now)


@verb
def put_on_device(t, now, pool: int):
    """The model of a ready pool is on the devices of its workers, as far as there is room, without taking time."""
    devices.put_on_device(t, pool)


@verb
def idle_pools(t, now, host: int) -> int:
    """Write the pools of a host that may be unloaded to `scratch`; how many they are."""
    return pools.idle_pools(t, host)


@verb
def crash_worker(t, now, pool: int, number: int) -> int:
    """A worker of a ready pool dies; its row, NONE if there is none or it is dead already."""
    return pools.crash_worker(t, pool, number, now)


@verb
def revive_worker(t, now, worker: int):
    """A worker that died has loaded its model again."""
    pools.revive_worker(t, worker, now)


@verb
def add_worker(t, now, station: int):
    """A worker that was asked for (ADD_WORKER) has started."""
    pools.add_worker(t, station, now)


@verb
def forgo_worker(t, now, station: int):
    """A worker that was asked for (ADD_WORKER) does not start: what waits next asks again."""
    t.pools.workers[station] -= 1


@verb
def block_loop(t, now, host: int, loop: int):
    """A registration blocks an event loop; several may block one."""
    t.loops.blocked[host, loop] += 1


@verb
def release_loop(t, now, host: int, loop: int):
    """A registration no longer blocks an event loop."""
    frontend.release_loop(t, host, loop, now)


@verb
def want(t, now, host: int, waiting: int):
    """Whether a load of the host waits for a pool to become idle (1 or 0)."""
    t.hosts.wanted[host] = waiting


@verb
def set_clock(t, now, host: int, clock: float):
    """The host's clock, by which GDSF ages what is not asked for any more."""
    t.hosts.clock[host] = clock


@verb
def forget_disk(t, now, model: int, host: int):
    """The artefact of a model is no longer on the host's disk."""
    if t.models.disk_host[model] == host:
        t.models.disk_host[model] = NONE


@verb
def hosts_in_order(t, now, model: int):
    """Write the weight of a model on each host in rendezvous hashing to `scores`."""
    for h in range(t.clock[0].n_hosts):
        t.scores[h] = router.score(t, model, h)


@verb
def replay(t, now, first: int, last: int) -> int:
    """Let the requests [first, last) of the arrivals touch their pools, without timing; the first that misses."""
    return replay_calls(t, first, last)


@verb
def next_call(t, now, user: int, free_at: float):
    """A user of a closed loop begins the next call that was drawn, after its pause."""
    clients.next_call(t.clock[0], t.timers, t.users, t.drafts, t.params[0].out_delay, user, free_at)


do = verb.dispatcher()
"""`do(t, verb, now, i, j, x, y, z)`: do the verb with this number; its result, 0 without one."""


@entry
def act(t, verb, now, i, j, x, y, z):
    """Do `verb` at time `now` with its arguments; a row, a count or 0, and the table that must grow before the next."""
    t.clock[0].now = now
    result = do(t, verb, now, i, j, x, y, z)
    return result, lists.room(t)
