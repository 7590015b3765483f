"""The study of explanations: its scenarios, and how it counts."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.experiment.explained.sizing import SIZING
from mmesim.results.findings.causes import CAUSES as RULES
from tests.explain_study.causes import CAUSES, built
from tests.explain_study.report import Study, text


@pytest.mark.parametrize("cause", CAUSES)
def test_a_scenario_of_each_cause_is_the_same_for_its_number(cause: str) -> None:
    for number in range(4):
        one = built(cause, number)
        assert one.scenario == built(cause, number).scenario
        assert one.scenario != built(cause, number + 1).scenario
        assert one.may <= set(CAUSES) - {cause, "none"}


def test_every_finding_of_an_explanation_has_its_cause() -> None:
    names = {"too_short": "queue_too_short", "too_long": "queue_too_long"}
    rules = {names.get(rule.__name__, rule.__name__) for rule in (*RULES, *SIZING)}
    assert rules | {"none", "threads"} == set(CAUSES)


def cell(*found: str, may: tuple[str, ...] = (), helped: bool | None = True) -> dict[str, Any]:
    return {"found": list(found), "may": list(may), "helped": helped}


def test_what_is_found_is_counted() -> None:
    cells = {cause: [cell(cause) for _ in range(20)] for cause in CAUSES}
    cells["none"] = [cell() for _ in range(20)]
    shown = text(Study(cells, []))
    # 12 other causes and the healthy ones, 20 each.
    assert "| `thrashing` | 20 of 20 (75 to 100 %) | 0 of 260 (0 to 2 %) | 20 of 20 | yes |" in shown
    cells["thrashing"][0] = cell()
    cells["hot_model"] = [cell("hot_model", "thrashing") for _ in range(20)]
    shown = text(Study(cells, []))
    assert "| `thrashing` | 19 of 20 (68 to 99 %) | 20 of 260 (4 to 13 %) | 20 of 20 | **no** |" in shown
    # Where it can be true because of their own cause, it counts neither way.
    cells["hot_model"] = [cell("hot_model", "thrashing", may=("thrashing",)) for _ in range(20)]
    assert "| `thrashing` | 19 of 20 (68 to 99 %) | 0 of 240 (0 to 3 %) | 20 of 20 | yes |" in text(Study(cells, []))
    cells["thrashing"][1] = cell("thrashing", helped=False)
    assert "| 19 of 20 | **no** |" in text(Study(cells, []))


def test_shadow_prices_are_counted() -> None:
    cells = {cause: [cell(cause)] for cause in CAUSES}

    def of(*pairs: tuple[str, float, float | None]) -> str:
        shadow = {"cause": "none", "figure": "p99 < 3 s", "pairs": [list(pair) for pair in pairs]}
        return text(Study(cells, [shadow])).split("\n\n")[-1]

    good = of(("better", -3.0, -2.9), ("better", -2.0, -2.1), ("worse", 1.0, 0.5), ("no effect seen", 0.1, -0.1))
    assert "| 1 | 3 | 3 of 3 (31 to 100 %) | 1.00 (lowest 1.00, of 1) | yes |" in good
    wrong = of(("better", -3.0, 0.1), ("better", -2.0, -2.1), ("worse", 1.0, 0.5))
    assert "| 1 | 3 | 2 of 3 (" in wrong
    assert "**no**" in wrong
