"""What AWS does not publish, and the values that it could have: one table of names, an axis each.

Sources of the values: the assumptions in the documentation (docs/assumptions.md, marked U).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Literal, get_args

from mmesim import units
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling, ScaledIn
from mmesim.scenario.endpoint.autoscaling.policies import HIGH_RESOLUTION_S, TargetTracking
from mmesim.scenario.endpoint.endpoint import PROVISIONING, Endpoint
from mmesim.scenario.endpoint.router import Placement, RouterPolicy, SplitBy
from mmesim.scenario.faults.kinds import InstanceLoss, ZoneLoss
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import Constant, Time

MISROUTE = 0.02
CPU_SPEED = (0.85, 1.0, 1.15)
METRIC_DELAY_S = (0.0, 120.0)
HIGH_RESOLUTION_POINTS = (1, 6)
"""Values of 10 s above the target that could start a scale-out: those of 10 s, or of a minute."""
LOSS_NOTICED_AFTER_S = (2.0, 60.0)
PROVISIONING_S = (180.0, 600.0)
RESERVE = units.bytes_("2.9 GiB")
THRESHOLD = 0.8

AtScale = Literal["stay", "rehash"]


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
    at_scale: AtScale = "stay"
    loss_noticed_after_s: float = 10.0
    provisioning: Time = PROVISIONING

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
            endpoint.router.at_scale,
            endpoint.loss_noticed_after_s,
            endpoint.provisioning,
        )

    @property
    def sensible(self) -> Unknowns:
        """The same without a placement, and without copies to forget, where the policy places nothing."""
        if self.policy is RouterPolicy.sticky:
            return self
        return replace(self, placement=Placement.rendezvous, at_scale="stay")

    def put(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with this setting; what it has already stays untouched."""
        given = Unknowns.of(endpoint)
        changed: dict[str, object] = {}
        names = ("policy", "misroute", "placement", "split_by", "at_scale")
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
        for name in ("autoscaling", "serial_scaling", "loss_noticed_after_s", "provisioning"):
            if getattr(self, name) != getattr(given, name):
                changed[name] = getattr(self, name)
        result: Endpoint = endpoint.model_copy(update=changed)
        return result

    def put_as_in(self, base: Unknowns, endpoint: Endpoint) -> Endpoint:
        """The endpoint with what differs in this setting from another one; all else stays as the endpoint has it."""
        names = [one.name for one in fields(self) if getattr(self, one.name) != getattr(base, one.name)]
        return replace(Unknowns.of(endpoint), **{name: getattr(self, name) for name in names}).put(endpoint)

    def overrides(self, base: Unknowns) -> tuple[tuple[str, str, str], ...]:
        """What differs from another setting: field as in `--set`, exact value, and the value for people."""
        percent, serial = units.show_fraction(self.misroute), str(self.serial_scaling).lower()
        room = units.exact_bytes(self.usable_memory_bytes), units.show_bytes(self.usable_memory_bytes)
        rows: list[tuple[str, str, str, str]] = [
            ("policy", "router.policy", self.policy.value, self.policy.value),
            ("misroute", "router.misroute", repr(self.misroute), percent),
            ("placement", "router.placement", self.placement.value, self.placement.value),
            ("split_by", "router.split_by", self.split_by, self.split_by),
            ("at_scale", "router.at_scale", self.at_scale, self.at_scale),
            ("load_slots", "load_slots", str(self.load_slots), str(self.load_slots)),
            ("usable_memory_bytes", "usable_memory", *room),
            ("cpu_speed", "cpu_speed", repr(self.cpu_speed), f"{self.cpu_speed:g}"),
            ("loss_noticed_after_s", "loss_noticed_after", *_seconds(self.loss_noticed_after_s)),
            ("serial_scaling", "serial_scaling", serial, serial),
        ]
        if isinstance(self.provisioning, Constant):  # what no axis tries is never put
            rows.append(("provisioning", "provisioning", *_seconds(self.provisioning.value)))
        differing = [row for row in rows if getattr(self, row[0]) != getattr(base, row[0])]
        found = tuple((f"endpoint.{key}", exact, text) for _, key, exact, text in differing)
        return (*found, *_scaling_overrides(self.autoscaling, base.autoscaling))


def _seconds(time_s: float) -> tuple[str, str]:
    return units.exact_seconds(time_s), units.show_seconds(time_s)


def _scaling_overrides(one: Autoscaling | None, base: Autoscaling | None) -> Iterator[tuple[str, str, str]]:
    """What differs in what is not known of autoscaling."""
    if one is None or base is None:
        return
    if one.metric_delay_s != base.metric_delay_s and one.metric_delay_s is not None:
        yield "endpoint.autoscaling.metric_delay", *_seconds(one.metric_delay_s)
    if one.scale_in != base.scale_in:
        yield "endpoint.autoscaling.scale_in", one.scale_in.value, one.scale_in.value
    for index, (policy, other) in enumerate(zip(one.policies, base.policies, strict=True)):
        if isinstance(policy, TargetTracking) and policy != other:
            where = "" if len(one.policies) == 1 else f".policies.{index}.{policy.form}"
            yield f"endpoint.autoscaling{where}.out_points", str(policy.out_points), str(policy.out_points)


def _routers(base: Unknowns, scenario: Scenario) -> Sequence[Unknowns]:
    if not _has_a_choice(scenario):
        return (base,)  # there is nothing to choose: settings that cannot differ would only swell the count
    plain = replace(base, misroute=0.0)
    plausible = [replace(plain, policy=policy).sensible for policy in RouterPolicy if policy.plausible]
    sticky = replace(plain, policy=RouterPolicy.sticky)
    placed = [replace(sticky, placement=placement) for placement in (Placement.rendezvous, Placement.most_free)]
    return [*plausible, replace(sticky, misroute=MISROUTE), *placed]


def _load_slots(base: Unknowns, scenario: Scenario) -> Sequence[Unknowns]:
    vcpu = scenario.endpoint.host.vcpu
    return [replace(base, load_slots=slots) for slots in (1, max(1, vcpu // 2), vcpu)]


def _usable_memory(base: Unknowns, scenario: Scenario) -> Sequence[Unknowns]:
    memory = scenario.endpoint.host.memory_bytes
    return [replace(base, usable_memory_bytes=usable) for usable in (int(THRESHOLD * memory), memory - RESERVE)]


def _cpu_speed(base: Unknowns, scenario: Scenario) -> Sequence[Unknowns]:
    speed = scenario.endpoint.host.cpu_speed
    return [replace(base, cpu_speed=speed if factor == 1.0 else float(f"{speed * factor:.6g}")) for factor in CPU_SPEED]


def _fleet(base: Unknowns, scenario: Scenario) -> Sequence[Unknowns]:
    """What matters only while hosts come and go, one change at a time."""
    losses = [fault.what for fault in scenario.faults if isinstance(fault.what, InstanceLoss | ZoneLoss)]
    provisions = base.autoscaling is not None or scenario.deploys or any(loss.replace for loss in losses)
    found = list(_scaling(base))
    if (provisions or losses) and base.policy is RouterPolicy.sticky and _has_a_choice(scenario):
        found += [replace(base, at_scale=one) for one in get_args(AtScale)]
    if losses:
        found += [replace(base, loss_noticed_after_s=time_s) for time_s in LOSS_NOTICED_AFTER_S]
    if provisions:
        found += [replace(base, provisioning=Constant(time_s)) for time_s in PROVISIONING_S]
    return [base, *found]


def _scaling(base: Unknowns) -> Iterator[Unknowns]:
    given = base.autoscaling
    if given is None:
        return
    changes: list[dict[str, object]] = [{"scale_in": host} for host in ScaledIn]
    if given.policies:
        changes += [{"metric_delay_s": delay_s} for delay_s in METRIC_DELAY_S]
    for index, policy in enumerate(given.policies):
        if isinstance(policy, TargetTracking) and policy.period_s == HIGH_RESOLUTION_S:
            for points in HIGH_RESOLUTION_POINTS:
                other = policy.model_copy(update={"out_points": points})
                changes.append({"policies": (*given.policies[:index], other, *given.policies[index + 1 :])})
    for change in changes:
        yield replace(base, autoscaling=given.model_copy(update=change))
    yield replace(base, serial_scaling=not base.serial_scaling)


def _has_a_choice(scenario: Scenario) -> bool:
    """Whether the router ever chooses among hosts."""
    return scenario.endpoint.most_instances > 1


def _split_by(base: Unknowns, scenario: Scenario) -> Sequence[Unknowns]:
    return [replace(base, split_by=one) for one in get_args(SplitBy)] if scenario.deploys else (base,)


Axis = Callable[[Unknowns, Scenario], Sequence[Unknowns]]

AXES: Mapping[str, Axis] = MappingProxyType(
    {
        "router": _routers,
        "load_slots": _load_slots,
        "usable_memory": _usable_memory,
        "cpu_speed": _cpu_speed,
        "fleet": _fleet,
        "split_by": _split_by,
    }
)
"""Name -> the settings that differ from another one in this axis alone, of those that matter to a scenario."""


def settings(scenario: Scenario, full: bool = False) -> tuple[Unknowns, ...]:
    """The setting of a scenario, then every other one that differs in one axis; each once.

    `full`: all combinations of the axes instead.
    """
    base = Unknowns.of(scenario.endpoint)
    if not full:
        return tuple(dict.fromkeys((base, *itertools.chain.from_iterable(a(base, scenario) for a in AXES.values()))))
    combined: Sequence[Unknowns] = (base,)
    for axis in AXES.values():
        combined = [one for setting in combined for one in axis(setting, scenario)]
    return tuple(dict.fromkeys((base, *combined)))
