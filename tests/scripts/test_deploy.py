"""deploy.sh sets up the cluster that was named, asks first, and may be run again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.scripts.cluster import Cluster, make_cluster, make_tree

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTION = ("production", "--context", "prod-eu")
NAMED = "--context prod-eu create configmap context-foundation --namespace kube-system --from-literal=cluster=production"
APPLIED = [
    "--context prod-eu apply --server-side -k clusters/production/storage-classes",
    "--context prod-eu apply --server-side -k clusters/production/policies",
    "--context prod-eu apply --server-side -k argocd/projects",
    "--context prod-eu apply --server-side -k argocd/applicationsets",
    "--context prod-eu apply --server-side -k clusters/production",
]


@pytest.fixture
def empty(tmp_path: Path) -> Cluster:
    """Nothing was ever deployed to prod-eu, and the checkout has nothing that installs Argo CD."""
    cluster = make_cluster(make_tree(tmp_path / "tree"), tmp_path / "notes")
    cluster.answer("get configmap context-foundation")
    cluster.answer("get crd applications.argoproj.io")
    shutil.rmtree(cluster.tree / "argocd" / "install", ignore_errors=True)
    return cluster


def _add_install(cluster: Cluster) -> None:
    (cluster.tree / "argocd" / "install").mkdir()
    (cluster.tree / "argocd" / "install" / "kustomization.yaml").touch()


def _applied(cluster: Cluster) -> list[str]:
    """Without Argo CD itself, whose folder may not be there."""
    return [change for change in cluster.changes() if not change.endswith("argocd/install")]


def test_a_cluster_is_set_up_in_order(cluster: Cluster) -> None:
    done = cluster.run("deploy", *PRODUCTION, typed="yes\n")
    assert done.returncode == 0, done.stderr
    assert _applied(cluster) == APPLIED


def test_a_cluster_without_argo_cd_is_known_to_it_and_gets_none(cluster: Cluster) -> None:
    done = cluster.run("deploy", "nonprod", "--context", "nonprod-eu", "--yes")
    assert done.returncode == 0, done.stderr
    folders = ["nonprod/storage-classes", "nonprod/policies", "nonprod"]
    assert cluster.changes() == [f"--context nonprod-eu apply --server-side -k clusters/{folder}" for folder in folders]
    assert "it must know this one as https://kubernetes.nonprod.example.com (argocd cluster add nonprod-eu --name nonprod)" in done.stdout


def test_a_second_run_works(cluster: Cluster) -> None:
    runs = [cluster.run("deploy", *PRODUCTION, "--yes") for _ in range(2)]
    assert [done.returncode for done in runs] == [0, 0]
    assert runs[0].stdout == runs[1].stdout
    assert _applied(cluster) == APPLIED * 2


@pytest.mark.parametrize("more", [("--yes",), ("--dry-run",), ()], ids=" ".join)
def test_the_folder_of_another_cluster_is_refused(more: tuple[str, ...], cluster: Cluster) -> None:
    for name, context, is_really in (("production", "nonprod-eu", "nonprod"), ("nonprod", "prod-eu", "production")):
        done = cluster.run("deploy", name, "--context", context, *more, typed=f"{name}\n")
        assert (done.returncode, cluster.changes()) == (1, [])
        assert f"the cluster of context {context} is {is_really}, not {name}" in done.stderr


def test_the_address_of_another_cluster_is_refused_though_it_has_no_name_yet(empty: Cluster) -> None:
    empty.answer("config view --minify", "https://kubernetes.nonprod.example.com")
    done = empty.run("deploy", *PRODUCTION, typed="production\n")
    assert (done.returncode, empty.changes()) == (1, [])
    assert "the context prod-eu is the cluster nonprod" in done.stderr


@pytest.mark.parametrize("written", ['"https://kubernetes.default.svc" # this cluster', "'https://kubernetes.default.svc'"])
def test_an_address_may_stand_in_quotes_and_before_a_comment(written: str, empty: Cluster) -> None:
    _add_install(empty)
    (empty.tree / "clusters/production/cluster.yaml").write_text(f"server: {written}\n", "utf-8")
    assert empty.run("deploy", *PRODUCTION, typed="production\n").returncode == 0
    assert _applied(empty) == [NAMED, *APPLIED]


def test_a_cluster_without_an_address_is_refused(empty: Cluster) -> None:
    (empty.tree / "clusters/nonprod/cluster.yaml").write_text("server:\n  - a list\n", "utf-8")
    done = empty.run("deploy", *PRODUCTION, typed="production\n")
    assert (done.returncode, empty.changes()) == (1, [])
    assert "clusters/nonprod/cluster.yaml names no server" in done.stderr


def test_a_name_that_cannot_be_read_is_refused(cluster: Cluster) -> None:
    cluster.answer("get configmap context-foundation", status=1)
    done = cluster.run("deploy", *PRODUCTION, "--yes")
    assert (done.returncode, cluster.changes()) == (1, [])


def test_a_first_deployment_shows_the_address_asks_for_the_name_and_writes_it_first(empty: Cluster) -> None:
    _add_install(empty)
    done = empty.run("deploy", *PRODUCTION, typed="production\n")
    assert done.returncode == 0, done.stderr
    assert "The cluster at https://0123456789.eks.example.com has no name" in done.stdout
    assert _applied(empty) == [NAMED, *APPLIED]


@pytest.mark.parametrize(("more", "typed"), [(("--yes",), "production\n"), ((), "yes\n"), ((), "nonprod\n"), ((), "")])
def test_a_first_deployment_needs_the_name_from_a_person(more: tuple[str, ...], typed: str, empty: Cluster) -> None:
    _add_install(empty)
    done = empty.run("deploy", *PRODUCTION, *more, typed=typed)
    assert (done.returncode, empty.changes()) == (1, [])


def test_a_name_that_cannot_be_written_ends_it(empty: Cluster) -> None:
    """Somebody else's first deployment may have been quicker."""
    _add_install(empty)
    empty.answer("create configmap", status=1)
    assert empty.run("deploy", *PRODUCTION, typed="production\n").returncode == 1
    assert empty.changes() == [NAMED]


def test_it_says_what_it_waits_for(cluster: Cluster) -> None:
    done = cluster.run("deploy", *PRODUCTION, "--yes")
    for what in ("Argo CD's server", "the ApplicationSets", "cert-manager", "the namespace istio-ingress"):
        assert f"waiting for {what}" in done.stdout


def test_it_does_not_wait_for_clusters_that_argo_cd_cannot_know_yet(cluster: Cluster) -> None:
    """A set is ResourcesUpToDate only when Argo CD knows the cluster of each Application; production comes first."""
    cluster.answer("condition=ResourcesUpToDate", status=1)
    done = cluster.run("deploy", *PRODUCTION, "--yes")
    assert done.returncode == 0, done.stderr
    assert any("--for=condition=ParametersGenerated applicationset --all" in call for call in cluster.calls())


def test_what_an_add_on_brings_may_come_later(cluster: Cluster) -> None:
    """kubectl waits for one object to be created, not for two, and not at all for a rollout of what is not there."""
    cluster.run("deploy", *PRODUCTION, "--yes")
    waits = [call for call in cluster.calls() if "--for=create" in call]
    assert waits
    assert all(len(call.partition("--for=create ")[2].split()) == 2 for call in waits)
    rollout = next(place for place, call in enumerate(cluster.calls()) if "rollout status deployment/cert-manager-webhook" in call)
    assert "wait --for=create deployment/cert-manager-webhook" in cluster.calls()[rollout - 1]


def test_what_does_not_come_ends_it(cluster: Cluster) -> None:
    cluster.answer("crd/certificates.cert-manager.io", status=1)
    done = cluster.run("deploy", *PRODUCTION, "--yes")
    assert done.returncode == 1
    assert "cert-manager's CRDs, which its add-on brings did not come" in done.stderr
    assert _applied(cluster) == APPLIED[:-1]


def test_a_refused_manifest_ends_it(cluster: Cluster) -> None:
    cluster.answer("apply --server-side -k clusters/production/policies", status=1)
    assert cluster.run("deploy", *PRODUCTION, "--yes").returncode == 1
    assert _applied(cluster) == APPLIED[:2]


def test_a_dry_run_changes_nothing_and_asks_nothing(cluster: Cluster) -> None:
    done = cluster.run("deploy", *PRODUCTION, "--dry-run")
    assert (done.returncode, cluster.changes()) == (0, [])
    assert all(f"would run: kubectl {change}\n" in done.stdout for change in APPLIED)


def test_a_dry_run_on_an_empty_cluster_says_what_would_be_done_and_what_is_missing(empty: Cluster) -> None:
    done = empty.run("deploy", *PRODUCTION, "--dry-run")
    assert (done.returncode, empty.changes()) == (0, []), done.stderr
    assert "missing: the cluster has no Argo CD, and this checkout has no argocd/install" in done.stdout
    assert all(f"would run: kubectl {change}\n" in done.stdout for change in (NAMED, *APPLIED))


def test_another_answer_than_yes_changes_nothing(cluster: Cluster) -> None:
    for typed in ("no\n", "y\n", "\n", ""):
        done = cluster.run("deploy", *PRODUCTION, typed=typed)
        assert (done.returncode, cluster.changes()) == (1, [])


def test_without_a_context_it_shows_them_and_asks(cluster: Cluster) -> None:
    done = cluster.run("deploy", "production", typed="prod-eu\nyes\n")
    assert done.returncode == 0, done.stderr
    assert "  minikube\n  nonprod-eu\n  prod-eu\n" in done.stdout
    assert all(call.startswith("--context prod-eu ") for call in cluster.calls() if not call.startswith("config "))


def test_yes_without_a_context_is_wrong_use(cluster: Cluster) -> None:
    assert (cluster.run("deploy", "production", "--yes").returncode, cluster.calls()) == (2, [])


def test_without_argo_cd_it_says_what_is_missing_before_anything_is_changed(empty: Cluster) -> None:
    done = empty.run("deploy", *PRODUCTION, typed="production\n")
    assert (done.returncode, empty.changes()) == (1, [])
    assert "the cluster has no Argo CD, and this checkout has no argocd/install" in done.stderr


def test_the_folder_of_argo_cd_is_installed_when_it_is_there(empty: Cluster) -> None:
    _add_install(empty)
    assert empty.run("deploy", *PRODUCTION, typed="production\n").returncode == 0
    assert empty.changes()[3] == "--context prod-eu apply --server-side -k argocd/install"
