"""What can only be checked over several parts of a scenario."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.errors import ScenarioError
from mmesim.scenario import expectations
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.metrics import METRICS
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking
from mmesim.scenario.endpoint.catalogue import UnknownType, look_up
from mmesim.scenario.file.faults import wrong_faults
from mmesim.scenario.file.trace_files import read_fingerprint
from mmesim.scenario.models.groups import Model, ModelGroup, weights_of
from mmesim.scenario.models.resolve import called, unknown
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import COSTS, OF_LIMIT
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.combinations import too_few_or_many
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.scenario.traffic.popularity import Tenants, Weights, uses_weights
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.fields import Place, Refusals, Refused
from mmesim.scenario.values.function import Function

MOST_WINDOWS = 10_000
"""Of one expectation: a week has as many minutes."""


def contradictions(scenario: Scenario) -> Iterator[Refused]:
    """Every contradiction between parts of a valid scenario, each with its place."""
    yield from _memory(scenario)
    yield from _scaling(scenario)
    try:
        models = scenario.resolved_models
    except Refusals as refusals:
        yield from refusals.all
        return
    yield from _of_the_server(scenario, models)
    yield from _hosted(scenario, models)
    for number, name, hint in unknown(scenario.endpoint.preload, models):
        yield Refused(f"there is no model or group {name!r}", ("endpoint", "preload", number), hint)
    yield from _split(scenario, models)
    yield from _pinned(scenario, models)
    yield from _devices(scenario, models)
    yield from wrong_faults(scenario, models)
    yield from _undecidable(scenario)
    yield from _unrecoverable(scenario)
    wrong_calls = list(_selected(scenario, models))
    yield from wrong_calls or _clashing(scenario)
    yield from _deploys(scenario)
    for index, stream in enumerate(scenario.traffic):
        place: Place = ("traffic", index)
        if stream.start_s >= scenario.run.duration_s:
            yield Refused("the run ends before this stream starts", (*place, "start"))
        for number, word, hint in unknown(stream.models, models):
            yield Refused(f"there is no model or group {word!r}", (*place, "models", number), hint)
        chosen = called(stream.models, models)
        yield from _weights(stream, place, chosen)
        yield from _mapped(stream, place, len(chosen))
        wrong = too_few_or_many(stream.arrivals, stream.drift, len(chosen))
        yield from (refused.below(*place) for refused in wrong)


def _deploys(scenario: Scenario) -> Iterator[Refused]:
    """Deploys into which scaling would break."""
    endpoint = scenario.endpoint
    if scenario.deploys and endpoint.autoscaling is not None and not endpoint.serial_scaling:
        message = "autoscaling waits while a deploy updates the endpoint, as on SageMaker: serial_scaling must be true"
        yield Refused(message, ("endpoint", "serial_scaling"), "write serial_scaling: true")


def _memory(scenario: Scenario) -> Iterator[Refused]:
    endpoint = scenario.endpoint
    usable, base = endpoint.usable_memory_bytes, endpoint.base_memory_bytes
    if usable <= base:
        yield Refused(
            f"no memory is left for models: {units.show_bytes(usable)} usable, "
            f"{units.show_bytes(base)} for the container itself",
            ("endpoint",),
        )
    if usable > endpoint.host.memory_bytes:
        yield Refused("is more than the memory of the host", ("endpoint", "usable_memory"))
    if endpoint.pid_limit is not None and endpoint.pid_limit <= scenario.server.base_tasks:
        yield Refused("leaves no process for a model", ("endpoint", "pid_limit"))


def _of_the_server(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Keys of models that mean nothing to the kind of server, or that contradict each other by its rules."""
    kind = scenario.server_kind
    for index, group in enumerate(scenario.models):
        for name, why in kind.meaningless_of_model.items():
            if getattr(group, name):
                key = ModelGroup.model_fields[name].alias or name
                yield Refused(f"means nothing to {kind.title}: {why}", ("models", index, key), f"remove {key}")
        if kind.queue.scope == "server" and group.workers is not None:
            message = "no model has workers of its own with server.queue: server"
            yield Refused(message, ("models", index, "workers"), "write server.server_workers")
    wrong = next((one for one in models if one.max_workers is not None and one.max_workers < one.workers), None)
    if wrong is not None:
        place = next(n for n, group in enumerate(scenario.models) if group.name == wrong.group)
        message = f"{wrong.max_workers} is less than the {wrong.workers} workers of the start"
        yield Refused(message, ("models", place, "max_workers"), "write at least as many")


def _scaling(scenario: Scenario) -> Iterator[Refused]:
    """Numbers of hosts, times and targets that autoscaling cannot have."""
    endpoint, scaling = scenario.endpoint, scenario.endpoint.autoscaling
    if scaling is None:
        return
    place: Place = ("endpoint", "autoscaling")
    if not scaling.min <= endpoint.instance_count <= scaling.max:
        message = f"autoscaling keeps {scaling.min} to {scaling.max} hosts"
        yield Refused(
            message, ("endpoint", "instance_count"), f"instance_count: {scaling.min}", endpoint.instance_count
        )
    for index, policy in enumerate(scaling.policies):
        if isinstance(policy, Function):
            continue
        key = "target" if isinstance(policy, TargetTracking) else "threshold"
        metric, devices = METRICS[policy.metric], endpoint.host.devices
        highest = metric.highest(endpoint.host.vcpu, 0 if devices is None else devices.count)
        if metric.of_devices and not scenario.uses_devices:
            message = f"no model uses a device: {policy.metric} is never published"
            yield Refused(message, (*place, "policies", index, policy.form, "metric"), "metric: InvocationsPerInstance")
        elif highest is not None and getattr(policy, key) > highest:
            message = f"{policy.metric} is never above {highest:g} here"
            yield Refused(message, (*place, "policies", index, policy.form, key))
    yield from (refused.below(*place, "scheduled") for refused in _scheduled(scaling, scenario.run.duration_s))


def _scheduled(scaling: Autoscaling, duration_s: float) -> Iterator[Refused]:
    """Scheduled actions that happen together, or that leave no number of hosts."""
    before: tuple[float, int] | None = None
    said: set[int] = set()
    for at_s, index, least, most in scaling.limits(duration_s):
        if before is not None and before[0] == at_s and index not in said:
            when = units.show_seconds(at_s, 12)
            yield Refused(f"happens at {when}, as number {before[1]} does: which is first is not known", (index, "at"))
            said.add(index)
        elif least > most and index not in said:
            key = "min" if scaling.scheduled[index].min is not None else "max"
            when = units.show_seconds(at_s, 12)
            yield Refused(f"from {when} on the fewest hosts are {least} and the most {most}", (index, key))
            said.add(index)
        before = at_s, index


def _hosted(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Models that are hosted elsewhere: some must be left, and users do not wait for an answer from elsewhere."""
    endpoint = scenario.endpoint
    key, names = ("only", endpoint.only) if endpoint.without is None else ("without", endpoint.without)
    if names is None:
        return
    wrong = [(number, name, hint) for number, name, hint in unknown(names, models)]
    for number, name, hint in wrong:
        yield Refused(f"there is no model or group {name!r}", ("endpoint", key, number), hint)
    if wrong:
        return
    here = {model.index for model in scenario.hosted}
    if not here:
        yield Refused("leaves no model here", ("endpoint", key))
    for index, stream in enumerate(scenario.traffic):
        chosen = called(stream.models, models)
        if isinstance(stream.arrivals, ClosedLoop) and any(model.index not in here for model in chosen):
            message = (
                "the users of a closed loop wait for each answer, also for those from elsewhere, which are unknown"
            )
            yield Refused(message, ("endpoint", key), f"traffic.{index}.models: [...], those that are hosted here")


def _split(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Models and instance types of `split` that there are not."""
    wanted = scenario.split
    for number, names in enumerate(() if wanted is None else wanted.candidates):
        for place, name, hint in unknown(names, models):
            yield Refused(f"there is no model or group {name!r}", ("split", "candidates", number, place), hint)
    for place, name in enumerate(() if wanted is None else wanted.instance_types or ()):
        try:
            row = look_up(name, scenario.endpoint.region)
        except UnknownType as error:
            yield Refused(error.message, ("split", "instance_types", place), error.hint)
            continue
        if row.price[0] is None and name != scenario.endpoint.instance_type:
            yield Refused(f"no price of {name} in {row.region} is known", ("split", "instance_types", place))


def _pinned(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    pinned = [model.name for model in models if model.pinned]
    if pinned and scenario.endpoint.model_cache == "disabled":
        yield Refused(f"no model is kept, and {pinned[0]!r} is pinned", ("endpoint", "model_cache"))


def _devices(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Models with a part on a device, where hosts have none."""
    using = [model.name for model in models if model.uses_device]
    if using and scenario.endpoint.host.devices is None:
        host = scenario.endpoint.instance_type or "this host"
        others = f" and {len(using) - 1:,} more" if len(using) > 1 else ""
        hint = "endpoint: {devices: {count: 1, memory: 16 GiB}}, or an instance type with a GPU, such as ml.g4dn.xlarge"
        message = f"model {using[0]!r}{others} has a part on a device (service.device, device_memory), {host} has none"
        yield Refused(message, ("endpoint", "devices"), hint)


def _undecidable(scenario: Scenario) -> Iterator[Refused]:
    """Limits to a figure that this scenario cannot have."""
    endpoint = scenario.endpoint
    for index, e in enumerate(scenario.expect):
        place: Place = ("expect", index)
        if e.metric == OF_LIMIT and e.kind == "share" and endpoint.pid_limit is None:
            yield Refused("compares with endpoint.pid_limit, which is not set", place, "endpoint: {pid_limit: 32768}")
        if e.metric in COSTS and endpoint.host.price_usd_per_hour is None:
            yield Refused("no price is known for this host", place, "endpoint: {price_per_hour: 0.23 USD}")
        if e.event is not None and not any(one.limits_calls_after(e.event) for one in scenario.expect):
            yield _no_limit(scenario, e.event, place)
        if e.event is not None and not e.is_upper:
            message = "asks that the recovery takes longer than that"
            yield Refused(message, place, f"write {e.text.replace('>', '<', 1)}")
        limited = any(one.is_latency and one.is_upper and one.calls.is_all for one in scenario.expect)
        if e.metric == "tenants.meet_slo" and not limited:
            yield Refused("needs a limit of the latency that models can meet", place, "expect: [p99 < 500 ms]")


def _unrecoverable(scenario: Scenario) -> Iterator[Refused]:
    """A plan that asks for a recovery, where no limit holds at every time."""
    plan = scenario.plan
    always = any(e.limits_calls_after(None) and e.calls.between_s is None for e in scenario.expect)
    if plan is not None and plan.recover_within_s is not None and not always:
        message = "needs a limit of latency or errors that can be kept again, at any time of the run"
        yield Refused(message, ("plan", "recover_within"), "expect: [p99 < 500 ms, error_rate < 1 %]")


def _no_limit(scenario: Scenario, event: str, place: Place) -> Refused:
    """A recovery from an event is measured by limits of the run; those `after` another event are none."""
    part = next((e for e in scenario.expect if e.limits_calls), None)
    if part is None:
        message = "there is no limit of latency or errors that could be kept again"
        return Refused(message, place, "expect: [p99 < 500 ms, error_rate < 1 %]")
    message = (
        f"`{part.text}` limits the calls after {part.calls.after} alone; recovery asks from when on a limit is kept "
        f"again, so it needs one without `after`, or one after {event}"
    )
    # The words of the selection go: its figure, its group and its limit stay.
    group = "" if part.calls.group is None else f" of {part.calls.group}"
    limit = part.text.partition(part.comparison)[2].strip()
    return Refused(message, place, f"add {part.metric}{group} {part.comparison} {limit}")


def _selected(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Limits to calls that there are not."""
    run = scenario.run
    for at, line in scenario.conditions:
        yield from _no_group(line, at, models)
    for index, e in enumerate(scenario.expect):
        place: Place = ("expect", index)
        between_s, every_s = e.calls.between_s, e.calls.every_s
        yield from _no_group(e, place, models)
        if every_s is not None and run.duration_s / every_s > MOST_WINDOWS:
            number = run.duration_s / every_s
            yield Refused(f"a run of {number:,.0f} windows; at most {MOST_WINDOWS:,} are counted", place)
        if between_s is not None and run.duration_s < between_s[1] < math.inf:
            yield Refused(f"the run ends at {units.show_seconds(run.duration_s, 12)}, before this time is over", place)
        if between_s is not None and run.warmup_s != AUTO and between_s[0] < run.warmup_s:
            cut = units.show_seconds(run.warmup_s, 12)
            hint = f"begin at {cut}, or shorten run.warmup"
            yield Refused(f"the first {cut} are warm-up, in which no call is measured", place, hint)


def _no_group(e: Expectation, place: Place, models: tuple[Model, ...]) -> Iterator[Refused]:
    """The group that a line names, if there is none of that name."""
    group = e.calls.group
    for _, word, hint in unknown(None if group is None else (group,), models):
        found = re.search(r"\sof\s+", e.text)
        column = "" if found is None else f" (column {found.end() + 1})"
        yield Refused(f"there is no model or group {word!r}{column}", place, hint)


def _clashing(scenario: Scenario) -> Iterator[Refused]:
    """Limits that can never be met, alone or together."""
    for index, e in enumerate(scenario.expect):
        why = expectations.never(e)
        if why is not None:
            hint = f"write {e.metric} {e.comparison}= {e.text.partition(e.comparison)[2].strip()}"
            yield Refused(f"can never hold: {why}", ("expect", index), hint)
    for clash in expectations.contradictions(scenario):
        earlier, later = scenario.expect[clash.first], scenario.expect[clash.second]
        message = f"`{later.text}` contradicts `{earlier.text}`{{line}}: {clash.why}"
        yield Refused(message, ("expect", clash.second), other=("expect", clash.first))


def _weights(stream: Traffic, place: Place, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Weights must be there where they are used, and be used where they are there."""
    if stream.arrivals is None or isinstance(stream.arrivals, ModelSweep):
        return
    if not uses_weights(stream.popularity):
        has = any(model.weight is not None or model.rate_per_s is not None for model in models)
        if "popularity" not in stream.model_fields_set and has:
            message = "the models have weights or rates: say whether they apply"
            yield Refused(message, (*place, "popularity"), "popularity: weights, or popularity: uniform")
        return
    try:
        weights = weights_of(models)
    except Refused as refused:
        yield refused.below(*place, "popularity")
        return
    here = (*place, "popularity")
    alive = len(models) if stream.drift is None else stream.drift.living(len(models))
    if not any(weights[:alive]):
        yield Refused("all models that are alive at the start have weight 0", here)
    elif isinstance(stream.popularity, Tenants):
        yield from (refused.below(*here) for refused in _silent_tenants(stream.popularity, models[:alive], weights))


def _silent_tenants(of: Tenants, models: Sequence[Model], weights: Sequence[float]) -> Iterator[Refused]:
    """Tenants that are called, and whose models all have weight 0."""
    if not isinstance(of.within, Weights) or isinstance(of.between, Weights):
        return
    total: dict[str, float] = {}
    for row, model in enumerate(models):
        name = model.group if of.size is None else models[row - row % of.size].name
        total[name] = total.get(name, 0.0) + weights[row]
    silent = [name for name, weight in total.items() if not weight]
    if silent:
        more = f" and of {len(silent) - 1:,} more tenants" if len(silent) > 1 else ""
        yield Refused(
            f"all weights are 0 in tenant {silent[0]!r}{more}, which is called: give a model of it a weight above 0, "
            "or write between: weights",
            ("tenants", "within"),
        )


def _mapped(stream: Traffic, place: Place, models: int) -> Iterator[Refused]:
    """A mapping needs as many models as it maps to, a fingerprint as many as it has."""
    if stream.fingerprint is not None:
        try:
            needed = read_fingerprint(stream.fingerprint).models
        except ScenarioError as error:
            for problem in error.problems:
                message = f"{problem.field}: {problem.message}" if problem.field else problem.message
                origin = (problem.file, problem.line)
                yield Refused(message, (*place, "fingerprint"), problem.hint, problem.value, origin)
            return
        if needed > models:
            yield Refused(f"has {needed} models, the stream has {models}", (*place, "fingerprint"))
    mapping = None if stream.trace is None else stream.trace.models
    if mapping is not None and mapping.count > models:
        message = f"needs {mapping.count} models, the stream has {models}"
        yield Refused(message, (*place, "trace", "models"))
