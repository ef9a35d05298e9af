"""Each cluster pins its own charts, so that an upgrade reaches one cluster at a time; the fields of one: `bot validate`."""

from __future__ import annotations

import re

import pytest

from tests.clusters.layout import CLUSTERS, FOLDER, PLAIN, add_ons, key_paths, read_yaml

EXPECTED = {
    "aws-ebs-csi-driver", "cert-manager", "external-secrets", "istio-base", "istio-cni", "istio-ingress", "istiod",
    "kube-prometheus-stack", "metrics-server", "prometheus-adapter", "snapshot-controller", "vertical-pod-autoscaler",
}  # fmt: skip

every_cluster = pytest.mark.parametrize("cluster", CLUSTERS)


def test_these_are_all_clusters() -> None:
    assert {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} == set(CLUSTERS)


@every_cluster
def test_a_cluster_has_every_add_on_that_the_stack_needs(cluster: str) -> None:
    assert set(add_ons(cluster)) == EXPECTED


def test_clusters_have_the_same_folders_and_files() -> None:
    files = [{str(path.relative_to(FOLDER / cluster)) for path in (FOLDER / cluster).rglob("*")} for cluster in CLUSTERS]
    assert files[0] == files[1]


def test_clusters_set_the_same_values_so_that_a_diff_shows_sizes_and_versions_alone() -> None:
    first, second = (add_ons(cluster) for cluster in CLUSTERS)
    for name, add_on in first.items():
        assert key_paths(add_on.values) == key_paths(second[name].values), name


@every_cluster
def test_a_version_is_written_in_its_add_on_file_alone(cluster: str) -> None:
    for add_on in add_ons(cluster).values():
        version = add_on.fields["version"].removeprefix("v")
        others = [path for path in (FOLDER / cluster).rglob("*") if path.is_file() and path.name != "add-on.yaml"]
        assert not [str(path) for path in others if re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", path.read_text("utf-8"))]


@every_cluster
def test_values_override_no_image_so_that_the_chart_decides_what_fits_it(cluster: str) -> None:
    """But for the hub of sidecars, which the admission policy names, too."""
    overrides = {
        (add_on.name, path)
        for add_on in add_ons(cluster).values()
        for path in key_paths(add_on.values)
        if re.search(r"\.(image|tag|hub|digest)\b", path)
    }
    assert overrides == {("istiod", ".global.hub")}


@every_cluster
def test_charts_come_in_waves_after_what_they_need(cluster: str) -> None:
    wave = {name: int(add_on.fields["wave"]) for name, add_on in add_ons(cluster).items()}
    assert wave["istio-base"] < wave["istio-cni"] < wave["istiod"] < wave["istio-ingress"]
    assert max(wave["istiod"], wave["aws-ebs-csi-driver"]) < wave["kube-prometheus-stack"]  # its sidecar, its volumes
    assert wave["kube-prometheus-stack"] < min(wave["cert-manager"], wave["prometheus-adapter"])  # its CRDs, its answers


@every_cluster
def test_the_charts_of_istio_are_of_one_version(cluster: str) -> None:
    versions = {name: each.fields["version"] for name, each in add_ons(cluster).items() if name.startswith("istio")}
    assert len(set(versions.values())) == 1, versions


@every_cluster
def test_a_kustomization_lists_the_plain_folders_alone(cluster: str) -> None:
    assert sorted(read_yaml(FOLDER / cluster / "kustomization.yaml")["resources"]) == sorted(PLAIN)
