"""Hosts that come and go: what the control plane's verbs do to the rows of hosts."""

from mmesim.engine.kernel.codes import LEAVING, UP
from mmesim.engine.kernel.cpu import refresh
from mmesim.engine.kernel.jit import inner


@inner
def add_host(t, now, key):
    """A new host, up from now, with the figures of `params`; its row."""
    clock, hosts, params = t.clock, t.hosts, t.params
    h = clock.n_hosts[0]
    clock.n_hosts[0] = h + 1
    hosts.state[h] = UP
    hosts.key[h] = key
    hosts.vcpu[h] = params.vcpu[0]
    hosts.cores[h] = params.cores[0]
    hosts.smt_slope[h] = params.smt_slope[0]
    hosts.speed[h] = hosts.full_speed[h] = params.speed[0]
    hosts.at[h] = hosts.tokens_at[h] = now
    hosts.tokens[h] = params.throttle_burst[0]
    t.up[clock.n_up[0]] = h
    clock.n_up[0] += 1
    clock.memory_epoch[0] += 1
    refresh(t, h)
    return h


@inner
def drain_host(t, h):
    """The router sends no request to host `h` any more; what is there goes on."""
    clock, up = t.clock, t.up
    if t.hosts.state[h] != UP:
        return
    t.hosts.state[h] = LEAVING
    n = 0
    for k in range(clock.n_up[0]):
        if up[k] != h:
            up[n] = up[k]
            n += 1
    clock.n_up[0] = n
