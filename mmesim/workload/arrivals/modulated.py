"""A Poisson process whose rate changes at random moments: the same process of rate 1, seen through another clock.

The clock runs at the rate of the moment. This is exact (the time change of a Poisson process; D. J. Daley and D.
Vere-Jones, An Introduction to the Theory of Point Processes, 2003, section 7.4), and no draw is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.scenario.traffic.modulated import Mmpp, OnOff
from mmesim.workload.arrivals import poisson
from mmesim.workload.draws.generators import Generators, KeyedGenerators
from mmesim.workload.draws.sampler import Sampler, residual

STAYS = 256
"""Stays that are drawn at a time."""
SWITCHES = 16
"""Switches of one model that are drawn at a time; even, so that each batch begins in the same state."""


@dataclass(frozen=True)
class Stays:
    """Consecutive stays: how long, and the rate meanwhile."""

    length_s: Floats
    rate_per_s: Floats


def mmpp_times(process: Mmpp, generators: Generators, chunk: int) -> Iterator[Floats]:
    """Times of calls, without end. The first stay is as a long history leaves it."""
    return _through(poisson.moments(generators("arrivals"), chunk), mmpp_stays(process, generators))


def mmpp_expected(process: Mmpp, length_s: float) -> float:
    """Calls in some time, on average."""
    return process.mean_rate_per_s * length_s


def on_off_times(process: OnOff, generators: Generators, chunk: int) -> Iterator[Floats]:
    """Times of calls, without end; where models or groups are on or off by themselves, as if all were on."""
    if process.each != "stream":
        return poisson.times(process, generators, chunk)
    return _through(poisson.moments(generators("arrivals"), chunk), _on_off_stays(process, generators))


def on_off_expected(process: OnOff, length_s: float) -> float:
    """Calls in some time, on average."""
    on_s, off_s = process.on.mean, process.off.mean
    return process.rate_per_s * on_s / (on_s + off_s) * length_s


def _through(moments: Iterator[Floats], stays: Iterator[Stays]) -> Iterator[Floats]:
    """The moments of a process of rate 1 on the clock that runs at the rate of each stay."""
    waiting = next(moments)
    begun_s = mass = last = 0.0
    for stay in stays:
        ends, begins = _sums(begun_s, stay.length_s)
        mass_ends, mass_begins = _sums(mass, stay.length_s * stay.rate_per_s)
        begun_s, mass = float(ends[-1]), float(mass_ends[-1])
        while waiting[0] < mass:
            n = int(np.searchsorted(waiting, mass))
            now, waiting = waiting[:n], waiting[n:]
            # The first stay that ends later: its rate is above 0.
            k = np.searchsorted(mass_ends, now, side="right")
            time = begins[k] + (now - mass_begins[k]) / stay.rate_per_s[k]
            np.minimum(time, ends[k], out=time)
            # Rounding could make a call come a hair before the one that it follows.
            time[0] = max(time[0], last)
            np.maximum.accumulate(time, out=time)
            last = float(time[-1])
            yield time
            if not len(waiting):
                waiting = next(moments)


def _sums(start: float, steps: Floats) -> tuple[Floats, Floats]:
    """Running sums from `start`: after each step, and before it."""
    sums = np.empty(len(steps) + 1)
    sums[0], sums[1:] = start, steps
    np.cumsum(sums, out=sums)
    return sums[1:], sums[:-1]


def mmpp_stays(process: Mmpp, generators: Generators) -> Iterator[Stays]:
    """The stays of a Markov-modulated process, without end."""
    mean_s = np.array([state.stay_s for state in process.states.values()])
    rates = np.array([state.rate_per_s for state in process.states.values()])
    lengths, choices = generators("stays"), generators("states")
    # Each state comes as often as any other, so the share of time in one is its mean stay over the sum of all.
    state = int(np.searchsorted(np.cumsum(mean_s), choices.random() * mean_s.sum(), side="right"))
    state = min(state, len(rates) - 1)
    while True:
        steps = np.ones(STAYS, dtype=np.int64)
        if process.next == "random" and len(rates) > 2:
            steps += (choices.random(STAYS) * (len(rates) - 1)).astype(np.int64)
        sums = np.cumsum(steps)
        visited = (state + sums - steps) % len(rates)
        state = int((state + sums[-1]) % len(rates))
        yield Stays(lengths.standard_exponential(STAYS) * mean_s[visited], rates[visited])


def _on_off_stays(process: OnOff, generators: Generators) -> Iterator[Stays]:
    path = Paths(process, int(generators("on_off").integers(0, 2**63)))
    rates = np.empty(SWITCHES)
    for batch in count():
        on, lengths = path.lengths("", batch)
        rates[0::2], rates[1::2] = (process.rate_per_s, 0.0) if on else (0.0, process.rate_per_s)
        yield Stays(lengths, rates.copy())


class Paths:
    """When each of several named things is on and off: independent alternating processes, in equilibrium."""

    def __init__(self, process: OnOff, seed: int) -> None:
        self._left_on, self._left_off = residual(process.on), residual(process.off)
        self._on, self._off = Sampler((process.on,)), Sampler((process.off,))
        self._generators = KeyedGenerators(int(seed), 0, "on_off")
        self._share = process.on.mean / (process.on.mean + process.off.mean)

    def lengths(self, name: str, batch: int) -> tuple[bool, Floats]:
        """Whether a path begins on, and the lengths of its stays number 16 x batch to 16 x batch + 15, seconds."""
        draws = self._generators.at(name, 0)
        on = bool(draws.random() < self._share)
        left = (self._left_on if on else self._left_off)(draws) if batch == 0 else 0.0
        draws = self._generators.at(name, batch + 1)
        lengths = np.empty(SWITCHES)
        for first, sampler in ((0 if on else 1, self._on), (1 if on else 0, self._off)):
            half = np.zeros(SWITCHES // 2, dtype=np.int64)
            lengths[first::2] = sampler.draw(dict.fromkeys(sampler.families, draws), half)
        if batch == 0:
            lengths[0] = left
        return on, lengths


class OnOffFilter:
    """Which of the calls of a stream come while their model (or its group) is on.

    For each path the next 16 switches are held, whatever the number of calls.
    """

    def __init__(self, process: OnOff, names: list[str], generators: Generators) -> None:
        self._paths = Paths(process, int(generators("on_off").integers(0, 2**63)))
        self._names = names
        self._batch = np.zeros(len(names), dtype=np.int64)
        self._starts_on = np.zeros(len(names), dtype=np.bool_)
        self._switches = np.zeros((len(names), SWITCHES))
        for path in range(len(names)):
            self._draw(path)

    def _draw(self, path: int) -> None:
        """The next switches of a path; the first batch begins at 0, each further one where the last ended."""
        batch = int(self._batch[path])
        begun_s = self._switches[path, -1] if batch else 0.0
        self._starts_on[path], lengths = self._paths.lengths(self._names[path], batch)
        self._switches[path] = _sums(begun_s, lengths)[0]
        self._batch[path] += 1

    def on(self, time: Floats, path: Ints) -> Flags:
        """Whether path[k] is on at time[k]; times never fall, also from one call of this method to the next."""
        on = np.zeros(len(time), dtype=np.bool_)
        left = np.arange(len(time))
        while len(left):
            which, when = path[left], time[left]
            known = when < self._switches[which, -1]
            now = left[known]
            # An even number of switches so far: as at the start.
            switched = (self._switches[which[known]] <= when[known, None]).sum(axis=1) % 2
            on[now] = self._starts_on[which[known]] ^ (switched == 1)
            left = left[~known]
            for late in np.unique(path[left]).tolist():
                self._draw(late)
        return on
