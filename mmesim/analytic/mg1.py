"""One server, Poisson arrivals, any service time: first come first served, and processor sharing.

Rates are per second, times in seconds. A queue that is not stable has an infinite mean; an argument that makes no
sense raises ValueError.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import pdtrc

from mmesim.arrays import Floats


def mg1_mean_wait(arrival_rate: float, service_s: float, variance_s2: float) -> float:
    """Mean time in the queue of M/G/1, first come first served, seconds.

    Pollaczek-Khinchine: W = lambda E[S^2] / (2 (1 - rho)) (L. Kleinrock, Queueing Systems, Volume 1, 1975,
    section 5.6).
    """
    if arrival_rate < 0 or service_s < 0 or variance_s2 < 0:
        raise ValueError("mg1_mean_wait needs arrival_rate, service_s and variance_s2 >= 0")
    load = arrival_rate * service_s
    if load >= 1.0:
        return math.inf
    return arrival_rate * (variance_s2 + service_s * service_s) / (2.0 * (1.0 - load))


def mg1_mean_sojourn(arrival_rate: float, service_s: float, variance_s2: float) -> float:
    """Mean time in queue and service of M/G/1, first come first served, seconds."""
    return mg1_mean_wait(arrival_rate, service_s, variance_s2) + service_s


def md1_mean_wait(arrival_rate: float, service_s: float) -> float:
    """Mean time in the queue of M/D/1, seconds: Pollaczek-Khinchine with variance 0, half of M/M/1."""
    return mg1_mean_wait(arrival_rate, service_s, 0.0)


def md1_wait_exceeds(arrival_rate: float, service_s: float, wait_s: float) -> float:
    """Probability that a call waits longer than `wait_s` in M/D/1, first come first served.

    With k = floor(t / D) + 1 and u = lambda (k D - t): P(W <= t) = sum_j P(at most k - 1 - j wait) u^j / j! exp(-u),
    j = 0 .. k - 1. All terms are positive, so no digit is lost, unlike in Erlang's own alternating sum. Source:
    G. J. Franx, A simple solution for the M/D/c waiting time distribution, Operations Research Letters 29 (2001).
    """
    if arrival_rate < 0 or service_s <= 0 or wait_s < 0:
        raise ValueError("md1_wait_exceeds needs arrival_rate >= 0, service_s > 0 and wait_s >= 0")
    load = arrival_rate * service_s
    if load >= 1.0:
        return 1.0
    k = math.floor(wait_s / service_s) + 1
    # With one call in service, at most i wait when at most i + 1 are in the system.
    at_most_waiting = np.cumsum(_md1_in_system(load, k + 1))[1:]
    until = arrival_rate * (k * service_s - wait_s)
    arrive = np.cumprod([math.exp(-until), *(until / j for j in range(1, k))])
    return max(0.0, 1.0 - float(arrive @ at_most_waiting[::-1]))


def _md1_in_system(load: float, states: int) -> Floats:
    """The chance of 0, 1 .. states - 1 calls in M/D/1, from what passes each level up and down after a departure."""
    more = pdtrc(np.arange(states), load)  # [i]: more than i calls come during one service
    none = math.exp(-load)
    chance = np.zeros(states)
    chance[0] = 1.0 - load
    for n in range(1, states):
        chance[n] = (chance[0] * more[n - 1] + chance[1:n] @ more[n - 1 : 0 : -1]) / none
    return chance


def mg1_ps_mean_sojourn(arrival_rate: float, service_s: float) -> float:
    """Mean time in an M/G/1 queue under processor sharing, seconds; only the mean of the service time counts.

    T = E[S] / (1 - rho) (L. Kleinrock, Queueing Systems, Volume 2, 1976, section 4.4).
    """
    return mg1_ps_sojourn_of(arrival_rate, service_s, service_s)


def mg1_ps_sojourn_of(arrival_rate: float, service_s: float, own_service_s: float) -> float:
    """Mean time in an M/G/1 processor-sharing queue of a call that itself needs `own_service_s`, seconds.

    T(x) = x / (1 - rho) (L. Kleinrock, Queueing Systems, Volume 2, 1976, section 4.4).
    """
    if arrival_rate < 0 or service_s < 0 or own_service_s < 0:
        raise ValueError("processor sharing needs arrival_rate and service times >= 0")
    load = arrival_rate * service_s
    return own_service_s / (1.0 - load) if load < 1.0 else math.inf
