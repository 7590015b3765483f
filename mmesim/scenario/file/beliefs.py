"""Takes the beliefs out of the tree of a scenario file: a single run has the middle value in their place."""

from __future__ import annotations

from collections.abc import Mapping

from mmesim.scenario.file.tree import Key, Located
from mmesim.scenario.run.belief import KEY, read_belief
from mmesim.scenario.values.fields import Place, Refused

SECTION = "beliefs"
"""Where a resolved file keeps them: a map, field -> belief."""

_PARTS = ("endpoint", "server", "models", "traffic", "clients")
"""Parts of a scenario that can be believed; how it is run and what is expected of it is chosen."""


def with_middles(tree: Located) -> tuple[Located, Mapping[str, Located], list[tuple[Place, Refused]]]:
    """The tree with middle values in place of its beliefs, the beliefs, and those that cannot be.

    A belief is what was written below `uncertain:`, by its field as in `--set`; what was refused stays in the tree.
    """
    found: dict[str, Located] = {}
    refused: list[tuple[Place, Refused]] = []

    def rewritten(here: Located, place: Place, spoken: tuple[str, ...]) -> Located:
        if KEY in here.map:
            return _middle(here, place, spoken)
        if isinstance(here.value, dict):
            return here.with_value(
                {key: rewritten(item, (*place, key), (*spoken, str(key))) for key, item in here.map.items()}
            )
        if isinstance(here.value, list):
            return here.with_value(
                [
                    rewritten(item, (*place, index), (*spoken, _called(item, index)))
                    for index, item in enumerate(here.list)
                ]
            )
        return here

    def _middle(here: Located, place: Place, spoken: tuple[str, ...]) -> Located:
        body = here.map[KEY]
        try:
            _may_be_believed(here, place)
            belief = read_belief(".".join(spoken), body.plain())
        except Refused as wrong:
            value = wrong.value if wrong.value is not None else body.plain()
            refused.append((place, Refused(wrong.message, (KEY, *wrong.path), wrong.hint, value)))
            return here
        found[belief.field] = body
        return here.with_value(belief.middle)

    changed: dict[Key, Located] = {}
    for key, item in tree.map.items():
        changed[key] = item if key == SECTION else rewritten(item, (key,), (str(key),))
    return (tree.with_value(changed) if isinstance(tree.value, dict) else tree), found, refused


def _may_be_believed(here: Located, place: Place) -> None:
    if len(here.map) > 1:
        others = ", ".join(str(key) for key in here.map if key != KEY)
        raise Refused(f"must be the only key of its map: remove {others}")
    if place[0] not in _PARTS:
        raise Refused(f"{place[0]} is a choice, not a belief: give one value")
    if isinstance(place[-1], int):
        raise Refused("a belief cannot be one item of a list or of percentiles: give one value")


def _called(item: Located, index: int) -> str:
    name = item.map.get("name")
    return str(index) if name is None else str(name.value)
