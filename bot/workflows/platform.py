"""What clusters need and how Argo CD is told of environments, at a commit: plain folders as they render, Applications of files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import ENVIRONMENTS, BotError, RenderError
from bot.policies.application_sets import APPLICATION_SET, made_of
from bot.ports import FOLDER, Rendered
from bot.workflows.clusters import CLUSTERS
from bot.workflows.inspection import Look, manifest_files, not_rendered, warnings_of
from bot.workflows.rendering import render_folder
from bot.workflows.vanished import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.contents import Problem
    from bot.policies.application_sets import Made
    from bot.policies.manifests import Object, Violation
    from bot.ports import Objects, Renderer
    from bot.workflows.clusters import Cluster

ARGOCD = "argocd"
SETS = f"{ARGOCD}/applicationsets"
INSTALL = f"{ARGOCD}/install"  # refers to the upstream release, which is not in this repository
KUSTOMIZATION = "kustomization.yaml"


@dataclass(frozen=True)
class Platform:
    """The folders of clusters and of Argo CD; of a folder that does not render, nothing but the problem."""

    argocd: Look
    clusters: tuple[tuple[Cluster, Look], ...]
    made: tuple[Made, ...]  # by all ApplicationSets
    faults: tuple[Violation, ...]  # of ApplicationSets that make nothing, or not all
    unrendered: tuple[Problem, ...]
    files: Mapping[str, str]  # of clusters

    @property
    def projects(self) -> dict[str, Object]:
        """Projects of Argo CD by name."""
        return {item["metadata"]["name"]: item for item in self.argocd.rendered.objects if item["kind"] == "AppProject"}


def read_platform(objects: Objects, renderer: Renderer, commit: str, clusters: Sequence[Cluster], *, whole: bool) -> Platform:
    """All folders, with those of these clusters, or those alone that environments depend on."""
    argocd = [each for each in _plain(objects, commit, ARGOCD) if each != INSTALL and (whole or each in {PROJECTS, SETS})]
    wanted = {ARGOCD: argocd} | ({each.folder: _plain(objects, commit, each.folder) for each in clusters} if whole else {})
    with ThreadPoolExecutor() as pool:
        running = {folder: pool.submit(_attempt, objects, renderer, commit, folder) for folders in wanted.values() for folder in folders}
        done = {folder: future.result() for folder, future in running.items()}
    looks = {top: _look(objects, commit, top, {folder: done[folder] for folder in folders}) for top, folders in wanted.items()}
    files = objects.read(commit, [*manifest_files(objects, commit, CLUSTERS), *_environment_files(objects, commit)])
    outcomes = [made_of(item, files) for item in looks[ARGOCD].rendered.objects if item["kind"] == APPLICATION_SET]
    return Platform(
        looks[ARGOCD],
        tuple((each, looks[each.folder]) for each in clusters if each.folder in looks),
        tuple(one for made, _ in outcomes for one in made),
        tuple(one for _, faults in outcomes for one in faults),
        tuple(_unrendered(done)),
        files,
    )


def folders_below(objects: Objects, commit: str, folder: str) -> list[str]:
    """The folders in a folder."""
    return [f"{folder}/{name}" for name, entry in objects.entries(commit, folder).items() if entry.mode == FOLDER]


def is_plain(objects: Objects, commit: str, folder: str) -> bool:
    """Whether a folder is plain manifests, and no chart."""
    return objects.entry(commit, f"{folder}/{KUSTOMIZATION}") is not None


def _plain(objects: Objects, commit: str, top: str) -> list[str]:
    return [each for each in folders_below(objects, commit, top) if is_plain(objects, commit, each)]


def _environment_files(objects: Objects, commit: str) -> list[str]:
    return [f"{folder}/environment.yaml" for folder in folders_below(objects, commit, ENVIRONMENTS)]


def _attempt(objects: Objects, renderer: Renderer, commit: str, folder: str) -> Rendered | BotError:
    try:
        return render_folder(objects, renderer, commit=commit, folder=folder, sources=[folder])
    except RenderError as error:
        return error


def _look(objects: Objects, commit: str, top: str, renders: Mapping[str, Rendered | BotError]) -> Look:
    """All folders below a top as one, since what is in one refers to what is in another."""
    found = tuple(item for each in renders.values() if not isinstance(each, BotError) for item in each.objects)
    texts = objects.read(commit, [path for folder in renders for path in manifest_files(objects, commit, folder)])
    return Look(top.rsplit("/", 1)[-1], "", top, Rendered("", found, ""), texts)


def _unrendered(done: Mapping[str, Rendered | BotError]) -> Iterable[Problem]:
    for folder, each in done.items():
        if isinstance(each, BotError):
            yield not_rendered(folder, each)
        else:
            yield from warnings_of(folder, each)
