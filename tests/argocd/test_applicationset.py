"""How Git becomes cluster state: what vanishes takes nothing with it, and nobody chooses the project that limits them.

That projects allow what is rendered, and nothing more, is for `bot validate`.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.environments import parse_environment
from tests.manifests.renders import NAMES, ROOT, render_folder

REPOSITORY = "https://github.com/dpdpdpdp0987/context-foundation.git"
FORBIDDEN = {
    ("", "Secret"), ("", "Pod"), ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("networking.istio.io", "EnvoyFilter"), ("argoproj.io", "Application"), ("*", "*"),
}  # fmt: skip


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    rendered = render_folder("argocd", tmp_path_factory.mktemp("argocd"))
    assert not rendered.warnings
    return {f"{item['kind']} {item['metadata']['name']}": item for item in rendered.objects}


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


def allowed(project: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (each["group"], each["kind"]) for key in ("namespaceResourceWhitelist", "clusterResourceWhitelist") for each in project["spec"][key]
    }


def test_projects_differ_in_their_names_alone(objects: dict[str, dict[str, Any]]) -> None:
    """So that a release is not refused in the environment that it reaches last."""
    assert len({frozenset(allowed(objects[f"AppProject context-{name}"])) for name in NAMES}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_no_project_may_write_secrets_or_pods_or_what_rules_the_cluster(name: str, objects: dict[str, dict[str, Any]]) -> None:
    assert not allowed(objects[f"AppProject context-{name}"]) & FORBIDDEN


@pytest.mark.parametrize("name", NAMES)
def test_the_bot_may_get_and_sync_nothing_else(name: str, objects: dict[str, dict[str, Any]]) -> None:
    (role,) = objects[f"AppProject context-{name}"]["spec"]["roles"]
    assert [policy.split(", ")[2:4] for policy in role["policies"]] == [["applications", "get"], ["applications", "sync"]]
