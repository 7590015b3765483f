"""Whether a scenario is proved not to meet a line of `expect`, before anything is simulated.

A proof is about this scenario alone: these hosts, this setting of what AWS does not publish, these calls. It holds for
every run but one in exp(18), about 66 million (`chance`). What is not proved may still fail: a queue that is long, a
cache that evicts unwisely, loads that wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mmesim import units
from mmesim.preflight.offered import named
from mmesim.preflight.proof.asked import Asked, Bad, Kind, asked
from mmesim.preflight.proof.cold import cold_calls, never_fits, unloaded
from mmesim.preflight.proof.fleet import Fleet
from mmesim.preflight.proof.load import cpu, devices, own_time, workers
from mmesim.preflight.proof.reload import reloads
from mmesim.preflight.room import HELD
from mmesim.scenario.constraints import NAMES, Constraint
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.scenario import Scenario

Cause = Callable[[Fleet, Asked], Iterator[Bad]]

CAUSES: Mapping[Kind, tuple[Cause, ...]] = MappingProxyType(
    {
        "slow": (never_fits, cpu, devices, workers, unloaded, own_time),
        "slow cold": (cold_calls,),
        "misses": (never_fits, unloaded),
    }
)
"""What is asked for what a line counts as bad; the first of equals is named."""
OF: Mapping[Kind, str] = MappingProxyType(
    {"slow": "calls are slower or fail", "slow cold": "cold calls are slower or fail", "misses": "calls miss"}
)
"""What the calls are of which a share is proved."""
DEARER: tuple[Cause, ...] = (reloads,)
"""What is asked of slow calls where those prove nothing of any line: it takes longer."""


@dataclass(frozen=True)
class Proof:
    """Why a line of `expect` cannot hold."""

    line: Expectation
    least_share: float
    """Of the calls that the line is about, those that are slow or failed (or, of a hit ratio, miss) at least."""
    allowed: float
    """Share with which the line could still hold."""
    binds: Constraint
    """What there is too little of, as `binding_constraint.id` in summary.json; `service`: the calls' own work."""
    text: str
    """In words, with figures."""


def proof(scenario: Scenario | Fleet) -> Proof | None:
    """The proof that a scenario does not meet a line of its `expect`, None where there is none.

    Of several the one that leaves most beyond what is allowed. Fleets of one plan share what depends on their traffic
    alone. Raises ScenarioError for a model or a group that does not exist.
    """
    fleet = Fleet.of(scenario)
    scenario = fleet.scenario
    if scenario.processes or scenario.faults or scenario.deploys:  # they may change the endpoint at any time
        return None
    if fleet.scenario.endpoint.autoscaling is not None and not fleet.scenario.endpoint.serial_scaling:
        return None  # hosts that leave and hosts that come may be more together than there are ever to be
    lines = list(asked(fleet.scenario))
    found = [one for line in lines for one in _proofs(fleet, line, CAUSES[line.kind])]
    found = found or [one for line in lines if line.kind == "slow" for one in _proofs(fleet, line, DEARER)]
    return max(found, key=lambda one: one.least_share - one.allowed, default=None)


def _proofs(fleet: Fleet, line: Asked, causes: Sequence[Cause]) -> Iterator[Proof]:
    if bool(fleet.failing[line.rows].all()):
        yield from _certain(fleet, line)
    elif not line.calls.unknown[line.rows].any():
        yield from _by(causes, fleet, line)


def _by(causes: Sequence[Cause], fleet: Fleet, line: Asked) -> Iterator[Proof]:
    for cause in causes:
        for bad in cause(fleet, line):
            if bad.share > line.allowed:
                share = units.show_fraction(bad.share)
                yield _proof(line, bad.share, bad.binds, f"{bad.text}: at least {share} of the {OF[line.kind]}")


def _certain(fleet: Fleet, line: Asked) -> Iterator[Proof]:
    """That all calls fail, whoever makes them: no host can hold any of their models."""
    if line.allowed < 1.0:
        rows = np.flatnonzero(line.rows)
        binds = next(one for one in HELD if fleet.never_fits[one][rows].any())
        names = named([fleet.offered.models[row].name for row in rows.tolist()])
        yield _proof(line, 1.0, binds, f"{names} can never be loaded for lack of {NAMES[binds]}: all calls fail")


def _proof(line: Asked, share: float, binds: Constraint, text: str) -> Proof:
    text = f"{text}, `{line.line.text}` allows {units.show_fraction(line.allowed)}"
    return Proof(line.line, share, line.allowed, binds, text)
