"""Validating what clusters need and how Argo CD is told of environments: plain manifests, as each folder renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import RenderError
from bot.policies.clusters import CLUSTER_POLICIES
from bot.policies.sources import deprecated_fields
from bot.ports import FOLDER
from bot.workflows.inspection import Look, manifest_files, not_rendered, problems, violations, warnings_of
from bot.workflows.rendering import render_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.contents import Problem
    from bot.policies.manifests import Inspector
    from bot.ports import Objects, Renderer

PLATFORM = ("clusters", "argocd")
KUSTOMIZATION = "kustomization.yaml"
INSTALL = "argocd/install"  # refers to the upstream release, which is not in this repository


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


def _folders(objects: Objects, commit: str) -> list[str]:
    children = [f"{top}/{name}" for top in PLATFORM for name, entry in objects.entries(commit, top).items() if entry.mode == FOLDER]
    return [each for each in children if each != INSTALL and objects.entry(commit, f"{each}/{KUSTOMIZATION}")]
