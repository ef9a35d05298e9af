"""teardown.sh deletes only what was named twice, and no data unless told."""

from __future__ import annotations

import pytest

from tests.scripts.cluster import Cluster, make_origin

KEPT = ["--namespace argocd delete application context-staging --ignore-not-found",
        "--namespace context-staging delete --all horizontalpodautoscalers,cronjobs,jobs,deployments,statefulsets,services"]  # fmt: skip
GONE = ["--namespace argocd delete application context-staging --ignore-not-found", "delete namespace context-staging"]
COMMAND = ("staging", "--context", "prod-eu")
BOTH = "staging\ndelete the data of staging\n"


@pytest.fixture
def retired(cluster: Cluster) -> Cluster:
    """Staging's folder is off main, its objects are still on the cluster."""
    make_origin(cluster, without="staging")
    return cluster


def test_data_stays_by_default(retired: Cluster) -> None:
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert done.returncode == 0, done.stderr
    assert retired.changes() == KEPT


def test_keep_data_is_the_default_said_aloud(retired: Cluster) -> None:
    assert retired.run("teardown", *COMMAND, "--keep-data", typed="staging\n").returncode == 0
    assert retired.changes() == KEPT


def test_no_claim_and_no_storage_class_is_named_in_a_deletion(retired: Cluster) -> None:
    for more, typed in (((), "staging\n"), (("--delete-data",), BOTH)):
        retired.run("teardown", *COMMAND, *more, typed=typed)
    assert not [change for change in retired.changes() if "persistentvolume" in change or "storageclass" in change]


def test_it_may_be_run_again(retired: Cluster) -> None:
    runs = [retired.run("teardown", *COMMAND, typed="staging\n").returncode for _ in range(2)]
    assert runs == [0, 0]


def test_data_goes_only_after_a_second_answer(retired: Cluster) -> None:
    assert retired.run("teardown", *COMMAND, "--delete-data", typed="staging\nyes\n").returncode == 1
    assert retired.changes() == []
    assert retired.run("teardown", *COMMAND, "--delete-data", typed=BOTH).returncode == 0
    assert retired.changes() == GONE


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "prod\n", "Staging\n", "context-staging\n"], ids=repr)
@pytest.mark.parametrize("more", [(), ("--delete-data",)], ids=["keep", "delete"])
def test_a_wrong_answer_deletes_nothing(typed: str, more: tuple[str, ...], retired: Cluster) -> None:
    done = retired.run("teardown", *COMMAND, *more, typed=typed)
    assert (done.returncode, retired.changes()) == (1, [])


def test_another_current_context_is_refused(retired: Cluster) -> None:
    retired.answer("config current-context", "minikube\n")
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert "the current context is minikube, not prod-eu" in done.stderr


def test_an_environment_on_main_is_refused_since_argo_cd_would_put_it_back(retired: Cluster) -> None:
    done = retired.run("teardown", "prod", "--context", "prod-eu", typed="prod\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert "environments/prod is on main" in done.stderr


def test_a_cluster_without_the_environment_is_refused(retired: Cluster) -> None:
    retired.answer("get namespace context-staging", status=1)
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert (done.returncode, retired.changes()) == (1, [])


def test_a_stateful_set_that_takes_its_claims_with_it_is_refused(retired: Cluster) -> None:
    retired.answer("whenDeleted", "qdrant Delete\nneo4j Retain\n")
    done = retired.run("teardown", *COMMAND, typed="staging\n")
    assert (done.returncode, retired.changes()) == (1, [])
    assert "take their claims with them: qdrant" in done.stderr


@pytest.mark.parametrize("more", [(), ("--delete-data",)], ids=["keep", "delete"])
def test_a_dry_run_asks_nothing_and_deletes_nothing(more: tuple[str, ...], retired: Cluster) -> None:
    done = retired.run("teardown", *COMMAND, *more, "--dry-run")
    assert (done.returncode, retired.changes()) == (0, [])
    assert "would run: kubectl" in done.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("staging",), (*COMMAND, "--keep-data", "--delete-data"), ("../prod", *COMMAND[1:])], ids=" ".join
)
def test_wrong_use_ends_with_2(arguments: tuple[str, ...], retired: Cluster) -> None:
    assert (retired.run("teardown", *arguments).returncode, retired.changes()) == (2, [])
