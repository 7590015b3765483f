"""Arrays: the names of their types, and division where the divisor may be nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def divide(part: NDArray[np.number], whole: NDArray[np.number], otherwise: float) -> Floats:
    """Part / whole for each element, `otherwise` where whole is not positive."""
    result: Floats = np.full(np.shape(whole), otherwise, dtype=np.float64)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
