"""Policies of mutual TLS: STRICT for the whole namespace, nothing excepted; each Pod told once whether it gets a sidecar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.connections import needed
from bot.policies.fields import integer, mapping, text
from bot.policies.manifests import Violation, wrong
from bot.policies.sidecars import INJECT, has_sidecar, is_meshed, own_namespace, pod_annotations, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object

METRICS_ONLY = frozenset({"2004"})  # serves nothing but metrics, to whom it may concern
PROXY_RESOURCES = tuple(f"sidecar.istio.io/{name}" for name in ("proxyCPU", "proxyMemory", "proxyCPULimit", "proxyMemoryLimit"))

LEFT_OUT = tuple(f"traffic.sidecar.istio.io/exclude{way}Ports" for way in ("Outbound", "Inbound"))


def is_strict(manifests: Manifests) -> bool:
    """Whether a PeerAuthentication makes mutual TLS STRICT for the namespace."""
    return any(_is_for_all(each) and _mode(each) == "STRICT" for each in manifests.of("PeerAuthentication"))


def _is_for_all(item: Object) -> bool:
    return not mapping(item, "spec", "selector", "matchLabels")


def _mode(item: Object) -> str:
    return text(item, "spec", "mtls", "mode")


def mutual_tls_is_strict(manifests: Manifests) -> Iterator[Violation]:
    """In a mesh, plain text is refused for the whole namespace."""
    if is_meshed(manifests) and not is_strict(manifests):
        what = "no PeerAuthentication makes mutual TLS STRICT for the namespace: plain text passes, and policies by identity mean nothing"
        yield Violation("PeerAuthentication", "default", "spec.mtls.mode", what, "add one without selector, mode STRICT")


def no_port_takes_plain_text(manifests: Manifests) -> Iterator[Violation]:
    """No workload and no port of an application is excepted from STRICT."""
    for item in manifests.of("PeerAuthentication"):
        what = "lets plain text in: whoever reaches the port needs no identity"
        if _mode(item) in {"PERMISSIVE", "DISABLE"}:
            yield wrong(item, "spec.mtls.mode", what, hint="write STRICT")
        for port, setting in mapping(item, "spec", "portLevelMtls").items():
            if text(setting, "mode") != "STRICT" and str(port) not in METRICS_ONLY:
                yield wrong(item, f"spec.portLevelMtls[{port}].mode", what, hint="remove the exception")


def injection_is_asked_for_once(manifests: Manifests) -> Iterator[Violation]:
    """A Namespace has one of the two labels; a Pod does not contradict itself."""
    namespace = own_namespace(manifests)
    labels = mapping(namespace, "metadata", "labels")
    if namespace and "istio-injection" in labels and "istio.io/rev" in labels:
        what = "asks for sidecars twice: istio-injection wins, and istio.io/rev, which names the version, is not read"
        yield wrong(namespace, "metadata.labels[istio.io/rev]", what, hint="keep one of the two labels")
    for pods in manifests.pods:
        label, annotation = text(template(pods), "metadata", "labels", INJECT), text(pod_annotations(pods), INJECT)
        if label and annotation and label != annotation:
            where = f"{pods.path.removesuffix('.spec')}.metadata.annotations[{INJECT}]"
            what = f"says {annotation} while the label of the same name says {label}, which wins"
            yield pods.wrong(where, what, hint="keep the label alone")


def a_sidecar_has_all_of_its_resources(manifests: Manifests) -> Iterator[Violation]:
    """With one of the four annotations set, Istio fills in none of the others."""
    for pods in manifests.pods:
        said = pod_annotations(pods)
        given = [key for key in PROXY_RESOURCES if key in said]
        if not given or not has_sidecar(manifests, pods):
            continue
        for key in PROXY_RESOURCES:
            if key not in said:
                what = f"is missing beside {given[0]}: with one of the four set, Istio gives the sidecar no default for the rest"
                where = f"{pods.path.removesuffix('.spec')}.metadata.annotations[{key}]"
                yield pods.wrong(where, what, hint="set proxyCPU, proxyMemory, proxyCPULimit and proxyMemoryLimit")


def callers_have_a_sidecar(manifests: Manifests) -> Iterator[Violation]:
    """Who calls a Pod of the mesh has a certificate, from a sidecar of its own that does not leave the port out."""
    if is_strict(manifests):
        yield from dict.fromkeys(_without_certificate(manifests))


def _without_certificate(manifests: Manifests) -> Iterator[Violation]:
    for connection, source, target in needed(manifests):
        if source.pods is None or target.pods is None or not has_sidecar(manifests, target.pods):
            continue
        above = f"{source.pods.path.removesuffix('.spec')}.metadata"
        if not has_sidecar(manifests, source.pods):
            what = f"declines the sidecar: without a certificate STRICT refuses {connection}"
            yield source.pods.wrong(f"{above}.labels[{INJECT}]", what, hint="remove it; a native sidecar lets Jobs finish")
        for end, name in ((source.pods, LEFT_OUT[0]), (target.pods, LEFT_OUT[1])):
            if str(connection.port) in text(pod_annotations(end), name).replace(" ", "").split(","):
                where = f"{end.path.removesuffix('.spec')}.metadata.annotations[{name}]"
                what = f"leaves port {connection.port} out of the mesh: {connection} goes unencrypted, or not at all"
                yield end.wrong(where, what, hint="remove the port from the annotation")


def nothing_runs_as_the_sidecar(manifests: Manifests) -> Iterator[Violation]:
    """Traffic of user 1337 passes the sidecar by."""
    for pods in manifests.pods:
        if integer(pods.spec, "securityContext", "runAsUser") == 1337 and has_sidecar(manifests, pods):  # noqa: PLR2004 - Istio's own user
            what = "is the sidecar's own user: what it sends passes the mesh by, in plain text"
            yield pods.wrong(f"{pods.path}.securityContext.runAsUser", what, hint="run as the image's user")


MTLS_POLICIES = (
    mutual_tls_is_strict,
    no_port_takes_plain_text,
    injection_is_asked_for_once,
    a_sidecar_has_all_of_its_resources,
    callers_have_a_sidecar,
    nothing_runs_as_the_sidecar,
)
