"""Sessions: several calls in a row by one client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from mmesim.scenario.values.fields import Data, Number, Refused, whole
from mmesim.scenario.values.forms import Form, reader, writer
from mmesim.scenario.values.time_field import TimeField


class Geometric(Form):
    """1, 2, 3 ... calls: after each one there is another with the same chance."""

    form: ClassVar[str] = "geometric"

    mean: Annotated[Number, Field(ge=1)]
    """Mean number of calls of a session."""


COUNTS: tuple[type[Form], ...] = (Geometric,)


def _number(value: Any) -> Any:
    """A plain number of calls, checked here so that a refusal speaks of it alone; anything else as it is."""
    if isinstance(value, Geometric | Mapping):
        return value
    try:
        number = whole(value)
    except ValueError as error:
        raise Refused(str(error), (), "3, or {geometric: {mean: 3}}") from None
    if number < 1:
        raise Refused(f"{number} is too small: a session has one call at least")
    return number


class Sessions(Data):
    """Each arrival begins a session of several calls: the rates in `arrivals` are those of sessions.

    There are calls at rate x mean number of calls. The first call comes with the arrival, each further one `gap` after
    the start of the one before, whether that has been answered or not. No session is under way when the stream starts.
    """

    calls: Annotated[
        Annotated[int, Field(ge=1)] | Geometric,
        BeforeValidator(_number),
        reader("number of calls", "3 or {geometric: {mean: 3}}", COUNTS),
        writer,
    ]
    """Calls of a session: a number, or `{geometric: {mean: 3}}`."""
    gap: TimeField
    """Time from the start of a call to the start of the next."""
    models: Literal["each", "tenant", "same"] = "same"
    """`each`: every call draws its model; `tenant`: the first call draws it, the others draw a model of the same
    tenant; `same`: all call one model.
    """

    @property
    def mean_calls(self) -> float:
        """Calls of a session in the mean."""
        return self.calls.mean if isinstance(self.calls, Geometric) else float(self.calls)
