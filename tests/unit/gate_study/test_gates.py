"""The gate study's own machinery: gates that draw from a pool, pools on disk, and what its page says."""

from pathlib import Path

import numpy as np
import pytest

from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.lines import Row, Seen
from tests.gate_study import pools, questions
from tests.gate_study.cells import CELLS, COLD, HOT, SIZE, Population
from tests.gate_study.gates import Asked, Drawn, tally
from tests.gate_study.report import Study, text, unfinished

CALLS = 1_000


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked(HOT.scenario(), HOT.lines()[0])


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Replications whose share of slow calls is about 1 %, and a tenth less beyond the tolerance."""
    counts = np.random.default_rng(7).binomial(CALLS, 0.01, size=2_000).tolist()
    return [Row((Seen(n / CALLS, 0.9 * n / CALLS, n, CALLS - n),), 1.0, {}) for n in counts]


def test_the_line_is_that_of_the_cell(asked: Asked):
    assert asked.line.expectation.text == "p99 < 415 ms"
    assert asked.line.inside.bound == asked.line.beyond.bound == pytest.approx(0.01)
    assert asked.line.beyond.name == "share_over 419.15 ms"


def test_a_gate_of_a_pool_decides_what_is_clear(asked: Asked, rows: list[Row]):
    assert tally(asked.allowing(0.02), rows, 20, (1,)).counts == {"pass": 20, "fail": 0, "undecided": 0}
    assert tally(asked.allowing(0.0045), rows, 20, (1,)).counts == {"pass": 0, "fail": 20, "undecided": 0}


def test_on_the_edge_a_gate_of_a_pool_is_seldom_wrong(asked: Asked, rows: list[Row]):
    inside = float(np.mean([row.seen[0].value for row in rows]))
    wrong = tally(asked.allowing(inside), rows, 400, (2,))
    assert 0 < wrong.counts["pass"] <= 20
    assert wrong.replications > 70


def test_the_same_seed_draws_the_same_gates(asked: Asked, rows: list[Row]):
    near = asked.allowing(0.0104)
    assert tally(near, rows, 30, (3,)) == tally(near, rows, 30, (3,)) != tally(near, rows, 30, (4,))


def test_a_skewed_pool_makes_the_pilot_and_the_replications_longer(asked: Asked):
    random = np.random.default_rng(1)
    counts = np.where(random.random(2_000) < 0.1, random.geometric(0.2, 2_000), 0).tolist()
    skewed = [Row((Seen(n / CALLS, n / CALLS, n, CALLS - n),), 1.0, {}) for n in counts]
    course = Drawn(asked.allowing(0.001), skewed, random)
    course.run()
    assert course.design is not None
    assert course.design.pilot_replications == 100
    assert course.design.length > 4
    assert len(course.each(0)) == course.replications


def test_a_test_of_one_look_looks_once_at_the_full_level(asked: Asked, rows: list[Row]):
    once = Asked(asked.scenario, asked.line, 1, (40,)).allowing(0.02)
    course = Drawn(once, rows, np.random.default_rng(1))
    course.run()
    assert course.replications == 40
    levels = course.levels()
    assert (levels.inside, levels.beyond) == pytest.approx((0.025, 0.025))


def test_several_lines_share_the_chance_of_a_wrong_fail(asked: Asked, rows: list[Row]):
    course = Drawn(Asked(asked.scenario, asked.line, 4), rows, np.random.default_rng(1))
    course.run()
    assert course.design is not None
    assert course.design.alpha_fail == pytest.approx(0.025 / 4)


def test_what_is_not_drawn_is_left_to_the_gate():
    assert {name for name in vars(Drawn) if name in vars(Course)} - {"__doc__", "__module__"} == {"__init__", "advance"}


def test_a_pool_is_made_in_blocks_that_are_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    small = Population("small", COLD.file, ("p95 < 600 ms", "p99 < 900 ms"), 5)
    monkeypatch.setattr(pools, "BLOCK", 3)
    made: list[str] = []
    pools.simulate_missing([small], tmp_path, 1, made.append)
    pools.simulate_missing([small], tmp_path, 1, made.append)
    assert len(made) == 2
    pool = pools.Pool(small, tmp_path)
    assert pool.seen.shape == (5, 2, 4)
    assert [row.seen[0] for row in pool.rows(1)] == [row.seen[1] for row in pools.rows(small, range(5))]
    with pytest.raises(FileNotFoundError, match="small is not simulated yet"):
        pools.Pool(Population("small", COLD.file, ("p95 < 500 ms",), 5), tmp_path)


def test_an_answer_is_kept_until_its_pool_grows_or_the_gate_changes(tmp_path: Path):
    made = 0

    def make() -> dict[str, int]:
        nonlocal made
        made += 1
        return {"made": made}

    assert [questions.answered("a", tmp_path, [], make)["made"] for _ in range(2)] == [1, 1]
    (tmp_path / "a.json").write_text(f'{{"pools": [500], "rules": "{questions.rules()}", "made": 0}}')
    assert questions.answered("a", tmp_path, [], make)["made"] == 2
    (tmp_path / "a.json").write_text('{"pools": [], "rules": "older", "made": 0}')
    assert questions.answered("a", tmp_path, [], make)["made"] == 3


def a_study(size: int, wrong: int, right: int) -> Study:
    def counted(**counts: int) -> dict[str, object]:
        of = {"pass": 0, "fail": 0, "undecided": 2_000 - sum(counts.values())} | counts
        return {"counts": of, "replications": 60.0, "length": 3.0, "short": 180.0}

    cell = {"pools": [size], "share": 0.01, "skewness": 3.0, "none": 0.3}
    cell |= {
        verdict: {"edge": counted(**{verdict: wrong}), "power": counted(**{verdict: right}), "fixed": 70}
        for verdict in ("pass", "fail")
    }
    moved = {"p99_ms": 45.0, "service_ms": 12.4, "moved_ms": 46.35, "limit": "p99 < 45.0 ms", "lines": 4}
    moved |= {"share": 0.0115, "beyond": 0.0108, "tally": counted(fail=1_990)}
    near, far = counted(fail=10) | {"pools": [2_000, 2_000]}, counted(fail=1_900) | {"pools": [2_000, 2_000]}
    gap = [{"share": 0.01, "tally": near}, {"share": 0.012, "tally": far}]
    command = {"counts": {"pass": 48, "fail": 0, "undecided": 2}, "value": 0.007, "error": 1e-4, "replications": 31.0}
    asked = {"cell": "hot queue", "line": "p99 < 450 ms", "share": 0.0071}
    return Study(
        {c.title: cell for c in CELLS}, [{**asked, "command": command, "drawn": counted(**{"pass": 1_900})}], moved, gap
    )


def test_the_page_says_what_holds_and_what_is_not_finished():
    good = text(a_study(SIZE, 60, 1_950))
    assert "**no**" not in good
    assert "Not finished" not in good
    assert "find is 20 % of the share" in good
    bad = a_study(4_000, 120, 1_700)
    assert text(bad).count("**no**") == 6  # three cells on the edge, and their power
    assert unfinished(bad) == [f"{c.title}: 4,000 replications" for c in CELLS]
    assert "**Not finished: cold start: 4,000 replications;" in text(bad)
