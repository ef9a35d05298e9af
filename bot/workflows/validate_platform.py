"""Validating what clusters need and how Argo CD is told of environments: plain manifests, as each folder renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.model import RenderError
from bot.policies.add_ons import FILES, add_on_problems
from bot.policies.clusters import CLUSTER_POLICIES
from bot.policies.projects import PROJECT, needless_kinds, refused_kinds
from bot.policies.sources import deprecated_fields
from bot.ports import FOLDER
from bot.workflows.inspection import Look, manifest_files, not_rendered, problems, violations, warnings_of
from bot.workflows.rendering import render_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import Environment
    from bot.policies.manifests import Inspector
    from bot.policies.projects import Kind
    from bot.ports import Objects, Renderer

CLUSTERS, ARGOCD = "clusters", "argocd"
PROJECTS = f"{ARGOCD}/projects"
KUSTOMIZATION = "kustomization.yaml"
INSTALL = f"{ARGOCD}/install"  # refers to the upstream release, which is not in this repository


def platform_problems(objects: Objects, renderer: Renderer, commit: str, *, inspectors: Sequence[Inspector]) -> Iterator[Problem]:
    """Everything that is wrong with the folders of clusters and of Argo CD."""
    for folder in _folders(objects, commit):
        try:
            rendered = render_folder(objects, renderer, commit=commit, folder=folder, sources=[folder])
        except RenderError as error:
            yield not_rendered(folder, error)
            continue
        yield from warnings_of(folder, rendered)
        texts = objects.read(commit, manifest_files(objects, commit, folder))
        look = Look(folder.rsplit("/", 1)[-1], "", folder, rendered, texts)
        yield from problems(look, violations(look, inspectors, policies=CLUSTER_POLICIES, sources=(deprecated_fields,)))
    add_ons = [folder for cluster in _below(objects, commit, CLUSTERS) for folder in _below(objects, commit, cluster)]
    add_ons = [each for each in add_ons if not objects.entry(commit, f"{each}/{KUSTOMIZATION}")]
    yield from add_on_problems(add_ons, objects.read(commit, [f"{each}/{name}" for each in add_ons for name in FILES]))


def project_problems(
    objects: Objects, renderer: Renderer, commit: str, kinds: Mapping[Environment, Iterable[Kind]], *, all_seen: bool
) -> Iterator[Problem]:
    """What projects of Argo CD refuse of what environments render; where all of it was seen, also what they allow beyond it."""
    try:
        rendered = render_folder(objects, renderer, commit=commit, folder=PROJECTS, sources=[PROJECTS])
    except RenderError as error:
        yield not_rendered(PROJECTS, error)
        return
    look = Look("", "", PROJECTS, rendered, objects.read(commit, manifest_files(objects, commit, PROJECTS)))
    projects = {item["metadata"]["name"]: item for item in rendered.objects if item["kind"] == PROJECT}
    anywhere = {kind for each in kinds.values() for kind in each}
    for environment, own in kinds.items():
        name = environment.argocd.project
        if name not in projects:
            what = f"has no {PROJECT} {name}, which {environment.folder}/environment.yaml names"
            yield Problem(PROJECTS, what, "copy the one of another environment, and list it in the kustomization")
            continue
        yield from problems(look, refused_kinds(projects[name], own))
        if all_seen:
            yield from problems(look, needless_kinds(projects[name], own, anywhere))


def _folders(objects: Objects, commit: str) -> list[str]:
    children = [folder for top in (CLUSTERS, ARGOCD) for folder in _below(objects, commit, top)]
    return [each for each in children if each != INSTALL and objects.entry(commit, f"{each}/{KUSTOMIZATION}")]


def _below(objects: Objects, commit: str, folder: str) -> list[str]:
    return [f"{folder}/{name}" for name, entry in objects.entries(commit, folder).items() if entry.mode == FOLDER]
