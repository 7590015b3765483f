"""How much of what varies is due to the inputs, and how much to noise: a two-way analysis of variance.

Every draw of the inputs is simulated on the same replications (common random numbers), so that the table of answers has
a row for each draw and a column for each replication, and both are random effects:

    answer = mean + inputs(draw) + noise(replication) + noise(draw, replication)

The mean squares of the table give unbiased estimates of the three variances (S. R. Searle, G. Casella, C. E. McCulloch,
Variance Components, 1992, section 4.3). The estimator for nested simulation, which takes the variance within the draws
from that between them (R. R. Barton, B. L. Nelson, W. Xie, INFORMS J. on Computing 26, 2014), is the same for
independent replications; here it would subtract the noise that all draws share, which does not vary between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, Ints


@dataclass(frozen=True)
class Split:
    """Variances of one answer, in its unit squared.

    `inputs`: between the draws, as it would be without noise; an estimate, which can be below 0 when there is little.
    `noise`: within one draw, of a single replication.
    """

    inputs: float
    noise: float

    @property
    def share(self) -> float | None:
        """The share (0..1) of the inputs in the variance of a single replication; None when nothing varies.

        An estimate below 0 counts as 0, see `below_zero`.
        """
        inputs = max(self.inputs, 0.0)
        return inputs / (inputs + self.noise) if inputs + self.noise > 0.0 else None

    @property
    def below_zero(self) -> bool:
        """Whether the estimate for the inputs is below 0: no influence was found that exceeds the noise."""
        return self.inputs < 0.0


def split(answers: Floats) -> Split:
    """The variances of answers [draws, replications], at least two of each."""
    draws, replications = answers.shape
    if draws < 2 or replications < 2:
        raise ValueError("a variance needs at least two draws and two replications")
    of_draws, of_replications = answers.mean(axis=1), answers.mean(axis=0)
    rest = answers - of_draws[:, None] - of_replications[None, :] + answers.mean()
    own_noise = float((rest**2).sum()) / ((draws - 1) * (replications - 1))
    between = float(of_draws.var(ddof=1)) - own_noise / replications
    return Split(_known(between, answers), _known(float(answers.var(axis=1, ddof=1).mean()), answers))


def _known(variance: float, answers: Floats) -> float:
    """The variance, or 0 where it is nothing but rounding."""
    return 0.0 if abs(variance) <= 1e-24 * float((answers**2).max()) else variance


def inputs_interval(answers: Floats, resampled: Ints, rng: np.random.Generator) -> tuple[float, float] | None:
    """A 95 % interval of the inputs' share; None when nothing varies. `resampled` are rows of indexes of draws.

    The draws are resampled (bootstrap); the noise cannot be, since all draws share it, and of few replications the
    resampled ones repeat each other. Its variance is varied as an estimate of a variance varies: as a chi-square whose
    degrees of freedom fit the spread of the replications' own contributions, at most their number less one
    (F. E. Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2, 1946).
    """
    found = [split(answers[rows]) for rows in resampled]
    freedom = _freedom(answers)
    factors = freedom / rng.chisquare(freedom, len(found))
    varied = [Split(one.inputs, one.noise * factor) for one, factor in zip(found, factors.tolist(), strict=True)]
    shares = [share for one in varied if (share := one.share) is not None]
    if not shares:
        return None
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def _freedom(answers: Floats) -> float:
    """Degrees of freedom of the estimate of the noise: fewer where a few replications cause most of it."""
    replications = answers.shape[1]
    parts = ((answers - answers.mean(axis=1, keepdims=True)) ** 2).mean(axis=0)
    spread = float(parts.var(ddof=1))
    most: float = replications - 1.0
    if spread == 0.0:
        return most
    return min(most, float(2.0 * replications * parts.mean() ** 2 / spread))
