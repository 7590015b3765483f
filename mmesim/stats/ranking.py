"""Which input to measure first: standardised rank regression of the answers on the drawn inputs.

The squared coefficient of an input is its share of the variance of the ranks of the answer (A. Saltelli, J. Marivoet,
Reliability Engineering and System Safety 28, 1990). The draws of the inputs are independent, so the squares add up to
R^2: where that is small, the answer is not monotone in the inputs, or noise decides, and the ranking says little.
It is chosen over first-order Sobol indices because it uses the draws that there are; those need a design with
(inputs + 2) times as many simulations (A. Saltelli, Computer Physics Communications 145, 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from mmesim.arrays import Floats, Ints

ROUNDING = 1e-9
"""A standardised coefficient below this is the rounding of the regression: the influence is none."""


@dataclass(frozen=True)
class Influence:
    """One input: its share (0..1) of the variance of the answer's ranks, with a 95 % bootstrap interval over draws.

    `direction`: 1 when a larger input gives a larger answer, -1 when a smaller one, 0 when the bootstrap leaves it
    open. `resolved`: whether its interval lies above that of the input that follows in the ranking (the last one:
    always, and of two that both explain nothing there is no order to resolve).
    """

    field: str
    share: float
    interval: tuple[float, float]
    direction: int
    resolved: bool


@dataclass(frozen=True)
class Ranking:
    """The inputs, the most important one first, and the share of the variance of ranks that they explain together."""

    influences: tuple[Influence, ...]
    explained: float

    @property
    def resolved(self) -> bool:
        """Whether the order is more than noise: no two neighbours have intervals that overlap."""
        return all(one.resolved for one in self.influences)


def rank(fields: Sequence[str], inputs: Floats, answers: Floats, resampled: Ints) -> Ranking:
    """The ranking of inputs [draws, fields] by their influence on answers [draws].

    `resampled` are rows of indexes of draws, one row a bootstrap sample.
    """
    coefficients, explained = _regression(inputs, answers)
    samples = np.array([_regression(inputs[rows], answers[rows])[0] for rows in resampled])
    least, most = np.quantile(samples, (0.025, 0.975), axis=0)
    # Drawn inputs are never quite uncorrelated, which can lift a square a little above the whole.
    low, high = np.minimum(np.quantile(samples**2, (0.025, 0.975), axis=0), 1.0)
    shares = np.minimum(coefficients**2, 1.0)
    order = sorted(range(len(fields)), key=lambda index: (-shares[index], fields[index]))
    influences = []
    for place, index in enumerate(order):
        after = order[place + 1 : place + 2]
        influences.append(
            Influence(
                fields[index],
                float(shares[index]),
                (float(low[index]), float(high[index])),
                1 if least[index] > 0.0 else -1 if most[index] < 0.0 else 0,
                all(bool(low[index] > high[other] or high[index] == high[other] == 0.0) for other in after),
            )
        )
    return Ranking(tuple(influences), explained)


def _regression(inputs: Floats, answers: Floats) -> tuple[Floats, float]:
    """Standardised coefficients of the ranks, and R^2; 0 for an input or an answer that does not vary."""
    x, y = (_standard(rankdata(values, axis=0)) for values in (inputs, answers[:, None]))
    found = np.linalg.lstsq(x, y[:, 0], rcond=None)[0].astype(np.float64)
    coefficients: Floats = np.where(np.abs(found) > ROUNDING, found, 0.0)
    left = float(((y[:, 0] - x @ coefficients) ** 2).sum())
    whole = float((y**2).sum())
    return coefficients, 1.0 - left / whole if whole > 0.0 else 0.0


def _standard(values: Floats) -> Floats:
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    standard: Floats = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0.0)
    return standard
