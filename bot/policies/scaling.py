"""Policies of autoscalers: each has its workload to itself, within bounds, on metrics that somebody serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, indexed, integer, mapping, mappings, text, words
from bot.policies.manifests import name_of, wrong
from bot.policies.quantities import quantity
from bot.policies.replicas import targets
from bot.policies.sidecars import has_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation

# What the metrics adapter of each cluster serves: clusters/<cluster>/prometheus-adapter/values.yaml.
SERVED_METRICS = frozenset({"http_requests_per_second"})
HPA, VPA = "HorizontalPodAutoscaler", "VerticalPodAutoscaler"
DEFAULT_MODE = "Recreate"  # of a VerticalPodAutoscaler
KEEP_PODS = frozenset({"Off", "Initial"})  # modes that evict nobody; Initial sizes Pods as they are made
BOTH = frozenset({"cpu", "memory"})
EVERY, SIDECAR = "*", "istio-proxy"  # all other containers; the one that is injected


def target_of(manifests: Manifests, scaler: Object, key: str) -> Pods | None:
    """The workload that an autoscaler is for."""
    return next((pods for pods in manifests.pods if targets(scaler, pods, key)), None)


def every_target_exists(manifests: Manifests) -> Iterator[Violation]:
    """Each autoscaler is for a workload that there is."""
    for kind, key in ((HPA, "scaleTargetRef"), (VPA, "targetRef")):
        for scaler in manifests.of(kind):
            if target_of(manifests, scaler, key) is None:
                reference = mapping(scaler, "spec", key)
                what = (
                    f"there is no {text(reference, 'kind')} {text(reference, 'name')} here: nothing is scaled, and the object is an error"
                )
                yield wrong(scaler, f"spec.{key}", what, hint="name a workload of this environment")


def a_workload_has_one_scaler(manifests: Manifests) -> Iterator[Violation]:
    """Two would undo what the other does."""
    for pods in manifests.pods:
        for scaler in [each for each in manifests.of(HPA) if targets(each, pods)][1:]:
            what = f"is the second for {pods.kind} {pods.name}: each undoes what the other does"
            yield wrong(scaler, "spec.scaleTargetRef", what, hint="keep one, with all metrics in it")


def scaled_workloads_say_no_replicas(manifests: Manifests) -> Iterator[Violation]:
    """Whoever writes replicas into Git puts the autoscaler's number back at every sync."""
    for scaler in manifests.of(HPA):
        pods = target_of(manifests, scaler, "scaleTargetRef")
        if pods and at(pods.owner, "spec", "replicas") is not None:
            what = f"fights {name_of(scaler)}, the autoscaler: each sync puts this number back"
            yield pods.wrong("spec.replicas", what, hint="remove it; minReplicas says how many there are at least")


def bounds_of_scaling_make_sense(manifests: Manifests) -> Iterator[Violation]:
    """The least is one, and not more than the most."""
    for scaler in manifests.of(HPA):
        least, most = integer(scaler, "spec", "minReplicas"), integer(scaler, "spec", "maxReplicas")
        if least is not None and least < 1:
            yield wrong(scaler, "spec.minReplicas", f"{least} Pods serve nobody, and no metric brings one back", hint="set at least 1")
        if most is None or most < (1 if least is None else least):
            what = f"the most ({most}) is less than the least ({1 if least is None else least}): the API server refuses it"
            yield wrong(scaler, "spec.maxReplicas", what, hint="raise maxReplicas")


def members_are_not_scaled(manifests: Manifests) -> Iterator[Violation]:
    """A StatefulSet that shrinks leaves shards and Raft peers behind."""
    for scaler in manifests.of(HPA):
        if text(scaler, "spec", "scaleTargetRef", "kind") == "StatefulSet":
            what = "scales a StatefulSet: on the way down, shards and Raft peers are left behind"
            yield wrong(scaler, "spec.scaleTargetRef.kind", what, hint="remove it; members are added and removed by hand")


def metrics_are_served(manifests: Manifests) -> Iterator[Violation]:
    """A metric that nobody serves makes the autoscaler, and the whole Application, Degraded."""
    for scaler in manifests.of(HPA):
        for index, metric in indexed(scaler, "spec", "metrics"):
            for part in ("pods", "object", "external"):
                name = text(metric, part, "metric", "name")
                if part in metric and name not in SERVED_METRICS:
                    what = f"the clusters' adapter does not serve {name or 'it'}: the autoscaler and the Application are Degraded"
                    hint = f"use one of {', '.join(sorted(SERVED_METRICS))}, or let the adapter serve it"
                    yield wrong(scaler, f"spec.metrics[{index}].{part}.metric.name", what, hint=hint)


def sidecars_do_not_count(manifests: Manifests) -> Iterator[Violation]:
    """Utilization is that of the application's container, which there is."""
    for scaler in manifests.of(HPA):
        pods = target_of(manifests, scaler, "scaleTargetRef")
        for index, metric in indexed(scaler, "spec", "metrics"):
            where = f"spec.metrics[{index}]"
            if text(metric, "type") == "Resource" and pods and has_sidecar(manifests, pods):
                what = "counts the sidecar, too: its share hides the load of the application"
                yield wrong(scaler, f"{where}.type", what, hint="use ContainerResource, and name the container")
            name = text(metric, "containerResource", "container")
            if name and pods and name not in {text(each, "name") for _, each in indexed(pods.spec, "containers")}:
                what = f"{pods.kind} {pods.name} has no container {name}: the autoscaler and the Application are Degraded"
                yield wrong(scaler, f"{where}.containerResource.container", what, hint="name one of its containers")


def targets_can_be_reached(manifests: Manifests) -> Iterator[Violation]:
    """The use at which Pods are added is one that a container can come to: below its limit."""
    for scaler in manifests.of(HPA):
        pods = target_of(manifests, scaler, "scaleTargetRef")
        containers = {text(each, "name"): each for each in mappings(pods.spec, "containers")} if pods else {}
        for index, metric in indexed(scaler, "spec", "metrics"):
            resource, part = text(metric, "containerResource", "name"), mapping(metric, "containerResource")
            sizes = mapping(containers.get(text(part, "container")), "resources")
            asked, most = (quantity(at(sizes, key, resource)) for key in ("requests", "limits"))
            share = integer(part, "target", "averageUtilization")
            if share is not None and asked is not None and most is not None and asked * share >= most * 100:
                what = f"is {share}% of a request of {at(sizes, 'requests', resource)}, which the limit of {at(sizes, 'limits', resource)} "
                where = f"spec.metrics[{index}].containerResource.target.averageUtilization"
                yield wrong(scaler, where, f"{what}never lets it reach: no Pod is ever added", hint="lower it, such as to 70")


def scaling_is_steady(manifests: Manifests) -> Iterator[Violation]:
    """Pods are added when they are needed, and not removed at the first quiet moment: a new one takes minutes to start."""
    for scaler in manifests.of(HPA):
        if integer(scaler, "spec", "behavior", "scaleDown", "stabilizationWindowSeconds") == 0:
            what = "is 0: each dip in load removes Pods that the next minute needs, and that start slowly"
            yield wrong(scaler, "spec.behavior.scaleDown.stabilizationWindowSeconds", what, hint="write 300")
        if text(scaler, "spec", "behavior", "scaleUp", "selectPolicy") == "Disabled":
            yield wrong(scaler, "spec.behavior.scaleUp.selectPolicy", "is Disabled: no Pod is ever added", hint="write Max")


def updates_of_size_fit(manifests: Manifests) -> Iterator[Violation]:
    """A VerticalPodAutoscaler does not restart members, and leaves alone what the horizontal one acts on."""
    for scaler in manifests.of(VPA):
        mode = text(scaler, "spec", "updatePolicy", "updateMode") or DEFAULT_MODE
        pods = target_of(manifests, scaler, "targetRef")
        where = "spec.updatePolicy.updateMode"
        if mode == "Off":
            continue
        if mode not in KEEP_PODS and text(scaler, "spec", "targetRef", "kind") == "StatefulSet":
            what = f"is {mode} for a StatefulSet: it evicts members to give them another size"
            yield wrong(scaler, where, what, hint='write updateMode: "Off" or "Initial", which evict nobody')
        elif shared := _controlled(scaler) & _measured(manifests, pods):
            what = (
                f"is {mode} on {' and '.join(sorted(shared))}, where the horizontal autoscaler acts: each changes what the other measures"
            )
            yield wrong(scaler, where, what, hint='write updateMode: "Off"')
        elif mode == "Auto":
            yield wrong(scaler, where, "Auto is deprecated", hint='write updateMode: "Off"')


def sizes_are_of_containers_that_there_are(manifests: Manifests) -> Iterator[Violation]:
    """A VerticalPodAutoscaler's own words on a container are about one of its workload's: others change nothing, and say nothing."""
    for scaler in manifests.of(VPA):
        pods = target_of(manifests, scaler, "targetRef")
        there = [text(each, "name") for _, each in pods.containers()] if pods else []
        there += [SIDECAR] if pods and has_sidecar(manifests, pods) else []
        for index, policy in indexed(scaler, "spec", "resourcePolicy", "containerPolicies") if pods else ():
            name = text(policy, "containerName")
            if name not in {*there, EVERY}:
                what = f"is {name or 'not set'}, and there is no such container: what it says is for nobody, and nothing is recommended"
                where = f"spec.resourcePolicy.containerPolicies[{index}].containerName"
                yield wrong(scaler, where, what, hint=f"name one of {', '.join(there)}, or * for all others")


def _controlled(scaler: Object) -> frozenset[str]:
    policies = [each for _, each in indexed(scaler, "spec", "resourcePolicy", "containerPolicies") if text(each, "mode") != "Off"]
    if not policies:
        return BOTH
    return frozenset(name for each in policies for name in (words(each, "controlledResources") or BOTH))


def _measured(manifests: Manifests, pods: Pods | None) -> frozenset[str]:
    scalers = [each for each in manifests.of(HPA) if pods and targets(each, pods)]
    parts = ("resource", "containerResource")
    return frozenset(text(metric, part, "name") for each in scalers for _, metric in indexed(each, "spec", "metrics") for part in parts) - {
        ""
    }


SCALING_POLICIES = (
    every_target_exists,
    a_workload_has_one_scaler,
    scaled_workloads_say_no_replicas,
    bounds_of_scaling_make_sense,
    members_are_not_scaled,
    metrics_are_served,
    sidecars_do_not_count,
    targets_can_be_reached,
    scaling_is_steady,
    updates_of_size_fit,
    sizes_are_of_containers_that_there_are,
)
