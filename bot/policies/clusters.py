"""What a cluster's own objects must be: storage classes that place, grow and keep volumes, issuers, admission that fails closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.data_folders import data_classes
from bot.policies.fields import at, mapping, text, words
from bot.policies.manifests import name_of, wrong
from bot.policies.storage import claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Violation

PREFIX = "ctx-"
ARCHIVE = "ctx-archive"  # of what is rarely read
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
EBS = "ebs.csi.aws.com"
IN_TREE = "kubernetes.io/"  # removed from Kubernetes; what is left of them is translated to CSI drivers


def storage_classes_wait_for_their_pod(manifests: Manifests) -> Iterator[Violation]:
    """A volume made before its Pod is placed may lie in a zone where the Pod cannot run."""
    for item in manifests.of("StorageClass"):
        if item.get("volumeBindingMode") != "WaitForFirstConsumer":
            what = "volumes are made before their Pod is placed, so they may lie in a zone where it cannot run"
            yield wrong(item, "volumeBindingMode", what, hint="write WaitForFirstConsumer")


def storage_classes_let_volumes_grow(manifests: Manifests) -> Iterator[Violation]:
    """A volume that cannot grow is replaced by hand."""
    for item in manifests.of("StorageClass"):
        if item.get("allowVolumeExpansion") is not True:
            yield wrong(item, "allowVolumeExpansion", "volumes of this class can never grow", hint="write true")


def storage_classes_use_csi_drivers(manifests: Manifests) -> Iterator[Violation]:
    """In-tree provisioners are gone from Kubernetes."""
    for item in manifests.of("StorageClass"):
        provisioner = str(item.get("provisioner"))
        if provisioner.startswith(IN_TREE):
            what = f"{provisioner} is a provisioner that Kubernetes no longer has"
            yield wrong(item, "provisioner", what, hint="name the CSI driver, such as ebs.csi.aws.com")


def storage_classes_have_names_of_their_own(manifests: Manifests) -> Iterator[Violation]:
    """`standard` exists on many clusters, and a class cannot be changed."""
    for item in manifests.of("StorageClass"):
        if not name_of(item).startswith(PREFIX):
            what = "clusters bring classes of common names, and a class that exists cannot be changed"
            yield wrong(item, "metadata.name", what, hint=f"begin it with {PREFIX}")


def storage_classes_say_what_becomes_of_volumes(manifests: Manifests) -> Iterator[Violation]:
    """Whether data outlives its claim is decided, not left to a default."""
    for item in manifests.of("StorageClass"):
        if item.get("reclaimPolicy") not in {"Delete", "Retain"}:
            what = f"is {item.get('reclaimPolicy') or 'not set'}: volumes go with their claims, and nobody decided so"
            yield wrong(
                item, "reclaimPolicy", what, hint="write Retain where the data must outlive a claim deleted by mistake, else Delete"
            )


def volumes_are_encrypted(manifests: Manifests) -> Iterator[Violation]:
    """Volumes of AWS are encrypted: an account's default may be another, and nobody sees which it is."""
    for item in manifests.of("StorageClass"):
        if item.get("provisioner") == EBS and text(item, "parameters", "encrypted") != "true":
            what = "is not true: whether what is stored can be read from a disk or a snapshot is left to the account"
            yield wrong(item, "parameters.encrypted", what, hint='write encrypted: "true"')


def certificates_have_issuers(manifests: Manifests) -> Iterator[Violation]:
    """Whoever is to issue a certificate is there."""
    yield from unissued_certificates(manifests, manifests)


def admission_fails_closed(manifests: Manifests) -> Iterator[Violation]:
    """What cannot be judged is refused."""
    for item in manifests.of(POLICY):
        if at(item, "spec", "failurePolicy") not in {None, "Fail"}:
            what = f"is {at(item, 'spec', 'failurePolicy')}: an expression that fails lets everything in"
            yield wrong(item, "spec.failurePolicy", what, hint="write Fail")


def admission_policies_are_bound(manifests: Manifests) -> Iterator[Violation]:
    """A policy without a binding judges nothing."""
    bound = {text(item, "spec", "policyName") for item in manifests.of(BINDING)}
    for item in manifests.of(POLICY):
        if name_of(item) not in bound:
            what = f"no {BINDING} names it, so that it judges nothing"
            yield wrong(item, "metadata.name", what, hint=f"add a {BINDING} with policyName: {name_of(item)} beside it")


def bindings_refuse(manifests: Manifests) -> Iterator[Violation]:
    """A binding is of a policy that is there, and refuses."""
    for item in manifests.of(BINDING):
        policy = text(item, "spec", "policyName")
        if manifests.named(POLICY, policy) is None:
            yield wrong(item, "spec.policyName", f"is {policy or 'not set'}, which is no policy of this cluster", hint="correct the name")
        if "Deny" not in words(item, "spec", "validationActions"):
            what = f"are {', '.join(words(item, 'spec', 'validationActions')) or 'not set'}: what breaks the policy is let in"
            yield wrong(item, "spec.validationActions", what, hint="write Deny")


CLUSTER_POLICIES = (
    storage_classes_wait_for_their_pod,
    storage_classes_let_volumes_grow,
    storage_classes_use_csi_drivers,
    storage_classes_have_names_of_their_own,
    storage_classes_say_what_becomes_of_volumes,
    volumes_are_encrypted,
    certificates_have_issuers,
    admission_fails_closed,
    admission_policies_are_bound,
    bindings_refuse,
)


def kept_volumes(cluster: Manifests, environments: Iterable[Manifests]) -> Iterator[Violation]:
    """Of the cluster that runs the last environment: data of databases outlives a claim deleted by mistake."""
    kept = {ARCHIVE}.union(*(data_classes(each) for each in environments))
    for item in cluster.of("StorageClass"):
        if name_of(item) in kept and item.get("reclaimPolicy") == "Delete":
            what = "is Delete where the last environment runs: who deletes a claim by mistake deletes the data"
            yield wrong(item, "reclaimPolicy", what, hint="write Retain; a class cannot be changed, so give it a new name once it is live")


def unissued_certificates(manifests: Manifests, cluster: Manifests) -> Iterator[Violation]:
    """Each certificate names an issuer of its namespace or of its cluster; issuers of other groups are programs of others."""
    for item in manifests.of("Certificate"):
        issuer = mapping(item, "spec", "issuerRef")
        kind, name = text(issuer, "kind") or "Issuer", text(issuer, "name")
        if text(issuer, "group") not in {"", "cert-manager.io"}:
            continue
        namespace, of_cluster = at(item, "metadata", "namespace"), [name_of(each) for each in cluster.of("ClusterIssuer")]
        own = [name_of(each) for each in manifests.of("Issuer") if at(each, "metadata", "namespace") == namespace]
        known = of_cluster if kind == "ClusterIssuer" else own
        if name not in known:
            what = f"is {kind} {name or 'of no name'}, which there is not: the certificate is never issued"
            listed = [*(f"ClusterIssuer {each}" for each in of_cluster), *(f"Issuer {each}" for each in own)]
            hint = f"name one of {', '.join(listed) or 'the cluster: there is none, so add one'}"
            yield wrong(item, "spec.issuerRef", what, hint=hint)


def missing_classes(environment: Manifests, cluster: Manifests) -> Iterator[Violation]:
    """Each claim of an environment is of a class that its cluster has."""
    there = {name_of(item) for item in cluster.of("StorageClass")}
    for item, where, claim in claims(environment):
        name = text(claim, "storageClassName")
        if name and name not in there:
            what = f"is {name}, which {cluster.environment} does not have: the claim stays Pending"
            yield wrong(
                item, f"{where}.storageClassName", what, hint=f"add it to clusters/{cluster.environment}/storage-classes, or name another"
            )


def named_classes(values: object) -> frozenset[str]:
    """Every class that a chart's values name."""
    if isinstance(values, dict):
        own = frozenset({values["storageClassName"]} if isinstance(values.get("storageClassName"), str) else ())
        return own.union(*(named_classes(each) for each in values.values()))
    return frozenset[str]().union(*(named_classes(each) for each in values)) if isinstance(values, list) else frozenset()
