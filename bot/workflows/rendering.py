"""Rendering an environment at a commit, as the user and Argo CD would."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.model import APPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.ports import Objects, Rendered, Renderer

WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet"}
RULES = "PrometheusRule"


def render_at(objects: Objects, renderer: Renderer, *, commit: str, environment: Environment, folder: str = "") -> Rendered:
    """What kustomize makes of an environment (or a folder in it) at a commit; RenderError when it refuses."""
    with tempfile.TemporaryDirectory(prefix="bot-render-") as scratch:
        root = Path(scratch).resolve()
        objects.materialize(commit, sources_of(environment), root)
        return renderer.render(root / environment.folder / folder)


def sources_of(environment: Environment) -> list[str]:
    """The folders that an environment's render reads."""
    return [environment.folder] if environment.promotes_from else [environment.folder, APPS]


def workload_images(objects: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The container images of what runs for good; Jobs aside."""
    return frozenset(
        container["image"]
        for item in objects
        if item.get("kind") in WORKLOADS
        for container in item["spec"]["template"]["spec"]["containers"]
    )


def alert_rules(objects: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The alerting rules of all PrometheusRules."""
    return tuple(
        rule
        for item in objects
        if item.get("kind") == RULES
        for group in item["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    )
