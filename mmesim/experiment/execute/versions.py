"""What has to be equal so that two processes compute the same bytes."""

from __future__ import annotations

import functools
import hashlib
import platform
import sys
from importlib import metadata
from pathlib import Path

import mmesim

SHOWN_ONLY = ("cli", "report")
"""Rooms of the package that no simulation depends on. All others count: a list of what does count would fall behind."""


@functools.cache
def versions() -> dict[str, str]:
    """Name -> version of everything that decides the figures of a simulation on this machine."""
    return {
        "mmesim": f"{mmesim.__version__} ({hash_of(Path(mmesim.__path__[0]))})",
        "python": ".".join(map(str, sys.version_info[:2])),
        # Asked of what is installed: importing Numba takes half a second, also where nothing is simulated.
        **{package: metadata.version(package) for package in ("numpy", "numba", "scipy")},
        "machine": platform.machine(),
    }


def difference(there: dict[str, str]) -> str | None:
    """What differs between the versions of another process and ours, None when nothing does."""
    ours = versions()
    found = [
        f"{name} {there.get(name, 'missing')} there, {ours[name]} here"
        for name in ours
        if there.get(name) != ours[name]
    ]
    return "; ".join(found) or None


def hash_of(root: Path) -> str:
    """A hash of the sources of a package: a version that is being worked on changes without a new number."""
    digest = hashlib.blake2b(digest_size=5)
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if place.parts[0] in SHOWN_ONLY or "__pycache__" in place.parts or not path.is_file():
            continue
        digest.update(place.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
