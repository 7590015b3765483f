"""Erlang's formulas and the M/M queues against tables, hand calculation, special cases and the solved chain."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate

from mmesim.analytic.erlang import (
    Stationary,
    erlang_b,
    erlang_c,
    machine_repair,
    mmc_mean_sojourn,
    mmc_mean_wait,
    mmc_sojourn_exceeds,
    mmc_wait_exceeds,
    mmck,
)


@pytest.mark.parametrize(
    ("offered", "servers", "blocking"),
    [
        (5.0, 10, 0.018384570),  # printed in Erlang B tables as 1.84 %
        (2.0, 5, (32 / 120) / (1 + 2 + 2 + 8 / 6 + 16 / 24 + 32 / 120)),
        (1.0, 1, 0.5),
        (3.0, 0, 1.0),
        (0.0, 3, 0.0),
    ],
)
def test_erlang_b_known_values(offered: float, servers: int, blocking: float) -> None:
    assert erlang_b(offered, servers) == pytest.approx(blocking, rel=1e-7)


def test_erlang_b_does_not_overflow_for_a_thousand_servers() -> None:
    # 1 % blocking on 1,000 circuits is offered 971.0 Erlang in the usual tables.
    assert erlang_b(971.0, 1000) == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize(
    ("offered", "servers", "waiting"), [(2.0, 3, 4 / 9), (1.0, 2, 1 / 3), (0.7, 1, 0.7), (5.0, 4, 1.0)]
)
def test_erlang_c_known_values(offered: float, servers: int, waiting: float) -> None:
    assert erlang_c(offered, servers) == pytest.approx(waiting, rel=1e-12)


def test_one_server_is_mm1() -> None:
    rate, service = 8.0, 0.1
    assert mmc_mean_wait(rate, service, 1) == pytest.approx(0.8 * 0.1 / 0.2)
    assert mmc_mean_sojourn(rate, service, 1) == pytest.approx(1 / (10 - 8))
    assert mmc_sojourn_exceeds(rate, service, 1, 0.7) == pytest.approx(math.exp(-2 * 0.7))


@pytest.mark.parametrize(("rate", "servers"), [(3.0, 1), (7.0, 2), (30.0, 4), (20.0, 3)])
def test_tails_integrate_to_the_means(rate: float, servers: int) -> None:
    service = 0.1
    end = 10.0  # the slowest tail here falls by e five times a second
    wait, _ = integrate.quad(lambda t: mmc_wait_exceeds(rate, service, servers, t), 0, end)
    sojourn, _ = integrate.quad(lambda t: mmc_sojourn_exceeds(rate, service, servers, t), 0, end)
    assert wait == pytest.approx(mmc_mean_wait(rate, service, servers), rel=1e-6)
    assert sojourn == pytest.approx(mmc_mean_sojourn(rate, service, servers), rel=1e-6)


def test_sojourn_tail_is_smooth_where_the_two_rates_meet() -> None:
    # c mu - lambda = mu: 2 servers at offered load 1.
    near = [mmc_sojourn_exceeds(10.0 + shift, 0.1, 2, 0.3) for shift in (-1e-7, 0.0, 1e-7)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-12)


def test_an_unstable_queue_never_ends() -> None:
    assert mmc_mean_wait(20.0, 0.1, 2) == math.inf
    assert mmc_wait_exceeds(20.0, 0.1, 2, 1e6) == 1.0


def _solved(last: int, birth: list[float], death: list[float]) -> np.ndarray:
    """Stationary distribution of a birth-death chain from its generator, by linear algebra."""
    generator = np.zeros((last + 1, last + 1))
    for n in range(last):
        generator[n, n + 1] = birth[n]
        generator[n + 1, n] = death[n]
    generator -= np.diag(generator.sum(axis=1))
    system = np.vstack([generator.T, np.ones(last + 1)])
    solution, *_ = np.linalg.lstsq(system, np.append(np.zeros(last + 1), 1.0), rcond=None)
    return np.asarray(solution)


@pytest.mark.parametrize(
    ("rate", "servers", "capacity"), [(8.0, 1, 1), (8.0, 1, 11), (25.0, 2, 2), (25.0, 2, 12), (60.0, 4, 20)]
)
def test_mmck_against_the_solved_chain(rate: float, servers: int, capacity: int) -> None:
    service = 0.1
    death = [min(n, servers) / service for n in range(1, capacity + 1)]
    expected = _solved(capacity, [rate] * capacity, death)
    queue = mmck(rate, service, servers, capacity)
    np.testing.assert_allclose(queue.probability, expected, atol=1e-10)
    assert queue.blocking == pytest.approx(expected[-1], rel=1e-8)
    # What is accepted is served, and Little's law holds for those who were accepted.
    assert queue.throughput == pytest.approx(rate * (1 - queue.blocking))
    assert queue.mean_in_system == pytest.approx(queue.throughput * queue.mean_sojourn_s)


def test_mmck_without_a_queue_is_erlang_b() -> None:
    assert mmck(50.0, 0.1, 10, 10).blocking == pytest.approx(erlang_b(5.0, 10))


def test_mmck_with_a_long_queue_is_mmc() -> None:
    queue = mmck(15.0, 0.1, 2, 2000)
    assert queue.mean_wait_s == pytest.approx(mmc_mean_wait(15.0, 0.1, 2), rel=1e-9)
    assert queue.blocking == pytest.approx(0.0, abs=1e-12)


def test_mmck_far_above_its_capacity_serves_at_full_speed() -> None:
    queue = mmck(1e6, 0.1, 3, 1000)
    assert queue.throughput == pytest.approx(30.0, rel=1e-6)


@pytest.mark.parametrize(("users", "servers"), [(1, 1), (10, 1), (10, 3), (40, 4)])
def test_machine_repair_against_the_solved_chain(users: int, servers: int) -> None:
    think, service = 1.0, 0.08
    birth = [(users - n) / think for n in range(users)]
    death = [min(n, servers) / service for n in range(1, users + 1)]
    queue = machine_repair(users, think, service, servers)
    np.testing.assert_allclose(queue.probability, _solved(users, birth, death), atol=1e-10)
    # Interactive response time law: a cycle is thinking plus the answer.
    assert users == pytest.approx(queue.throughput * (think + queue.mean_sojourn_s))
    assert queue.blocking == 0.0


def test_one_user_never_waits() -> None:
    assert machine_repair(1, 1.0, 0.25, 1).mean_wait_s == pytest.approx(0.0, abs=1e-15)


def test_nobody_calls() -> None:
    queue = mmck(0.0, 0.1, 2, 5)
    assert isinstance(queue, Stationary)
    assert queue.probability.tolist() == [1, 0, 0, 0, 0, 0]
    assert (queue.throughput, queue.mean_wait_s) == (0.0, 0.0)


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: erlang_b(-1.0, 2),
        lambda: erlang_c(1.0, 0),
        lambda: mmc_mean_wait(1.0, 0.0, 1),
        lambda: mmc_wait_exceeds(1.0, 0.1, 1, -1.0),
        lambda: mmck(1.0, 0.1, 3, 2),
        lambda: machine_repair(0, 1.0, 0.1, 1),
        lambda: machine_repair(3, 0.0, 0.1, 1),
    ],
)
def test_arguments_without_sense_are_refused(nonsense: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"needs|must"):
        nonsense()
