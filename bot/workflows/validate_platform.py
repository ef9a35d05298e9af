"""Validating how Argo CD is told of environments, and that its projects fit what they render."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.policies.application_sets import APPLICATION_SET, wrong_fields
from bot.policies.application_templates import unknown_subscriptions, wrong_templates
from bot.policies.argocd_install import install_problems
from bot.policies.argocd_settings import secret_faults, services, setting_problems, triggers, written
from bot.policies.fields import text
from bot.policies.notifications import notification_problems
from bot.policies.project_limits import (
    made_namespaces,
    needless_limits,
    platform_takes_no_applications,
    refused_applications,
    refused_by_platform,
    the_bot_may_get_and_sync,
    windows_can_be_read,
    windows_let_a_rollback_pass,
)
from bot.policies.projects import needless_kinds, refused_kinds, rendered_kinds
from bot.policies.sources import deprecated_fields
from bot.workflows.inspection import manifest_files, problems, violations
from bot.workflows.platform import INSTALL
from bot.workflows.vanished import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import Environment
    from bot.policies.manifests import Inspector, Violation
    from bot.policies.projects import Kind
    from bot.ports import Objects
    from bot.workflows.platform import Platform


def platform_problems(objects: Objects, platform: Platform, commit: str, *, inspectors: Sequence[Inspector]) -> Iterator[Problem]:
    """Everything that is wrong with the folders of Argo CD by themselves."""
    yield from platform.unrendered
    sets = [item for item in platform.argocd.rendered.objects if item["kind"] == APPLICATION_SET]
    found = [*violations(platform.argocd, inspectors, policies=(), sources=(deprecated_fields,)), *platform.faults]
    installed = objects.read(commit, manifest_files(objects, commit, INSTALL))
    said = written(INSTALL, installed)
    for item in sets:
        found += [*wrong_fields(item), *wrong_templates(item)]
    for item in (*sets, *platform.projects.values()):
        found += unknown_subscriptions(item, triggers(said), services(said))
    found += secret_faults(platform.argocd.rendered.objects, said)
    yield from problems(platform.argocd, [*found, *_platform_projects(platform)])
    yield from install_problems(INSTALL, installed)
    yield from setting_problems(INSTALL, installed)
    yield from notification_problems(INSTALL, installed)


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
        found += windows_can_be_read(project)
        yield from problems(look, [*found, *(needless_kinds(project, own, anywhere) if all_seen else ())])


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
        yield from (*platform_takes_no_applications(project), *windows_can_be_read(project))
        for cluster, look in platform.clusters:
            namespaces = {text(item, "metadata", "namespace") for item in look.rendered.objects} - {""}
            yield from refused_by_platform(project, rendered_kinds(look.rendered.objects), cluster.server, namespaces)
