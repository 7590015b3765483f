"""Which calls an expectation is about: `p99 warm of tenants in every 5 min < 200 ms`.

    FIGURE [warm | cold] [of GROUP] [in 8 h..9 h | in every 5 min] [after FAULT] OP LIMIT

A call, answered or failed, is cold if any of its attempts waited for a load, and warm if it reached a host and none
did; a failed call that never reached a host counts in both. Times count from the start of the run, or from the fault
or deploy that the line names: `error_rate in 0 min..10 min after zone-loss < 1 %`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Refused

State = Literal["warm", "cold"]

ORDER: Mapping[str, int] = MappingProxyType({"warm": 0, "cold": 0, "of": 1, "in": 2, "after": 3})
"""Word of the grammar -> its place behind the figure; two words of one place exclude each other."""

PERIOD = "5 min"
"""The length of windows in examples."""


class Windows(NamedTuple):
    """`number` windows of `length_s` from `start_s` on, the last cut at `end_s`; empty when that is not later."""

    start_s: float
    end_s: float
    length_s: float
    number: int

    def between(self, first: int, last: int) -> tuple[float, float]:
        """When the windows [first, last) begin and end, seconds from the start of the run."""
        return self.start_s + first * self.length_s, min(self.start_s + last * self.length_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Selection:
    """Some of the measured calls: by what they found, by whom they call, by when they begin. All by default."""

    state: State | None = None
    group: str | None = None
    between_s: tuple[float, float] | None = None
    every_s: float | None = None
    after: str | None = None
    """The fault or deploy from which on calls count; `between_s` then counts from there until the scenario is known."""

    @property
    def is_all(self) -> bool:
        """Whether no call is left out, and all are judged together."""
        return self == ALL_CALLS

    @property
    def in_words(self) -> str:
        """The calls in words, whatever `each_time` says: `the cold calls of tenant from 8 h to 9 h`."""
        calls = "all calls" if self.state is None and self.group is None else "the calls"
        named = calls if self.state is None else f"the {self.state} calls"
        whose = "" if self.group is None else f" of {self.group}"
        return f"{named}{whose}{self._time}"

    @property
    def none(self) -> str:
        """That there is no such call: `no cold call of tenant from 8 h to 9 h`."""
        calls = "call" if self.state is None else f"{self.state} call"
        whose = "" if self.group is None else f" of {self.group}"
        return f"no {calls}{whose}{self._time}"

    @property
    def _time(self) -> str:
        """When they begin, in words; nothing where that does not matter."""
        after = "" if self.after is None else f" after {self.after}"
        if self.between_s is None or math.isinf(self.between_s[1]):
            return after
        return f" {time_span(*self.between_s)}{after and f',{after}'}"

    def once(self, begins_s: float) -> Selection:
        """The same calls, when it is known when the event begins that they come after."""
        first_s, last_s = self.between_s or (0.0, math.inf)
        return replace(self, between_s=(begins_s + first_s, begins_s + last_s))

    @property
    def each_time(self) -> str:
        """How the line begins when windows are judged one by one: `in every 5 min, `; else nothing."""
        return "" if self.every_s is None else f"in every {units.show_seconds(self.every_s, 12)}, "

    def windows(self, cut_s: float, duration_s: float) -> Windows:
        """The windows of the measured time [cut_s, duration_s) that are judged one by one."""
        start_s, end_s = cut_s, duration_s
        if self.between_s is not None:
            start_s, end_s = max(cut_s, self.between_s[0]), min(duration_s, self.between_s[1])
        if self.every_s is None or self.every_s >= end_s - start_s:
            return Windows(start_s, end_s, max(end_s - start_s, 1.0), 1)
        # A rest that is only an error of rounding is none.
        return Windows(start_s, end_s, self.every_s, max(1, math.ceil((end_s - start_s) / self.every_s - 1e-9)))


ALL_CALLS = Selection()


class Counted(NamedTuple):
    """Calls that a run counts apart, and the latency above which they are slow; infinite when nobody asks."""

    calls: Selection
    limit_s: float


def time_span(start_s: float, end_s: float) -> str:
    """A part of a run in words: `from 8 h to 9 h`."""
    return f"from {units.show_seconds(start_s, 12)} to {units.show_seconds(end_s, 12)}"


class Word(NamedTuple):
    """A word of a line and the column of its first letter, from 1."""

    text: str
    column: int


def read_selection(figure: str, words: Sequence[Word]) -> Selection:
    """The calls that the words between a figure and its comparison leave; raises Refused, with the column."""
    found, last = ALL_CALLS, -1
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.text not in ORDER:
            raise _unknown(figure, word, rest)
        if ORDER[word.text] <= last:
            order = "[warm | cold] [of GROUP] [in 8 h..9 h | in every 5 min] [after FAULT]"
            raise Refused(f"`{word.text}` at column {word.column} comes too late or twice: write `{figure} {order}`")
        last = ORDER[word.text]
        if word.text in ("warm", "cold"):
            found = replace(found, state=cast(State, word.text))
            continue
        taken = []
        while rest and rest[0].text not in ORDER:
            taken.append(rest.pop(0))
        text = " ".join(one.text for one in taken)
        if word.text == "after":
            found = replace(found, after=read_event(figure, taken, word.column))
        elif word.text == "of":
            if not taken:
                raise Refused(f"`of` at column {word.column} names no model or group: write `{figure} of GROUP`")
            found = replace(found, group=text)
        else:
            found = _when(found, figure, text, word.column)
    return found


def read_event(figure: str, names: Sequence[Word], column: int) -> str:
    """The name of the fault or deploy behind `after`, which stands at a column; raises Refused."""
    if len(names) != 1:
        wrong = "names no fault or deploy" if not names else f"names {len(names)} words, and a name is one"
        raise Refused(f"`after` at column {column} {wrong}: write `{figure} after NAME`")
    return names[0].text


def _unknown(figure: str, word: Word, rest: Sequence[Word]) -> Refused:
    """`rest` are the words behind it."""
    after = f"behind {figure} come {', '.join(ORDER)} or a limit"
    message = f"'{word.text}' at column {word.column} means nothing: {after}"
    if word.text in ("every", "each", "per"):
        return Refused(message, (), f"write in every {_meant_time(' '.join(one.text for one in rest)) or PERIOD}")
    return Refused(message, (), did_you_mean(word.text, ORDER))


def _meant_time(text: str) -> str | None:
    """A time as it is to be written; None when no time is meant."""
    number, unit = units.split(text) or (0, "")
    known = units.meant(unit, units.TIMES) if unit else None
    return None if known is None else f"{number} {known}"


_BETWEEN = re.compile(r"(.*?)\s*\.\.\s*(.*)")


def _when(found: Selection, figure: str, text: str, column: int) -> Selection:
    """`in 8 h..9 h` or `in every 5 min`."""
    where = f"`in` at column {column}"
    span = _BETWEEN.fullmatch(text)
    try:
        if text.startswith("every"):
            length_s = units.seconds(text.removeprefix("every").strip())
            if length_s <= 0.0:
                raise Refused(f"{where}: a window needs a length: write `{figure} in every 5 min`")
            return replace(found, every_s=length_s)
        if span is None:
            raise Refused(f"{where} names no time: write `{figure} in 8 h..9 h` or `{figure} in every 5 min`")
        between_s = (units.seconds(span[1] or 0), units.seconds(span[2]))
    except ValueError as error:
        if isinstance(error, Refused):
            raise
        meant = [_meant_time(one) for one in (span.groups() if span else [text.removeprefix("every").strip()])]
        joined = "..".join(one for one in meant if one is not None)
        hint = f"write in {'' if span else 'every '}{joined}" if None not in meant else None
        raise Refused(f"{where}: {error}", (), hint) from None
    if between_s[0] >= between_s[1]:
        raise Refused(f"{where}: {span[1]} is not before {span[2]}")
    return replace(found, between_s=between_s)
