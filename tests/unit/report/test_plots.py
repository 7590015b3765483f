"""The pictures of a result: what is drawn is what the tables say."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from mmesim import run
from mmesim.report.plots.run import latency
from tests.helpers.texts import load_text
from tests.unit.experiment.test_diff import TEXT


@pytest.fixture(scope="module")
def result():
    return run(load_text(TEXT).with_({"run.replications": 3}))


def test_the_curve_passes_through_the_share_over_the_limit(result):
    curve = latency(result).axes[0]
    whole = next(line for line in curve.lines if line.get_label() == "all calls")
    x, y = np.asarray(whole.get_xdata()), np.asarray(whole.get_ydata())
    beyond = sum(run.tenants.over.sum() for run in result.runs) / sum(run.ok for run in result.runs)
    assert 0.0 < beyond < 0.1
    assert y[np.flatnonzero(x == 80.0)] == pytest.approx([beyond])
    assert len(curve.lines) == 3 + 1 + 1  # replications, all of them, the limit


def test_the_bars_of_the_ledger_are_whole(result):
    bars = [bar for bar in latency(result).axes[1].patches if isinstance(bar, Rectangle)]
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert max(ends) == pytest.approx(100.0, abs=4.0)  # parts below 1 % of every band are not drawn
    assert max(ends) <= 100.0 + 1e-9


def test_a_result_shows_itself_in_a_notebook(result):
    html = result._repr_html_()
    assert "latency_ms.p99" in html
    assert "3 of 3 replications" in html
    figures = result.figures
    assert figures.loc["latency_ms.mean", "low"] < figures.loc["latency_ms.mean", "value"]
    assert figures.loc["latency_ms.mean", "value"] == result.summary["latency_ms"]["mean"]["value"]
