"""The measurements of a replication as few bytes: what a store keeps of it."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mmesim.results.run_data import HostData, RunData, TenantData
from mmesim.results.series import COLUMNS
from mmesim.scenario.scenario import Scenario
from mmesim.stats.histogram import coarse_grid, grid

Array = NDArray[Any]
_Kind = TypeVar("_Kind", HostData, TenantData)

LEFT_OUT = ("scenario", "edges_s", "coarse_edges_s", "model_names", "records")
"""Fields that the scenario gives back, and the call records, which are not kept."""


def pack(run: RunData) -> bytes:
    """Return a replication as bytes, without its call records, and with what a verdict needs of its windows.

    Every other figure is kept exactly.

    A zlib stream of one line of JSON (plain figures; name, type and shape of each array) and the arrays' bytes.
    """
    if not np.array_equal(run.edges_s, grid(run.limits_s.tolist()).edges):
        raise ValueError("the buckets are not those of the limits")
    plain: dict[str, object] = {}
    arrays: dict[str, tuple[str, list[int], int]] = {}
    body: list[bytes] = []
    for name, value in _values(run):
        if isinstance(value, np.ndarray):
            found = np.flatnonzero(value.ravel(order="F"))
            full = value.ravel(order="F")
            arrays[name] = (value.dtype.str, list(value.shape), len(found))
            if _sparse(full.size, len(found)):
                full = full[found]
                body.append(_planes(np.diff(found, prepend=0).astype("<i4")))
            body.append(_planes(full))
        else:
            plain[name] = value
    head = json.dumps({"plain": plain, "arrays": arrays}, separators=(",", ":"))
    return zlib.compress(b"".join([head.encode(), b"\n", *body]))


def unpack(data: bytes, scenario: Scenario) -> RunData:
    """Return the replication of a scenario from what `pack` has made of it; records are None."""
    head, _, body = zlib.decompress(data).partition(b"\n")
    told = json.loads(head)
    found: dict[str, Any] = told["plain"]
    place = 0
    for name, (kind, shape, count) in told["arrays"].items():
        size = math.prod(shape)
        if _sparse(size, count):
            index, place = _from_planes(body, place, np.dtype("<i4"), count)
            values, place = _from_planes(body, place, np.dtype(kind), count)
            full = np.zeros(size, np.dtype(kind))
            full[np.cumsum(index)] = values
        else:
            full, place = _from_planes(body, place, np.dtype(kind), size)
        found[name] = np.ascontiguousarray(full.reshape(shape, order="F"))
    return RunData(
        **{name: value for name, value in found.items() if "." not in name},
        tenants=_part(TenantData, "tenants", found),
        hosts=_part(HostData, "hosts", found),
        scenario=scenario.name,
        edges_s=grid(scenario.latency_limits_s).edges,
        coarse_edges_s=coarse_grid().edges,
        model_names=tuple(model.name for model in scenario.model_table()),
        windows={name: found[f"windows.{name}"] for name in COLUMNS if f"windows.{name}" in found},
        records=None,
    )


def _values(run: RunData) -> Iterator[tuple[str, Any]]:
    """Every figure that is kept, by name; those of `hosts` and `tenants` and `windows` with a dot."""
    for field in fields(run):
        value = getattr(run, field.name)
        if isinstance(value, HostData | TenantData):
            yield from ((f"{field.name}.{inner.name}", getattr(value, inner.name)) for inner in fields(value))
        elif field.name == "windows":
            yield from ((f"windows.{name}", value[name]) for name in COLUMNS if name in value)
        elif field.name not in LEFT_OUT:
            yield field.name, value


def _part(kind: type[_Kind], name: str, found: dict[str, Any]) -> _Kind:
    return kind(**{field.name: found[f"{name}.{field.name}"] for field in fields(kind)})


def _sparse(size: int, count: int) -> bool:
    """Whether an array of this size with this number of elements that are not zero is kept as places and values."""
    return 4 * count < size


def _planes(values: Array) -> bytes:
    """All first bytes, then all second ones ...: alike bytes stand together, which zlib makes less of."""
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(-1, values.dtype.itemsize).T.tobytes()


def _from_planes(body: bytes, place: int, kind: np.dtype[Any], count: int) -> tuple[Array, int]:
    """The values that begin at a place, and the place behind them."""
    end = place + kind.itemsize * count
    planes = np.frombuffer(body[place:end], np.uint8).reshape(kind.itemsize, count)
    return np.ascontiguousarray(planes.T).view(kind).ravel(), end
