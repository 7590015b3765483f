from __future__ import annotations

import pytest

from tests.helpers.files import ROOT
from tests.perf.against import CASES, Pair, row, timed
from tests.perf.figures import Goal


def test_a_ratio_is_taken_within_each_pair():
    # The second pair ran on a busy machine: both took ten times as long.
    pairs = [Pair(4e-6, 2e-6, 1.0, 0.5), Pair(40e-6, 20e-6, 1.0, 0.5), Pair(6e-6, 2e-6, 1.0, 0.5)]
    line = row("loads", Goal(1.65, aim=2.2), pairs)
    assert line == ("loads", "6", "2", "2", "2 to 3", "1.65: met; aim 2.2: **missed by 9.1%**", "1", "0.5")


@pytest.mark.parametrize(
    "case",
    ["queue", *(pytest.param(one, marks=pytest.mark.slow) for one in ("fits-8", "thrashing"))],
)
def test_a_case_can_be_timed(case: str):
    assert case in CASES
    facts = timed(ROOT, case, 0.005)
    assert facts["units"] > 50
    assert facts["run_s"] > 0.0
