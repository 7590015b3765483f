"""Which model is asked for: the probabilities, and draws that follow them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mmesim.errors import ScenarioError
from mmesim.scenario.models.groups import Model
from mmesim.scenario.traffic.popularity import UniformPopularity, Weights, Zipf
from mmesim.workload.draws.popularity import Alias, probabilities
from tests.helpers.models import MODEL

Column = Sequence[float | None]


def _models(n: int, weight: Column = (), rate_per_s: Column = ()) -> list[Model]:
    return [
        replace(MODEL, index=i, weight=weight[i] if weight else None, rate_per_s=rate_per_s[i] if rate_per_s else None)
        for i in range(n)
    ]


def test_uniform() -> None:
    np.testing.assert_allclose(probabilities(UniformPopularity(), _models(4)), 0.25)


def test_zipf_falls_with_the_rank() -> None:
    share = probabilities(Zipf(0.9), _models(500))
    assert share.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(share[0] / share, np.arange(1, 501) ** 0.9)


def test_zipf_of_exponent_zero_is_uniform() -> None:
    np.testing.assert_array_equal(probabilities(Zipf(0.0), _models(7)), probabilities(UniformPopularity(), _models(7)))


@pytest.mark.parametrize("column", ["weight", "rate_per_s"])
def test_weights_and_rates_are_proportions(column: str) -> None:
    share = probabilities(Weights(), _models(3, **{column: [3.0, 0.0, 1.0]}))
    np.testing.assert_allclose(share, [0.75, 0.0, 0.25])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "neither weight nor rate"),
        ({"weight": [1.0, None]}, "neither weight nor rate"),
        ({"weight": [1.0, None], "rate_per_s": [None, 2.0]}, "some models have a weight and some a rate"),
        ({"weight": [0.0, 0.0]}, "all weights are 0"),
    ],
)
def test_weights_that_say_nothing_are_refused(columns: dict[str, Column], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        probabilities(Weights(), _models(2, **columns))


@pytest.mark.parametrize("share", [[1.0], [0.2, 0.8], [5.0, 1.0, 1.0, 1.0], list(np.arange(1, 200) ** -1.1)])
def test_alias_draws_follow_the_probabilities(share: list[float]) -> None:
    # False alarm: 1 in 1,000, were the seed not fixed.
    n = 200_000
    counts = np.bincount(Alias(np.array(share)).draw(np.random.default_rng(5), n), minlength=len(share))
    assert counts.sum() == n
    if len(share) > 1:
        assert stats.chisquare(counts, n * np.array(share) / sum(share)).pvalue > 1e-3


@pytest.mark.parametrize("share", [[0.0, 1.0, 0.0], [0.1] * 3 + [0.0] + [0.1] * 7, [1e-300, 0.0, 1.0]])
def test_alias_never_draws_what_has_no_chance(share: list[float]) -> None:
    drawn = set(Alias(np.array(share)).draw(np.random.default_rng(6), 50_000).tolist())
    assert drawn <= {i for i, chance in enumerate(share) if chance > 0}


def test_alias_table_holds_exactly_the_probabilities() -> None:
    # The share of [0, n) that leads to each index, summed over the columns of the table.
    share = np.random.default_rng(7).random(300) ** 5
    table = Alias(share)
    grid = 1000
    u = (np.arange(300 * grid) + 0.5) / (300 * grid)

    class Grid:
        drawn = 0

        def random(self, n: int) -> np.ndarray:
            self.drawn += n
            return u[self.drawn - n : self.drawn].copy()

    counts = np.bincount(table.draw(Grid(), len(u)), minlength=300)  # type: ignore[arg-type]
    # Each column is cut at most once, so the error is at most one cell for each column that ends in the index.
    assert np.abs(counts / len(u) - share / share.sum()).sum() < 2 / grid


@pytest.mark.parametrize("share", [[], [0.0], [1.0, -0.1], [np.nan, 1.0], [np.inf]])
def test_alias_of_nonsense_is_refused(share: list[float]) -> None:
    with pytest.raises(ValueError, match="alias sampling"):
        Alias(np.array(share))
