"""What can limit a run or a fleet has a name."""

from __future__ import annotations

from typing import get_args

from mmesim.report.content.gated.explained import USES
from mmesim.scenario.constraints import NAMES, Constraint, Resource


def ids(of: object) -> set[str]:
    """All strings of a literal type, or of a union of such."""
    return {text for one in get_args(of) for text in ([one] if isinstance(one, str) else ids(one))}


def test_everything_that_can_bind_has_a_name_and_a_gate_says_how_much_of_it_is_used():
    assert set(NAMES) == ids(Constraint)
    assert set(USES) == ids(Resource) | {"event"}
