"""One server, Poisson arrivals, any service time: first come first served, and processor sharing.

Rates are per second, times in seconds. A queue that is not stable has an infinite mean; an argument that makes no sense
raises ValueError.
"""

from __future__ import annotations

import math


def mg1_mean_wait(arrival_rate: float, service_s: float, variance_s2: float) -> float:
    """Mean time in the queue of M/G/1, first come first served, seconds.

    Pollaczek-Khinchine: W = lambda E[S^2] / (2 (1 - rho)) (L. Kleinrock, Queueing Systems, Volume 1, 1975, section 5.6).
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

    P(W <= t) = (1 - rho) sum_k (lambda (k D - t))^k / k! exp(-lambda (k D - t)), k = 0 .. floor(t / D): A. K. Erlang
    (1909); in this form D. Gross, C. Harris, Fundamentals of Queueing Theory (Wiley, 3rd edition 1998), section 5.1. The
    terms alternate in sign: more than 30 services of wait raise ValueError instead of losing every digit.
    """
    if arrival_rate < 0 or service_s <= 0 or wait_s < 0:
        raise ValueError("md1_wait_exceeds needs arrival_rate >= 0, service_s > 0 and wait_s >= 0")
    load = arrival_rate * service_s
    if load >= 1.0:
        return 1.0
    services = wait_s / service_s
    if services > 30.0:
        raise ValueError("md1_wait_exceeds is exact up to a wait of 30 services only")
    terms: list[float] = []
    for k in range(int(services) + 1):
        # (load * (k - services))^k / k! step by step: neither the power nor the factorial can overflow.
        base = load * (k - services)
        term = math.exp(-base)
        for i in range(1, k + 1):
            term *= base / i
        terms.append(term)
    return 1.0 - (1.0 - load) * math.fsum(terms)


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
