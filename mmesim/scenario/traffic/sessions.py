"""Sessions: several calls in a row by one client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo

from mmesim.scenario.values.fields import Data, Number, Refused, whole
from mmesim.scenario.values.forms import Form, Kind, OneOf
from mmesim.scenario.values.time_field import TimeField

MOST_CALLS = 1_000_000
"""Calls of one session."""


class Geometric(Form):
    """1, 2, 3 ... calls: after each one there is another with the same chance."""

    form: ClassVar[str] = "geometric"

    mean: Annotated[Number, Field(ge=1, le=MOST_CALLS)]
    """Mean number of calls of a session."""


def _number(value: Any, _: ValidationInfo) -> int:
    try:
        number = whole(value)
    except ValueError as error:
        raise Refused(str(error), (), "3, or {geometric: {mean: 3}}") from None
    if number < 1:
        raise Refused(f"{number} is too small: a session has at least one call")
    if number > MOST_CALLS:
        raise Refused(f"{number} is too large: at most {MOST_CALLS:,}")
    return number


COUNTS = OneOf(
    "number of calls",
    "3 or {geometric: {mean: 3}}",
    (
        Kind(
            None,
            int,
            _number,
            lambda value, _: value,
            lambda _: {"type": "integer", "minimum": 1},
            takes=lambda value: not isinstance(value, Mapping),
            in_words="whole number",
        ),
        Geometric,
    ),
)


class Sessions(Data):
    """Each arrival begins a session of several calls: the rates in `arrivals` are those of sessions.

    There are calls at rate x mean number of calls. The first call comes with the arrival, each further one `gap` after
    the start of the one before, whether that has been answered or not. No session is under way when the stream starts.
    """

    calls: Annotated[int | Geometric, COUNTS]
    """Calls of a session: a number, or `{geometric: {mean: 3}}`."""
    gap: TimeField
    """Time from the start of a call to the start of the next."""
    models: Literal["each", "tenant", "same"] = "same"
    """`each`: every call draws its model; `tenant`: the first call draws it, the others draw a model of the same
    tenant; `same`: all call one model.
    """

    @property
    def mean_calls(self) -> float:
        """Mean number of calls of a session."""
        return self.calls.mean if isinstance(self.calls, Geometric) else float(self.calls)
