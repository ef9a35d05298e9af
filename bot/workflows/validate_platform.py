"""Validating what clusters need and how Argo CD is told of environments: plain manifests, as each folder renders."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.model import BotError
from bot.policies.clusters import CLUSTER_POLICIES
from bot.policies.sources import deprecated_fields
from bot.ports import FOLDER
from bot.workflows.inspection import Look, manifest_files, problems, violations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.policies.manifests import Inspector
    from bot.ports import Objects, Rendered, Renderer

PLATFORM = ("clusters", "argocd")
KUSTOMIZATION = "kustomization.yaml"
INSTALL = "argocd/install"  # refers to the upstream release, which is not in this repository


def platform_problems(objects: Objects, renderer: Renderer, commit: str, *, inspectors: Sequence[Inspector]) -> Iterator[Problem]:
    """Everything that is wrong with the folders of clusters and of Argo CD."""
    for folder in _folders(objects, commit):
        rendered = _render(objects, renderer, commit, folder=folder)
        if isinstance(rendered, BotError):
            yield Problem(folder, f"does not render: {rendered.message}", rendered.hint)
            continue
        if rendered.warnings.strip():
            yield Problem(folder, f"kustomize warns: {' '.join(rendered.warnings.split())}", "mend what it names")
        texts = objects.read(commit, manifest_files(objects, commit, folder))
        look = Look(folder.rsplit("/", 1)[-1], "", folder, rendered, texts)
        yield from problems(look, violations(look, inspectors, policies=CLUSTER_POLICIES, sources=(deprecated_fields,)))


def _folders(objects: Objects, commit: str) -> list[str]:
    children = [f"{top}/{name}" for top in PLATFORM for name, entry in objects.entries(commit, top).items() if entry.mode == FOLDER]
    return [each for each in children if each != INSTALL and objects.entry(commit, f"{each}/{KUSTOMIZATION}")]


def _render(objects: Objects, renderer: Renderer, commit: str, *, folder: str) -> Rendered | BotError:
    with tempfile.TemporaryDirectory(prefix="bot-render-") as scratch:
        root = Path(scratch).resolve()
        objects.materialize(commit, [folder], root)
        try:
            return renderer.render(root / folder)
        except BotError as error:
            return error
