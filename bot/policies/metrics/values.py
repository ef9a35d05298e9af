"""What labels of series may be called in an environment: the names of what it renders, those of Pods by example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.policies.fields import integer, mappings, text
from bot.policies.manifests import name_of
from bot.policies.metrics.expressions import rules
from bot.policies.sidecars import has_sidecar
from bot.policies.storage import claims

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Manifests, Pods

OF_KINDS = {  # labels whose values are names of objects
    "cronjob": ("CronJob",),
    "daemonset": ("DaemonSet",),
    "deployment": ("Deployment",),
    "destination_service_name": ("Service",),
    "destination_workload": ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"),
    "horizontalpodautoscaler": ("HorizontalPodAutoscaler",),
    "poddisruptionbudget": ("PodDisruptionBudget",),
    "service": ("Service",),
    "statefulset": ("StatefulSet",),
}
INJECTED = ("istio-proxy", "istio-validation", "istio-init")
REPLICA_SET, RUN, OWN = "7d9c5b8f6d", "29412345", "x7k2p"  # as controllers make them up
CERTIFICATE = "certmanager_certificate_"
STEP = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[|()]|[^\\\[|()]+", re.DOTALL)


@dataclass(frozen=True)
class Names:
    """The values that labels have in an environment."""

    manifests: Manifests

    def of(self, label: str, series: str) -> frozenset[str] | None:
        """The values of a label; None where they are not names of what is rendered."""
        if label == "name":  # of a certificate in clusters/, which is called like the Secret that it fills
            return self._certificates if series.startswith(CERTIFICATE) else None
        return self._by_label.get(label)

    @cached_property
    def _by_label(self) -> Mapping[str, frozenset[str]]:
        of = self.manifests.of
        found = {label: frozenset(name_of(item) for kind in kinds for item in of(kind)) for label, kinds in OF_KINDS.items()}
        jobs = {name_of(item) for item in of("Job")} | {f"{name_of(item)}-{RUN}" for item in of("CronJob")}
        return found | {
            "alertname": frozenset(str(rule["alert"]) for _, _, rule in rules(self.manifests) if "alert" in rule),
            "container": frozenset(self._containers()),
            "job_name": frozenset(jobs),
            "persistentvolumeclaim": frozenset(self._claims()),
            "pod": frozenset(name for pods in self.manifests.pods for name in pod_names(pods)),
        }

    @cached_property
    def _certificates(self) -> frozenset[str]:
        servers = (server for item in self.manifests.of("Gateway") for server in mappings(item, "spec", "servers"))
        return frozenset(filter(None, (text(server, "tls", "credentialName") for server in servers)))

    def _containers(self) -> Iterator[str]:
        for pods, _, container in self.manifests.containers():
            yield text(container, "name")
            yield from INJECTED if has_sidecar(self.manifests, pods) else ()

    def _claims(self) -> Iterator[str]:
        for item, where, _ in claims(self.manifests):
            own = re.search(r"\[([^\]]*)\](?:\.ephemeral\S*|\.spec)$", where)
            if own is None:
                yield name_of(item)
                continue
            for pods in self.manifests.pods:
                if pods.owner is item:
                    names = pod_names(pods)
                    yield from (f"{name}-{own[1]}" if "ephemeral" in where else f"{own[1]}-{name}" for name in names)


def pod_names(pods: Pods) -> tuple[str, ...]:
    """What Pods of a workload may be called."""
    if pods.kind == "StatefulSet":
        return tuple(f"{pods.name}-{ordinal}" for ordinal in range(max(1, integer(pods.owner, "spec", "replicas") or 1)))
    middle = {"Deployment": f"-{REPLICA_SET}", "CronJob": f"-{RUN}"}.get(pods.kind, "")
    return (f"{pods.name}{middle}-{OWN}",)


def alternatives(pattern: str) -> tuple[str, ...]:
    """What a pattern chooses from at its outermost level: a|b(c|d) is a, and b(c|d)."""
    found, depth = [""], 0
    for step in STEP.findall(pattern):
        depth += {"(": 1, ")": -1}.get(step, 0)
        if step == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += step
    return tuple(found)
