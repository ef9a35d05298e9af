"""How Git becomes cluster state: what vanishes takes nothing with it, and nobody chooses the project that limits them.

That projects allow what is rendered, and nothing more, is for `bot validate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.environments import parse_environment
from tests.argocd.generated import applications
from tests.manifests.renders import NAMES, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Render

REPOSITORY = "https://github.com/dpdpdpdp0987/context-foundation.git"
FORBIDDEN = {
    ("", "Secret"), ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("networking.istio.io", "EnvoyFilter"), ("argoproj.io", "Application"), ("*", "*"),
}  # fmt: skip


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


def test_a_persons_yes_to_pruning_is_not_taken_away(application_set: dict[str, Any]) -> None:
    """The set removes annotations that it does not know, and Argo CD waits for this one."""
    assert application_set["preservedFields"] == {"annotations": ["argocd.argoproj.io/deletion-approved"]}


def test_each_environment_has_one_application_where_its_project_allows_it(objects: dict[str, dict[str, Any]]) -> None:
    made = {each["metadata"]["name"]: each for each in applications(objects["ApplicationSet environments"])}
    assert set(made) == {f"context-{name}" for name in NAMES}
    for name, each in made.items():
        project = objects[f"AppProject {each['spec']['project']}"]
        assert project["metadata"]["name"] == name
        assert each["spec"]["destination"] in project["spec"]["destinations"]
        assert each["spec"]["source"]["repoURL"] in project["spec"]["sourceRepos"]


def test_an_application_shows_the_way_to_alerts_dashboard_and_files(objects: dict[str, dict[str, Any]]) -> None:
    prod = next(each for each in applications(objects["ApplicationSet environments"]) if each["metadata"]["name"] == "context-prod")
    links = {key.partition("/")[2]: value for key, value in prod["metadata"]["annotations"].items() if key.startswith("link.")}
    assert links == {
        "alerts": "https://prometheus.prod.example.com/alerts",
        "dashboard": "https://grafana.prod.example.com/d/context-prod",
        "files": "https://github.com/dpdpdpdp0987/context-foundation/tree/main/environments/prod",
    }


def test_people_and_the_bot_are_told_of_a_deployment_of_lost_health_and_of_a_failed_sync(application_set: dict[str, Any]) -> None:
    told = {key.partition("subscribe.")[2] for key in application_set["template"]["metadata"]["annotations"] if "subscribe." in key}
    assert told == {f"{trigger}.{service}" for trigger in ("deployed", "degraded", "sync-failed") for service in ("slack", "bot")}


def test_no_annotation_narrows_what_a_commit_refreshes(application_set: dict[str, Any]) -> None:
    """With manifest-generate-paths, Argo CD 3.2 does not try a rollback after the sync before it failed."""
    assert "argocd.argoproj.io/manifest-generate-paths" not in application_set["template"]["metadata"]["annotations"]


@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_stack_is_no_difference(name: str, application_set: dict[str, Any], stack: Mapping[str, Render]) -> None:
    """The API server compares, so what Git leaves open is free: defaults, and the replicas of what a HorizontalPodAutoscaler scales."""
    assert application_set["template"]["metadata"]["annotations"]["argocd.argoproj.io/compare-options"] == "ServerSideDiff=true"
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in stack[name].of("HorizontalPodAutoscaler")}
    assert not [item for item in stack[name].of("Deployment") if item["metadata"]["name"] in scaled and "replicas" in item["spec"]]


@pytest.mark.parametrize("name", NAMES)
def test_pruning_what_keeps_data_needs_a_persons_yes(name: str, stack: Mapping[str, Render]) -> None:
    kept = stack[name].of("Namespace", "StatefulSet", "PersistentVolumeClaim")
    assert {item["kind"] for item in kept} >= {"Namespace", "StatefulSet"}
    for item in kept:
        options = item["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-options", "").split(",")
        assert {"Prune=confirm", "Delete=confirm"} <= set(options), item["metadata"]["name"]


def test_in_prods_window_nothing_is_deployed_by_itself_yet_a_rollback_passes(objects: dict[str, dict[str, Any]]) -> None:
    (window,) = objects["AppProject context-prod"]["spec"]["syncWindows"]
    assert (window["kind"], window["applications"], window["manualSync"]) == ("deny", ["*"], True)


@pytest.mark.parametrize("name", [each for each in NAMES if each != "prod"])
def test_windows_are_prods_alone(name: str, objects: dict[str, dict[str, Any]]) -> None:
    assert "syncWindows" not in objects[f"AppProject context-{name}"]["spec"]


def test_no_two_environments_reach_one_place(objects: dict[str, dict[str, Any]]) -> None:
    """So that a mistake in dev stays there."""
    places = [tuple(each.items()) for name in NAMES for each in objects[f"AppProject context-{name}"]["spec"]["destinations"]]
    assert len(set(places)) == len(places) == len(NAMES)


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
def test_no_project_may_write_secrets_or_what_rules_the_cluster(name: str, objects: dict[str, dict[str, Any]]) -> None:
    assert not allowed(objects[f"AppProject context-{name}"]) & FORBIDDEN


@pytest.mark.parametrize("name", NAMES)
def test_argocd_may_show_what_controllers_make(name: str, objects: dict[str, dict[str, Any]]) -> None:
    """It leaves other kinds out of the resource tree, where the bot sees which images run; tests/e2e sees that it is so."""
    shown = {("", "Pod"), ("", "PersistentVolumeClaim"), ("apps", "ReplicaSet"), ("batch", "Job")}
    assert shown <= allowed(objects[f"AppProject context-{name}"])


@pytest.mark.parametrize("name", NAMES)
def test_the_bot_may_get_and_sync_nothing_else(name: str, objects: dict[str, dict[str, Any]]) -> None:
    (role,) = objects[f"AppProject context-{name}"]["spec"]["roles"]
    assert [policy.split(", ")[2:4] for policy in role["policies"]] == [["applications", "get"], ["applications", "sync"]]
