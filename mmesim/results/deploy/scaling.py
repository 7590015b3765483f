"""An autoscaling as Application Auto Scaling takes it: RegisterScalableTarget and PutScalingPolicy for a variant.

Names and forms are those of the API (docs.aws.amazon.com/autoscaling/application, API_RegisterScalableTarget and
API_PutScalingPolicy); the target is in CloudWatch's unit, calls a minute on each instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.metrics import PREDEFINED
from mmesim.scenario.endpoint.autoscaling.policies import ScalingPolicy, TargetTracking

VARIANT = "AllTraffic"
"""The production variant that is deployed, and scaled."""
TARGET, POLICY = "scalable-target.json", "scaling-policy.json"


def scaling_files(scaling: Autoscaling, endpoint: str) -> Mapping[str, Mapping[str, object]]:
    """Name of a file -> input of a command, for an endpoint of this name: limits, and the first policy that can be."""
    what = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    files: dict[str, Mapping[str, object]] = {TARGET: {**what, "MinCapacity": scaling.min, "MaxCapacity": scaling.max}}
    policy = next((one for one in scaling.policies if isinstance(one, TargetTracking) and _predefined(one)), None)
    if policy is not None:
        files[POLICY] = {"PolicyName": f"{endpoint}-{policy.metric}", **what, **_tracking(policy)}
    return files


def notes_on_scaling(scaling: Autoscaling) -> Iterator[str]:
    """What the files leave out, and when they can be used."""
    yield (
        f"{TARGET}: the endpoint must be InService under the name in ResourceId, with a variant {VARIANT}; register it "
        "before the policy"
    )
    written = [one for one in scaling.policies if isinstance(one, TargetTracking) and _predefined(one)]
    others = len(scaling.policies) - min(1, len(written))
    if others:
        yield f"{POLICY}: {others} of {len(scaling.policies)} policies of endpoint.autoscaling are not in it"
    if scaling.scheduled:
        yield "endpoint.autoscaling.scheduled: put-scheduled-action is yours to call"


def _predefined(policy: ScalingPolicy) -> str | None:
    """AWS's name of what a policy tracks, where it has one."""
    if not isinstance(policy, TargetTracking):
        return None
    asked = (policy.metric, policy.period_s)
    return next((name for name, one in PREDEFINED.items() if one == asked), None)


def _tracking(policy: TargetTracking) -> Mapping[str, object]:
    configuration = {
        "TargetValue": policy.target,
        "PredefinedMetricSpecification": {"PredefinedMetricType": _predefined(policy)},
        "ScaleInCooldown": round(policy.scale_in_cooldown_s),
        "ScaleOutCooldown": round(policy.scale_out_cooldown_s),
    }
    if policy.disable_scale_in:
        configuration["DisableScaleIn"] = True
    return {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration}
