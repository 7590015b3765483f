"""The pictures of a result folder: what they are called, and what each shows. `mmesim.report.plots` draws them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OF_RUN: Mapping[str, str] = MappingProxyType(
    {
        "latency": "how many calls are slower than what; percentiles, limits",
        "ledger": "what latency is made of, in the middle and in the tail",
        "over_time": "fleet, hits, latency, errors and load; what happened when",
        "models": "each model: how busy, how slow, how often cold",
        "miss_ratio": "how many calls would miss with more or less memory",
        "hosts": "how much of CPU, memory and disk of each host is used",
    }
)
"""Name -> what it shows."""
OF_SWEEP: Mapping[str, str] = MappingProxyType(
    {"FIGURE": "a figure of the table, such as p99 or cache_hit_ratio, at all points"}
)
OF_PLAN: Mapping[str, str] = MappingProxyType({"plan": "what each fleet costs against the figure that decides"})
OF_DIFF: Mapping[str, str] = MappingProxyType({"diff": "b as a multiple of a, figure by figure, with intervals"})
FORMATS = (".png", ".svg", ".pdf")


def files(pictures: Mapping[str, str]) -> frozenset[str]:
    """The files that pictures can be in a folder."""
    return frozenset(f"{name}{suffix}" for name in pictures for suffix in FORMATS)
