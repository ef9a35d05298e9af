"""Rendering an environment at a commit, as the user and Argo CD would."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.model import APPS
from bot.ports import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.ports import Objects, Rendered, Renderer

WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet"}
RULES = "PrometheusRule"
NOT_RENDERED = {"holds", "environment.yaml"}


def render_at(objects: Objects, renderer: Renderer, *, commit: str, environment: Environment, folder: str = "") -> Rendered:
    """What kustomize makes of an environment (or a folder in it) at a commit; RenderError when it refuses."""
    sources = _sources(objects, commit, environment)
    return render_folder(objects, renderer, commit=commit, folder=f"{environment.folder}/{folder}", sources=sources)


def render_folder(objects: Objects, renderer: Renderer, *, commit: str, folder: str, sources: list[str]) -> Rendered:
    """What kustomize makes of a folder at a commit that has these sources beside it; RenderError when it refuses."""
    names = _names(objects, commit, sources)
    return renderer.render_files(folder, names=names, write=partial(objects.materialize, commit, sources))


def renders_alike(objects: Objects, environment: Environment, *, before: str, after: str) -> bool:
    """Whether an environment's render reads the same files at two commits, so that it need not be rendered to be compared."""
    one, other = (_names(objects, commit, _sources(objects, commit, environment)) for commit in (before, after))
    return one == other


def _names(objects: Objects, commit: str, sources: list[str]) -> str:
    """What the files of sources are: same names, same files."""
    entries = [objects.entry(commit, path) for path in sources]
    return " ".join(f"{entry.mode} {entry.sha} {entry.path}" for entry in entries if entry)


def sources_of(environment: Environment) -> list[str]:
    """The folders that an environment's render reads from."""
    return [environment.folder] if environment.promotes_from else [environment.folder, APPS]


def _sources(objects: Objects, commit: str, environment: Environment) -> list[str]:
    """The paths that an environment's render may read: not what is for the bot alone, such as records, which each promotion rewrites."""
    own = [f"{environment.folder}/{name}" for name in objects.entries(commit, environment.folder) if name not in NOT_RENDERED]
    if environment.promotes_from is None:
        return [*own, APPS]
    releases = f"{environment.folder}/release"
    apps = [f"{releases}/{name}" for name, entry in objects.entries(commit, releases).items() if entry.mode == FOLDER]
    return [*(path for path in own if path != releases), *apps] if apps else own


def workload_images(objects: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The container images of what runs for good; Jobs aside."""
    workloads = (item for item in objects if item.get("kind") in WORKLOADS)
    return frozenset(str(each["image"]) for item in workloads for each in containers(item) if "image" in each)


def containers(workload: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The containers of a workload's Pods, none where its shape is wrong."""
    return tuple(each for each in _below(workload, "spec", "template", "spec", "containers") if isinstance(each, dict))


def alert_rules(objects: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The alerting rules of all PrometheusRules."""
    groups = (group for item in objects if item.get("kind") == RULES for group in _below(item, "spec", "groups"))
    return tuple(
        rule for group in groups for rule in _below(group, "rules") if isinstance(rule, dict) and isinstance(rule.get("alert"), str)
    )


def _below(item: Any, *path: str) -> list[Any]:  # noqa: ANN401 - arbitrary YAML
    """The list at the end of a path of keys; empty where there is none."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item if isinstance(item, list) else []
