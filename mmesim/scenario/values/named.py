"""Items of a list that have names: each gets one, and no two have the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar

from mmesim.scenario.values.fields import Refused


class Named(Protocol):
    """What has a name, which may be empty."""

    @property
    def name(self) -> str:
        """Its name."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """The same with other fields."""


Item = TypeVar("Item", bound=Named)


def with_names(items: Sequence[Item], defaults: Sequence[str | None], what: str) -> tuple[Item, ...]:
    """The items, those without a name with that of `defaults`; Refused, with its place, for a name that is there twice.

    `what`: what they are, for the message, such as `streams`.
    """
    found = tuple(
        item if item.name else item.model_copy(update={"name": name or ""})
        for item, name in zip(items, defaults, strict=True)
    )
    names = [item.name for item in found]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise Refused(f"two {what} are called {name!r}", (index, "name"))
    return found


def by_place(word: str, items: Sequence[object]) -> list[str]:
    """Names by the place in the list, from 0: `deploy-0`, `deploy-1`."""
    return [f"{word}-{index}" for index in range(len(items))]
