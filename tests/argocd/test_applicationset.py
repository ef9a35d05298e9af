"""How Git becomes cluster state: what vanishes takes nothing with it, and nobody chooses the project that limits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.environments import parse_environment
from tests.manifests.renders import NAMES, ROOT, render_all, render_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.manifests.renders import Render

REPOSITORY = "https://github.com/dpdpdpdp0987/context-foundation.git"


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    rendered = render_folder("argocd", tmp_path_factory.mktemp("argocd"))
    assert not rendered.warnings
    return {f"{item['kind']} {item['metadata']['name']}": item for item in rendered.objects}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Render]:
    return render_all(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="module")
def application_set(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = objects["ApplicationSet environments"]["spec"]
    return spec


def test_a_vanished_folder_takes_nothing_with_it(application_set: dict[str, Any]) -> None:
    assert application_set["syncPolicy"] == {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True}


def test_a_missing_key_is_an_error(application_set: dict[str, Any]) -> None:
    assert application_set["goTemplate"] is True
    assert application_set["goTemplateOptions"] == ["missingkey=error"]


def test_the_project_comes_from_the_folder_not_from_a_file(application_set: dict[str, Any]) -> None:
    assert application_set["template"]["spec"]["project"] == "context-{{ .path.basename }}"


def test_everything_follows_main(application_set: dict[str, Any]) -> None:
    source = application_set["template"]["spec"]["source"]
    git = application_set["generators"][0]["git"]
    assert (source["repoURL"], source["targetRevision"]) == (git["repoURL"], git["revision"]) == (REPOSITORY, "main")


@pytest.mark.parametrize("name", NAMES)
def test_environment_project_and_application_have_the_names_that_the_bot_asks_for(name: str, objects: dict[str, dict[str, Any]]) -> None:
    environment = parse_environment(name, (ROOT / "environments" / name / "environment.yaml").read_text("utf-8"))
    assert environment.argocd.application == environment.argocd.project == f"context-{name}"
    project = objects[f"AppProject {environment.argocd.project}"]["spec"]
    assert project["sourceRepos"] == [REPOSITORY]
    assert project["destinations"] == [{"server": environment.cluster, "namespace": environment.namespace}]
    assert project["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace", "name": environment.namespace}]


@pytest.mark.parametrize("name", NAMES)
def test_a_project_allows_the_kinds_that_its_environment_renders(
    name: str, objects: dict[str, dict[str, Any]], stack: Mapping[str, Render]
) -> None:
    project = objects[f"AppProject context-{name}"]["spec"]
    allowed = {(each["group"], each["kind"]) for key in ("namespaceResourceWhitelist", "clusterResourceWhitelist") for each in project[key]}
    rendered = {(item["apiVersion"].rpartition("/")[0], item["kind"]) for item in stack[name].objects}
    assert rendered <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_the_bot_may_get_and_sync_nothing_else(name: str, objects: dict[str, dict[str, Any]]) -> None:
    (role,) = objects[f"AppProject context-{name}"]["spec"]["roles"]
    assert [policy.split(", ")[2:4] for policy in role["policies"]] == [["applications", "get"], ["applications", "sync"]]


def test_a_cluster_renders_without_warnings_and_binds_volumes_where_their_pods_run(tmp_path: Path) -> None:
    for folder in (ROOT / "clusters").iterdir():
        if folder.is_dir():
            rendered = render_folder(f"clusters/{folder.name}", tmp_path)
            assert not rendered.warnings
            assert all(item["volumeBindingMode"] == "WaitForFirstConsumer" for item in rendered.objects)


@pytest.mark.parametrize("name", NAMES)
def test_the_cluster_has_the_storage_classes_that_an_environment_names(name: str, stack: Mapping[str, Render], tmp_path: Path) -> None:
    classes = {item["metadata"]["name"] for item in render_folder("clusters/production", tmp_path).objects}
    claims = [claim["spec"] for item in stack[name].of("StatefulSet") for claim in item["spec"]["volumeClaimTemplates"]]
    assert {claim["storageClassName"] for claim in claims} <= classes
