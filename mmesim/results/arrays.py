"""Division of arrays where the divisor may be nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def divide(part: NDArray[np.number], whole: NDArray[np.number], otherwise: float) -> NDArray[np.float64]:
    """Return part / whole for each element, `otherwise` where whole is not positive."""
    result: NDArray[np.float64] = np.full(np.shape(whole), otherwise, dtype=np.float64)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
