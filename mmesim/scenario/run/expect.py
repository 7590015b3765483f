"""Expectations: one line of text each, such as `p99 < 500 ms`; the one grammar of limits.

    FIGURE [warm | cold] [of GROUP] [in 8 h..9 h | in every 5 min] [after FAULT] OP LIMIT

FIGURE is the path of a figure in summary.json without its unit (`mmesim.scenario.run.expected`), OP is <, <=, > or >=,
LIMIT a number with its unit, or with `%`. The words between them say which calls are meant
(`mmesim.scenario.run.selection`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal, cast

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.figures import LATENCIES, QUANTILE_NAME, QUANTILES, Kind, quantile_shares
from mmesim.scenario.run.expected import EXPECTED, NO_FIGURE, OF_CALLS, OF_LIMIT, RECOVERY, meaning_of
from mmesim.scenario.run.selection import ALL_CALLS, ORDER, Counted, Selection, Word, read_event, read_selection
from mmesim.scenario.run.share import share
from mmesim.scenario.values.fields import Refused, shown

Comparison = Literal["<", "<=", ">", ">="]

EXAMPLES = (
    "p99 < 500 ms",
    "cache_hit_ratio >= 95 %",
    "error_rate < 0.1 %",
    "loads < 200 /h",
    "cost.month < 1000 USD",
    "p99 warm < 200 ms",
    "p99 of tenants in every 5 min < 1 s",
    "recovery after zone-loss < 5 min",
)

_BEHIND = re.compile(rf"\s((?:{'|'.join(ORDER)})\b.*)$")
_LIKE: Mapping[str, str] = MappingProxyType({"≤": "<=", "=<": "<=", "≥": ">=", "=>": ">="})
"""What people write for a comparison -> how it is written."""
_OPERATOR = re.compile(rf"<=|>=|{'|'.join(_LIKE)}|<|>|==?|!=")
_FLIPPED: Mapping[str, str] = MappingProxyType({"<": ">", "<=": ">=", ">": "<", ">=": "<="})
_IN_WORDS: Mapping[str, str] = MappingProxyType({"<": "below", "<=": "at most", ">": "above", ">=": "at least"})


@dataclass(frozen=True, slots=True)
class Expectation:
    """A figure, a comparison and a limit; `calls` are those that it is about, `text` is as written.

    `limit` is in seconds for `kind` "ms", 0 to 1 for "share", a second for "rate", dollars for "usd".
    """

    metric: str
    comparison: Comparison
    limit: float
    kind: Kind
    text: str
    calls: Selection = ALL_CALLS
    event: str | None = None
    """The fault or deploy whose recovery is meant."""

    @property
    def counted(self) -> Counted | None:
        """What a run has to count for it apart from all calls, None when nothing."""
        return None if self.calls.is_all else Counted(self.calls, self.counted_limit_s)

    @property
    def counted_limit_s(self) -> float:
        """Above which latency a call is counted as slow for it, seconds; infinite when none is."""
        return self.limit if self.is_latency and self.metric != "mean" else math.inf

    @property
    def is_latency(self) -> bool:
        """True when the limit is one of the latency of calls, in seconds."""
        return self.metric in LATENCIES

    @property
    def is_upper(self) -> bool:
        """True when the figure has to stay below the limit."""
        return self.comparison in ("<", "<=")

    def show(self, value: float, digits: int = 3) -> str:
        """A value of the figure, in the unit of `limit`, as people read it; a rate per what the line says."""
        per = _PER.search(self.text) if self.kind == "rate" else None
        if per is not None:
            return f"{units.show_number(value * _PERIODS[per[1]], digits)} /{per[1]}"
        return _SHOW[self.kind](value, digits)

    @property
    def compared(self) -> str:
        """The limit in words: `below 1 s`."""
        return f"{_IN_WORDS[self.comparison]} {self.show(self.limit, 12)}"

    @property
    def _within(self) -> str:
        return f"{'within' if self.is_upper else 'only after'} {self.show(self.limit, 12)}"

    @property
    def limits_calls(self) -> bool:
        """Whether it bounds the latency or the errors of calls, in the whole run or in a part of it."""
        return self.is_upper and (self.is_latency or self.metric == "error_rate")

    def limits_calls_after(self, event: str | None) -> bool:
        """Whether recovery from a fault or deploy is measured against it: lines `after` another one are not about it.

        None for what no line can name, such as a scale-out.
        """
        return self.limits_calls and self.calls.after in (None, event)

    @property
    def meaning(self) -> str:
        """What is expected, in words: how the line was understood."""
        shares, calls = quantile_shares(self.metric), self.calls
        if shares is not None:
            slow = f"{calls.in_words} are slower than {self.show(self.limit, 12)} or fail"
            return f"{calls.each_time}{_IN_WORDS[self.comparison]} {units.show_fraction(shares[1])} of {slow}"
        if self.event is not None:
            return f"after {self.event} the limits of latency and errors are kept again, for good, {self._within}"
        if self.metric == "max" and not calls.is_all:
            # The largest is not counted apart: what decides is whether a call is slower at all.
            which = calls.none if self.is_upper else calls.none.replace("no ", "at least one ", 1)
            return f"{calls.each_time}{which} is slower than {self.show(self.limit, 12)} or fails"
        of = "" if calls.in_words == ALL_CALLS.in_words else f" of {calls.in_words}"
        return f"{calls.each_time}{meaning_of(self.metric, self.kind)}{of}: {self.compared}"


def _rate(value: float, digits: int) -> str:
    """A rate for people, in the unit in which it is easiest to read."""
    readable = [(value * s, unit) for unit, s in _PERIODS.items() if unit != "ms" and value * s >= 1.0]
    whole = [one for one in readable if math.isclose(one[0], round(one[0]), rel_tol=1e-12)]
    number, unit = (*whole, *readable, (value * _PERIODS["d"], "d"))[0]
    return f"{units.show_number(number, digits)} /{unit}"


_PERIODS: Mapping[str, float] = MappingProxyType({"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0})
_PER = re.compile(rf"/\s*({'|'.join(_PERIODS)})\s*$")
_SHOW: Mapping[Kind, Callable[[float, int], str]] = MappingProxyType(
    {
        "ms": units.show_seconds,
        "share": units.show_fraction,
        "count": units.show_number,
        "rate": _rate,
        "usd": lambda value, digits: f"{units.show_number(value, digits)} USD",
    }
)
_READ: Mapping[Kind, Callable[[object], float]] = MappingProxyType(
    {"ms": units.seconds, "rate": units.rate, "usd": units.usd}
)


def read_expectation(value: object) -> Expectation:
    """One expectation as a file writes it; raises Refused."""
    if isinstance(value, Expectation):
        return value
    operator = _OPERATOR.search(value) if isinstance(value, str) else None
    if operator is None or not isinstance(value, str):
        raise Refused(f"{shown(value)} is not an expectation: write one such as `p99 < 500 ms` or `error_rate < 0.1 %`")
    left = [Word(word[0], word.start() + 1) for word in re.finditer(r"\S+", value[: operator.start()])]
    right = value[operator.end() :].strip()
    if not left or not right:
        missing = "limit" if left else "figure"
        raise Refused(f"{shown(value)} has no {missing}: write `FIGURE < LIMIT`, such as `p99 < 500 ms`")
    if operator[0] in _LIKE:
        plain = f"{value[: operator.start()].strip()} {_LIKE[operator[0]]} {right}"
        raise Refused(f"{operator[0]!r} is not a comparison: these are <, <=, > and >=", (), f"write {plain}")
    if _OPERATOR.search(right):
        raise Refused(f"{shown(value)} has two comparisons: give each limit a line of its own")
    if right in EXPECTED and operator[0] in _FLIPPED:
        plain = f"{right} {_FLIPPED[operator[0]]} {value[: operator.start()].strip()}"
        raise Refused(f"{shown(value)} begins with its limit", (), f"write {plain}")
    metric = _figure(left[0].text)
    event = _recovered(left[1:]) if metric == RECOVERY else None
    calls = ALL_CALLS if event else read_selection(metric, left[1:])
    if not calls.is_all and metric not in OF_CALLS:
        word = left[1]
        raise Refused(
            f"`{word.text}` at column {word.column}: {metric} is that of all calls; "
            f"of some calls alone there are {', '.join(OF_CALLS)}"
        )
    if operator[0] not in _IN_WORDS:
        raise Refused("a simulation never meets an exact value: compare with <, <=, > or >=")
    behind = _BEHIND.search(right)
    if behind is not None and metric != OF_LIMIT:
        named = " ".join((value[: operator.start()].strip(), behind[1]))
        plain = f"{named} {operator[0]} {right[: behind.start()].strip()}"
        hint = f"write {plain}" if _can_be(plain) else None
        raise Refused(f"`{behind[1]}` stands behind the limit: which calls are meant stands before it", (), hint)
    kind, limit = _limit(metric, operator[0], right)
    return Expectation(metric, cast(Comparison, operator[0]), limit, kind, value.strip(), calls, event)


def _recovered(words: Sequence[Word]) -> str:
    """The fault or deploy after which a recovery is expected."""
    if not words or words[0].text != "after":
        got = "" if not words else f", not '{words[0].text}' (column {words[0].column})"
        raise Refused(f"recovery is that after a fault or a deploy{got}: write `recovery after NAME < 5 min`")
    return read_event(RECOVERY, words[1:], words[0].column)


def _can_be(line: str) -> bool:
    try:
        read_expectation(line)
    except Refused:
        return False
    return True


_MEANT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("median", "p50_latency"), "p50"),
        **dict.fromkeys(("average", "avg"), "mean"),
        **dict.fromkeys(("maximum", "p100"), "max"),
        **dict.fromkeys(("latency", "response_time", "duration"), "p99"),
        **dict.fromkeys(("errors", "failures", "failure_rate"), "error_rate"),
        **dict.fromkeys(("availability", "success_rate", "uptime"), "error_rate < 0.1 % for 99.9 %"),
        **dict.fromkeys(
            (
                "cold_share",
                "cold_start_rate",
                "cold_starts",
                "miss_ratio",
                "miss_rate",
                "misses",
                "hit_ratio",
                "hit_rate",
            ),
            "cache_hit_ratio > 95 % for 5 % of cold calls",
        ),
        **dict.fromkeys(("rps", "qps", "tps"), "throughput"),
    }
)
"""Figure as people call it, in small letters -> what to write."""


def _figure(word: str) -> str:
    if word in EXPECTED:
        return word
    if word.lower() in _MEANT:
        raise Refused(f"unknown figure {word!r}", (), f"write {_MEANT[word.lower()]}")
    root = word.partition(".")[0]
    if root in NO_FIGURE:
        raise Refused(f"{word!r} cannot be expected: {NO_FIGURE[root]}")
    plain = re.sub(r"^latency(_ms)?\.|(_ms|_rps)$", "", word).replace("_ms.", ".").replace("usd_per_", "")
    if QUANTILE_NAME.fullmatch(word.lower()) and word.lower() not in EXPECTED:
        known = f"{', '.join(QUANTILES[:-1])} and {QUANTILES[-1]}"
        raise Refused(f"unknown figure {word!r}: the percentiles are {known}", (), did_you_mean(word, QUANTILES))
    hint = f"write {plain}" if plain in EXPECTED and plain != word else did_you_mean(word, EXPECTED)
    if hint is not None:
        raise Refused(f"unknown figure {word!r}", (), hint)
    several = ("requests.", "attempts.", "ledger.")
    names = [name for name in EXPECTED if not name.startswith(several)]
    raise Refused(
        f"unknown figure {word!r}: one of {', '.join(names)}, a count of requests or attempts "
        "such as attempts.retries, or a part of the ledger such as ledger.p99.load"
    )


def _limit(metric: str, comparison: str, text: str) -> tuple[Kind, float]:
    """The kind of a limit, and its value."""
    kinds = EXPECTED[metric]
    kind: Kind = "share" if "share" in kinds and (len(kinds) == 1 or "%" in text) else kinds[0]
    try:
        if kind == "share":
            return kind, _share(metric, comparison, text)
        if kind == "count":
            return kind, _count(metric, text)
        return kind, _READ[kind](text)
    except ValueError as error:
        raise Refused(f"limit of {metric}: {error}") from None


def _share(metric: str, comparison: str, text: str) -> float:
    """A share, 0 to 1: always with `%`, since a bare 1 is read as 1 % by some and as 100 % by others."""
    if metric == OF_LIMIT:
        plain = re.fullmatch(r"(.*%)\s*of\s+limit", text)
        if plain is None:
            raise ValueError(f"{text!r} does not say of what: write `{metric} {comparison} {text} of limit`")
        text = plain[1]
    return share(text, f"{metric} {comparison}")


def _count(metric: str, text: str) -> float:
    plain = units.without_marks(text)
    if plain is not None:
        raise ValueError(f"{text!r} is not a number: {plain}")
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        or_share = ", or `80 % of limit`" if metric == OF_LIMIT else ""
        raise ValueError(f"{text!r} is not a number: write one without a unit, such as 300{or_share}")
    return float(text)


def _names(*kinds: Kind) -> str:
    return ", ".join(name for name, one in EXPECTED.items() if one == kinds and not name.startswith("requests."))


ExpectationField = Annotated[
    Expectation,
    PlainValidator(read_expectation),
    PlainSerializer(lambda expectation: expectation.text),
    WithJsonSchema(
        {
            "type": "string",
            "description": f"{_names('ms')} against a time, {_names('share')} against a share in %, "
            "other figures of the summary against a limit with their unit",
            "examples": list(EXAMPLES),
        }
    ),
]
