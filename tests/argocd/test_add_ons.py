"""How Argo CD installs what clusters need: every add-on and plain folder, at its own cluster, within the project `platform`."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.schemas import schema_problems, supported_versions
from tests.argocd.generated import applications
from tests.clusters.layout import CLUSTERS, FOLDER, PLAIN, SERVERS, add_ons, read_yaml
from tests.manifests.renders import ROOT, render_folder

REPOSITORY = "https://github.com/dpdpdpdp0987/context-foundation.git"
SETS = ("add-ons", "plain-folders")
PRESENT = "kube-system"  # the namespace that every cluster has, so that nobody makes it

Objects = dict[str, dict[str, Any]]

every_set = pytest.mark.parametrize("name", SETS)


@pytest.fixture(scope="module")
def made(objects: Objects) -> dict[str, dict[str, Any]]:
    """The Applications of both sets."""
    found = [each for name in SETS for each in applications(objects[f"ApplicationSet {name}"])]
    names = [each["metadata"]["name"] for each in found]
    assert len(set(names)) == len(names)
    return dict(zip(names, found, strict=True))


@pytest.fixture(scope="module")
def project(objects: Objects) -> dict[str, Any]:
    spec: dict[str, Any] = objects["AppProject platform"]["spec"]
    return spec


def sources(application: dict[str, Any]) -> list[dict[str, Any]]:
    return application["spec"].get("sources") or [application["spec"]["source"]]


def test_every_add_on_and_every_plain_folder_has_an_application(made: dict[str, dict[str, Any]]) -> None:
    expected = {f"{cluster}-{name}" for cluster in CLUSTERS for name in (*add_ons(cluster), *PLAIN)}
    assert set(made) == expected


def test_an_application_goes_to_the_cluster_of_its_folder(made: dict[str, dict[str, Any]]) -> None:
    for name, each in made.items():
        assert name.startswith(f"{SERVERS[each['spec']['destination']['server']]}-")


def test_a_chart_is_the_pinned_one_with_its_own_values(made: dict[str, dict[str, Any]]) -> None:
    for cluster in CLUSTERS:
        for name, add_on in add_ons(cluster).items():
            chart, values = sources(made[f"{cluster}-{name}"])
            assert [chart[key] for key in ("chart", "repoURL", "targetRevision")] == [
                add_on.fields[key] for key in ("chart", "repository", "version")
            ]
            assert values == {"repoURL": REPOSITORY, "targetRevision": "main", "ref": "values"}
            (file,) = chart["helm"]["valueFiles"]
            assert (ROOT / file.removeprefix("$values/")) == FOLDER / cluster / name / "values.yaml"


def test_a_chart_is_released_under_its_folders_name(made: dict[str, dict[str, Any]]) -> None:
    """Its objects are named after the release: an Application's name would put the cluster's in front of them."""
    names = {sources(each)[0]["helm"]["releaseName"] for each in made.values() if "sources" in each["spec"]}
    assert names == set(add_ons(CLUSTERS[0]))


@every_set
def test_nobody_chooses_the_project_and_a_missing_key_is_an_error(name: str, objects: Objects) -> None:
    spec = objects[f"ApplicationSet {name}"]["spec"]
    assert spec["template"]["spec"]["project"] == "platform"
    assert (spec["goTemplate"], spec["goTemplateOptions"]) == (True, ["missingkey=error"])


@pytest.mark.parametrize("name", [*SETS, "environments"])
def test_values_cannot_leave_their_field(name: str, objects: Objects) -> None:
    """A templatePatch is one text: a value with a line break in it would add fields."""
    assert "templatePatch" not in objects[f"ApplicationSet {name}"]["spec"]


@every_set
def test_what_vanishes_takes_nothing_with_it(name: str, objects: Objects) -> None:
    spec = objects[f"ApplicationSet {name}"]["spec"]
    assert spec["syncPolicy"] == {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True}
    assert spec["template"]["spec"]["syncPolicy"]["automated"] == {"prune": False, "selfHeal": True}


@every_set
def test_what_comes_too_early_is_tried_again(name: str, objects: Objects) -> None:
    """Applications of a set have no order, and Argo CD does not try a commit again after its last retry."""
    policy = objects[f"ApplicationSet {name}"]["spec"]["template"]["spec"]["syncPolicy"]
    assert (policy["retry"]["limit"], policy["retry"]["refresh"]) == (-1, True)
    assert {"ServerSideApply=true", "SkipDryRunOnMissingResource=true"} <= set(policy["syncOptions"])


def test_the_project_allows_the_repositories_that_are_used_and_no_others(made: dict[str, dict[str, Any]], project: dict[str, Any]) -> None:
    assert project["sourceRepos"] == sorted({source["repoURL"] for each in made.values() for source in sources(each)}, key=_order)


def test_the_project_allows_the_places_that_are_used_and_no_others(made: dict[str, dict[str, Any]], project: dict[str, Any]) -> None:
    used = {(server, each["spec"]["destination"]["namespace"]) for each in made.values() for server in SERVERS}
    assert {(each["server"], each["namespace"]) for each in project["destinations"]} == used
    assert not {namespace for _, namespace in used if namespace == "argocd" or namespace.startswith("context-")}


def test_the_project_allows_the_namespaces_that_are_made_by_name(made: dict[str, dict[str, Any]], project: dict[str, Any]) -> None:
    named = [each["name"] for each in project["clusterResourceWhitelist"] if each["kind"] == "Namespace"]
    assert named == sorted({each["spec"]["destination"]["namespace"] for each in made.values()} - {PRESENT})


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_project_allows_what_plain_folders_render(cluster: str, project: dict[str, Any], tmp_path: Any) -> None:
    allowed = {(each["group"], each["kind"]) for each in project["clusterResourceWhitelist"]}
    places = {each["namespace"] for each in project["destinations"]}
    for item in render_folder(f"clusters/{cluster}", tmp_path).objects:
        kind = (item["apiVersion"].rpartition("/")[0], item["kind"])
        assert item["metadata"]["namespace"] in places if "namespace" in item["metadata"] else kind in allowed, kind


def test_the_project_lets_nobody_write_applications_or_projects(project: dict[str, Any]) -> None:
    assert {"group": "argoproj.io", "kind": "*"} in project["namespaceResourceBlacklist"]
    assert not [each for each in project["clusterResourceWhitelist"] if "*" in each.values()]


def test_the_bot_may_nothing_in_the_platform(project: dict[str, Any]) -> None:
    assert "roles" not in project


def test_the_generated_applications_are_what_argo_cd_accepts(made: dict[str, dict[str, Any]], objects: Objects) -> None:
    environments = applications(objects["ApplicationSet environments"])
    whole = [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **each} for each in (*made.values(), *environments)]
    assert schema_problems([*whole, *objects.values()], kubernetes=supported_versions()[-1:]) == ()


def test_a_folder_is_a_chart_or_plain_not_both() -> None:
    for cluster in CLUSTERS:
        for folder in (path for path in (FOLDER / cluster).iterdir() if path.is_dir()):
            assert (folder / "add-on.yaml").exists() is not (folder / "kustomization.yaml").exists(), folder
        assert set(read_yaml(FOLDER / cluster / "cluster.yaml")) == {"server"}


def _order(repository: str) -> tuple[bool, str]:
    return (repository != REPOSITORY, repository)
