"""Random faults for the random scenarios of `tests.laws.scenarios`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mmesim.scenario import Scenario
from mmesim.scenario.faults.fault import MOMENTS, Fault, named
from mmesim.scenario.run.condition import read_condition
from mmesim.scenario.values.times import Constant, Exponential
from tests.laws.scenarios import MIB, with_clients

_FOR = st.sampled_from([None, 0.5, 4.0])
_WHEN = ("error_rate in every 2 s > 5 %", "cache_hit_ratio in every 1 s < 50 %", "p99 in every 1 s > 100 ms")


def _kinds(models: st.SearchStrategy[list[str]], instances: int) -> st.SearchStrategy[dict[str, Any]]:
    """Every kind of fault, as `{kind: keys}`."""
    instance = st.sampled_from([*range(instances), "random"])
    keys: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "slow_s3": {"factor": st.sampled_from([1.5, 30.0]), "for": _FOR},
        "failing_s3": {"share": st.sampled_from([0.3, 1.0]), "tries": st.integers(1, 3), "for": _FOR},
        "slow_instance": {"instance": instance, "factor": st.sampled_from([2.0, 20.0]), "for": _FOR},
        "worker_crash": {
            "models": models,
            "workers": st.sampled_from([1, 2, "all"]),
            "instance": st.one_of(st.none(), instance),
        },
        "leak": {
            "models": models,
            "per_call": st.sampled_from([MIB, 400 * MIB]),
            "per_unload": st.sampled_from([None, 20 * MIB]),
            "for": _FOR,
        },
        "poison_model": {"models": models, "load_failure": st.sampled_from(["swallowed", "500", "507"]), "for": _FOR},
    }
    keys |= {
        "instance_loss": {"instance": instance, "replace": st.booleans()},
        "container_restart": {"instance": instance, "takes": st.sampled_from([0.5, 5.0])},
        "zone_loss": {"zone": st.integers(1, 3), "replace": st.booleans()},
    }
    return st.one_of(*(st.fixed_dictionaries({kind: st.fixed_dictionaries(given)}) for kind, given in keys.items()))


@st.composite
def _faults(draw: st.DrawFn, groups: list[str], instances: int) -> Fault:
    given = draw(_kinds(st.lists(st.sampled_from(groups), min_size=1, unique=True), instances))
    (keys,) = given.values()
    moment = draw(st.sampled_from(MOMENTS))
    if moment == "rate" and "for" in keys and keys["for"] is None:
        moment = "at"
    values: dict[str, st.SearchStrategy[Any]] = {
        "at": st.sampled_from([0.0, 5.2, 9.0, 25.0]),
        "rate": st.sampled_from([0.1, 1.0]),
        "when": st.sampled_from(_WHEN).map(read_condition),
    }
    return Fault.model_validate({**given, moment: draw(values[moment])})


@st.composite
def with_faults(draw: st.DrawFn) -> Scenario:
    """Users in a closed loop, clients who may try again, and one to four faults."""
    scenario = draw(with_clients())
    groups = [group.name for group in scenario.models]
    found = draw(st.lists(_faults(groups, scenario.endpoint.instance_count), min_size=1, max_size=4))
    loss = {
        "loss_noticed_after_s": draw(st.sampled_from([0.0, 1.0])),
        "provisioning": draw(st.sampled_from([Constant(0.0), Exponential(3.0)])),
    }
    endpoint = scenario.endpoint.model_copy(update=loss)
    changed: Scenario = scenario.model_copy(update={"faults": named(found), "endpoint": endpoint})
    return changed
