"""Calls for models that are hosted elsewhere do not come: the others stay the same, with the same random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mmesim.arrays import Flags
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import Block, rows_of


def hosted(scenario: Scenario) -> Flags | None:
    """[models] whether the endpoint hosts each model of the table; None when it hosts all of them."""
    if scenario.endpoint.only is None and scenario.endpoint.without is None:
        return None
    here = np.zeros(len(scenario.model_table()), dtype=np.bool_)
    here[rows_of(scenario.hosted)] = True
    return here


def kept(blocks: Iterable[Block], here: Flags | None) -> Iterator[Block]:
    """The requests for models that are hosted here; each has the draws that it would have among all."""
    return iter(blocks) if here is None else (block[here[block.model]] for block in blocks)
