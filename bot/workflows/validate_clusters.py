"""Validating what clusters need by themselves, and that it fits the environments that run there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.policies.add_on_values import read_add_ons, value_problems
from bot.policies.add_ons import FILES, add_on_problems
from bot.policies.admission import refused_sidecars, unjudged_namespaces
from bot.policies.cluster_fit import (
    missing_add_ons,
    unknown_accounts,
    unknown_providers,
    unread_certificates,
    unread_stores,
    unserved_gateways,
    unserved_metrics,
)
from bot.policies.clusters import CLUSTER_POLICIES, kept_volumes, missing_classes, named_classes, unissued_certificates
from bot.policies.issuers import untrusted_issuers
from bot.policies.manifests import name_of
from bot.policies.mesh_values import hidden_gateways, uninjected_namespaces, unreachable_ports
from bot.policies.prometheus_values import full_volumes, short_retention, spans_of_gates, spans_of_rules, unread_namespaces
from bot.policies.sources import deprecated_fields
from bot.workflows.clusters import ADDRESS, CLUSTERS
from bot.workflows.inspection import Look, manifests_of, problems, violations
from bot.workflows.platform import folders_below, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import Environment
    from bot.policies.add_on_values import AddOn
    from bot.policies.manifests import Inspector, Manifests, Violation
    from bot.ports import Objects
    from bot.workflows.clusters import Cluster
    from bot.workflows.platform import Platform


def cluster_problems(objects: Objects, platform: Platform, commit: str, *, inspectors: Sequence[Inspector]) -> Iterator[Problem]:
    """Everything that is wrong with the folders of clusters by themselves."""
    for _, look in platform.clusters:
        yield from problems(look, violations(look, inspectors, policies=CLUSTER_POLICIES, sources=(deprecated_fields,)))
    folders = [each for top in folders_below(objects, commit, CLUSTERS) for each in folders_below(objects, commit, top)]
    folders = [each for each in folders if not is_plain(objects, commit, each)]
    yield from add_on_problems(folders, {path: written for path, written in platform.files.items() if path.endswith(FILES)})
    for cluster, look in platform.clusters:
        add_ons = add_ons_of(cluster, platform)
        yield from (*value_problems(add_ons), *full_volumes(add_ons), *hidden_gateways(add_ons, platform.files))
        yield from problems(look, refused_sidecars(manifests_of(look), add_ons))
        yield from _unknown_classes(cluster, look, add_ons)


def add_ons_of(cluster: Cluster, platform: Platform) -> tuple[AddOn, ...]:
    """The charts of a cluster whose files can be read."""
    files = [path for path in platform.files if path.startswith(f"{cluster.folder}/") and path.endswith(f"/{FILES[0]}")]
    return read_add_ons([path.rpartition("/")[0] for path in files], platform.files)


def place_problems(environments: Iterable[Environment], clusters: Sequence[Cluster]) -> Iterator[Problem]:
    """Clusters that environments name and that no folder is of, and folders that say one address."""
    servers = [each.server for each in clusters]
    for environment in environments:
        if environment.cluster not in servers:
            what = f"cluster is {environment.cluster}, and no {CLUSTERS}/*/{ADDRESS} says that server: nothing there was prepared for it"
            yield Problem(f"{environment.folder}/environment.yaml", what, f"name one of {', '.join(servers)}, or add the cluster's folder")
    for cluster in clusters:
        if not cluster.server or servers.count(cluster.server) > 1:
            said = "is another cluster's, too" if cluster.server else "is not there"
            hint = "write the address by which Argo CD knows this cluster, and no other"
            yield Problem(f"{cluster.folder}/{ADDRESS}", f"server {said}: what is in the folder goes nowhere, or to the wrong place", hint)


def fit_problems(platform: Platform, looks: Iterable[Look], environments: Sequence[Environment], *, in_order: bool) -> Iterator[Problem]:
    """What environments want of their clusters and do not find there, and classes that lose the last one's data, if known."""
    by_name = {environment.name: environment for environment in environments}
    steps = {environment.name: _steps(environment, by_name) for environment in environments}
    for cluster, folder in platform.clusters:
        own = [look for look in looks if by_name[look.name].cluster == cluster.server]
        for look in own:
            yield from problems(look, _unfit(manifests_of(look), manifests_of(folder), add_ons_of(cluster, platform)))
        yield from problems(folder, untrusted_issuers(manifests_of(folder), map(manifests_of, own)))
        yield from _watched(add_ons_of(cluster, platform), [*map(manifests_of, own)], environments)
        last = [look for look in own if steps[look.name] == max(steps.values())] if in_order else []
        if last:
            yield from problems(folder, kept_volumes(manifests_of(folder), map(manifests_of, last)))


def _steps(environment: Environment, by_name: Mapping[str, Environment]) -> int:
    """How far an environment is from the head of `apps/`; those that are in no order are named elsewhere."""
    passed: list[str] = []
    found: Environment | None = environment
    while found and found.name not in passed:
        passed.append(found.name)
        found = by_name.get(found.promotes_from or "")
    return len(passed)


def _unfit(environment: Manifests, cluster: Manifests, add_ons: tuple[AddOn, ...]) -> Iterator[Violation]:
    yield from missing_classes(environment, cluster)
    yield from unjudged_namespaces(environment, cluster)
    yield from unissued_certificates(environment, cluster)
    yield from unserved_gateways(environment, add_ons, cluster)
    yield from unread_stores(environment, add_ons, cluster)
    for policy in (missing_add_ons, unknown_accounts, unknown_providers, unserved_metrics, unread_certificates):
        yield from policy(environment, add_ons)
    yield from (*uninjected_namespaces(environment, add_ons), *unreachable_ports(environment, add_ons))


def _watched(add_ons: tuple[AddOn, ...], here: Sequence[Manifests], environments: Iterable[Environment]) -> Iterator[Problem]:
    """Whether a cluster's Prometheus reads its environments, and keeps what they and their gates look at."""
    yield from unread_namespaces(add_ons, here)
    spans = [span for each in here for span in spans_of_rules(each)]
    yield from short_retention(add_ons, [*spans, *spans_of_gates(environments, [each.environment for each in here])])


def _unknown_classes(cluster: Cluster, look: Look, add_ons: Iterable[AddOn]) -> Iterator[Problem]:
    there = {name_of(item) for item in manifests_of(look).of("StorageClass")}
    for each in add_ons:
        for name in sorted(named_classes(each.values) - there):
            what = f"names the storage class {name}, which {cluster.folder} does not have: the claim stays Pending"
            yield Problem(each.file, what, f"name one of {', '.join(sorted(there))}")
