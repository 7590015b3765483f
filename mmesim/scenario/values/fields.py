"""What every part of the scenario schema is built from: the frozen base class and the types of numbers with units.

A file writes quantities with units (`70 s`, `1.5 GiB`); Python code may give plain numbers, which are then seconds,
bytes, bytes per second or events per second. A field has the name that the file uses as its alias.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)

from mmesim import units
from mmesim.errors import Problem
from mmesim.scenario.values.meanings import Documented

Place = tuple[str | int | float, ...]
"""A way through a scenario: keys of maps and indexes of lists."""


class Refused(ValueError):
    """A value that the schema refuses.

    `path` is the place below the validated field, `hint` what to write instead, `value` what was written; `origin` is
    file and line where that place is not in the scenario file itself. `other` is a second place that the message is
    about, from the top of the file: its line is put where the message has `{line}`.
    """

    def __init__(
        self,
        message: str,
        path: Place = (),
        hint: str | None = None,
        value: object = None,
        origin: tuple[str, int | None] | None = None,
        other: Place | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint
        self.value = value
        self.origin = origin
        self.other = other

    def below(self, *path: str | int | float) -> Refused:
        """The same refusal, seen from further up the tree."""
        return Refused(self.message, (*path, *self.path), self.hint, self.value, self.origin, self.other)

    def problem(self, file: str) -> Problem:
        """The refusal as a problem of a file, without a line unless the origin has one."""
        place, line = self.origin or (file, None)
        return Problem(place, line, ".".join(str(part) for part in self.path), self.value, self.message, self.hint)


class Refusals(ValueError):
    """Several values that the schema refuses at once."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__("; ".join(one.message for one in refused))
        self.all = tuple(refused)


class Data(Documented):
    """Frozen data without unknown keys; the alias of a field is its name in the file.

    The docstring below a field is its meaning: editors show it, and the reference page is made of it.
    """

    file_keys: ClassVar[tuple[str, ...]] = ()
    """Keys that a file may write besides the fields; they are resolved before the class is built."""

    resolved_keys: ClassVar[tuple[str, ...]] = ()
    """The fields that only a run writes, into the resolved file: nobody is told to write them."""

    lone_key: ClassVar[str | None] = None
    """The key that a value is meant for which stands where a map should; None: the first that is required."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Any:
        """A copy with some fields replaced; nothing that was computed from the old fields is carried over."""
        copy = super().model_copy(update=update, deep=deep)
        for name in set(copy.__dict__) - set(type(self).model_fields):
            del copy.__dict__[name]
        return copy


FROM_FILE = "from_file"
"""Key of the validation context: true where the data come from a file, so that numbers must carry their units."""


def from_file(info: ValidationInfo) -> bool:
    """True when the data being validated were written in a file."""
    return bool(info.context and info.context.get(FROM_FILE))


def finite(value: object) -> float:
    """A plain number that is finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{shown(value)} is not a number{_plain_number(value)}")
    if abs(value) > 1e300 or not math.isfinite(value):
        raise ValueError(f"{shown(value)} is not a finite number")
    if value < 0:
        raise ValueError(f"{shown(value)} is negative: write 0 or more")
    return float(value)


def _plain_number(value: object) -> str:
    """How to write a number that stands in quotes, with a unit that it has not, or in percent."""
    found = (
        re.fullmatch(r"([-+]?\d+(?:\.\d+)?)\s*(%|[A-Za-z][\w ]*)?", value.strip()) if isinstance(value, str) else None
    )
    if found is None:
        plain = units.without_marks(value) if isinstance(value, str) else None
        digits = ": write digits, such as 30" if isinstance(value, str) and value.strip().isalpha() else ""
        return digits if plain is None else f": {plain}"
    number = f"{float(found[1]) / 100:.12g}" if found[2] == "%" else found[1]
    return f": write {number}" if found[2] else f": write {number} without quotes"


def whole(value: object) -> int:
    """A whole number; `1e3` counts as one."""
    number = finite(value)
    if number != int(number):
        raise ValueError(f"{shown(value)} is not a whole number")
    if number >= TOO_LARGE:
        raise ValueError(f"{shown(value)} is too large: at most 2^63 - 1")
    return value if isinstance(value, int) else int(number)


TOO_LARGE = 2**63
"""Whole numbers from here on do not fit into the tables of the engine."""

MOST_SECONDS, MOST_PER_S, MOST_BYTES_PER_S, MOST_USD = 1e12, 1e8, 1e21, 1e9
"""Far beyond what anybody means, and small enough that products of a few of them are numbers."""


def shown(value: object) -> str:
    """A value as it may stand in an error message: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def not_text(value: object) -> str:
    """What is said of a value that stands where text should."""
    quotes = " (put quotes around it)" if isinstance(value, int | float) else ""
    return f"{shown(value)} is not text{quotes}"


def _quantity(
    parse: Callable[[object], float], most: float, show: Callable[[float], str]
) -> Callable[[object, ValidationInfo], float]:
    def read(value: object, info: ValidationInfo) -> float:
        plain = isinstance(value, int | float) and not isinstance(value, bool) and not from_file(info)
        number = finite(value) if plain else parse(value)
        if most < number < math.inf:  # infinite: `unlimited`
            raise ValueError(f"{shown(value)} is too large: at most {show(most)}")
        return number

    return read


def _size(value: object, info: ValidationInfo) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and not from_file(info):
        return whole(value)
    size = units.bytes_(value)
    if size >= TOO_LARGE:
        raise ValueError(f"{shown(value)} is too large: at most 8 EiB")
    return size


BELIEVED_RANGE = ("low", "mid", "high")
BELIEVED_SHAPES: Mapping[Literal["pert", "lognormal", "normal", "uniform"], tuple[str, ...]] = MappingProxyType(
    {"lognormal": ("mean", "cv"), "normal": ("mean", "sd"), "uniform": ("low", "high")}
)
"""What may stand below `uncertain:`: a range, or a distribution with parameters in the unit of the field (cv: none)."""

UNCERTAIN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A belief, for experiments: {low: , mid: , high: } or one distribution.",
    "properties": {
        "uncertain": {
            "type": "object",
            "description": "low, mid and high, or one distribution.",
            "anyOf": [
                {"required": list(BELIEVED_RANGE)},
                *({"required": [name]} for name in BELIEVED_SHAPES),
            ],
        }
    },
    "required": ["uncertain"],
    "additionalProperties": False,
}


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def quantity_schema(what: str, *examples: str) -> dict[str, Any]:
    """JSON Schema of a quantity, `what` of `units.PATTERNS`: text with a unit, or 0."""
    return {
        "description": f"{_a(what)}, for example {', '.join(examples)}",
        "anyOf": [
            {"type": "string", "pattern": units.PATTERNS[what], "examples": list(examples)},
            {"const": 0},
            UNCERTAIN_SCHEMA,
        ],
    }


Seconds = Annotated[
    float,
    BeforeValidator(_quantity(units.seconds, MOST_SECONDS, units.exact_seconds)),
    PlainSerializer(units.exact_seconds),
    WithJsonSchema(quantity_schema("time", "250 ms", "30 min", "1.5 h")),
]
Bytes = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(units.exact_bytes),
    WithJsonSchema(quantity_schema("size", "40 MB", "1.5 GiB")),
]
Rate = Annotated[
    float,
    BeforeValidator(_quantity(units.rate, MOST_PER_S, units.exact_rate)),
    PlainSerializer(units.exact_rate),
    WithJsonSchema(quantity_schema("rate", "120 /s", "6000 /min", "10 /h")),
]
Bandwidth = Annotated[
    float,
    BeforeValidator(_quantity(units.bandwidth, MOST_BYTES_PER_S, units.exact_bandwidth)),
    PlainSerializer(units.exact_bandwidth),
    WithJsonSchema(quantity_schema("bandwidth", "90 MB/s", "1.25 Gbit/s")),
]
Usd = Annotated[
    float,
    BeforeValidator(_quantity(units.usd, MOST_USD, units.exact_usd)),
    PlainSerializer(units.exact_usd),
    WithJsonSchema(quantity_schema("amount of US dollars", "0.23 USD")),
]
Share = Annotated[
    float,
    BeforeValidator(units.fraction),
    WithJsonSchema(
        {
            "description": "a share, for example 80 % or 0.8",
            "anyOf": [
                {"type": "string", "pattern": units.PATTERNS["share"]},
                {"type": "number", "minimum": 0, "maximum": 1},
                UNCERTAIN_SCHEMA,
            ],
        }
    ),
]


def _number_schema(what: str, kind: str, least: int) -> dict[str, Any]:
    return {"description": what, "anyOf": [{"type": kind, "minimum": least}, UNCERTAIN_SCHEMA]}


Number = Annotated[float, BeforeValidator(finite), WithJsonSchema(_number_schema("a number", "number", 0))]
Whole = Annotated[int, BeforeValidator(whole), WithJsonSchema(_number_schema("a whole number", "integer", 0))]
Count = Annotated[
    int,
    BeforeValidator(whole),
    Field(ge=1, le=2**31 - 1),
    WithJsonSchema(_number_schema("a whole number", "integer", 1)),
]
FLAGS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("yes", "on", "y", "1", "true"), "true") | dict.fromkeys(("no", "off", "n", "0", "false"), "false")
)
"""Text that other versions of YAML take for a flag."""
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict()]
