"""A scenario: everything that is simulated, as frozen data in seconds and bytes.

`Scenario.from_yaml(path)` reads a file; in Python a scenario is built of the classes that `mmesim.scenario` exports.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from mmesim.errors import Problem, ScenarioError
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.endpoint.endpoint import STATIONARY, Endpoint
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.fault import named as faults_named
from mmesim.scenario.models.groups import Model, ModelGroup
from mmesim.scenario.models.resolve import called, expand, unknown
from mmesim.scenario.run.belief import Beliefs
from mmesim.scenario.run.events import beginnings, placed
from mmesim.scenario.run.expect import Expectation, ExpectationField
from mmesim.scenario.run.plan import Plan
from mmesim.scenario.run.selection import Counted, Selection, Windows
from mmesim.scenario.run.settings import Clients, RunSettings
from mmesim.scenario.run.split import Split
from mmesim.scenario.run.sweep import Sweep
from mmesim.scenario.server.kind import ServerKind
from mmesim.scenario.server.kinds import kind_of
from mmesim.scenario.server.server import Server
from mmesim.scenario.traffic.closed_loop import SHORTEST_S, ClosedLoop
from mmesim.scenario.traffic.combinations import changing, not_replayed
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.fields import Data, Place, Refusals, Refused
from mmesim.scenario.values.function import Function, FunctionField
from mmesim.scenario.values.named import by_place, with_names

MOST_MINUTES = 10_000
"""Windows in which recoveries are looked for: a week has as many minutes."""
OWN_PROCESS = "a custom process may change the endpoint at any time"
"""Why there is no steady state with custom processes."""
SCALED = "autoscaling changes the number of hosts"
"""Why there is none with autoscaling."""


class Scenario(Data):
    """One experiment: an endpoint, its models, its traffic, and what is expected of it."""

    file_keys: ClassVar[tuple[str, ...]] = ("extends",)

    name: str = Field(min_length=1)
    """Name of the scenario; also the name of its result folder."""
    endpoint: Endpoint
    """The hosts and the platform's rules."""
    server: Server = Server()
    """The model server in each container."""
    models: tuple[ModelGroup, ...] = Field(min_length=1)
    """The models: a list of groups, or one group."""
    traffic: tuple[Traffic, ...] = Field(min_length=1)
    """The calls: a list of streams, or one stream."""
    clients: Clients = Clients()
    """Those who call: time-out, network, retries."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong, and when: a list of faults, such as `{zone_loss: {zone: 1}, at: 10 min}`."""
    deploys: tuple[Deploy, ...] = ()
    """Updates of the endpoint while it serves: new hosts, or a new image."""
    processes: tuple[FunctionField, ...] = ()
    """Your own SimPy processes, `watch(env, endpoint)`, as `module:function`."""
    run: RunSettings
    """How long, how often and from which seed the scenario is simulated."""
    expect: tuple[ExpectationField, ...] = ()
    """What is promised, one line each such as `p99 < 500 ms`; enforced by `mmesim run --check`."""
    beliefs: Beliefs = ()
    """Beliefs of a resolved file, field -> what stood below `uncertain:`; the field itself has the middle value."""
    split: Split | None = None
    """Where models could go that leave this endpoint; used by `mmesim split`."""
    sweep: Sweep | None = None
    """Values of other fields to try; used by `mmesim sweep`, ignored by `mmesim run`."""
    plan: Plan | None = None
    """The fleets to choose from; used by `mmesim plan`, ignored by `mmesim run`."""

    @classmethod
    def from_yaml(cls, path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
        """The scenario of a file, with overrides such as `endpoint.instance_count=6`; raises ScenarioError."""
        from mmesim.scenario.file.load import load  # the loader builds on this class

        return load(path, overrides)

    @classmethod
    def from_dict(cls, data: Mapping[str, object], overrides: Sequence[str] = ()) -> Scenario:
        """The scenario of maps and lists with the keys, units and defaults of a file; raises ScenarioError.

        `Scenario.from_dict({"name": "a", "endpoint": {"instance_type": "ml.m5.xlarge"}, ...})`.
        """
        from mmesim.scenario.file.load import from_plain  # the loader builds on this class

        return from_plain(data, overrides)

    def with_(self, changes: Mapping[str, object] | None = None, /, **more: object) -> Scenario:
        """Another scenario with some values changed, named as in `--set`; raises ScenarioError.

        `scenario.with_({"endpoint.instance_count": 6, "models.tenant.memory": "60 MiB"})`: values are written as in a
        file. Defaults that follow from other values, such as `load_slots` from the instance type, follow again.
        """
        from mmesim.scenario.file.template import Template  # it builds on this class

        return Template.of(self).at({**(changes or {}), **more})

    def with_run(self, **changes: object) -> Scenario:
        """Another scenario with some fields of `run` changed, named and given as in Python; nothing is checked."""
        changed: Scenario = self.model_copy(update={"run": self.run.model_copy(update=changes)})
        return changed

    def model_table(self) -> tuple[Model, ...]:
        """Every single model in the order of the file: groups and tables expanded, presets and defaults applied.

        Raises ScenarioError when a table of models cannot be read or two models have one name.
        """
        try:
            return self.resolved_models
        except Refusals as refusals:
            raise ScenarioError([refused.problem(self.name) for refused in refusals.all]) from None

    @cached_property
    def resolved_models(self) -> tuple[Model, ...]:
        """The table behind `model_table`; raises Refusals, which the loader turns into places in the file."""
        return expand(self.models, self.server_kind)

    @cached_property
    def hosted(self) -> tuple[Model, ...]:
        """The models of the table that the endpoint hosts: all, but for `endpoint.only` and `endpoint.without`."""
        models, only, without = self.model_table(), self.endpoint.only, self.endpoint.without
        leaving = set() if without is None else {model.index for model in called(without, models)}
        return tuple(model for model in called(only, models) if model.index not in leaving)

    def models_of(self, stream: Traffic) -> tuple[Model, ...]:
        """The models that a stream may call, in the order of the table; raises ScenarioError for an unknown name."""
        models = self.model_table()
        place = f"traffic.{stream.name}.models"
        wrong = [
            Problem("scenario", None, place, name, f"no model or group {name!r}", hint)
            for _, name, hint in unknown(stream.models, models)
        ]
        if wrong:
            raise ScenarioError(wrong)
        return called(stream.models, models)

    def end_of(self, stream: Traffic) -> float:
        """When the last measured call of a stream must have begun, seconds."""
        return self.run.duration_s if stream.end_s is None else min(self.run.duration_s, stream.end_s)

    def goes_on_until(self, stream: Traffic) -> float:
        """When the last call of a stream must have begun, seconds.

        A stream without an end of its own goes on after the run, unmeasured, for the measured calls that are not
        answered yet: at most for the longest time that a call can last.
        """
        longest_s = self.run.duration_s + self.clients.longest_call_s
        return longest_s if stream.end_s is None else min(longest_s, stream.end_s)

    @property
    def changes_over_time(self) -> str | None:
        """Why no steady state can be asked for, in words; None when there may be one."""
        for stream in self.traffic:
            if stream.fingerprint is not None:
                return f"stream {stream.name!r} has a course over the day"
            if stream.arrivals is None:
                return f"stream {stream.name!r} is recorded traffic"
            reason = changing(stream.arrivals, stream.drift)
            if reason is not None:
                return f"stream {stream.name!r} {reason}"
            if stream.calls is not None:
                return f"stream {stream.name!r} ends after a number of calls"
            if stream.start_s > 0.0 or (stream.end_s is not None and stream.end_s < self.run.duration_s):
                return f"stream {stream.name!r} does not last from the beginning to the end"
        if self.deploys:
            return f"deploy {self.deploys[0].name!r} replaces the hosts"
        if self.endpoint.autoscaling is not None:
            return SCALED
        if self.faults:
            return f"fault {self.faults[0].name!r} changes the endpoint"
        return OWN_PROCESS if self.processes else None

    @property
    def all_users_s(self) -> float:
        """When the last user of the closed loops has begun, seconds; 0 without any."""
        loops = [(stream.start_s, stream.arrivals) for stream in self.traffic]
        return max((start_s + loop.spawned_s for start_s, loop in loops if isinstance(loop, ClosedLoop)), default=0.0)

    @property
    def latency_limits_s(self) -> tuple[float, ...]:
        """The latency limits of all calls named in `expect` and in conditions, seconds, sorted, each once."""
        lines = [e for e in self.expect if e.calls.is_all] + [line for _, line in self.conditions]
        return tuple(sorted({line.limit for line in lines if line.is_latency}))

    @property
    def conditions(self) -> tuple[tuple[Place, Expectation], ...]:
        """The lines that are asked while it runs (`mmesim.scenario.run.condition`), each with its place in the file."""
        places = [(("faults", index, "when"), fault.when) for index, fault in enumerate(self.faults)]
        places += [(("deploys", index, "rollback_when"), one.rollback_when) for index, one in enumerate(self.deploys)]
        return tuple((place, line) for place, line in places if line is not None)

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What is counted of some of the calls, since `expect` or recoveries ask for it; each once."""
        asked = (e.counted for e in self.expect if e.counted is not None)
        return tuple(dict.fromkeys((*asked, *([self.minutes] if self.is_watched else []), *self.kept_limits.values())))

    @property
    def events(self) -> Mapping[str, float | None]:
        """Faults and deploys by name -> when they begin, seconds; None when only a run shows it."""
        return beginnings((*self.faults, *self.deploys))

    @property
    def is_watched(self) -> bool:
        """Whether anything may happen to the fleet, so that calls are counted minute by minute."""
        return bool(self.events) or self.endpoint.autoscaling is not None

    @property
    def minutes(self) -> Counted:
        """All calls minute by minute, and those above the highest latency limit: what an event does to them."""
        limits_s = self.latency_limits_s or [e.limit for e in self.kept_limits if e.is_latency]
        return Counted(Selection(every_s=self.minute_s), max(limits_s, default=math.inf))

    @property
    def kept_limits(self) -> Mapping[Expectation, Counted]:
        """The limits of latency and errors that are kept again after a recovery -> what is counted minute by minute, of
        a limit that holds in a window or after an event all minutes too.
        """
        lines = [e for e in self.expect if e.limits_calls] if self.is_watched else []
        whole = {e: replace(e.calls, every_s=self.minute_s, between_s=None, after=None) for e in lines}
        return {e: Counted(calls, e.counted_limit_s) for e, calls in whole.items()}

    @property
    def minute_s(self) -> float:
        """The length of the windows in which recoveries are looked for: a minute, in a run of a week or more longer."""
        return 60.0 * max(1, math.ceil(self.run.duration_s / 60.0 / MOST_MINUTES))

    def chosen_by(self, calls: Selection) -> tuple[Model, ...]:
        """The models whose calls are meant; raises ScenarioError for an unknown name."""
        models, names = self.model_table(), None if calls.group is None else (calls.group,)
        wrong = [
            Problem("scenario", None, "expect", name, f"no model or group {name!r}", hint)
            for _, name, hint in unknown(names, models)
        ]
        if wrong:
            raise ScenarioError(wrong)
        return called(names, models)

    def windows_of(self, counted: Counted) -> Windows:
        """The windows in which it is counted; once the warm-up is known."""
        return counted.calls.windows(self.run.cut_s, self.run.duration_s)

    @cached_property
    def uses_devices(self) -> bool:
        """Whether calls have a part on the devices of the hosts, which otherwise do nothing."""
        return self.endpoint.host.devices is not None and any(model.uses_device for model in self.hosted)

    @property
    def server_kind(self) -> ServerKind:
        """The rules of the model server on each host."""
        return self.kind_on(self.endpoint)

    def kind_on(self, endpoint: Endpoint) -> ServerKind:
        """The rules of the model server on hosts with the figures of another endpoint."""
        return kind_of(self.server, endpoint.host.vcpu, endpoint.gpus)

    def models_on(self, endpoint: Endpoint) -> tuple[Model, ...]:
        """The table of models with the workers that each has on such hosts, and what follows from their number."""
        kind = self.kind_on(endpoint)
        return self.model_table() if kind == self.server_kind else expand(self.models, kind)

    def endpoint_of(self, deploy: Deploy) -> Endpoint:
        """The endpoint with the configuration that a deploy brings; raises ScenarioError when there can be none."""
        if deploy.endpoint is not None:
            return deploy.endpoint
        bare: Scenario = self.model_copy(update={"deploys": ()})
        return bare.with_(deploy.to).endpoint

    @property
    def own_code(self) -> tuple[Function, ...]:
        """Functions of the user that a run calls: processes, the rule of eviction, and scaling policies."""
        rule, scaling = self.endpoint.eviction, self.endpoint.autoscaling
        own = () if scaling is None else scaling.own_code
        return (*self.processes, *([rule] if isinstance(rule, Function) else []), *own)

    @property
    def fixed_delay_s(self) -> float:
        """What every call spends on the way whatever the hosts do: network round trip and router overhead, seconds."""
        return self.clients.network_s + self.endpoint.router.overhead_s

    def no_stationary_start(self) -> Refused | None:
        """Why the caches cannot begin as earlier traffic leaves them, None when they can.

        That needs traffic that continues unchanged forever, and a cache that it leaves behind.
        """
        place, hint = ("endpoint", "warm"), "write warm: true or warm: false"
        for stream in self.traffic:
            if stream.arrivals is None:
                message = f"stream {stream.name!r} is recorded: what came before its first call is unknown"
                return Refused(message, place, hint)
            reason = not_replayed(stream.arrivals, stream.drift, stream.sessions)
            if reason is not None:
                return Refused(f"stream {stream.name!r} {reason}", place, hint)
        if self.endpoint.model_cache == "disabled":
            return Refused("with model_cache: disabled no model is kept, so there is no cache to set", place, hint)
        policy = self.endpoint.router.policy
        if not policy.replayable:
            return Refused(f"{policy} depends on the calls in flight, which cannot be replayed", place, hint)
        return None

    @field_validator("expect", mode="after")
    @classmethod
    def _placed(cls, lines: tuple[Expectation, ...], info: ValidationInfo) -> tuple[Expectation, ...]:
        """Lines about what comes after a fault or a deploy know when that is."""
        if "faults" not in info.data:  # it is wrong itself
            return lines
        return tuple(placed(lines, beginnings((*info.data["faults"], *info.data.get("deploys", ())))))

    @field_validator("traffic", mode="after")
    @classmethod
    def _named(cls, traffic: tuple[Traffic, ...]) -> tuple[Traffic, ...]:
        """A stream without a name is called by its place, so that its random numbers have a name."""
        return with_names(traffic, by_place("traffic", traffic), "streams")

    @field_validator("faults", mode="after")
    @classmethod
    def _faults_named(cls, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        return faults_named(faults)

    @field_validator("deploys", mode="after")
    @classmethod
    def _deploys_named(cls, deploys: tuple[Deploy, ...]) -> tuple[Deploy, ...]:
        return with_names(deploys, by_place("deploy", deploys), "deploys")

    @model_validator(mode="after")
    def _one_name_each(self) -> Scenario:
        faults = {fault.name for fault in self.faults}
        for index, deploy in enumerate(self.deploys):
            if deploy.name in faults:
                raise Refused(f"a fault is called {deploy.name!r}, too", ("deploys", index, "name"))
        return self

    @model_validator(mode="after")
    def _time_for_an_answer(self) -> Scenario:
        if self.fixed_delay_s >= self.clients.timeout_s:
            raise Refused("no call can be answered: network and router.overhead take this long", ("clients", "timeout"))
        return self

    @model_validator(mode="after")
    def _time_moves_on(self) -> Scenario:
        """A user who is refused and neither pauses nor is any way off would call again at the same instant."""
        for index, stream in enumerate(self.traffic):
            loop = stream.arrivals
            if isinstance(loop, ClosedLoop) and max(self.fixed_delay_s, loop.least_pause_s) < SHORTEST_S:
                message = "a refused user would call again at the same instant: nothing takes any time"
                hint = "clients: {network: 5 ms}, or cycle: 1 ms, what a light client needs between calls"
                raise Refused(message, ("traffic", index, "arrivals", "closed_loop"), hint)
        return self

    @model_validator(mode="after")
    def _has_a_stationary_start(self) -> Scenario:
        if self.endpoint.warm == STATIONARY and (refused := self.no_stationary_start()) is not None:
            raise refused
        return self
