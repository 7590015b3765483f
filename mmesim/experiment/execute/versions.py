"""What has to be equal so that two processes compute the same bytes."""

from __future__ import annotations

import functools
import hashlib
import platform
import sys
from pathlib import Path

import numba
import numpy as np
import scipy

import mmesim

_SIMULATION = (
    "analytic/lru.py",
    "arrays.py",
    "engine",
    "experiment/warmup.py",
    "policies",
    "results/series.py",
    "results/steady.py",
    "scenario",
    "stats",
    "units.py",
    "workload",
)
"""Parts of the package that decide what a simulation measures."""


@functools.cache
def versions() -> dict[str, str]:
    """Return name -> version of everything that decides the figures of a simulation on this machine."""
    return {
        "mmesim": f"{mmesim.__version__} ({_sources()})",
        "python": ".".join(map(str, sys.version_info[:2])),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
    }


def difference(there: dict[str, str]) -> str | None:
    """Return what differs between the versions of another process and ours, None when nothing does."""
    ours = versions()
    found = [
        f"{name} {there.get(name, 'missing')} there, {ours[name]} here"
        for name in ours
        if there.get(name) != ours[name]
    ]
    return "; ".join(found) or None


def _sources() -> str:
    """A hash of the sources: a version that is being worked on changes without a new number."""
    root = Path(mmesim.__path__[0])
    digest = hashlib.blake2b(digest_size=5)
    for part in _SIMULATION:
        for path in sorted((root / part).rglob("*")) if (root / part).is_dir() else [root / part]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
