"""teardown.sh deletes only what was named twice, no data unless told, and knows before it asks that nothing will stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scripts.cluster import Cluster, make_cluster, make_origin, make_tree

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = "--context prod-eu --namespace argocd delete applications.argoproj.io/context-staging --ignore-not-found"
WORKLOADS = "horizontalpodautoscalers,cronjobs,jobs,deployments,statefulsets,services"
KEPT = [APPLICATION, f"--context nonprod-eu --namespace context-staging delete --all {WORKLOADS}"]
GONE = [APPLICATION, "--context nonprod-eu delete namespace context-staging"]
COMMAND = ("staging", "--context", "nonprod-eu", "--argocd-context", "prod-eu")
BOTH = "staging\ndelete the data of staging\n"
FOUND = "get applications.argoproj.io/context-staging"
NONPROD = "https://kubernetes.nonprod.example.com"
OTHERS = {"older": 'namespace: "team-older" # before there was a rule for names', "odd": "namespace:\n  - a list"}
ways = pytest.mark.parametrize("more", [(), ("--delete-data",), ("--dry-run",)], ids=["keep", "delete", "dry run"])


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of staging and of another are off main. The script changes no file, so one checkout is enough."""
    tree = make_tree(tmp_path_factory.mktemp("retired") / "tree")
    for name, line in OTHERS.items():
        folder = tree / "environments" / name
        folder.mkdir()
        (folder / "environment.yaml").write_text(f"cluster: {NONPROD}\n{line}\nlive: true\n", "utf-8")
    make_origin(tree, without=("staging", *OTHERS))
    return tree


@pytest.fixture
def retired(tree: Path, tmp_path: Path) -> Cluster:
    """Staging's objects are still in its cluster, its Application in Argo CD's."""
    cluster = make_cluster(tree, tmp_path / "notes")
    cluster.answer("config current-context", "nonprod-eu\n")
    cluster.answer(FOUND, f"{NONPROD} context-staging ")
    return cluster


def test_data_stays_by_default(retired: Cluster) -> None:
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert done.returncode == 0, done.stderr
    assert retired.changes() == KEPT


def test_the_namespace_is_that_of_the_environments_file(retired: Cluster) -> None:
    retired.answer("get applications.argoproj.io/context-older", f"{NONPROD} team-older ")
    done = retired.run("teardown", "older", *COMMAND[1:], typed="older\n")
    assert done.returncode == 0, done.stderr
    assert retired.changes() == [call.replace("context-staging", "context-older" if "argocd" in call else "team-older") for call in KEPT]


@pytest.mark.parametrize(
    ("name", "message"),
    [("stagign", "nobody knows which namespace stagign had"), ("odd", "environment.yaml of odd names no namespace")],
)
def test_without_a_namespace_nothing_is_deleted(name: str, message: str, retired: Cluster) -> None:
    done = retired.run("teardown", name, *COMMAND[1:], "--delete-data", typed=f"{name}\ndelete the data of {name}\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert message in done.stderr


def test_keep_data_is_the_default_said_aloud(retired: Cluster) -> None:
    assert retired.run("teardown", *COMMAND, "--keep-data", typed="staging\n").returncode == 0
    assert retired.changes() == KEPT


def test_no_claim_and_no_storage_class_is_named_in_a_deletion(retired: Cluster) -> None:
    for more, typed in (((), "staging\n"), (("--delete-data",), BOTH)):
        retired.run("teardown", *COMMAND, *more, typed=typed)
    assert not [change for change in retired.changes() if "persistentvolume" in change or "storageclass" in change]


def test_it_may_be_run_again(retired: Cluster) -> None:
    assert retired.run("teardown", *COMMAND, typed="staging\n").returncode == 0
    retired.answer(FOUND)
    assert retired.run("teardown", *COMMAND, typed="staging\n").returncode == 0
    assert retired.changes() == KEPT * 2


def test_data_goes_only_after_a_second_answer(retired: Cluster) -> None:
    assert retired.run("teardown", *COMMAND, "--delete-data", typed="staging\nyes\n").returncode == 1
    assert retired.changes() == []
    assert retired.run("teardown", *COMMAND, "--delete-data", typed=BOTH).returncode == 0
    assert retired.changes() == GONE


def test_argo_cd_may_run_in_the_same_cluster(retired: Cluster) -> None:
    retired.answer("config current-context", "prod-eu\n")
    retired.answer(FOUND, "https://kubernetes.default.svc context-staging ")
    done = retired.run("teardown", "staging", "--context", "prod-eu", typed="staging\n")
    assert done.returncode == 0, done.stderr
    assert retired.changes() == [call.replace("nonprod-eu", "prod-eu") for call in KEPT]


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "prod\n", "Staging\n", "context-staging\n"], ids=repr)
@pytest.mark.parametrize("more", [(), ("--delete-data",)], ids=["keep", "delete"])
def test_a_wrong_answer_deletes_nothing(typed: str, more: tuple[str, ...], retired: Cluster) -> None:
    done = retired.run("teardown", *COMMAND, *more, typed=typed)
    assert (done.returncode, retired.changes()) == (1, [])


REFUSED = {
    "another current context": ("config current-context", "minikube\n", 0, "the current context is minikube, not nonprod-eu"),
    "no Argo CD in its context": ("get applicationsets.argoproj.io/environments", "", 1, "it is not where Argo CD runs"),
    "an Application that cannot be read": (FOUND, "", 1, ""),
    "an Application of another cluster": (FOUND, "https://kubernetes.default.svc context-staging ", 0, "not to context-staging of nonprod"),
    "an Application of another namespace": (FOUND, f"{NONPROD} context-dev ", 0, "deploys to context-dev of"),
    "a cluster without a name": ("get configmap context-foundation", "", 0, "the cluster of context nonprod-eu has no name"),
    "a cluster without the environment": ("get namespace context-staging", "", 1, "has no namespace context-staging"),
    "a deletion that a server refuses": ("--dry-run=server", "", 1, ""),
}


@ways
@pytest.mark.parametrize("case", REFUSED)
def test_it_stops_before_it_asks_at(case: str, more: tuple[str, ...], retired: Cluster) -> None:
    pattern, said, status, message = REFUSED[case]
    retired.answer(pattern, said, status=status)
    done = retired.run("teardown", *COMMAND, *more, typed=BOTH)
    assert (done.returncode, retired.changes()) == (1, [])
    assert message in done.stderr


@ways
def test_the_cluster_of_the_workloads_alone_is_not_enough_where_argo_cd_runs_elsewhere(more: tuple[str, ...], retired: Cluster) -> None:
    done = retired.run("teardown", *COMMAND[:3], *more, typed=BOTH)
    assert (done.returncode, retired.changes()) == (1, [])
    assert "name that one with --argocd-context" in done.stderr


@ways
def test_an_environment_on_main_is_refused_since_argo_cd_would_put_it_back(more: tuple[str, ...], retired: Cluster) -> None:
    retired.answer("config current-context", "prod-eu\n")
    done = retired.run("teardown", "prod", "--context", "prod-eu", *more, typed="prod\ndelete the data of prod\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert "environments/prod is on main" in done.stderr


@ways
def test_a_main_that_cannot_be_read_is_refused(more: tuple[str, ...], retired: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "none")
    done = retired.run("teardown", *COMMAND, *more, typed=BOTH)
    assert (done.returncode, retired.changes()) == (1, [])
    assert "main of origin could not be read" in done.stderr


def test_a_stateful_set_that_takes_its_claims_with_it_is_refused(retired: Cluster) -> None:
    retired.answer("whenDeleted", "qdrant Delete\nneo4j Retain\n")
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert "take their claims with them: qdrant" in done.stderr


def test_an_application_that_takes_the_namespace_with_it_is_refused_unless_data_goes_anyway(retired: Cluster) -> None:
    retired.answer(FOUND, f'{NONPROD} context-staging ["resources-finalizer.argocd.argoproj.io"]')
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert "a finalizer that deletes the namespace" in done.stderr
    assert retired.run("teardown", *COMMAND, "--delete-data", typed=BOTH).returncode == 0


@pytest.mark.parametrize(("more", "expected"), [((), KEPT), (("--delete-data",), GONE)], ids=["keep", "delete"])
def test_a_dry_run_rehearses_what_a_run_does_asks_nothing_and_deletes_nothing(
    more: tuple[str, ...], expected: list[str], retired: Cluster
) -> None:
    done = retired.run("teardown", *COMMAND, *more, "--dry-run")
    assert (done.returncode, retired.changes()) == (0, []), done.stderr
    assert [call for call in retired.calls() if " delete " in call] == [f"{call} --dry-run=server" for call in expected]


@pytest.mark.parametrize(
    "arguments", [(), ("staging",), (*COMMAND, "--keep-data", "--delete-data"), ("../prod", *COMMAND[1:])], ids=" ".join
)
def test_wrong_use_ends_with_2(arguments: tuple[str, ...], retired: Cluster) -> None:
    assert (retired.run("teardown", *arguments).returncode, retired.changes()) == (2, [])
