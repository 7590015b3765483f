"""The engine and the twin on the same calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from mmesim.engine.simulation import Simulation
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario import Scenario
from tests.twin.cases.scenarios import scenario
from tests.twin.draws import Draws
from tests.twin.endpoint import Twin

CLOSE_S = 1e-9

Drawn = Callable[[int], Scenario]
"""The random scenario of a seed."""


@dataclass(frozen=True)
class Seen:
    """What a client saw of a call."""

    host: int
    hit: bool
    cause: str | None
    attempts: int
    latency_s: float

    def like(self, other: Seen) -> bool:
        """The same answer at the same time."""
        same = replace(self, latency_s=0.0) == replace(other, latency_s=0.0)
        return same and abs(self.latency_s - other.latency_s) <= CLOSE_S * max(1.0, self.latency_s)


def by_engine(scenario: Scenario) -> list[Seen]:
    """What the engine says of each call."""
    records = Simulation(scenario, records=-1).run().records
    assert records is not None
    return [
        Seen(
            int(records.host[k]),
            bool(records.hit[k]),
            None if records.cause[k] < 0 else CAUSES[records.cause[k]],
            int(records.attempts[k]),
            float(records.latency_s[k]),
        )
        for k in records.call.argsort(kind="stable")
    ]


def by_twin(scenario: Scenario) -> list[Seen]:
    """What the twin says of each call."""
    draws = Draws(scenario)
    calls = list(draws.calls())
    twin = Twin(scenario, calls, draws)
    twin.run()
    return [Seen(call.host, call.hit, call.cause, call.attempts, call.latency) for call in twin.of_the_run()]


@dataclass(frozen=True)
class Difference:
    """The first call of which the two say different things."""

    seed: int
    call: int
    engine: Seen
    twin: Seen


@dataclass
class Comparison:
    """What came of a number of scenarios."""

    differences: list[Difference] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """How often each outcome was seen, all calls together."""
    retried: int = 0
    """Calls with more than one attempt."""


def agree_on(seeds: Iterable[int], of: Drawn = scenario) -> Comparison:
    """The engine and the twin on the random scenarios of these seeds."""
    found = Comparison()
    for seed in seeds:
        drawn = of(seed)
        engine, twin = by_engine(drawn), by_twin(drawn)
        pairs = enumerate(zip(engine, twin, strict=False))  # calls of users depend on the answers before
        first = next(((number, one, other) for number, (one, other) in pairs if not one.like(other)), None)
        assert first is not None or len(engine) == len(twin)
        if first is not None:
            found.differences.append(Difference(seed, *first))
        found.outcomes.update(one.cause or "ok" for one in engine)
        found.retried += sum(one.attempts > 1 for one in engine)
    return found
