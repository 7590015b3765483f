"""What AWS does not publish, and the values that it could have: one table of names, an axis each.

Sources of the values: the assumptions in the documentation (docs/assumptions.md, marked U).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import get_args

from mmesim import units
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling, ScaledIn
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.router import Placement, RouterPolicy, SplitBy

MISROUTE = 0.02
CPU_SPEED = (0.85, 1.0, 1.15)
METRIC_DELAY_S = (0.0, 120.0)
RESERVE = units.bytes_("2.9 GiB")
THRESHOLD = 0.8


@dataclass(frozen=True)
class Unknowns:
    """One setting of everything that AWS does not publish and that decides sizings."""

    policy: RouterPolicy
    misroute: float
    placement: Placement
    load_slots: int
    usable_memory_bytes: int
    cpu_speed: float
    autoscaling: Autoscaling | None = None
    serial_scaling: bool = True
    split_by: SplitBy = "calls"

    @classmethod
    def of(cls, endpoint: Endpoint) -> Unknowns:
        """The setting of an endpoint."""
        return cls(
            endpoint.router.policy,
            endpoint.router.misroute,
            endpoint.router.placement,
            endpoint.load_slots,
            endpoint.usable_memory_bytes,
            endpoint.host.cpu_speed,
            endpoint.autoscaling,
            endpoint.serial_scaling,
            endpoint.router.split_by,
        )

    @property
    def sensible(self) -> Unknowns:
        """The same without a placement where the policy places nothing."""
        return self if self.policy is RouterPolicy.sticky else replace(self, placement=Placement.rendezvous)

    def put(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with this setting; what it has already stays untouched."""
        given = Unknowns.of(endpoint)
        changed: dict[str, object] = {}
        names = ("policy", "misroute", "placement", "split_by")
        router = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(given, name)}
        if router:
            changed["router"] = endpoint.router.model_copy(update=router)
        if self.load_slots != given.load_slots:
            changed["load_slots"] = self.load_slots
        if self.usable_memory_bytes != given.usable_memory_bytes:
            changed["usable_memory_given_bytes"] = self.usable_memory_bytes
        if self.cpu_speed != given.cpu_speed:
            speed = {"cpu_speed": self.cpu_speed, "cpu_speed_assumed": False}
            changed["host"] = endpoint.host.model_copy(update=speed)
        if self.autoscaling != given.autoscaling:
            changed["autoscaling"] = self.autoscaling
        if self.serial_scaling != given.serial_scaling:
            changed["serial_scaling"] = self.serial_scaling
        result: Endpoint = endpoint.model_copy(update=changed)
        return result

    def put_as_in(self, base: Unknowns, endpoint: Endpoint) -> Endpoint:
        """The endpoint with what differs in this setting from another one; all else stays as the endpoint has it."""
        names = [one.name for one in fields(self) if getattr(self, one.name) != getattr(base, one.name)]
        return replace(Unknowns.of(endpoint), **{name: getattr(self, name) for name in names}).put(endpoint)

    def overrides(self, base: Unknowns) -> tuple[tuple[str, str, str], ...]:
        """What differs from another setting: field as in `--set`, exact value, and the value for people."""
        percent = units.show_fraction(self.misroute)
        rows: list[tuple[bool, str, str, str]] = [
            (self.policy != base.policy, "endpoint.router.policy", self.policy.value, self.policy.value),
            (self.misroute != base.misroute, "endpoint.router.misroute", repr(self.misroute), percent),
            (
                self.placement != base.placement,
                "endpoint.router.placement",
                self.placement.value,
                self.placement.value,
            ),
            (self.split_by != base.split_by, "endpoint.router.split_by", self.split_by, self.split_by),
            (self.load_slots != base.load_slots, "endpoint.load_slots", str(self.load_slots), str(self.load_slots)),
            (
                self.usable_memory_bytes != base.usable_memory_bytes,
                "endpoint.usable_memory",
                units.exact_bytes(self.usable_memory_bytes),
                units.show_bytes(self.usable_memory_bytes),
            ),
            (self.cpu_speed != base.cpu_speed, "endpoint.cpu_speed", repr(self.cpu_speed), f"{self.cpu_speed:g}"),
            (
                self.serial_scaling != base.serial_scaling,
                "endpoint.serial_scaling",
                str(self.serial_scaling).lower(),
                str(self.serial_scaling).lower(),
            ),
        ]
        found = tuple((field, exact, shown) for differs, field, exact, shown in rows if differs)
        return (*found, *_scaling_overrides(self.autoscaling, base.autoscaling))


def _scaling_overrides(one: Autoscaling | None, base: Autoscaling | None) -> Iterator[tuple[str, str, str]]:
    """What differs in what is not known of autoscaling."""
    if one is None or base is None:
        return
    if one.metric_delay_s != base.metric_delay_s and one.metric_delay_s is not None:
        delay = units.exact_seconds(one.metric_delay_s)
        yield "endpoint.autoscaling.metric_delay", delay, units.show_seconds(one.metric_delay_s)
    if one.scale_in != base.scale_in:
        yield "endpoint.autoscaling.scale_in", one.scale_in.value, one.scale_in.value


def _routers(base: Unknowns, endpoint: Endpoint) -> Sequence[Unknowns]:
    if endpoint.most_instances == 1:
        return (base,)  # there is nothing to choose: settings that cannot differ would only swell the count
    plain = replace(base, misroute=0.0)
    plausible = [replace(plain, policy=policy).sensible for policy in RouterPolicy if policy.plausible]
    sticky = replace(plain, policy=RouterPolicy.sticky)
    placed = [replace(sticky, placement=placement) for placement in (Placement.rendezvous, Placement.most_free)]
    return [*plausible, replace(sticky, misroute=MISROUTE), *placed]


def _load_slots(base: Unknowns, endpoint: Endpoint) -> Sequence[Unknowns]:
    vcpu = endpoint.host.vcpu
    return [replace(base, load_slots=slots) for slots in (1, max(1, vcpu // 2), vcpu)]


def _usable_memory(base: Unknowns, endpoint: Endpoint) -> Sequence[Unknowns]:
    memory = endpoint.host.memory_bytes
    return [replace(base, usable_memory_bytes=usable) for usable in (int(THRESHOLD * memory), memory - RESERVE)]


def _cpu_speed(base: Unknowns, endpoint: Endpoint) -> Sequence[Unknowns]:
    speed = endpoint.host.cpu_speed
    return [replace(base, cpu_speed=speed if factor == 1.0 else float(f"{speed * factor:.6g}")) for factor in CPU_SPEED]


def _scaling(base: Unknowns, _: Endpoint) -> Sequence[Unknowns]:
    given = base.autoscaling
    if given is None:
        return (base,)
    changes: list[dict[str, object]] = [{"metric_delay_s": delay_s} for delay_s in METRIC_DELAY_S]
    changes += [{"scale_in": host} for host in (ScaledIn.newest, ScaledIn.oldest)]
    changed = [replace(base, autoscaling=given.model_copy(update=change)) for change in changes]
    return [*changed, replace(base, serial_scaling=not base.serial_scaling)]


def _split_by(base: Unknowns, endpoint: Endpoint) -> Sequence[Unknowns]:
    return [replace(base, split_by=one) for one in get_args(SplitBy)]


Axis = Callable[[Unknowns, Endpoint], Sequence[Unknowns]]

AXES: Mapping[str, Axis] = MappingProxyType(
    {
        "router": _routers,
        "load_slots": _load_slots,
        "usable_memory": _usable_memory,
        "cpu_speed": _cpu_speed,
        "scaling": _scaling,
    }
)
"""Name -> the settings that differ from another one in this axis alone."""
OF_DEPLOYS: Mapping[str, Axis] = MappingProxyType({"split_by": _split_by})
"""The same, of what only a scenario with deploys depends on."""


def settings(endpoint: Endpoint, full: bool = False, deploys: bool = False) -> tuple[Unknowns, ...]:
    """The setting of an endpoint, then every other one that differs in one axis; each once.

    `full`: all combinations of the axes instead; `deploys`: the axes of deploys, too.
    """
    base, axes = Unknowns.of(endpoint), [*AXES.values(), *(OF_DEPLOYS.values() if deploys else ())]
    if not full:
        return tuple(dict.fromkeys((base, *itertools.chain.from_iterable(a(base, endpoint) for a in axes))))
    combined: Sequence[Unknowns] = (base,)
    for axis in axes:
        combined = [one for setting in combined for one in axis(setting, endpoint)]
    return tuple(dict.fromkeys((base, *combined)))
