"""Two sides of a fleet: while an endpoint is updated its old hosts are on one, its new ones on the other.

The calls are split between them; on its side the router goes by its policy. Otherwise all hosts are on one side.
"""

from mmesim.engine.kernel.hashing import PRIME, mixed
from mmesim.engine.kernel.jit import inline, inner


@inner
def split_calls(t, share):
    """Hosts of the second side take this share of the attempts from now on, those of the first side the others."""
    t.clock[0].share = share
    t.clock[0].fleet_epoch += 1


@inline
def first_up(t, side):
    """The first entry of `up` that is a host of the side."""
    return 0 if side == 0 else t.clock[0].n_up_first


@inline
def end_up(t, side):
    """The entry behind the last one of `up` that is a host of the side."""
    return t.clock[0].n_up_first if side == 0 else t.clock[0].n_up


@inline
def side_of(t, m, u):
    """(side, uniform number left over) for a request of model `m` with its uniform number `u`.

    The second side takes `share` of the requests, those with the lowest numbers, or that share of the models with all
    their requests. A side without a host that is up takes none.
    """
    share = t.clock[0].share
    side = 0
    if share > 0.0:
        if t.params[0].split_models == 1:
            side = 1 if mixed(t.models.key[m]) < share * PRIME else 0
        elif u < share:
            side = 1
            u = u / share
        else:
            u = (u - share) / (1.0 - share)
        if first_up(t, side) == end_up(t, side):
            side = 1 - side
    return side, u
