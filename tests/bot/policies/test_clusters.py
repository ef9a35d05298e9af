"""Storage classes and admission: each rule with objects of this repository that keep it and a change that breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.clusters import CLUSTER_POLICIES, kept_volumes, missing_classes, named_classes
from bot.policies.manifests import Manifests, Violation
from tests.bot.policies.examples import changed, good

CLASS: dict[str, Any] = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "ctx-fast-ssd"},
    "provisioner": "ebs.csi.aws.com",
    "parameters": {"encrypted": "true"},
    "reclaimPolicy": "Retain",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowVolumeExpansion": True,
}
POLICY: dict[str, Any] = {"kind": "ValidatingAdmissionPolicy", "metadata": {"name": "ours"}, "spec": {"failurePolicy": "Fail"}}
BINDING: dict[str, Any] = {
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "ours"},
    "spec": {"policyName": "ours", "validationActions": ["Deny", "Audit"]},
}
ISSUER: dict[str, Any] = {"kind": "ClusterIssuer", "metadata": {"name": "letsencrypt"}}


def certificate(**issuer: str) -> dict[str, Any]:
    return {"kind": "Certificate", "metadata": {"name": "tls", "namespace": "istio-ingress"}, "spec": {"issuerRef": issuer}}


GOOD = (CLASS, POLICY, BINDING, ISSUER, certificate(kind="ClusterIssuer", name="letsencrypt"))
BAD: dict[str, tuple[tuple[dict[str, Any], ...], str]] = {
    "volumes before their Pods": ((CLASS | {"volumeBindingMode": "Immediate"},), "StorageClass volumeBindingMode"),
    "volumes whenever they please": (({key: CLASS[key] for key in CLASS if key != "volumeBindingMode"},), "StorageClass volumeBindingMode"),
    "volumes that cannot grow": ((CLASS | {"allowVolumeExpansion": False},), "StorageClass allowVolumeExpansion"),
    "a provisioner of old": ((CLASS | {"provisioner": "kubernetes.io/aws-ebs"},), "StorageClass provisioner"),
    "volumes in the open": ((CLASS | {"parameters": {"type": "gp3"}},), "StorageClass parameters.encrypted"),
    "a vendor's name": ((CLASS | {"metadata": {"name": "standard"}},), "StorageClass metadata.name"),
    "an end by default": (({key: CLASS[key] for key in CLASS if key != "reclaimPolicy"},), "StorageClass reclaimPolicy"),
    "an end that is given up": ((CLASS | {"reclaimPolicy": "Recycle"},), "StorageClass reclaimPolicy"),
    "an issuer of another name": ((ISSUER, certificate(kind="ClusterIssuer", name="letsencript")), "Certificate spec.issuerRef"),
    "an issuer of another kind": ((ISSUER, certificate(name="letsencrypt")), "Certificate spec.issuerRef"),
    "an issuer elsewhere": (
        ({"kind": "Issuer", "metadata": {"name": "ours", "namespace": "monitoring"}}, certificate(kind="Issuer", name="ours")),
        "Certificate spec.issuerRef",
    ),
    "admission that fails open": (
        (POLICY | {"spec": {"failurePolicy": "Ignore"}}, BINDING),
        "ValidatingAdmissionPolicy spec.failurePolicy",
    ),
    "a policy without a binding": ((POLICY,), "ValidatingAdmissionPolicy metadata.name"),
    "a binding without a policy": ((BINDING,), "ValidatingAdmissionPolicyBinding spec.policyName"),
    "a binding that only warns": (
        (POLICY, BINDING | {"spec": {"policyName": "ours", "validationActions": ["Warn"]}}),
        "ValidatingAdmissionPolicyBinding spec.validationActions",
    ),
}


def cluster(*objects: dict[str, Any]) -> Manifests:
    return Manifests("production", "", objects)


def violations(*objects: dict[str, Any]) -> list[Violation]:
    return [each for policy in CLUSTER_POLICIES for each in policy(cluster(*objects))]


def test_the_objects_of_this_repository_pass() -> None:
    assert violations(*GOOD) == []


@pytest.mark.parametrize(("objects", "at"), BAD.values(), ids=BAD.keys())
def test_each_rule_names_its_field(objects: tuple[dict[str, Any], ...], at: str) -> None:
    (found,) = violations(*objects)
    assert (f"{found.kind} {found.field}", found.is_error) == (at, True)
    assert found.hint


def test_every_rule_has_an_example() -> None:
    broken = {policy for policy in CLUSTER_POLICIES for objects, _ in BAD.values() if list(policy(cluster(*objects)))}
    assert broken == set(CLUSTER_POLICIES)


def test_where_the_last_environment_runs_the_data_of_databases_is_kept() -> None:
    assert list(kept_volumes(cluster(CLASS, CLASS | {"metadata": {"name": "ctx-standard"}, "reclaimPolicy": "Delete"}), [good()])) == []
    (found,) = kept_volumes(cluster(CLASS | {"reclaimPolicy": "Delete"}), [good()])
    assert (found.name, found.field) == ("ctx-fast-ssd", "reclaimPolicy")


def test_data_is_kept_whatever_its_class_is_called() -> None:
    renamed = changed("StatefulSet neo4j spec.volumeClaimTemplates[neo4j-data].spec.storageClassName", "ctx-nvme")
    nvme = CLASS | {"metadata": {"name": "ctx-nvme"}, "reclaimPolicy": "Delete"}
    assert list(kept_volumes(cluster(nvme), [good()])) == []
    (found,) = kept_volumes(cluster(nvme), [good(), renamed])
    assert (found.name, found.field) == ("ctx-nvme", "reclaimPolicy")


def test_an_issuer_may_be_of_the_namespace_or_another_program() -> None:
    own = {"kind": "Issuer", "metadata": {"name": "ours", "namespace": "istio-ingress"}}
    assert violations(own, certificate(name="ours")) == []
    assert violations(certificate(group="awspca.cert-manager.io", kind="AWSPCAClusterIssuer", name="ours")) == []


def test_a_claim_is_of_a_class_that_its_own_cluster_has() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"storageClassName": "ctx-archive"}}
    assert list(missing_classes(cluster(claim), cluster(CLASS | {"metadata": {"name": "ctx-archive"}}))) == []
    (found,) = missing_classes(cluster(claim), cluster(CLASS))
    assert (found.kind, found.name, found.field) == ("PersistentVolumeClaim", "data", "spec.storageClassName")
    assert "is ctx-archive, which production does not have" in found.what


def test_classes_are_found_wherever_a_charts_values_name_them() -> None:
    values = {"a": [{"storageClassName": "one"}, 1], "b": {"c": {"storageClassName": "two"}}, "storageClassName": 3}
    assert named_classes(values) == {"one", "two"}
