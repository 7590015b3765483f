"""Queues with Poisson arrivals and exponential service: M/M/c, M/M/c/K, M/M/c//N and Erlang's two formulas.

Rates are per second, times in seconds. A queue that is not stable has an infinite mean wait; an argument that makes no
sense (negative, no server) raises ValueError. Source of all formulas: L. Kleinrock, Queueing Systems, Volume 1: Theory
(Wiley 1975), chapter 3, unless a function names another one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats


def erlang_b(offered_erlang: float, servers: int) -> float:
    """Share of calls that are refused by M/M/c/c (by insensitivity M/G/c/c) at an offered load in Erlang.

    Recursion B(0) = 1, B(c) = a B(c-1) / (c + a B(c-1)): D. L. Jagerman, Some properties of the Erlang loss function,
    Bell System Technical Journal 53 (1974).
    """
    _require(offered_erlang >= 0 and servers >= 0, "erlang_b needs offered_erlang >= 0 and servers >= 0")
    blocking = 1.0
    for c in range(1, servers + 1):
        blocking = offered_erlang * blocking / (c + offered_erlang * blocking)
    return blocking


def erlang_c(offered_erlang: float, servers: int) -> float:
    """Share of calls that have to wait in M/M/c; 1 if the queue is not stable.

    C = B / (1 - rho (1 - B)) with B from `erlang_b` and rho = a / c (Kleinrock 1975, section 3.5).
    """
    _require(offered_erlang >= 0 and servers >= 1, "erlang_c needs offered_erlang >= 0 and servers >= 1")
    if offered_erlang >= servers:
        return 1.0
    blocking = erlang_b(offered_erlang, servers)
    return blocking / (1.0 - offered_erlang / servers * (1.0 - blocking))


def mmc_mean_wait(arrival_rate: float, service_s: float, servers: int) -> float:
    """Mean time in the queue of M/M/c, seconds; infinite if the queue is not stable.

    W = C / (c mu - lambda) (Kleinrock 1975, section 3.5).
    """
    _require_queue(arrival_rate, service_s)
    offered = arrival_rate * service_s
    waiting = erlang_c(offered, servers)
    return waiting * service_s / (servers - offered) if offered < servers else math.inf


def mmc_mean_sojourn(arrival_rate: float, service_s: float, servers: int) -> float:
    """Mean time in queue and service of M/M/c, seconds."""
    return mmc_mean_wait(arrival_rate, service_s, servers) + service_s


def mmc_wait_exceeds(arrival_rate: float, service_s: float, servers: int, wait_s: float) -> float:
    """Probability that a call waits longer than `wait_s` in M/M/c, first come first served.

    P(W > t) = C exp(-(c mu - lambda) t) (Kleinrock 1975, section 3.5; exponential tail of section 5.12 in general).
    """
    _require_queue(arrival_rate, service_s)
    _require(wait_s >= 0, "wait_s must not be negative")
    offered = arrival_rate * service_s
    if offered >= servers:
        return 1.0
    return erlang_c(offered, servers) * math.exp(-(servers - offered) / service_s * wait_s)


def mmc_sojourn_exceeds(arrival_rate: float, service_s: float, servers: int, sojourn_s: float) -> float:
    """Probability that queue and service together take longer than `sojourn_s` in M/M/c, first come first served.

    Convolution of the wait (0 with probability 1 - C, else exponential with c mu - lambda) with the service:
    D. Gross, C. Harris, Fundamentals of Queueing Theory (Wiley, 3rd edition 1998), section 2.3.
    """
    _require_queue(arrival_rate, service_s)
    _require(sojourn_s >= 0, "sojourn_s must not be negative")
    offered = arrival_rate * service_s
    if offered >= servers:
        return 1.0
    waiting = erlang_c(offered, servers)
    serve = 1.0 / service_s
    drain = (servers - offered) / service_s
    alone = math.exp(-serve * sojourn_s)
    # The sum of two exponentials; expm1 keeps the quotient exact as the two rates meet.
    gap = (drain - serve) * sojourn_s
    both = alone * (1.0 + serve * sojourn_s * (-math.expm1(-gap) / gap if gap != 0.0 else 1.0))
    return (1.0 - waiting) * alone + waiting * both


@dataclass(frozen=True)
class Stationary:
    """Long-run state of a queue with a bounded number of calls in it."""

    probability: Floats
    """[n + 1]: share of time with 0 .. n calls in the system."""
    throughput: float
    """Calls served per second."""
    blocking: float
    """Share of the calls that find the system full and are lost; 0 where none can be."""
    mean_in_system: float
    mean_busy: float
    """Mean number of busy servers."""
    mean_wait_s: float
    """Mean time in the queue of the calls that are served."""
    mean_sojourn_s: float
    """Mean time in queue and service of the calls that are served."""


def mmck(arrival_rate: float, service_s: float, servers: int, capacity: int) -> Stationary:
    """M/M/c/K: at most `capacity` calls in service and queue together, the others are lost.

    Kleinrock 1975, section 3.6 (K = c is Erlang's loss system of section 3.7).
    """
    _require_queue(arrival_rate, service_s)
    _require(servers >= 1 and capacity >= servers, "mmck needs servers >= 1 and capacity >= servers")
    probability = _birth_death(capacity, lambda n: arrival_rate, lambda n: min(n, servers) / service_s)
    return _stationary(probability, service_s, servers, blocking=float(probability[-1]))


def machine_repair(users: int, think_s: float, service_s: float, servers: int) -> Stationary:
    """M/M/c//N: `users` callers, each of whom thinks (exponential, mean `think_s`), calls, and waits for the answer.

    Kleinrock 1975, section 3.8 (finite customer population). `blocking` is 0: nobody is refused.
    """
    _require(users >= 1 and servers >= 1, "machine_repair needs users >= 1 and servers >= 1")
    _require(think_s > 0 and service_s > 0, "machine_repair needs think_s > 0 and service_s > 0")
    probability = _birth_death(users, lambda n: (users - n) / think_s, lambda n: min(n, servers) / service_s)
    return _stationary(probability, service_s, servers, blocking=0.0)


def _birth_death(last: int, birth: Callable[[int], float], death: Callable[[int], float]) -> Floats:
    """Stationary probabilities of the states 0 .. last, by the product form in logarithms (nothing overflows)."""
    log_weight = np.full(last + 1, -np.inf)
    log_weight[0] = 0.0
    for n in range(1, last + 1):
        up = birth(n - 1)
        if up == 0.0:
            break
        log_weight[n] = log_weight[n - 1] + math.log(up / death(n))
    weight: Floats = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    return weight


def _stationary(probability: Floats, service_s: float, servers: int, blocking: float) -> Stationary:
    states = np.arange(len(probability))
    mean_in_system = float(probability @ states)
    mean_busy = float(probability @ np.minimum(states, servers))
    throughput = mean_busy / service_s
    mean_wait_s = float(probability @ np.maximum(states - servers, 0)) / throughput if throughput > 0 else 0.0
    return Stationary(
        probability=probability,
        throughput=throughput,
        blocking=blocking,
        mean_in_system=mean_in_system,
        mean_busy=mean_busy,
        mean_wait_s=mean_wait_s,
        mean_sojourn_s=mean_wait_s + service_s,
    )


def _require_queue(arrival_rate: float, service_s: float) -> None:
    _require(arrival_rate >= 0 and service_s > 0, "a queue needs arrival_rate >= 0 and service_s > 0")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
