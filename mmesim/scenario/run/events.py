"""What lines of `expect` can come after: the faults and deploys of a scenario, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from mmesim.errors import did_you_mean
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.values.fields import Refused


class Event(Protocol):
    """A fault or a deploy."""

    @property
    def name(self) -> str:
        """Its name, unlike that of all others."""

    @property
    def at_s(self) -> float | None:
        """When it begins, seconds from the start of the run; None when only a run shows it."""


def beginnings(events: Iterable[Event]) -> Mapping[str, float | None]:
    """Name -> when it begins."""
    return {event.name: event.at_s for event in events}


def placed(lines: Sequence[Expectation], begins: Mapping[str, float | None]) -> Iterator[Expectation]:
    """The lines with the times of what they come after; raises Refused for a name or a time that there is not."""
    for index, line in enumerate(lines):
        name = line.event or line.calls.after
        if name is None:
            yield line
            continue
        if name not in begins:
            known = f": there are {', '.join(begins)}" if begins else ", and none is in this scenario"
            raise Refused(f"there is no fault or deploy {name!r}{known}", (index,), did_you_mean(name, [*begins]))
        at_s = begins[name]
        if line.event is not None:
            yield line
        elif at_s is None:
            raise Refused(
                f"when {name} begins differs from run to run, so calls after it cannot be counted apart",
                (index,),
                f"expect: [recovery after {name} < 5 min], or give {name} a time: at: 10 min",
            )
        else:
            yield replace(line, calls=line.calls.once(at_s))
