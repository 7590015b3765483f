"""Arrays that are mostly zero, kept as what is in them: a run of many replications fits into memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Kept:
    """An array as the values that are not zero, and where they stand in the flat array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    places: NDArray[np.integer]
    values: NDArray[Any]


class MostlyZero:
    """A field of a dataclass that takes an array and gives an equal one, made anew each time it is asked for."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, of: None, owner: type) -> NDArray[Any]: ...

    @overload
    def __get__(self, of: object, owner: type) -> NDArray[Any]: ...

    def __get__(self, of: object | None, owner: type) -> NDArray[Any]:
        if of is None:
            raise AttributeError(self._name)  # a dataclass asks for the default: there is none
        kept: Kept = of.__dict__[self._name]
        flat = np.zeros(int(np.prod(kept.shape)), kept.dtype)
        flat[kept.places] = kept.values
        return flat.reshape(kept.shape)

    def __set__(self, of: object, value: NDArray[Any] | Kept) -> None:
        if isinstance(value, Kept):
            of.__dict__[self._name] = value
            return
        flat = value.reshape(-1)
        places = np.flatnonzero(flat)
        if flat.size < 2**31:
            places = places.astype(np.int32)
        of.__dict__[self._name] = Kept(value.shape, value.dtype, places, flat[places])


def as_kept(of: object, name: str) -> Any:
    """The field of this name as it is kept: `Kept` where it is `MostlyZero`, else its value."""
    return vars(of)[f"_{name}"] if isinstance(vars(type(of)).get(name), MostlyZero) else getattr(of, name)
