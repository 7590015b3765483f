"""Nominal levels of a test that looks several times, checked by gsdesign's integration and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from gsdesign import h1, hupdate
from scipy.special import ndtri

from mmesim.stats.looks import LOOKS
from mmesim.stats.spending import nominal_levels, spent

SCHEDULES = [LOOKS, (8, 16, 24, 32, 40), (30,), (10, 11, 90), (12, 24, 100)]
ALPHAS = [0.025, 0.005, 0.025 / 40]
FINE = 160
"""Points of gsdesign's grid: its usual 18 leave 2e-5 of what is far out in the tail."""


def crossing(looks: tuple[int, ...], levels: tuple[float, ...]) -> list[float]:
    """The chance of a first crossing at each look when the hypothesis is true, by gsdesign."""
    found, grid, before = [], None, 0.0
    for look, level in zip(looks, levels, strict=True):
        z, info = float(-ndtri(level)), look / looks[-1]
        # The density where nothing was crossed before, integrated above the boundary, then below it for the next look.
        if grid is None:
            found.append(float(h1(r=FINE, info=info, a=z)[2].sum()))
            grid = h1(r=FINE, info=info, b=z)
        else:
            found.append(float(hupdate(FINE, 0.0, info, z, np.inf, 0.0, before, grid)[2].sum()))
            grid = hupdate(FINE, 0.0, info, -np.inf, z, 0.0, before, grid)
        before = info
    return found


@pytest.mark.parametrize("power", [None, 2.0])
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("looks", SCHEDULES)
def test_each_look_spends_what_it_may_by_gsdesigns_integration(looks, alpha, power):
    crossed = crossing(looks, nominal_levels(looks, alpha, power))
    assert np.cumsum(crossed) == pytest.approx([spent(alpha, look / looks[-1], power) for look in looks], rel=1e-5)
    assert sum(crossed) == pytest.approx(alpha, rel=1e-5)


def test_five_equal_looks_have_the_published_boundaries():
    # Lan and DeMets, OF type, five equal looks, one-sided 2.5 %: the z values that every package prints
    z = [-ndtri(level) for level in nominal_levels((1, 2, 3, 4, 5), 0.025)]
    assert z == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=5e-4)


def test_a_power_spends_that_power_of_what_is_there():
    # Kim and DeMets, alpha t^2: a quarter of the observations may spend a sixteenth of the error, all of them all
    assert [spent(0.016, share, 2.0) for share in (0.25, 0.5, 1.0)] == pytest.approx([0.001, 0.004, 0.016])


def test_one_look_spends_all():
    assert nominal_levels((40,), 0.025) == pytest.approx((0.025,))


def test_levels_rise_and_stay_below_the_whole():
    levels = nominal_levels(LOOKS, 0.025)
    assert list(levels) == sorted(levels)
    assert levels[-1] < 0.025


def test_simulated_paths_cross_as_often_as_they_may():
    rng, trials = np.random.default_rng(7), 200_000
    sums, before, alive, crossed = np.zeros(trials), 0, np.ones(trials, dtype=bool), 0
    for look, level in zip(LOOKS, nominal_levels(LOOKS, 0.025), strict=True):
        sums += np.sqrt(look - before) * rng.standard_normal(trials)
        now = alive & (sums / np.sqrt(look) >= -ndtri(level))
        crossed, alive, before = crossed + int(now.sum()), alive & ~now, look
    assert crossed / trials == pytest.approx(0.025, abs=4 * np.sqrt(0.025 * 0.975 / trials))


@pytest.mark.parametrize("looks", [(), (0, 10), (10, 10), (20, 10)])
def test_looks_rise(looks):
    with pytest.raises(ValueError, match="looks rise"):
        nominal_levels(looks, 0.025)
