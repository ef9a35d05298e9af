"""What an environment asks for: cpu, memory and storage, by workload and in all, in whole millicores and bytes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Literal

from bot.policies.fields import at, mapping, mappings, text
from bot.policies.manifests import name_of
from bot.policies.quantities import quantity
from bot.policies.replicas import JOBS, least_replicas, scaled_replicas
from bot.policies.sidecars import has_sidecar, pod_annotations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods

Bound = Literal["requests", "limits"]
# What Istio's charts give a sidecar when no annotation says otherwise (global.proxy.resources).
SIDECAR_DEFAULTS = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "2000m", "memory": "1024Mi"}}
SIDECAR_ANNOTATIONS = {
    ("requests", "cpu"): "sidecar.istio.io/proxyCPU",
    ("requests", "memory"): "sidecar.istio.io/proxyMemory",
    ("limits", "cpu"): "sidecar.istio.io/proxyCPULimit",
    ("limits", "memory"): "sidecar.istio.io/proxyMemoryLimit",
}


@dataclass(frozen=True)
class Size:
    """Cpu in millicores, memory and storage in bytes."""

    cpu: int = 0
    memory: int = 0
    storage: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.cpu + other.cpu, self.memory + other.memory, self.storage + other.storage)

    def __mul__(self, count: int) -> Size:
        return Size(self.cpu * count, self.memory * count, self.storage * count)


@dataclass(frozen=True)
class WorkloadSize:
    """What one workload asks for: of each Pod, of how many there are at least, and at most when it is scaled."""

    kind: str
    name: str
    replicas: int
    each: Size
    most_replicas: int

    @property
    def total(self) -> Size:
        """Of all Pods together, with as few as there may be."""
        return self.each * self.replicas

    @property
    def at_most(self) -> Size:
        """Of all Pods together, with as many as there may be."""
        return self.each * self.most_replicas


@dataclass(frozen=True)
class EnvironmentSize:
    """What an environment asks for; Jobs run now and then and are not in the total."""

    workloads: tuple[WorkloadSize, ...]
    claims: tuple[WorkloadSize, ...]  # volumes that belong to no workload
    jobs: tuple[WorkloadSize, ...]

    @property
    def total(self) -> Size:
        """Of all workloads and volumes together, with as few Pods as there may be."""
        return sum((each.total for each in (*self.workloads, *self.claims)), Size())

    @property
    def at_most(self) -> Size:
        """Of all workloads and volumes together, with as many Pods as autoscalers may make."""
        return sum((each.at_most for each in (*self.workloads, *self.claims)), Size())


def environment_size(manifests: Manifests) -> EnvironmentSize:
    """What the requests of an environment add up to; Pods that an update adds for a time are not in it."""
    sizes = [
        WorkloadSize(pods.kind, pods.name, least_replicas(manifests, pods), pod_size(manifests, pods), scaled_replicas(manifests, pods))
        for pods in sorted(manifests.pods, key=lambda pods: (pods.name, pods.kind))
    ]
    claims = tuple(
        WorkloadSize("PersistentVolumeClaim", name_of(item), 1, Size(storage=claim_size(mapping(item, "spec"))), 1)
        for item in sorted(manifests.of("PersistentVolumeClaim"), key=name_of)
    )
    return EnvironmentSize(
        tuple(each for each in sizes if each.kind not in JOBS), claims, tuple(each for each in sizes if each.kind in JOBS)
    )


def pod_size(manifests: Manifests, pods: Pods) -> Size:
    """What one Pod of a workload asks for, its own volumes included."""
    cpu, memory = (pod_amount(manifests, pods, "requests", resource) for resource in ("cpu", "memory"))
    return Size(ceil(cpu * 1000), ceil(memory), sum(claim_size(claim) for claim in own_claims(pods)))


def own_claims(pods: Pods) -> Iterator[Object]:
    """The claims that each Pod of a workload makes for itself."""
    yield from (mapping(claim, "spec") for claim in mappings(pods.owner, "spec", "volumeClaimTemplates"))
    for volume in mappings(pods.spec, "volumes"):
        if at(volume, "ephemeral") is not None:
            yield mapping(volume, "ephemeral", "volumeClaimTemplate", "spec")


def claim_size(claim: Object) -> int:
    """The bytes that a claim asks for."""
    return ceil(_amount(claim, "requests", "storage"))


def pod_amount(manifests: Manifests, pods: Pods, bound: Bound, resource: str) -> Fraction:
    """What the scheduler and quotas count for a Pod: the larger of what runs together and what starting up takes."""
    running = sum((_amount(each, bound, resource) for each in mappings(pods.spec, "containers")), Fraction(0))
    starting = beside = Fraction(0)
    for container in _init_containers(manifests, pods):
        amount = _amount(container, bound, resource)
        if text(container, "restartPolicy") == "Always":
            beside += amount
            starting = max(starting, beside)
        else:
            starting = max(starting, beside + amount)
    overhead = Fraction(quantity(at(pods.spec, "overhead", resource)) or 0)
    return max(running + beside, starting) + overhead


def _init_containers(manifests: Manifests, pods: Pods) -> Iterator[Object]:
    if has_sidecar(manifests, pods):
        yield sidecar(pods)
    yield from mappings(pods.spec, "initContainers")


def sidecar(pods: Pods) -> Object:
    """The sidecar that Istio adds, a native one; with one annotation set, it fills in none of the others."""
    said = pod_annotations(pods)
    written = {key: said[name] for key, name in SIDECAR_ANNOTATIONS.items() if name in said}
    resources: Object = {
        bound: {name: value for (each, name), value in written.items() if each == bound} for bound in ("requests", "limits")
    }
    return {"name": "istio-proxy", "restartPolicy": "Always", "resources": resources if written else SIDECAR_DEFAULTS}


def _amount(item: Object, bound: Bound, resource: str) -> Fraction:
    """An amount of a container or claim; what is not requested is what it is limited to, as the API server fills it in."""
    resources = mapping(item, "resources")
    written = mapping(resources, bound).get(resource)
    if written is None and bound == "requests":
        written = mapping(resources, "limits").get(resource)
    return Fraction(quantity(written) or 0)
