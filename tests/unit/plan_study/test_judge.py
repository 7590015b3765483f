"""What the study of plans calls a missed fleet, and of which fleets it has to know the truth for that."""

from __future__ import annotations

import itertools

import pytest

from mmesim.results.answers.planned import Planned
from tests.helpers.planned import planned
from tests.plan_study.judge import missed
from tests.plan_study.truth import Side

SIDES: tuple[Side, ...] = ("inside", "outside")


def by_definition(document: Planned, sides: tuple[Side, ...]) -> bool:
    """The cheapest fleet inside was turned down, and something dearer, or nothing, is the answer."""
    cheapest = sides.index("inside") if "inside" in sides else None
    if cheapest is None or document.fleets[cheapest].state != "turned down":
        return False
    return document.answer is None or document.answer > cheapest


@pytest.mark.parametrize("answer", [6, None])
def test_a_fleet_is_missed_by_definition_whatever_is_true(answer: int | None) -> None:
    document = planned(answer=answer)
    for sides in itertools.product(SIDES, repeat=len(document.fleets)):
        assert missed(document, sides.__getitem__) is by_definition(document, sides)


def test_the_truth_of_what_is_dearer_than_the_answer_is_not_asked_for() -> None:
    asked = []

    def side(place: int) -> Side:
        asked.append(place)
        return "outside"

    assert not missed(planned(), side)
    assert asked == [0, 1, 2, 4, 5], "those that were turned down, before the answer"
