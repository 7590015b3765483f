"""How Numba compiles the kernel's functions: private parts of Numba that are worth half of the time, in one place.

Numba optimises every function with all that it calls, and makes machine code of it, though Python calls two of the
kernel's alone. Here all others are only linked into those two, and optimised there. The bytes of a run are the same
either way (a test compares), so a Numba without these parts compiles as it always does, in twice the time.
"""

from __future__ import annotations

from typing import Any

from numba.core import codegen as numba_codegen
from numba.core.compiler import CompilerBase, DefaultPassBuilder

NEEDED = ("finalize", "get_pointer_to_function", "_get_module_for_linking", "_optimize_final_module")
"""What the class of a library of Numba's has to have; `requirements.lock` and `pyproject.toml` pin the rest."""


def compilers(codegen: Any = numba_codegen) -> tuple[type[CompilerBase], type[CompilerBase]] | None:
    """Compilers of functions that are only linked, and of those that Python calls; None where Numba has them not."""
    library: Any = getattr(codegen, "JITCodeLibrary", None)
    if library is None or not all(hasattr(library, name) for name in NEEDED):
        return None

    class Linked(library):  # type: ignore[misc]
        """Code of a function that is never run by itself: neither optimised nor made to machine code."""

        @property
        def codegen(self) -> Any:
            return _NeverRun(self._codegen)

        def finalize(self) -> None:
            self._raise_if_finalized()
            _link(self)
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            return 0

    class Whole(library):  # type: ignore[misc]
        """Code of a function that Python calls, with all others in it: optimised once, without vectors."""

        def _optimize_final_module(self) -> None:
            passes, builder = self._codegen._module_pass_manager(loop_vectorize=False, slp_vectorize=False)
            passes.run(self._final_module, builder)

    return _compiler(Linked), _compiler(Whole)


def _link(library: Any) -> None:
    """Put the code of all functions that this one calls beside it, each once."""
    for other in dict.fromkeys(library._linking_libraries):
        library._reload_init.update(other._reload_init)
        library._final_module.link_in(other._get_module_for_linking(), preserve=True)


class _NeverRun:
    """The code generator of Numba, for a function whose machine code does not exist."""

    def __init__(self, codegen: Any) -> None:
        self._of = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Nothing: what Numba would write down for a function that can be called has no place."""


def _compiler(library: type[Any]) -> type[CompilerBase]:
    class Compiler(CompilerBase):
        """Numba's compiler, whose code goes into a library of this kind."""

        def define_pipelines(self) -> list[Any]:
            state = self.state
            if state.library is None:
                state.library = library(state.targetctx.codegen(), state.func_id.func_qualname)
                state.library.enable_object_caching()
            return [DefaultPassBuilder.define_nopython_pipeline(state)]

    return Compiler
