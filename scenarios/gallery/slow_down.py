"""Half a minute in which the only host is slow: a noisy neighbour, a garbage collection, a hanging disk."""

BEGINS_S = 120
LASTS_S = 30
FACTOR = 4


def slow_down(env, endpoint):
    """Slow host 0 down for a while, then restore its speed."""
    yield env.timeout(BEGINS_S)
    endpoint.slow(0, FACTOR)
    yield env.timeout(LASTS_S)
    endpoint.restore(0)
