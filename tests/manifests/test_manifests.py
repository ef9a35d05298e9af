"""What every environment must be: complete, alike in shape, bound to its own place."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from bot.contents import rendered_images
from bot.images_file import parse_images
from tests.manifests.renders import NAME_LABEL, NAMES, ROOT, Render, called, pod_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL_NAME = re.compile(r"[a-z0-9.-]+\.[a-z]+/[a-z0-9._/-]+:[\w.-]+(@sha256:[0-9a-f]{64})?")
DEPRECATED = re.compile(r"^(commonLabels|bases|patchesStrategicMerge|patchesJson6902|vars|helmCharts):", re.MULTILINE)


def test_kustomize_has_nothing_to_warn_of(render: Render) -> None:
    assert not render.rendered.warnings


def test_all_environments_have_the_same_folders() -> None:
    folders = {name: sorted(each.name for each in (ROOT / "environments" / name).iterdir() if each.is_dir()) for name in NAMES}
    overlays = {name: [each for each in found if each not in {"release", "holds"}] for name, found in folders.items()}
    apps = sorted(each.name for each in (ROOT / "apps").iterdir() if each.is_dir())
    assert overlays == dict.fromkeys(NAMES, apps)


def test_all_environments_have_the_same_files_in_an_overlay() -> None:
    for app in (ROOT / "apps").iterdir():
        if app.is_dir():
            files = [sorted(each.name for each in (ROOT / "environments" / name / app.name).iterdir()) for name in NAMES]
            assert files[0] == files[1] == files[2], app.name


def test_dev_follows_apps() -> None:
    link = ROOT / "environments" / "dev" / "release"
    assert link.is_symlink()
    assert str(link.readlink()) == "../../apps"


def test_no_kustomization_uses_a_deprecated_field() -> None:
    for folder in ("apps", "environments", "argocd", "clusters"):
        for path in (ROOT / folder).rglob("kustomization.yaml"):
            assert not DEPRECATED.search(path.read_text("utf-8")), path


def test_the_order_of_promotion_is_dev_staging_prod(renders: Mapping[str, Render]) -> None:
    assert [renders[name].environment.promotes_from for name in NAMES] == [None, "dev", "staging"]


def test_everything_is_in_the_environments_own_namespace(render: Render) -> None:
    namespace = render.environment.namespace
    for item in render.objects:
        place = item["metadata"]["name"] if item["kind"] == "Namespace" else item["metadata"].get("namespace")
        assert place == namespace, called(item)
        assert item["metadata"]["labels"]["environment"] == render.environment.name, called(item)
    others = {f"context-{name}" for name in NAMES} - {namespace}
    assert not [other for other in others if other in render.rendered.text]


def test_images_are_named_in_full_with_a_version(render: Render) -> None:
    images = {image for item in render.objects for image in rendered_images(item)}
    for image in images:
        assert FULL_NAME.fullmatch(image), image
        assert ":latest" not in image
    unpinned = sorted(image for image in images if "@" not in image)
    if unpinned:
        warnings.warn(f"{render.environment.name} runs images without a digest: {', '.join(unpinned)}", stacklevel=1)


def test_images_come_from_images_folders_and_each_entry_is_used(renders: Mapping[str, Render]) -> None:
    files = sorted((ROOT / "apps").glob("*/images/kustomization.yaml"))
    declared = {image.reference for path in files for image in parse_images(path.read_text("utf-8"), file=str(path))}
    used = {image for render in renders.values() for item in render.objects for image in rendered_images(item)}
    assert used == declared


def test_base_manifests_name_images_without_a_tag() -> None:
    for path in (ROOT / "apps").rglob("*.yaml"):
        for image in re.findall(r"^\s*image: (\S+)", path.read_text("utf-8"), re.MULTILINE):
            assert ":" not in image, path
            assert "@" not in image, path


def test_selectors_match_pods(render: Render) -> None:
    for item in render.workloads():
        selector = item["spec"]["selector"]["matchLabels"]
        assert render.pods_with(selector) == [item], called(item)
        for spread in pod_spec(item).get("topologySpreadConstraints", ()):
            assert render.pods_with(spread["labelSelector"]["matchLabels"]) == [item], called(item)
    for item in render.of("Service"):
        assert len(render.pods_with(item["spec"]["selector"])) == 1, called(item)
    for item in render.of("PodDisruptionBudget"):
        selector = item["spec"]["selector"]["matchLabels"]  # an empty selector is every Pod of the namespace
        assert len(render.pods_with(selector)) == 1, called(item)
    for item in render.of("NetworkPolicy"):
        if item["spec"]["podSelector"]:
            assert render.pods_with(item["spec"]["podSelector"]["matchLabels"]), called(item)


def test_services_lead_to_ports_that_containers_name(render: Render) -> None:
    for item in render.of("Service"):
        (workload,) = render.pods_with(item["spec"]["selector"])
        named = {port["name"]: port["containerPort"] for port in pod_spec(workload)["containers"][0]["ports"]}
        for port in item["spec"]["ports"]:
            assert named[port["targetPort"]] == port["port"], called(item)
            assert port["name"].split("-")[0] in {"http", "grpc", "tcp"}, port  # a mesh sniffs the protocol of any other name


def test_the_service_of_a_stateful_set_lists_members_that_are_not_ready(render: Render) -> None:
    for item in render.of("StatefulSet"):
        service = render.one("Service", item["spec"]["serviceName"])
        assert service["spec"]["clusterIP"] == "None"
        assert service["spec"]["publishNotReadyAddresses"] is True
        assert item["spec"]["podManagementPolicy"] == "Parallel"


def test_a_service_monitor_selects_one_service_so_that_no_series_is_doubled(render: Render) -> None:
    for item in render.of("ServiceMonitor"):
        wanted = item["spec"]["selector"]["matchLabels"].items()
        (service,) = (each for each in render.of("Service") if wanted <= each["metadata"]["labels"].items())
        ports = {port["name"] for port in service["spec"]["ports"]}
        assert {endpoint["port"] for endpoint in item["spec"]["endpoints"]} <= ports
        assert service["metadata"]["labels"][item["spec"]["jobLabel"]] == item["metadata"]["name"]


def test_required_jobs_are_those_that_are_scraped(render: Render) -> None:
    assert sorted(render.environment.policy.required_jobs) == sorted(item["metadata"]["name"] for item in render.of("ServiceMonitor"))


def test_network_policies_deny_by_default(render: Render) -> None:
    spec = render.one("NetworkPolicy", "default-deny")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_declared_port_of_a_database_member_is_open_to_its_peers(render: Render) -> None:
    """A peer port that a policy forgets lets no cluster form."""
    peers = {"qdrant": {6335}, "neo4j": {6000, 7000, 7687, 7688}}
    for app, ports in peers.items():
        spec = render.one("NetworkPolicy", app)["spec"]
        own = [{"podSelector": {"matchLabels": {NAME_LABEL: app}}}]
        incoming = {port["port"] for rule in spec["ingress"] if rule["from"] == own for port in rule["ports"]}
        outgoing = {port["port"] for rule in spec["egress"] if rule["to"] == own for port in rule["ports"]}
        assert incoming == outgoing == ports, app
