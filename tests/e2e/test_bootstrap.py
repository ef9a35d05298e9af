"""From Git to cluster: what our ApplicationSet and projects make of `environments/`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.workflows.rendering import workload_images
from bot.workflows.stack import read_stack
from tests.bot.repositories import git
from tests.e2e.running import describe

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.e2e.world import World

TRACKING = "argocd.argoproj.io/tracking-id"
Object = dict[str, Any]


def by_name(objects: list[Object]) -> dict[tuple[str, str, str], str]:
    """Objects as text by kind, namespace and name, without what Argo CD adds to each."""
    found = {}
    for item in json.loads(json.dumps(objects, default=str)):
        metadata = item["metadata"]
        metadata.get("annotations", {}).pop(TRACKING, None)
        if not metadata.get("annotations"):
            metadata.pop("annotations", None)
        found[item["kind"], metadata.get("namespace", ""), metadata["name"]] = json.dumps(item, sort_keys=True)
    return found


def test_each_environment_is_an_application_synced_and_healthy_at_main(world: World) -> None:
    applications = world.argocd.applications()
    assert set(applications) == {f"context-{name}" for name in ("dev", "staging", "prod")}
    for name, app in applications.items():
        status, spec = app["status"], app["spec"]
        assert (status["sync"]["status"], status["health"]["status"]) == ("Synced", "Healthy"), describe(world.running)
        assert status["sync"]["revision"] == world.git("rev-parse", "main")
        assert (spec["project"], spec["source"]["path"]) == (name, f"environments/{name.removeprefix('context-')}")
        assert spec["destination"]["namespace"] == name


def test_each_environment_runs_the_images_of_its_own_release(world: World) -> None:
    stack = read_stack(world.sandbox.objects, world.git("rev-parse", "main"))
    for name in stack.environments:
        rendered = list(YAML(typ="safe").load_all(world.render(name)))
        assert workload_images(rendered) <= world.images(name)
        declared = {image.reference for releases in stack.releases[name].values() for image in releases.images}
        assert world.images(name) <= declared


def test_each_environment_runs_the_tree_that_its_record_names(world: World) -> None:
    stack = read_stack(world.sandbox.objects, world.git("rev-parse", "main"))
    for name, environment in stack.environments.items():
        revision = world.application(name)["status"]["sync"]["revision"]
        for app, release in stack.releases[name].items():
            assert world.tree(environment.release_path(app), revision) == release.tree


def test_argocd_renders_what_bot_render_prints(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "clone", "--quiet", str(world.sandbox.objects.git.folder), "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    for name in ("dev", "staging", "prod"):
        code, printed, _ = world.say("render", name)
        assert code == 0
        assert by_name(world.argocd.manifests(f"context-{name}")) == by_name([*YAML(typ="safe").load_all(printed)])


def test_every_environment_has_its_own_namespace_and_nothing_elsewhere(world: World) -> None:
    for name in ("dev", "staging", "prod"):
        placed = {node.get("namespace", "") for node in world.argocd.tree(f"context-{name}")}
        assert placed <= {"", f"context-{name}"}
