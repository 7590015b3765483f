"""Half a minute in which the only host is slow: a noisy neighbour, a garbage collection, a disk that hangs."""

BEGINS_S = 120
LASTS_S = 30
FACTOR = 4


def slow_down(env, endpoint):
    """Slow host 0 down, and give it its speed back."""
    yield env.timeout(BEGINS_S)
    endpoint.slow(0, FACTOR)
    yield env.timeout(LASTS_S)
    endpoint.restore(0)
