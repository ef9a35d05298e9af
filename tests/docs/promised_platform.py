"""What issue 4 promises of foundation and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.promise import (
    CLUSTERS,
    Promise,
    every,
    every_container,
    given,
    has,
    named,
    some,
    together,
)
from tests.docs.stack import PODS, at, containers_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.docs.promise import Find
    from tests.docs.stack import Item

STORAGE = ("fast-ssd", "standard", "archive")
WRITING = {"*", "create", "update", "patch", "delete", "deletecollection"}
SECURE = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
ADD_ONS = {
    "istio-base": "Istio's resource definitions", "istio-cni": "Istio's CNI plugin", "istiod": "Istio", "istio-ingress": "ingress gateway",
    "kube-prometheus-stack": "Prometheus, Alertmanager, Grafana", "cert-manager": "certificates", "external-secrets": "External Secrets",
    "prometheus-adapter": "metrics adapter", "metrics-server": "resource metrics", "vertical-pod-autoscaler": "VPA",
    "snapshot-controller": "snapshot controller", "aws-ebs-csi-driver": "volumes",
}  # fmt: skip


def secure(key: str) -> Find:
    """All that makes Pods, if a field of each container's security context is what restricted and we want."""
    return every_container(lambda each: at(each, f"securityContext.{key}") == SECURE[key])


def pod_has(path: str, value: object) -> Find:
    """All that makes Pods, if a field of the Pod has this value."""
    return every(PODS, lambda item: at(template_of(item), f"spec.{path}") == value)


def _denies_all(item: Item) -> bool:
    return (
        at(item, "spec.podSelector") == {}
        and set(at(item, "spec.policyTypes")) == {"Ingress", "Egress"}
        and item["spec"].keys().isdisjoint({"ingress", "egress"})
    )


def _only_reads(item: Item) -> bool:
    rules = item["rules"]
    return not any(WRITING & set(rule["verbs"]) or "secrets" in rule["resources"] for rule in rules)


def _restricts(item: Item) -> bool:
    labels = at(item, "metadata.labels") or {}
    return all(labels.get(f"pod-security.kubernetes.io/{mode}") == "restricted" for mode in ("enforce", "audit", "warn"))


def _every_secret_is_external(items: Iterable[Item]) -> list[Item]:
    """The ExternalSecrets, if they make every Secret that a Pod reads."""
    known = list(items)
    made = [item for item in known if item["kind"] == "ExternalSecret"]
    read = {at(each, "valueFrom.secretKeyRef.name") for item in known for box in containers_of(item) for each in box.get("env", [])} - {
        None
    }
    return made if read and read <= {at(item, "spec.target.name") for item in made} else []


def _wants_digests(item: Item) -> bool:
    said = str(item["spec"]["validations"]) + str(item["spec"].get("variables"))
    return "@sha256" in said and "latest" in said


def _storage_class(name: str) -> Find:
    return named("StorageClass", name, has("volumeBindingMode", "WaitForFirstConsumer"), has("allowVolumeExpansion", value=True))


def _admission() -> Find:
    denies = some("ValidatingAdmissionPolicyBinding", has("spec.validationActions", ["Deny"]))
    return together(some("ValidatingAdmissionPolicy", _wants_digests), denies)


def _without_secrets(items: Iterable[Item]) -> list[Item]:
    """The ExternalSecrets, if there is no Secret beside them."""
    known = list(items)
    return [item for item in known if item["kind"] == "ExternalSecret"] if not any(item["kind"] == "Secret" for item in known) else []


FOUNDATION = (
    Promise("namespace with Pod Security Admission `restricted`", some("Namespace", _restricts)),
    Promise("default-deny NetworkPolicy", some("NetworkPolicy", _denies_all)),
    Promise("explicit allows", some("NetworkPolicy", lambda item: not _denies_all(item), least=4)),
    Promise("RBAC with least privilege", together(every(("Role",), _only_reads), some("RoleBinding"))),
    Promise("no token in a Pod", pod_has("automountServiceAccountToken", value=False)),
    Promise("quotas", some("ResourceQuota", given("spec.hard"))),
    Promise("limit ranges", some("LimitRange", given("spec.limits"))),
    Promise("a store of secrets", some("SecretStore", given("spec.provider"))),
    Promise("every Secret by External Secrets", _every_secret_is_external),
    Promise("no secret in Git", _without_secrets),
    Promise("non-root", pod_has("securityContext.runAsNonRoot", value=True)),
    Promise("read-only root filesystem", secure("readOnlyRootFilesystem")),
    Promise("dropped capabilities", secure("capabilities")),
    Promise("no privilege escalation", secure("allowPrivilegeEscalation")),
    Promise("seccomp", pod_has("securityContext.seccompProfile.type", "RuntimeDefault")),
)
CLUSTER = (
    *(Promise(f"add-on with its own pin: {what}", named("Chart", name, given("spec.version")), CLUSTERS) for name, what in ADD_ONS.items()),
    *(Promise(f"storage class {name}: WaitForFirstConsumer, expansion", _storage_class(f"ctx-{name}"), CLUSTERS) for name in STORAGE),
    Promise("values per cluster", every(("Chart",), lambda item: "values" in item, least=10), CLUSTERS),
    Promise("ValidatingAdmissionPolicy: digests in prod, no `latest`", _admission(), CLUSTERS),
)
