"""Python's collector of circles of objects, which stands still while a simulation runs that makes none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Look for no circles here: what is not used any more goes anyhow, unless it refers to itself.

    A look takes the longer, the more objects there are, and a tenth of the time of a run with many loads.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
