"""A scaling policy of the user: what it sees, and what becomes of an answer that makes no sense."""

from __future__ import annotations

import pytest

from mmesim.errors import UserCodeError, UserError
from tests.behaviour.scaling.scaled import MINUTE, Scaled, scale, scaling, shared


@pytest.fixture
def own(tmp_path):
    """Scales with a function of this text, called `scale`, for some minutes."""

    def own(text: str, minutes: float = 10, hosts: int = 2) -> Scaled:
        (tmp_path / "mine.py").write_text(f"def scale(seen):\n    {text}\n", encoding="utf-8")
        given = scaling(min=2, max=5, policies=[{"function": "mine:scale", "folder": str(tmp_path)}])
        return scale(given, hosts, shared(lambda _: 300.0), minutes)

    return own


def test_it_is_asked_each_minute_and_sees_metrics_and_hosts(own):
    found = own("return 3 if seen.metric('InvocationsPerInstance')[-1] > 100 and seen.in_service == 2 else None")
    assert found.decisions == [(2 * MINUTE, "scale_out", 3)]
    assert found.names == ["mine:scale"]
    assert found.figures == [{"hosts": 1, "desired": 3, "alarm_s": 120.0}]


def test_its_answer_is_kept_within_the_limits(own):
    assert own("return 99").decisions == [(2 * MINUTE, "scale_out", 5)]
    assert own("return 1", hosts=4).decisions == [(2 * MINUTE, "scale_in", 2)]


def test_no_opinion_changes_nothing(own):
    assert own("return None").decisions == []
    assert own("return seen.capacity").decisions == []


@pytest.mark.parametrize("answer", ["0", "-1", "2.5", "'3'", "True", "[3]", "10001", "float('nan')"])
def test_nonsense_is_refused_with_what_it_must_return(own, answer):
    with pytest.raises(UserCodeError, match="it must return how many hosts there should be") as error:
        own(f"return {answer}")
    assert str(error.value).startswith("scaling policy mine:scale returned ")
    assert "at 120 s" in str(error.value)


def test_its_failure_is_reported_by_name_and_line(own):
    with pytest.raises(
        UserCodeError, match=r"scaling policy mine:scale raised KeyError: 'Calls' \(.*mine\.py, line 2\)"
    ):
        own("return seen.metric('Calls')")


def test_a_function_that_is_not_there(own, tmp_path):
    (tmp_path / "other.py").write_text("", encoding="utf-8")
    given = scaling(min=1, max=5, policies=[{"function": "other:scale", "folder": str(tmp_path)}])
    with pytest.raises(UserError, match=r"other\.py has no function scale"):
        scale(given, 2, shared(lambda _: 300.0), 3)
