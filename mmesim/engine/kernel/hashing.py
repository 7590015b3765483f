"""Chance that belongs to a call and its attempt, whatever happened before: the same in every fleet.

A hash instead of a generator, since a retry is decided in the middle of a run. Multiplications stay below 2**62, as
compiled and plain Python differ beyond. Its numbers are tested for uniformity and independence, no more is claimed.
"""

from mmesim.engine.kernel.jit import inline

PRIME = 2147483647  # products of two numbers below it fit in 63 bits: no wrap-around
BACKOFF, ROUTE = 1, 2  # what the number is for
KEYS = 2**62
OF_ATTEMPT, LOADS = PRIME * 2**20, 2**10  # further apart than the calls of a stream, and still below KEYS together


@inline
def mixed(x):
    """Another number below PRIME: one round of multiplication and shifts."""
    x = (x * 48271 + 11) % PRIME
    x = (x ^ (x >> 13)) % PRIME
    x = (x * 1583458089 + 7) % PRIME
    return (x ^ (x >> 15)) % PRIME


@inline
def rank(key, seed):
    """Place of the call `key` in an order by chance, below PRIME: the sample of calls is those below a threshold."""
    x = (key % PRIME * 48271 + seed) % PRIME
    return (x * 69621) % PRIME


@inline
def chance(key, number, purpose, seed):
    """Uniform in [0, 1) for attempt `number` of the call `key` (0 to 2**62), one for each purpose."""
    x = mixed((key % PRIME + seed) % PRIME)
    x = mixed((x + key // PRIME) % PRIME)
    x = mixed((x + 64 * number + purpose) % PRIME)
    return x / PRIME


@inline
def load_key(key, number):
    """What the draws of a load belong to that attempt `number`, from 1, of the call `key` asks for; below 2**62.

    The key of the call for its first attempt. A later one has draws of its own: what failed, or took too long, would
    do so each time.
    """
    return (key + (number - 1) % LOADS * OF_ATTEMPT) % KEYS
