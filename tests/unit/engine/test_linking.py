"""Functions that are only linked: the same results as Numba's own way, which is taken where its parts are missing."""

from __future__ import annotations

import types
from typing import Any

import numba
import pytest
from numba.core import codegen

from mmesim.engine.kernel import linking
from tests.helpers.tables import compiled

pytestmark = compiled


njit: Any = numba.njit  # its types do not know `_nrt`


def halves(x):
    return x // 2 if x % 2 == 0 else 3 * x + 1


def steps(x):
    n = 0
    while x > 1:
        x = inner(x)  # type: ignore[name-defined]  # noqa: F821 - given below
        n += 1
    return n


def made(compilers):
    """`steps` of a linked `halves`, compiled so; and `halves`."""
    linked, whole = ({}, {}) if compilers is None else ({"pipeline_class": kind} for kind in compilers)
    other = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, **linked)(halves)
    namespace = {"inner": other}
    function = njit(_nrt=False, **whole)(types.FunctionType(steps.__code__, namespace, "steps"))
    function.compile((numba.int64,))
    return function, other


@pytest.mark.parametrize("without", [False, True], ids=["linked", "as Numba does it"])
def test_results_are_those_of_plain_python(without):
    function, _ = made(None if without else linking.compilers())
    assert [function(n) for n in (1, 6, 27)] == [0, 8, 111]
    assert len(function.overloads) == 1


def test_a_linked_function_has_no_machine_code_of_its_own():
    function, other = made(linking.compilers())
    (inner_result,) = other.overloads.values()
    (outer,) = function.overloads.values()
    assert outer.library._get_compiled_object()
    with pytest.raises(RuntimeError, match="no compiled object"):
        inner_result.library._get_compiled_object()


@pytest.mark.parametrize("missing", ["JITCodeLibrary", *linking.NEEDED])
def test_a_numba_without_the_private_parts_compiles_as_it_always_does(missing):
    class Library(codegen.JITCodeLibrary):
        pass

    class Bare:
        """A library of a Numba to come: nothing that is known here but the rest of the list."""

    for name in linking.NEEDED:
        if name != missing:
            setattr(Bare, name, None)
    found = types.SimpleNamespace() if missing == "JITCodeLibrary" else types.SimpleNamespace(JITCodeLibrary=Bare)
    assert linking.compilers(found) is None
    assert linking.compilers(types.SimpleNamespace(JITCodeLibrary=Library)) is not None


def test_nothing_of_numba_itself_is_changed():
    before = dict(vars(codegen.JITCodeLibrary)), dict(vars(codegen.CPUCodeLibrary))
    made(linking.compilers())
    assert (dict(vars(codegen.JITCodeLibrary)), dict(vars(codegen.CPUCodeLibrary))) == before
