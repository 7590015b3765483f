"""The measurements of a replication as few bytes: what a store keeps of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mmesim.results.figures.series import COLUMNS
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.mostly_zero import Kept, as_kept
from mmesim.results.measured.run_data import CellData, ClassData, DeviceData, HostData, RunData, TenantData
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.stats.histogram import coarse_grid, grid

LEFT_OUT = ("scenario", "edges_s", "coarse_edges_s", "model_names", "records", "window_times", "in_flight")
"""Fields that the scenario gives back, and what no verdict needs: call records and the course of time."""

TEXTS = ("checks", "happened", "trace_notes")
"""Fields that are kept as JSON."""

LEVEL = 6
"""Of zstd: 6 % smaller than with the default of 3 for a few milliseconds; 19 saves another 7 % at 0.2 s."""


def pack(run: RunData) -> bytes:
    """A replication as bytes: without its call records, and of its windows only what a verdict needs.

    Every figure that is kept is exact. The bytes are a line of JSON, which has the names, types and shapes, and behind
    it the arrays, compressed with zstd; `.npz` files, archives of a hundred small ones, took ten times as long.
    """
    if not np.array_equal(run.edges_s, grid(run.limits_s.tolist()).edges):
        raise ValueError("the buckets are not those of the limits")
    head: list[tuple[Any, ...]] = []
    arrays: list[bytes] = []
    for name, value in _values(run):
        if isinstance(value, Kept):
            head.append((name, value.dtype.str, value.shape, value.places.dtype.str, len(value.places)))
            # Distances, not places: they are small numbers, which compress.
            arrays += [np.diff(value.places, prepend=value.places.dtype.type(0)).tobytes(), value.values.tobytes()]
        else:
            array = np.asarray(value)
            head.append((name, array.dtype.str, array.shape, "F" if array.flags.fnc else "C", None))
            arrays.append(array.tobytes("A"))
    content = b"".join((json.dumps(head).encode(), b"\n", *arrays))
    packed: bytes = pa.Codec("zstd", LEVEL).compress(content, asbytes=True)
    return packed


def unpack(data: bytes, scenario: Scenario) -> RunData:
    """The replication of a scenario from what `pack` has made of it; records are None."""
    found = dict(_arrays(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()))
    return RunData(
        **{name: value for name, value in found.items() if "." not in name and name not in TEXTS},
        checks=json.loads(found["checks"]),
        trace_notes=tuple(TraceNote(**(one | {"file": Path(one["file"])})) for one in json.loads(found["trace_notes"])),
        happened=tuple(Happened(**one | {"kind": Kind(one["kind"])}) for one in json.loads(found["happened"])),
        tenants=TenantData(**_inside("tenants", found)),
        hosts=HostData(**_inside("hosts", found)),
        cold=ClassData(**_inside("cold", found)),
        cells=CellData(**_inside("cells", found)),
        devices=DeviceData(**devices) if (devices := _inside("devices", found)) else None,
        windows=_inside("windows", found),
        scenario=scenario.name,
        edges_s=grid(found["limits_s"].tolist()).edges,
        coarse_edges_s=coarse_grid().edges,
        model_names=tuple(model.name for model in scenario.model_table()),
        records=None,
    )


def _arrays(content: bytes) -> Iterator[tuple[str, Any]]:
    """Every figure that was kept, by name; an array without dimensions is a plain figure."""
    head, _, _ = content.partition(b"\n")
    at = len(head) + 1

    def taken(kind: str, number: int) -> NDArray[Any]:
        nonlocal at
        array = np.frombuffer(content, kind, number, at)
        at += array.nbytes
        return array

    for name, kind, shape, order, kept in json.loads(head):
        if kept is not None:
            places = np.cumsum(taken(order, kept), dtype=order)
            yield name, Kept(tuple(shape), np.dtype(kind), places, taken(kind, kept).copy())
            continue
        array = taken(kind, math.prod(shape))
        yield name, array.reshape(shape, order=order).copy("K") if shape else array[0].item()


def _values(run: RunData) -> Iterator[tuple[str, Any]]:
    """Every figure that is kept, by name; those of its parts, such as `hosts`, with a dot."""
    for field in fields(run):
        value = as_kept(run, field.name)
        if isinstance(value, CellData | ClassData | DeviceData | HostData | TenantData):
            yield from ((f"{field.name}.{inner.name}", as_kept(value, inner.name)) for inner in fields(value))
        elif field.name == "windows":
            yield from ((f"windows.{name}", value[name]) for name in COLUMNS if name in value)
        elif field.name == "checks":
            yield "checks", json.dumps(value)
        elif field.name == "happened":
            yield "happened", json.dumps([asdict(one) for one in value])
        elif field.name == "trace_notes":
            yield "trace_notes", json.dumps([asdict(note) | {"file": str(note.file)} for note in value])
        elif field.name not in LEFT_OUT and value is not None:
            yield field.name, value


def _inside(name: str, found: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(f"{name}."): value for key, value in found.items() if key.startswith(f"{name}.")}
