"""What many draws of the uncertain inputs gave: the answer's distribution, its variance, and what to measure first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mmesim import __version__
from mmesim.arrays import Floats
from mmesim.results.answers.digits import plain
from mmesim.results.answers.sections import SteadyState
from mmesim.results.summary.steady import counted
from mmesim.scenario.figures import UNITS, Kind
from mmesim.scenario.run.belief import Belief
from mmesim.scenario.scenario import Scenario
from mmesim.stats.ranking import Ranking
from mmesim.stats.variance import Split

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "Chance", "Floats", "Uncertain"]


@dataclass(frozen=True)
class Answer:
    """One figure over all draws; times in milliseconds, shares 0..1. `reason`: why there is nothing else.

    `of_draws`: the figure of each draw, the mean of its replications, of a percentile that of all calls together; `p5`,
    `p50`, `p95` are their percentiles. `interval`: 95 % interval of the inputs' share of the variance.
    """

    name: str
    kind: Kind
    reason: str | None = None
    of_draws: tuple[float, ...] = ()
    p5: float | None = None
    p50: float | None = None
    p95: float | None = None
    split: Split | None = None
    interval: tuple[float, float] | None = None
    ranking: Ranking | None = None

    @property
    def unit(self) -> str:
        """The unit of the values; that of a share is 1."""
        return UNITS[self.kind]

    @property
    def constant(self) -> bool:
        """Whether it was the same in every draw: then no input is to be measured for it."""
        return len(set(self.of_draws)) == 1

    @property
    def inputs_share(self) -> float | None:
        """Share (0..1) of the variance of a single replication that comes from not knowing the inputs."""
        return None if self.split is None else self.split.share

    def as_dict(self) -> dict[str, object]:
        """Plain data, as `mmesim uncertain --json` prints it."""
        if self.split is None or self.ranking is None:
            return {"unit": self.unit, "reason": self.reason}
        share = self.inputs_share
        return {
            "unit": self.unit,
            "p5": self.p5,
            "p50": self.p50,
            "p95": self.p95,
            "variance": {
                "inputs": self.split.inputs,
                "noise": self.split.noise,
                "inputs_share": share,
                "noise_share": None if share is None else 1.0 - share,
                "inputs_share_ci95": None if self.interval is None else list(self.interval),
                "inputs_below_zero": self.split.below_zero,
            },
            "ranking": {
                "inputs": [
                    {
                        "field": one.field,
                        "share": one.share,
                        "ci95": list(one.interval),
                        "direction": one.direction,
                        "resolved": one.resolved,
                    }
                    for one in self.ranking.influences
                ],
                "explained": self.ranking.explained,
                "resolved": self.ranking.resolved,
            },
        }


@dataclass(frozen=True)
class Chance:
    """One expectation: shares (0..1) of the draws in which it holds, fails, and in which the runs cannot say."""

    text: str
    holds: float
    fails: float
    undecided: float


@dataclass(frozen=True, repr=False)
class Uncertain:
    """The answers for all draws of what is believed in a scenario; `scenario` has the middle values.

    `draws`: the value of each field in each draw. `steady_state`: the verdict on the measured time of each
    draw. `self_check`: what is wrong when the simulator contradicted itself.
    """

    scenario: Scenario
    replications: int
    draws: tuple[Mapping[str, object], ...]
    answers: tuple[Answer, ...]
    expect: tuple[Chance, ...]
    steady_state: tuple[SteadyState, ...] = ()
    self_check: str | None = None

    def __repr__(self) -> str:
        believed = f"{len(self.beliefs)} beliefs, {len(self.draws)} draws x {self.replications} replications"
        return f"Uncertain({self.scenario.name!r}, {believed})"

    def __getitem__(self, name: str) -> Answer:
        """One figure by its name; KeyError with the names that there are."""
        for answer in self.answers:
            if answer.name == name:
                return answer
        raise KeyError(f"{name}: one of {', '.join(answer.name for answer in self.answers)}")

    @property
    def beliefs(self) -> tuple[Belief, ...]:
        """What is believed, sorted by field."""
        return self.scenario.beliefs

    @property
    def frame(self) -> pd.DataFrame:
        """One row a figure: percentiles over draws, the inputs' share of the variance, what to measure first."""
        import pandas as pd

        rows = []
        for answer in self.answers:
            low, high = answer.interval or (None, None)
            first = None if answer.ranking is None or answer.constant else answer.ranking.influences[0]
            rows.append(
                {
                    "figure": answer.name,
                    "unit": answer.unit,
                    "p5": answer.p5,
                    "p50": answer.p50,
                    "p95": answer.p95,
                    "inputs_share": answer.inputs_share,
                    "low": low,
                    "high": high,
                    "measure_first": None if first is None else first.field,
                    "resolved": None if first is None else first.resolved,
                }
            )
        return pd.DataFrame(rows).set_index("figure")

    @property
    def ranking(self) -> pd.DataFrame:
        """One row for each input of each figure, the most important first: share of the variance of ranks, interval."""
        import pandas as pd

        rows = [
            {
                "figure": answer.name,
                "field": one.field,
                "share": one.share,
                "low": one.interval[0],
                "high": one.interval[1],
                "direction": one.direction,
                "resolved": one.resolved,
            }
            for answer in self.answers
            if answer.ranking is not None
            for one in answer.ranking.influences
        ]
        columns = ["figure", "field", "share", "low", "high", "direction", "resolved"]
        return pd.DataFrame(rows, columns=columns).set_index(["figure", "field"])

    @property
    def drawn(self) -> pd.DataFrame:
        """One row a draw: the values of the inputs as a file would have them, and each figure of that draw."""
        import pandas as pd

        rows = [
            {**draw, **{answer.name: answer.of_draws[index] for answer in self.answers if answer.of_draws}}
            for index, draw in enumerate(self.draws)
        ]
        return pd.DataFrame(rows).rename_axis("draw")

    @cached_property
    def data(self) -> dict[str, object]:
        """What `mmesim uncertain --json` prints."""
        return {
            "scenario": self.scenario.name,
            "version": __version__,
            "seed": self.scenario.run.seed,
            "draws": len(self.draws),
            "replications": self.replications,
            "beliefs": {belief.field: belief.body() for belief in self.beliefs},
            "steady_state": counted(self.steady_state),
            "figures": {answer.name: answer.as_dict() for answer in self.answers},
            "expect": [
                {"text": one.text, "holds": one.holds, "fails": one.fails, "undecided": one.undecided}
                for one in self.expect
            ],
        }

    def to_json(self) -> str:
        """`data` as JSON text."""
        return json.dumps(plain(self.data, "uncertain"), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def _repr_html_(self) -> str:
        html: str = self.frame.to_html() + self.ranking.to_html()
        return html
