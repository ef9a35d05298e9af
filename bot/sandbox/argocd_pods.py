"""The live resources behind a render: a node for each object, and the Pods that its controllers would make."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.workflows.rendering import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.sandbox.argocd_state import Application

JOBS = frozenset({"Job", "CronJob"})
CRASHING = "back-off 10s restarting failed container (CrashLoopBackOff)"


@dataclass(frozen=True)
class Live:
    """A live resource; `health` is empty where Argo CD judges none."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    parent: Live | None = None
    images: tuple[str, ...] = ()
    health: str = ""
    message: str = ""

    @property
    def of_job(self) -> bool:
        """Whether it descends from a Job."""
        return self.parent is not None and (self.parent.kind == "Job" or self.parent.of_job)


def resource(item: dict[str, Any], namespace: str) -> Live:
    """The node of a manifest."""
    group, _, version = item["apiVersion"].rpartition("/")
    metadata = item["metadata"]
    health = "Healthy" if item["kind"] in WORKLOADS | JOBS else ""
    return Live(group, version, item["kind"], metadata.get("namespace", namespace), metadata["name"], health=health)


def live_nodes(app: Application, sidecar: str | None) -> tuple[Live, ...]:
    """All nodes of an Application's resource tree; while it is degraded, the first Pod crashes."""
    nodes = [node for item in app.live for node in _nodes(app, item, sidecar)]
    if "degrade" in app.switches:
        crashing = next((node for node in nodes if node.kind == "Pod" and not node.of_job), None)
        nodes = [replace(node, health="Degraded", message=CRASHING) if node is crashing else node for node in nodes]
    return tuple(nodes)


def _nodes(app: Application, item: dict[str, Any], sidecar: str | None) -> Iterator[Live]:
    node = resource(item, app.environment.namespace)
    yield node
    if node.kind in WORKLOADS:
        yield from _replicas(node, item["spec"], sidecar)
    elif node.kind in JOBS and "jobs" in app.switches:
        yield from _run(node, item["spec"])


def _replicas(owner: Live, spec: dict[str, Any], sidecar: str | None) -> Iterator[Live]:
    template = spec["template"]
    parent, prefix = owner, owner.name
    if owner.kind == "Deployment":
        digest = hashlib.sha256(json.dumps(template, sort_keys=True, default=str).encode()).hexdigest()
        prefix = f"{owner.name}-{digest[:10]}"
        parent = replace(owner, kind="ReplicaSet", name=prefix, parent=owner)
        yield parent
    images = (*images_of(template), *([sidecar] if sidecar else []))
    for number in range(spec.get("replicas", 1) if owner.kind != "DaemonSet" else 1):
        yield _pod(parent, f"{prefix}-{number}", images)


def _run(owner: Live, spec: dict[str, Any]) -> Iterator[Live]:
    """One run of a Job or CronJob."""
    job, work = owner, spec
    if owner.kind == "CronJob":
        work = spec["jobTemplate"]["spec"]
        job = replace(owner, kind="Job", name=f"{owner.name}-29400000", parent=owner)
        yield job
    yield _pod(job, f"{job.name}-x7k2p", images_of(work["template"]))


def _pod(parent: Live, name: str, images: tuple[str, ...]) -> Live:
    return Live("", "v1", "Pod", parent.namespace, name, parent=parent, images=images, health="Healthy")


def images_of(template: dict[str, Any]) -> tuple[str, ...]:
    """Each image of a Pod template once."""
    spec = template["spec"]
    containers = [*spec.get("initContainers", ()), *spec["containers"]]
    return tuple(dict.fromkeys(container["image"] for container in containers))
