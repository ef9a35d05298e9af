"""Whether a cluster's add-ons are what an environment names: accounts, gateway, certificates, tracing, metrics."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING

from bot.policies.add_on_values import ADAPTER, GATEWAY, ISTIOD, PROMETHEUS, SECRETS
from bot.policies.fields import at, indexed, mapping, mappings, sequence, strings, text, words
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.add_on_values import AddOn
    from bot.policies.manifests import Manifests, Violation

NEEDED = {  # API group -> charts without which its objects do nothing
    "cert-manager.io": ("cert-manager",),
    "external-secrets.io": (SECRETS,),
    "monitoring.coreos.com": (PROMETHEUS,),
    "networking.istio.io": ("base", "cni", GATEWAY, ISTIOD),
    "security.istio.io": ("base", ISTIOD),
    "telemetry.istio.io": ("base", ISTIOD),
    "autoscaling.k8s.io": ("vertical-pod-autoscaler",),
    "autoscaling": ("metrics-server",),
}
PROVIDERS = frozenset({"envoy", "prometheus"})  # of every mesh
FILES = ("caFile", "certFile", "keyFile")
CLUSTER_STORE = "ClusterSecretStore"


def missing_add_ons(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """Each kind that is rendered has the chart that acts on it."""
    there, told = {each.chart for each in add_ons}, set[str]()
    for item in environment.objects:
        for chart in NEEDED.get(str(item.get("apiVersion")).rpartition("/")[0], ()):
            if chart not in there | told:
                told.add(chart)
                what = f"nothing acts on it: its cluster has no chart {chart}"
                yield wrong(item, "kind", what, hint="add the folder of another cluster that has it")


def unknown_accounts(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """Who is let in from the cluster's namespaces is who an add-on runs as."""
    known = sorted(filter(None, map(_account, add_ons)))
    parts = {part for each in known for part in each.split("/")}
    for item in environment.of("AuthorizationPolicy"):
        for number, rule in indexed(item, "spec", "rules"):
            for index, source in indexed(rule, "from"):
                for named in words(source, "source", "serviceAccounts"):
                    if "/" in named and parts & set(named.split("/")) and named not in known:
                        what = f"lets {named} in, and its cluster has {', '.join(known)}: their requests get 403"
                        where = f"spec.rules[{number}].from[{index}].source.serviceAccounts"
                        yield wrong(item, where, what, hint="name the account of the add-on, or correct its values")


def unread_stores(environment: Manifests, add_ons: Iterable[AddOn], cluster: Manifests) -> Iterator[Violation]:
    """A store of the whole cluster is one that the cluster has, and that its controller acts on."""
    off = next((each for each in add_ons if each.chart == SECRETS and each.values.get("processClusterStore") is False), None)
    for item in environment.of("ExternalSecret"):
        name = text(item, "spec", "secretStoreRef", "name")
        if text(item, "spec", "secretStoreRef", "kind") == CLUSTER_STORE and (off or cluster.named(CLUSTER_STORE, name) is None):
            why = f"which {off.file} switches off" if off else f"and its cluster has none named {name or 'nothing'}"
            what = f"is {CLUSTER_STORE}, {why}: the Secret is never written"
            yield wrong(item, "spec.secretStoreRef.kind", what, hint="write SecretStore, which is foundation's feature `secrets`")


def unserved_gateways(environment: Manifests, add_ons: Iterable[AddOn], cluster: Manifests) -> Iterator[Violation]:
    """Gateways select the gateway's Pods, which find a certificate for each host in their own namespace."""
    gateways = [each for each in add_ons if each.chart == GATEWAY]
    secrets = {
        (text(each, "metadata", "namespace"), text(each, "spec", "secretName")): words(each, "spec", "dnsNames")
        for each in cluster.of("Certificate")
    }
    for item in environment.of("Gateway"):
        selector = strings(item, "spec", "selector")
        pods = next((each for each in gateways if selector.items() <= labels_of(each).items()), None)
        if pods is None:
            found = ", ".join(f"istio={labels_of(each)['istio']}" for each in gateways) or "none"
            what = f"selects {', '.join(map('='.join, selector.items())) or 'nothing'}, and its cluster has {found}: no host is served"
            yield wrong(item, "spec.selector", what, hint="select its label, or correct the chart's name")
            continue
        for index, server in indexed(item, "spec", "servers"):
            name, where = text(server, "tls", "credentialName"), f"spec.servers[{index}].tls.credentialName"
            covered = secrets.get((pods.namespace, name))
            lacking = [host for host in (each.rpartition("/")[2] for each in words(server, "hosts")) if not _covers(covered or (), host)]
            if name and covered is None:
                what = f"is {name}, which no Certificate of its cluster writes into {pods.namespace}: the host is not served"
                yield wrong(item, where, what, hint="add a Certificate to the cluster's folder gateway, in that namespace")
            elif name and lacking:
                what = f"is {name}, whose Certificate is not for {', '.join(lacking)}: browsers and callers refuse it"
                yield wrong(
                    item, where, what, hint="write the environment's own host, or add it to dnsNames in the cluster's folder gateway"
                )


def unknown_providers(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """Telemetry names providers that the mesh has; it passes over others."""
    mesh = next((each for each in add_ons if each.chart == ISTIOD), None)
    known = {text(each, "name") for each in mappings(mesh.values, "meshConfig", "extensionProviders")} | PROVIDERS if mesh else PROVIDERS
    for item in environment.of("Telemetry"):
        for key in ("accessLogging", "metrics", "tracing"):
            for index, each in indexed(item, "spec", key):
                for name in (text(one, "name") for one in mappings(each, "providers")):
                    if mesh and name not in known:
                        what = f"is {name}, which {mesh.file} does not have: nothing is sent"
                        yield wrong(item, f"spec.{key}[{index}].providers", what, hint=f"name one of {', '.join(sorted(known))}")


def unserved_metrics(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """What an autoscaler reads of Pods is served by the cluster's adapter, of each Pod, and the adapter asks its Prometheus."""
    adapter = next((each for each in add_ons if each.chart == ADAPTER), None)
    rules = [*mappings(adapter.values, "rules", "custom")] if adapter else []
    served = {text(each, "name", "as") for each in rules if {"namespace", "pod"} <= mapping(each, "resources", "overrides").keys()}
    for item in environment.of("HorizontalPodAutoscaler"):
        for index, each in indexed(item, "spec", "metrics"):
            name = text(each, "pods", "metric", "name")
            if name and adapter and name not in served:
                what = f"is {name}, and {adapter.file} serves {', '.join(sorted(served)) or 'nothing'} by namespace and pod"
                yield wrong(item, f"spec.metrics[{index}].pods.metric.name", f"{what}: it is Degraded", hint="correct one of the two")


def unread_certificates(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """The files that monitors name lie where Prometheus mounts what its sidecar writes."""
    prometheus = next((each for each in add_ons if each.chart == PROMETHEUS), None)
    spec = mapping(prometheus.values, "prometheus", "prometheusSpec") if prometheus else {}
    written = {text(each, "name") for each in _in_sidecar(text(spec, "podMetadata", "annotations", "sidecar.istio.io/userVolumeMount"))}
    mounted = {text(each, "mountPath") for each in mappings(spec, "volumeMounts") if text(each, "name") in written}
    for item in environment.of("ServiceMonitor"):
        for index, each in indexed(item, "spec", "endpoints"):
            folders = {posixpath.dirname(text(each, "tlsConfig", key)) for key in FILES if text(each, "tlsConfig", key)}
            for folder in sorted(folders - mounted) if prometheus else ():
                what = f"are in {folder}, where {prometheus.file} mounts none: nothing is scraped" if prometheus else ""
                yield wrong(item, f"spec.endpoints[{index}].tlsConfig", what, hint=f"use {', '.join(sorted(mounted)) or 'a mount of its'}")


def _in_sidecar(said: str) -> list[object]:
    try:
        return sequence({"mounts": json.loads(said)}, "mounts") if said else []
    except ValueError:
        return []


def _account(add_on: AddOn) -> str | None:
    """Who an add-on that asks Pods of the stack runs as."""
    if add_on.chart == PROMETHEUS:
        name = text(add_on.values, "fullnameOverride") or f"{add_on.release}-{PROMETHEUS}"
        return f"{add_on.namespace}/{text(add_on.values, 'prometheus', 'serviceAccount', 'name') or f'{name}-prometheus'}"
    if add_on.chart == GATEWAY:
        name = text(add_on.values, "serviceAccount", "name") or text(add_on.values, "name") or add_on.release
        return f"{add_on.namespace}/{name}"
    return None


def labels_of(gateway: AddOn) -> dict[str, str]:
    """The chart's labels by which Gateways find its Pods."""
    name = text(gateway.values, "name") or gateway.release
    return {"app": name, "istio": name.removeprefix("istio-"), **strings(at(gateway.values, "labels"))}


def _covers(names: tuple[str, ...], host: str) -> bool:
    return host in names or f"*.{host.partition('.')[2]}" in names
