"""Which files a promotion brings that the source never rendered: those that a render reads, and not those that merely lie there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.adapters.git_checkout import open_checkout
from bot.adapters.render import open_renderer
from bot.environments import parse_environment
from bot.ports import Entry
from bot.workflows.checks import Folder, files_read, read_folder
from bot.workflows.exercised import app_of, only_read_by
from bot.workflows.rendering import render_at

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
BASE = "release/api/base/kustomization.yaml"
OVERLAY = {
    "kustomization.yaml": "namespace: x\nresources: [api]\n",
    "api/kustomization.yaml": "resources: [../release/api/base]\npatches: [{path: size.yaml}]\n",
    "api/size.yaml": "a",
    "api/unused.yaml": "a",
    "environment.yaml": "a",
    "release/api.yaml": "record",
    BASE: "resources: [service.yaml]\nconfigMapGenerator: [{name: a, envs: [settings.env], files: [run=run.sh]}]\n",
    "release/api/base/service.yaml": "a",
    "release/api/base/settings.env": "a",
    "release/api/base/run.sh": "a",
    "release/api/features/mesh/kustomization.yaml": "resources: [policy.yaml]\n",
    "release/api/features/mesh/policy.yaml": "a",
}
MESH = "resources: [../release/api/base]\ncomponents: [../release/api/features/mesh]\npatches: [{path: size.yaml}]\n"


def folder(texts: Mapping[str, str]) -> Folder:
    """Files whose hash is their text."""
    return Folder(tuple(Entry(path, "100644", text) for path, text in texts.items()), texts, None)


def brought(target: Mapping[str, str], source: Mapping[str, str]) -> set[str]:
    wanted, exercised = files_read(folder(target)), files_read(folder(source))
    return {
        path.removeprefix("environments/prod/") for path in only_read_by(wanted, {"api": exercised}, elsewhere={}, at="environments/prod")
    }


def test_a_render_reads_what_kustomizations_lead_to() -> None:
    beside = {"api/unused.yaml", "environment.yaml", "release/api.yaml"}
    of_mesh = {path for path in OVERLAY if "/mesh/" in path}
    assert set(files_read(folder(OVERLAY))) == OVERLAY.keys() - beside - of_mesh
    assert set(files_read(folder(OVERLAY | {"api/kustomization.yaml": MESH}))) == OVERLAY.keys() - beside


def test_a_feature_that_the_source_has_not_is_not_exercised_there() -> None:
    found = brought(OVERLAY | {"api/kustomization.yaml": MESH}, OVERLAY)
    assert found == {"kustomization.yaml", "api/kustomization.yaml", *(path for path in OVERLAY if "/mesh/" in path)}


def test_the_same_file_in_both_is_exercised_and_another_content_is_not() -> None:
    assert brought(OVERLAY, OVERLAY) == {"kustomization.yaml"}  # of no app: compared with `elsewhere`, which is empty here
    assert brought(OVERLAY | {"api/size.yaml": "b"}, OVERLAY) == {"kustomization.yaml", "api/size.yaml"}
    assert brought(OVERLAY | {"release/api/base/service.yaml": "b"}, OVERLAY) == {"kustomization.yaml", "release/api/base/service.yaml"}


def test_what_the_source_has_and_does_not_read_is_not_exercised() -> None:
    found = brought(OVERLAY, OVERLAY | {"api/kustomization.yaml": "resources: [../release/api/base]\n"})
    assert found == {"kustomization.yaml", "api/kustomization.yaml", "api/size.yaml"}


def test_a_file_belongs_to_the_app_whose_folder_it_is_in() -> None:
    paths = ("neo4j/size.yaml", "release/neo4j/base/service.yaml", "kustomization.yaml")
    assert [app_of(path) for path in paths] == ["neo4j", "neo4j", "kustomization.yaml"]


def test_with_the_files_that_are_read_alone_an_environment_renders_the_same(tmp_path: Path) -> None:
    """So none is forgotten: kustomize itself says so, of everything that the repository has."""
    checkout = open_checkout(ROOT, "bot <bot@example.com>")
    commit = checkout.snapshot()
    text = (ROOT / "environments/staging/environment.yaml").read_text("utf-8")
    staging = parse_environment("staging", text)
    read = files_read(read_folder(checkout, commit, staging))
    checkout.materialize(commit, [f"{staging.folder}/{path}" for path in read], tmp_path)
    renderer = open_renderer()
    alone = renderer.render(tmp_path / staging.folder)
    assert alone.objects == render_at(checkout, renderer, commit=commit, environment=staging).objects
