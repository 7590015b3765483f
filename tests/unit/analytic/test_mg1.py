"""M/G/1 first come first served and processor sharing against special cases and a second computation."""

import math
from collections.abc import Callable

import pytest
from scipy import integrate

from mmesim.analytic.erlang import mmc_mean_wait
from mmesim.analytic.mg1 import (
    md1_mean_wait,
    md1_wait_exceeds,
    mg1_mean_sojourn,
    mg1_mean_wait,
    mg1_ps_mean_sojourn,
    mg1_ps_sojourn_of,
)


def test_exponential_service_is_mm1() -> None:
    assert mg1_mean_wait(8.0, 0.1, 0.01) == pytest.approx(mmc_mean_wait(8.0, 0.1, 1))
    assert mg1_mean_sojourn(8.0, 0.1, 0.01) == pytest.approx(0.5)


def test_constant_service_waits_half_as_long() -> None:
    assert md1_mean_wait(8.0, 0.1) == pytest.approx(mmc_mean_wait(8.0, 0.1, 1) / 2)


def test_processor_sharing_does_not_see_the_variance() -> None:
    # With exponential service sharing and queueing have the same mean.
    assert mg1_ps_mean_sojourn(8.0, 0.1) == pytest.approx(mg1_mean_sojourn(8.0, 0.1, 0.01))
    assert mg1_ps_sojourn_of(8.0, 0.1, 0.3) == pytest.approx(1.5)


def test_wait_of_constant_service_known_values() -> None:
    rate, service = 5.0, 0.1
    assert md1_wait_exceeds(rate, service, 0.0) == pytest.approx(0.5)  # somebody is in service
    # Below one service: 1 - (1 - rho) e^(lambda t).
    assert md1_wait_exceeds(rate, service, 0.06) == pytest.approx(1 - 0.5 * math.exp(0.3))


@pytest.mark.parametrize("load", [0.2, 0.5, 0.7])
def test_wait_of_constant_service_integrates_to_its_mean(load: float) -> None:
    area = sum(integrate.quad(lambda t: md1_wait_exceeds(load, 1.0, t), k, k + 1)[0] for k in range(60))
    assert area == pytest.approx(md1_mean_wait(load, 1.0), rel=1e-6)


@pytest.mark.parametrize("wait", [0.3, 1.0, 2.5, 6.0])
def test_wait_of_constant_service_against_erlangs_alternating_sum(wait: float) -> None:
    # P(W <= t) = (1 - rho) sum_k (rho (k - t))^k / k! exp(-rho (k - t)), k = 0 .. floor(t): exact while t is small.
    load = 0.6
    terms = [(load * (k - wait)) ** k / math.factorial(k) * math.exp(-load * (k - wait)) for k in range(int(wait) + 1)]
    assert md1_wait_exceeds(load, 1.0, wait) == pytest.approx(1 - (1 - load) * math.fsum(terms), rel=1e-9)


def test_unstable_queues_never_end() -> None:
    assert mg1_mean_wait(10.0, 0.1, 0.0) == math.inf
    assert mg1_ps_mean_sojourn(11.0, 0.1) == math.inf
    assert md1_wait_exceeds(11.0, 0.1, 5.0) == 1.0


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: mg1_mean_wait(-1.0, 0.1, 0.0),
        lambda: mg1_ps_mean_sojourn(1.0, -0.1),
        lambda: md1_wait_exceeds(1.0, 0.0, 0.0),
    ],
)
def test_arguments_without_sense_are_refused(nonsense: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="need"):
        nonsense()
