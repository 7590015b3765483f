from __future__ import annotations

from tests.helpers.files import ROOT
from tests.perf.switched_on import BEGIN, CASES, END, ratios, row


def test_both_runs_of_a_pair_make_the_same_calls():
    for changes in CASES.values():
        assert len(ratios(changes, minutes=0.25, pairs=2)) == 2


def test_a_ratio_is_the_median_of_the_pairs():
    assert row("faults", [1.0, 1.05, 1.3]) == ("faults", "1.050", "1 to 1.3", "1.10: met")
    assert row("scaling", [1.2, 1.2]) == ("scaling", "1.200", "1.2 to 1.2", "1.10: **missed**")


def test_the_document_has_a_place_for_the_table():
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert page.index(BEGIN) < page.index(END)
