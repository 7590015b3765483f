"""Every distribution against its theory. Seeds are fixed; were they not, each test would fail once in 1,000 runs."""

from typing import Any, get_args

import numpy as np
import pytest
from scipy import stats

from mmesim.scenario.values.time_field import TIMES
from mmesim.scenario.values.times import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Percentiles,
    Time,
    Uniform,
    Weibull,
    always,
    weibull_shape,
)
from mmesim.workload.draws.sampler import MANY, Sampler
from tests.unit.workload.times import sample, scaled

N = 40_000
Z = 3.29  # two-sided, 1 in 1,000

POINTS = ((0.0, 0.01), (25.0, 0.02), (50.0, 0.05), (99.0, 0.4), (100.0, 2.0))
RANDOM: list[Time] = [
    Exponential(0.02),
    Lognormal(0.012, 0.8),
    Lognormal(0.5, 2.0),
    Gamma(0.03, 0.5),
    Gamma(0.03, 1.6),
    Weibull(0.02, 0.4),
    Weibull(0.02, 1.5),
    Uniform(0.01, 0.03),
    Empirical((0.01, 0.02, 0.02, 0.3)),
    Percentiles(POINTS),
    Percentiles(((10.0, 0.1), (50.0, 0.2), (90.0, 0.5))),
]
CONSTANT: list[Time] = [Constant(0.3), Uniform(0.3, 0.3), Empirical((0.3, 0.3)), Percentiles(((5.0, 0.3), (95.0, 0.3)))]


def _name(spec: Time) -> str:
    return str(spec)


def _law(spec: Time) -> Any:
    match spec:
        case Exponential(m):
            return stats.expon(scale=m)
        case Lognormal(m, cv):
            sigma = np.sqrt(np.log1p(cv**2))
            return stats.lognorm(sigma, scale=m * np.exp(-(sigma**2) / 2))
        case Gamma(m, cv):
            return stats.gamma(1 / cv**2, scale=m * cv**2)
        case Weibull(m, cv):
            shape = weibull_shape(cv)
            return stats.weibull_min(shape, scale=m / stats.weibull_min(shape).mean())
        case Uniform(low, high):
            return stats.uniform(low, high - low)
    raise AssertionError(spec)


@pytest.mark.parametrize("spec", RANDOM, ids=_name)
def test_mean_and_variance(spec: Time) -> None:
    draws = sample(spec, np.random.default_rng(11), N)
    assert abs(draws.mean() - spec.mean) < Z * draws.std() / np.sqrt(N)
    squares = (draws - spec.mean) ** 2
    assert abs(squares.mean() - spec.variance) < Z * squares.std() / np.sqrt(N)


@pytest.mark.parametrize("spec", [s for s in RANDOM if not isinstance(s, (Empirical, Percentiles))], ids=_name)
def test_shape(spec: Time) -> None:
    law = _law(spec)
    assert law.mean() == pytest.approx(spec.mean)
    assert law.var() == pytest.approx(spec.variance, rel=1e-6)
    assert stats.kstest(sample(spec, np.random.default_rng(12), N), law.cdf).pvalue > 1e-3


def test_percentiles_are_straight_lines_between_the_points() -> None:
    percents, values = zip(*POINTS, strict=True)
    draws = sample(Percentiles(POINTS), np.random.default_rng(13), N)
    assert stats.kstest(draws, lambda x: np.interp(x, values, percents) / 100).pvalue > 1e-3


def test_percentiles_keep_to_the_lowest_and_highest_value() -> None:
    draws = sample(Percentiles(((10.0, 0.1), (50.0, 0.2), (90.0, 0.5))), np.random.default_rng(14), N)
    assert (draws.min(), draws.max()) == (0.1, 0.5)
    for end in (0.1, 0.5):
        assert abs((draws == end).mean() - 0.1) < Z * np.sqrt(0.09 / N)
    inside = draws[(draws > 0.1) & (draws < 0.5)]
    assert stats.kstest(inside, lambda x: np.interp(x, [0.1, 0.2, 0.5], [0, 0.5, 1])).pvalue > 1e-3


def test_percentiles_by_hand() -> None:
    # 10 % at 0.1, 40 % between 0.1 and 0.2, 40 % between 0.2 and 0.5, 10 % at 0.5.
    spec = Percentiles(((10.0, 0.1), (50.0, 0.2), (90.0, 0.5)))
    assert spec.mean == pytest.approx(0.1 * 0.1 + 0.4 * 0.15 + 0.4 * 0.35 + 0.1 * 0.5)
    second = 0.1 * 0.01 + 0.4 * (0.01 + 0.02 + 0.04) / 3 + 0.4 * (0.04 + 0.1 + 0.25) / 3 + 0.1 * 0.25
    assert spec.variance == pytest.approx(second - spec.mean**2)


def test_empirical_values_come_equally_often() -> None:
    draws = sample(Empirical((1.0, 2.0, 2.0, 5.0)), np.random.default_rng(15), N)
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == [1, 2, 5]
    assert stats.chisquare(counts, np.array([1, 2, 1]) * N / 4).pvalue > 1e-3


@pytest.mark.parametrize("spec", CONSTANT, ids=_name)
def test_what_never_varies_takes_nothing_from_the_generator(spec: Time) -> None:
    rng = np.random.default_rng(1)
    assert always(spec) == 0.3
    assert sample(spec, rng, 3).tolist() == [0.3] * 3
    assert rng.random() == np.random.default_rng(1).random()
    assert spec.mean == pytest.approx(0.3)
    assert spec.variance == pytest.approx(0.0, abs=1e-30)


@pytest.mark.parametrize("spec", RANDOM, ids=_name)
def test_every_draw_lies_between_the_limits(spec: Time) -> None:
    draws = sample(spec, np.random.default_rng(17), N)
    low, high = spec.limits
    assert np.all((low <= draws) & (draws <= high))
    if isinstance(spec, (Empirical, Percentiles)):
        assert (draws.min(), draws.max()) == pytest.approx((low, high), rel=0.02)


@pytest.mark.parametrize("spec", RANDOM, ids=_name)
def test_what_varies_is_not_constant(spec: Time) -> None:
    assert always(spec) is None


@pytest.mark.parametrize("spec", RANDOM, ids=_name)
def test_a_scale_scales_the_same_draws(spec: Time) -> None:
    draws = sample(spec, np.random.default_rng(16), 1000)
    np.testing.assert_array_equal(sample(scaled(spec, 4.0), np.random.default_rng(16), 1000), 4.0 * draws)
    np.testing.assert_allclose(sample(scaled(spec, 1.01), np.random.default_rng(16), 1000), 1.01 * draws, rtol=1e-14)


def _rngs(sampler: Sampler, seed: int = 1) -> dict[str, np.random.Generator]:
    return sampler.generators(lambda family: np.random.default_rng([seed, *family.encode()]))


def test_request_i_takes_draw_i_of_its_family_whatever_the_models_of_the_others() -> None:
    specs = [*RANDOM, *(scaled(spec, 2.0) for spec in RANDOM), *CONSTANT]
    sampler = Sampler(specs)
    which = np.random.default_rng(2).integers(0, len(specs), 5000)
    times = sampler.draw(_rngs(sampler), which)
    for model, spec in enumerate(specs):
        rows = which == model
        if isinstance(spec, Constant) or always(spec) is not None:
            assert np.all(times[rows] == spec.limits[0])
        else:
            alone = sample(spec, _rngs(sampler)[spec.generator], 5000)
            np.testing.assert_allclose(times[rows], alone[rows], rtol=1e-14)


def test_thousands_of_gamma_shapes_cost_a_few_generators_only() -> None:
    specs = [Gamma(1.0, 0.5 + 0.001 * k) for k in range(2000)]
    sampler = Sampler(specs)
    assert len(sampler.families) == MANY + 1
    which = np.repeat(np.arange(2000), 50)
    times = sampler.draw(_rngs(sampler), which)
    cv = np.array([specs[model].cv for model in which])
    assert float(((times - 1.0) / cv).var()) == pytest.approx(1.0, rel=0.05)


def test_a_weibull_draw_takes_as_much_whatever_its_shape() -> None:
    sampler = Sampler([Weibull(1.0, 0.5), Weibull(1.0, 2.0)])
    assert sampler.families == ("weibull",)
    mixed = sampler.draw(_rngs(sampler), np.arange(1000) % 2)
    np.testing.assert_array_equal(mixed[::2], sampler.draw(_rngs(sampler), np.zeros(1000, dtype=np.int64))[::2])


@pytest.mark.parametrize("spec", RANDOM, ids=_name)
def test_cutting_the_draws_changes_nothing(spec: Time) -> None:
    specs = [spec, scaled(spec, 2.0), Constant(1.0)]
    sampler = Sampler(specs)
    which = np.random.default_rng(3).integers(0, 3, 1000)
    whole = sampler.draw(_rngs(sampler), which)
    rngs = _rngs(sampler)
    parts = [sampler.draw(rngs, part) for part in np.split(which, [1, 1, 7, 500])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_every_distribution_can_stand_in_a_file_and_is_tested_here() -> None:
    kinds = get_args(Distribution)
    assert TIMES.names == tuple(kind.name for kind in kinds)
    assert {type(spec) for spec in RANDOM} == set(kinds)


def test_constants_need_no_generator() -> None:
    sampler = Sampler([Constant(1.0), Constant(2.0)])
    assert sampler.families == ()
    assert sampler.draw({}, np.array([1, 0, 1])).tolist() == [2, 1, 2]


@pytest.mark.parametrize("cv", [1e-7, 1e-4, 0.05, 0.3, 1.0, 2.5, 20.0])
def test_weibull_shape_gives_back_the_coefficient_of_variation(cv: float) -> None:
    shape = weibull_shape(cv)
    if cv < 1e-3:  # scipy's variance has no digits left there; the series of the Gumbel limit has
        assert cv == pytest.approx(np.pi / np.sqrt(6) / shape, rel=1e-3)
    else:
        law = stats.weibull_min(shape)
        assert law.std() / law.mean() == pytest.approx(cv, rel=1e-6)


def test_weibull_shape_of_one_is_exponential() -> None:
    assert weibull_shape(1.0) == pytest.approx(1.0)


@pytest.mark.parametrize("cv", [0.0, -1.0, float("nan"), 1e15])
def test_weibull_shape_out_of_reach_is_refused(cv: float) -> None:
    with pytest.raises(ValueError, match="cv"):
        weibull_shape(cv)
