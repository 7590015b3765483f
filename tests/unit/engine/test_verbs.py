"""The table of verbs: one number and one method for each, and what a signature may be."""

import inspect

import numba
import numpy as np
import pytest

from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel import verbs
from mmesim.engine.kernel.jit import Verbs


def test_every_verb_has_a_number_and_a_method_of_its_name():
    numbers = verbs.verb.numbers
    assert list(numbers.values()) == list(range(len(numbers)))
    methods = {name for name, value in vars(DataPlane).items() if inspect.isfunction(value) and name[0] != "_"}
    assert set(numbers) == methods - {"add_config", "fill_devices", "make_room", "next_event_s", "pools_of"}


def test_a_verb_is_done_by_its_number_with_its_whole_numbers_and_its_reals():
    verb = Verbs()

    @verb
    def note(t, now):
        t[0] = now

    @verb
    def add(t, now, i: int, x: float, y: float) -> int:
        t[1] = 100.0 * x + y
        return i + 1

    do = verb.dispatcher()

    @numba.njit
    def call(t, number):
        return do(t, number, 5.0, 7, 8, 3.0, 4.0, 6.0)

    table = np.zeros(2)
    assert [call(table, number) for number in (0, 1, 2)] == [0, 8, 0]
    assert table.tolist() == [5.0, 304.0]
    assert verb.numbers == {"note": 0, "add": 1}


@pytest.mark.parametrize("kinds", [(float, int), (int, int, int), (float,) * 4, (str,)])
def test_a_signature_that_cannot_be_passed_is_refused(monkeypatch, kinds):
    def wrong(t, now): ...

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("t", "now")]
    parameters += [
        inspect.Parameter(f"a{k}", inspect.Parameter.POSITIONAL_ONLY, annotation=kind) for k, kind in enumerate(kinds)
    ]
    monkeypatch.setattr(wrong, "__signature__", inspect.Signature(parameters), raising=False)
    with pytest.raises(TypeError, match="verb wrong: up to two arguments int, then up to three float"):
        Verbs()(wrong)
