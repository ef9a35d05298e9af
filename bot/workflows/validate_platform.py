"""Validating what clusters need and how Argo CD is told of environments, and that both fit what environments render."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.model import BotError
from bot.policies.add_ons import FILES, add_on_problems, values_of
from bot.policies.application_sets import APPLICATION_SET, wrong_fields
from bot.policies.argocd_install import install_problems
from bot.policies.clusters import CLUSTER_POLICIES, kept_volumes, missing_classes, named_classes
from bot.policies.fields import text
from bot.policies.manifests import name_of
from bot.policies.project_limits import (
    made_namespaces,
    needless_limits,
    platform_takes_no_applications,
    refused_applications,
    refused_by_platform,
    the_bot_may_get_and_sync,
    windows_are_of_a_time_zone,
    windows_let_a_rollback_pass,
)
from bot.policies.projects import needless_kinds, refused_kinds, rendered_kinds
from bot.policies.sources import deprecated_fields
from bot.workflows.clusters import ADDRESS, CLUSTERS
from bot.workflows.inspection import Look, manifest_files, manifests_of, problems, violations
from bot.workflows.platform import INSTALL, folders_below, is_plain
from bot.workflows.vanished import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import Environment
    from bot.policies.manifests import Inspector, Violation
    from bot.policies.projects import Kind
    from bot.ports import Objects
    from bot.workflows.clusters import Cluster
    from bot.workflows.platform import Platform


def platform_problems(objects: Objects, platform: Platform, commit: str, *, inspectors: Sequence[Inspector]) -> Iterator[Problem]:
    """Everything that is wrong with the folders of clusters and of Argo CD by themselves."""
    yield from platform.unrendered
    for _, look in platform.clusters:
        yield from problems(look, violations(look, inspectors, policies=CLUSTER_POLICIES, sources=(deprecated_fields,)))
    sets = [item for item in platform.argocd.rendered.objects if item["kind"] == APPLICATION_SET]
    found = [*violations(platform.argocd, inspectors, policies=(), sources=(deprecated_fields,)), *platform.faults]
    found += [each for item in sets for each in wrong_fields(item)]
    yield from problems(platform.argocd, [*found, *_platform_projects(platform)])
    yield from install_problems(INSTALL, objects.read(commit, manifest_files(objects, commit, INSTALL)))
    add_ons = [each for top in folders_below(objects, commit, CLUSTERS) for each in folders_below(objects, commit, top)]
    add_ons = [each for each in add_ons if not is_plain(objects, commit, each)]
    yield from add_on_problems(add_ons, {path: written for path, written in platform.files.items() if path.endswith(FILES)})
    for cluster, look in platform.clusters:
        yield from _unknown_classes(cluster, look, [each for each in add_ons if each.startswith(f"{cluster.folder}/")], platform.files)


def project_problems(platform: Platform, kinds: Mapping[Environment, Iterable[Kind]], *, all_seen: bool) -> Iterator[Problem]:
    """What projects of Argo CD refuse of environments, and allow beyond them; of kinds where all renders were seen."""
    look, anywhere = platform.argocd, {kind for each in kinds.values() for kind in each}
    if any(each.file == PROJECTS for each in platform.unrendered):
        yield from (each for each in platform.unrendered if each.file == PROJECTS)
        return
    for environment, own in kinds.items():
        yield from _application(platform, environment)
        name = environment.argocd.project
        if name not in platform.projects:
            what = f"has no AppProject {name}, which {environment.folder}/environment.yaml names"
            yield Problem(PROJECTS, what, "copy the one of another environment, and list it in the kustomization")
            continue
        project, application = platform.projects[name], environment.argocd.application
        made = [each for each in platform.made if each.project == name]
        found = [*refused_kinds(project, own), *refused_applications(project, made), *needless_limits(project, made)]
        found += the_bot_may_get_and_sync(project, application)
        found += windows_let_a_rollback_pass(project, application, (environment.cluster, environment.namespace))
        found += windows_are_of_a_time_zone(project)
        yield from problems(look, [*found, *(needless_kinds(project, own, anywhere) if all_seen else ())])


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


def storage_problems(platform: Platform, looks: Iterable[Look], environments: Sequence[Environment]) -> Iterator[Problem]:
    """Claims of classes that the environment's cluster lacks, and classes that lose the last environment's data."""
    by_name = {environment.name: environment for environment in environments}
    steps = {environment.name: _steps(environment, by_name) for environment in environments}
    for cluster, folder in platform.clusters:
        own = [look for look in looks if by_name[look.name].cluster == cluster.server]
        for look in own:
            yield from problems(look, missing_classes(manifests_of(look), manifests_of(folder)))
        if any(steps[look.name] == max(steps.values()) for look in own):
            yield from problems(folder, kept_volumes(manifests_of(folder)))


def _steps(environment: Environment, by_name: Mapping[str, Environment]) -> int:
    """How far an environment is from the head of `apps/`; those that are in no order are named elsewhere."""
    passed: list[str] = []
    found: Environment | None = environment
    while found and found.name not in passed:
        passed.append(found.name)
        found = by_name.get(found.promotes_from or "")
    return len(passed)


def _application(platform: Platform, environment: Environment) -> Iterator[Problem]:
    """The Application that the bot asks Argo CD for is the one that is made of the environment's file, in the project that it names."""
    file, address = f"{environment.folder}/environment.yaml", environment.argocd
    made = [each for each in platform.made if each.file == file]
    if not any((each.name, each.project) == (address.application, address.project) for each in made):
        what = f"names the Application {address.application} of the project {address.project}, which no ApplicationSet makes of it"
        hint = f"it makes {', '.join(f'{each.name} of {each.project}' for each in made) or 'none: see argocd/applicationsets'}"
        yield Problem(file, what, hint)


def _platform_projects(platform: Platform) -> Iterator[Violation]:
    """Projects of what is no environment: add-ons and plain folders of clusters."""
    of_files = {each.project for each in platform.made if each.file.endswith("/environment.yaml")}
    for name, project in platform.projects.items():
        made = [each for each in platform.made if each.project == name]
        if name in of_files or not made:
            continue
        yield from (*refused_applications(project, made), *needless_limits(project, made), *made_namespaces(project, made))
        yield from (*platform_takes_no_applications(project), *windows_are_of_a_time_zone(project))
        for cluster, look in platform.clusters:
            namespaces = {text(item, "metadata", "namespace") for item in look.rendered.objects} - {""}
            yield from refused_by_platform(project, rendered_kinds(look.rendered.objects), cluster.server, namespaces)


def _unknown_classes(cluster: Cluster, look: Look, add_ons: Iterable[str], texts: Mapping[str, str]) -> Iterator[Problem]:
    there = {name_of(item) for item in manifests_of(look).of("StorageClass")}
    for path in (f"{folder}/{FILES[1]}" for folder in add_ons):
        try:
            named = named_classes(values_of(path, texts.get(path, "")))
        except BotError:
            continue  # named with the add-on
        for name in sorted(named - there):
            what = f"names the storage class {name}, which {cluster.folder} does not have: the claim stays Pending"
            yield Problem(path, what, f"name one of {', '.join(sorted(there))}")
