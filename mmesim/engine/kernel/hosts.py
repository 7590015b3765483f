"""Hosts that come and go: what the control plane's verbs do to the rows of hosts."""

from mmesim.engine.kernel.codes import LEAVING, UP
from mmesim.engine.kernel.cpu import refresh
from mmesim.engine.kernel.jit import inner


@inner
def add_host(t, now, key):
    """A new host, up from now, with the figures of `params`; its row."""
    clock, params, hosts = t.clock[0], t.params[0], t.hosts
    h = clock.n_hosts
    clock.n_hosts = h + 1
    hosts.state[h] = UP
    hosts.key[h] = key
    hosts.vcpu[h] = params.vcpu
    hosts.cores[h] = params.cores
    hosts.smt_slope[h] = params.smt_slope
    hosts.speed[h] = hosts.full_speed[h] = params.speed
    hosts.at[h] = hosts.tokens_at[h] = now
    hosts.tokens[h] = params.throttle_burst
    t.up[clock.n_up] = h
    clock.n_up += 1
    clock.memory_epoch += 1
    refresh(t, h)
    return h


@inner
def drain_host(t, h):
    """The router sends no request to host `h` any more; what is there goes on."""
    clock, up = t.clock[0], t.up
    if t.hosts.state[h] != UP:
        return
    t.hosts.state[h] = LEAVING
    n = 0
    for k in range(clock.n_up):
        if up[k] != h:
            up[n] = up[k]
            n += 1
    clock.n_up = n
