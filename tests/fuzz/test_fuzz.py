"""A few hostile inputs of each kind; `make fuzz` runs thousands."""

from __future__ import annotations

import pytest

from tests.fuzz import cases
from tests.fuzz.cases import KINDS
from tests.fuzz.harness import call, faults, shown

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_hostile_input_gets_an_answer(kind):
    assert [shown(fault) for fault in faults(kind, range(100_000, 100_080))] == []


@pytest.mark.parametrize("kind", ["scenario", "trace", "table", "server"])
def test_what_is_mutated_is_sound(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "mutant", lambda rng, text: text.encode())
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        case = cases.make(kind, number)
        case.write(folder)
        for words in case.commands:
            code, said = call(case, words)
            assert code in (0, 1, 2), (words, said)
