"""deploy.sh sets up a cluster, asks first, and may be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scripts.cluster import Cluster

APPLIED = [
    "apply --server-side -k clusters/production/storage-classes",
    "apply --server-side -k clusters/production/policies",
    "apply --server-side -k argocd/projects",
    "apply --server-side -k argocd/applicationsets",
    "apply --server-side -k clusters/production",
]


def _applied(cluster: Cluster) -> list[str]:
    """Without Argo CD itself, whose folder may not be there."""
    return [change for change in cluster.changes() if not change.endswith("argocd/install")]


def test_a_cluster_is_set_up_in_order(cluster: Cluster) -> None:
    done = cluster.run("deploy", "production", "--context", "prod-eu", typed="yes\n")
    assert done.returncode == 0, done.stderr
    assert _applied(cluster) == APPLIED


def test_a_cluster_without_argo_cd_is_known_to_it_and_gets_none(cluster: Cluster) -> None:
    done = cluster.run("deploy", "nonprod", "--context", "prod-eu", "--yes")
    assert done.returncode == 0, done.stderr
    folders = ["nonprod/storage-classes", "nonprod/policies", "nonprod"]
    assert cluster.changes() == [f"apply --server-side -k clusters/{folder}" for folder in folders]
    assert "it must know this one as https://kubernetes.nonprod.example.com (argocd cluster add prod-eu --name nonprod)" in done.stdout


def test_a_second_run_works(cluster: Cluster) -> None:
    runs = [cluster.run("deploy", "production", "--context", "prod-eu", "--yes") for _ in range(2)]
    assert [done.returncode for done in runs] == [0, 0]
    assert runs[0].stdout == runs[1].stdout
    assert _applied(cluster) == APPLIED * 2


def test_it_says_what_it_waits_for(cluster: Cluster) -> None:
    done = cluster.run("deploy", "production", "--context", "prod-eu", "--yes")
    for what in ("Argo CD's server", "the ApplicationSet environments", "cert-manager", "the namespace istio-ingress"):
        assert f"waiting for {what}" in done.stdout


def test_what_does_not_come_ends_it(cluster: Cluster) -> None:
    cluster.answer("crd/certificates.cert-manager.io", status=1)
    done = cluster.run("deploy", "production", "--context", "prod-eu", "--yes")
    assert done.returncode == 1
    assert "cert-manager's CRDs, which its add-on brings did not come" in done.stderr
    assert _applied(cluster) == APPLIED[:-1]


def test_a_refused_manifest_ends_it(cluster: Cluster) -> None:
    cluster.answer("apply --server-side -k clusters/production/policies", status=1)
    assert cluster.run("deploy", "production", "--context", "prod-eu", "--yes").returncode == 1
    assert _applied(cluster) == APPLIED[:2]


def test_a_dry_run_changes_nothing_and_asks_nothing(cluster: Cluster) -> None:
    done = cluster.run("deploy", "production", "--context", "prod-eu", "--dry-run")
    assert (done.returncode, cluster.changes()) == (0, [])
    assert all(f"would run: kubectl --context prod-eu {change}\n" in done.stdout for change in APPLIED)


def test_another_answer_than_yes_changes_nothing(cluster: Cluster) -> None:
    for typed in ("no\n", "y\n", "\n", ""):
        done = cluster.run("deploy", "production", "--context", "prod-eu", typed=typed)
        assert (done.returncode, cluster.changes()) == (1, [])


def test_without_a_context_it_shows_them_and_asks(cluster: Cluster) -> None:
    done = cluster.run("deploy", "production", typed="prod-eu\nyes\n")
    assert done.returncode == 0, done.stderr
    assert "  minikube\n  prod-eu\n" in done.stdout
    assert all(call.startswith("--context prod-eu ") for call in cluster.calls() if not call.startswith("config "))


def test_yes_without_a_context_is_wrong_use(cluster: Cluster) -> None:
    assert (cluster.run("deploy", "production", "--yes").returncode, cluster.calls()) == (2, [])


def test_without_argo_cd_it_says_what_is_missing_and_how_to_get_it(cluster: Cluster) -> None:
    if (cluster.tree / "argocd" / "install").exists():
        (cluster.tree / "argocd" / "install").rename(cluster.tree / "elsewhere")
    cluster.answer("get crd applications.argoproj.io")
    done = cluster.run("deploy", "production", "--context", "prod-eu", "--yes")
    assert done.returncode == 1
    assert "has no Argo CD" in done.stderr
    assert "manifests/install.yaml" in done.stderr


def test_the_folder_of_argo_cd_is_installed_when_it_is_there(cluster: Cluster) -> None:
    (cluster.tree / "argocd" / "install").mkdir(exist_ok=True)
    assert cluster.run("deploy", "production", "--context", "prod-eu", "--yes").returncode == 0
    assert cluster.changes()[2] == "apply --server-side -k argocd/install"
