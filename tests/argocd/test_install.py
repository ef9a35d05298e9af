"""Argo CD's own installation: pinned, its settings read as Argo CD reads them, its scripts and templates run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import lupa.lua51 as lua
import pytest
from ruamel.yaml import YAML

from bot.adapters.schemas import schema_problems, supported_versions
from bot.policies.argocd_install import RELEASE, VERSION
from bot.schemas.pins import CUSTOM_RESOURCES
from bot.workflows.sync_troubles import TESTED
from tests.argocd.installation import INSTALL, MODULE, REFERENCE, render_installation
from tests.clusters.layout import read_yaml
from tests.conftest import require_peer
from tests.manifests.renders import NAMES, ROOT, render_folder

if TYPE_CHECKING:
    from pathlib import Path

ACTION = re.compile(r"\{\{-?(.*?)-?\}\}")
SECRET = re.compile(r"(token|secret|password|authorization)", re.IGNORECASE)

KUSTOMIZATION = read_yaml(INSTALL / "kustomization.yaml")
PATCHES = [read_yaml(INSTALL / each["path"]) for each in KUSTOMIZATION["patches"]]


def line(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split(".")[:2])


def test_the_bot_does_not_warn_of_what_is_installed_or_run_end_to_end() -> None:
    (reference,) = filter(None, map(REFERENCE.fullmatch, KUSTOMIZATION["resources"]))
    end_to_end = re.search(rf"{MODULE} (v\S+)", (ROOT / "tests/e2e/go/argo-cd/go.mod").read_text())
    assert end_to_end
    assert (line(end_to_end[1]), line(reference[1])) == TESTED


def data(config_map: str) -> dict[str, str]:
    """What our patches say in one ConfigMap."""
    found: dict[str, str] = {}
    for patch in PATCHES:
        if patch["metadata"]["name"] == config_map:
            assert not found.keys() & patch["data"].keys(), "two patches would overwrite each other"
            found |= patch["data"]
    assert found, config_map
    return found


def read_text(text: str) -> Any:
    """The YAML inside of a ConfigMap."""
    return YAML(typ="safe").load(text)


SETTINGS, NOTIFICATIONS = data("argocd-cm"), data("argocd-notifications-cm")
SCRIPTS = {pattern: each["health.lua"] for pattern, each in read_text(SETTINGS["resource.customizations"]).items()}
TEMPLATES = {key.partition(".")[2]: read_text(value) for key, value in NOTIFICATIONS.items() if key.startswith("template.")}
TRIGGERS = {key.partition(".")[2]: read_text(value) for key, value in NOTIFICATIONS.items() if key.startswith("trigger.")}


def test_the_release_is_referred_to_by_its_tag_and_is_the_one_whose_schemas_are_here() -> None:
    namespace, release = KUSTOMIZATION["resources"]
    found = REFERENCE.fullmatch(release)
    assert found
    assert namespace == "namespace.yaml"
    (schemas,) = (each for each in CUSTOM_RESOURCES if each.module == MODULE)
    assert found[1] == schemas.version == VERSION


def test_every_patch_changes_what_the_release_has(tmp_path: Path) -> None:
    require_peer("go")  # fetches Argo CD's manifests
    rendered = render_installation(tmp_path)
    assert not rendered.warnings
    config_maps = {item["metadata"]["name"]: item.get("data") or {} for item in rendered.objects if item["kind"] == "ConfigMap"}
    for name in ("argocd-cm", "argocd-cmd-params-cm", "argocd-rbac-cm", "argocd-notifications-cm"):
        assert data(name).items() <= config_maps[name].items()
    assert "resource.exclusions" in config_maps["argocd-cm"]  # upstream's own settings stay
    assert {item["metadata"].get("namespace", "argocd") for item in rendered.objects} == {"argocd"}
    assert [item["kind"] for item in rendered.objects].count("NetworkPolicy") == 8
    assert _refused_by_pod_security(rendered.objects) == []
    for kind, names in RELEASE.items():  # by which `bot validate` knows what a patch is meant for
        assert sorted(names) == sorted(item["metadata"]["name"] for item in rendered.objects if item["kind"] == kind), kind


def _refused_by_pod_security(objects: Any) -> list[str]:
    """The containers that a namespace with Pod Security "restricted" refuses."""
    refused = []
    for item in objects:
        if item["kind"] in {"Deployment", "StatefulSet"}:
            spec = item["spec"]["template"]["spec"]
            for container in (*spec["containers"], *spec.get("initContainers", ())):
                context = {**spec.get("securityContext", {}), **container.get("securityContext", {})}
                wanted = (
                    context.get("allowPrivilegeEscalation") is False,
                    context.get("runAsNonRoot") is True,
                    "ALL" in context.get("capabilities", {}).get("drop", ()),
                    context.get("seccompProfile", {}).get("type") == "RuntimeDefault",
                )
                if not all(wanted):
                    refused.append(f"{item['metadata']['name']}/{container['name']}")
    return refused


def test_the_namespace_comes_with_it() -> None:
    namespace = read_yaml(INSTALL / "namespace.yaml")
    assert namespace["metadata"]["name"] == KUSTOMIZATION["namespace"] == "argocd"
    assert schema_problems([namespace], kubernetes=supported_versions()) == ()


def test_whoever_may_sync_may_not_deploy_another_commit() -> None:
    assert SETTINGS["application.sync.requireOverridePrivilegeForRevisionSync"] == "true"


def test_objects_are_tracked_by_annotation() -> None:
    assert SETTINGS["application.resourceTrackingMethod"] == "annotation"


def test_who_has_no_role_may_nothing() -> None:
    rights = data("argocd-rbac-cm")
    assert rights["policy.default"] == ""
    assert SETTINGS["users.anonymous.enabled"] == SETTINGS["exec.enabled"] == "false"
    actions = {tuple(line.split(", ")[2:4]) for line in rights["policy.csv"].splitlines() if line.startswith("p, ")}
    assert {action for _, action in actions} == {"get", "sync"}
    assert [resource for resource, action in actions if action == "sync"] == ["applications"]


def test_a_sync_that_hangs_ends_by_itself() -> None:
    assert 0 < int(data("argocd-cmd-params-cm")["controller.sync.timeout.seconds"]) <= 3600


def test_no_secret_is_in_git() -> None:
    """Values are references: $name is a key of a Secret."""
    for text in (*SETTINGS.values(), *NOTIFICATIONS.values(), *data("argocd-rbac-cm").values()):
        for line in text.splitlines():
            key, _, value = line.strip().partition(": ")
            if SECRET.search(key) and value:
                assert re.match(r"\$[\w.-]+( |$)", value), line
    headers = {each["name"]: each["value"] for each in read_text(NOTIFICATIONS["service.webhook.bot"])["headers"]}
    assert headers == {"Authorization": "Bearer $bot-webhook-token", "Content-Type": "application/json"}


def test_every_key_that_is_referred_to_comes_from_the_store(tmp_path: Path) -> None:
    texts = {"argocd-secret": [*SETTINGS.values()], "argocd-notifications-secret": [*NOTIFICATIONS.values()]}
    named = {name: set(re.findall(r": (?:Bearer )?\$([\w.-]+)", "\n".join(each))) for name, each in texts.items()}
    filled = {
        item["spec"]["target"]["name"]: {each["secretKey"] for each in item["spec"]["data"]}
        for item in render_folder("argocd/secrets", tmp_path).objects
        if item["kind"] == "ExternalSecret"
    }
    assert filled.pop("argocd-secret") == named.pop("argocd-secret") | {"webhook.github.secret"}
    assert filled == named


def test_argo_cds_own_keys_in_its_secret_stay(tmp_path: Path) -> None:
    secrets = [item for item in render_folder("argocd/secrets", tmp_path).objects if item["kind"] == "ExternalSecret"]
    assert {item["spec"]["target"]["creationPolicy"] for item in secrets} == {"Merge"}


# Health


def health(kind: str, status: dict[str, Any] | None) -> tuple[str, str]:
    """What Argo CD's interpreter of Lua 5.1 gets from the script of a kind (group/kind), without any library that is not there."""
    (script,) = [each for pattern, each in SCRIPTS.items() if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), kind)]
    runtime = lua.LuaRuntime()
    runtime.execute("io, os, string, math, debug, coroutine, package, require = nil")
    item = {"metadata": {"name": "any"}, "spec": {}} | ({} if status is None else {"status": status})
    runtime.globals().obj = runtime.table_from(item, recursive=True)
    result = runtime.execute(script)
    assert set(result) == {"status", "message"}
    return result["status"], result["message"]


SILENT = (
    "autoscaling.k8s.io/VerticalPodAutoscaler", "monitoring.coreos.com/PodMonitor", "monitoring.coreos.com/PrometheusRule",
    "monitoring.coreos.com/ServiceMonitor", "networking.istio.io/DestinationRule", "networking.istio.io/Gateway",
    "networking.istio.io/VirtualService", "security.istio.io/AuthorizationPolicy", "security.istio.io/PeerAuthentication",
    "telemetry.istio.io/Telemetry",
)  # fmt: skip


@pytest.mark.parametrize("kind", SILENT)
@pytest.mark.parametrize("status", [None, {}, {"conditions": []}], ids=str)
def test_what_no_controller_complains_of_is_accepted(kind: str, status: dict[str, Any] | None) -> None:
    assert health(kind, status) == ("Healthy", "accepted by the API")


def accepted(answer: str) -> dict[str, Any]:
    condition = {"type": "Accepted", "status": answer, "reason": "InvalidConfiguration", "message": "unknown function ratee"}
    return {
        "bindings": [{"name": "main", "conditions": [{"type": "Accepted", "status": "True"}]}, {"name": "other", "conditions": [condition]}]
    }


MESSAGES = {
    "validationMessages": [{"level": "WARNING"}, {"level": "ERROR", "type": {"code": "IST0101", "name": "ReferencedResourceNotFound"}}]
}


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("networking.istio.io/VirtualService", MESSAGES, ("Degraded", "IST0101 ReferencedResourceNotFound")),
        ("networking.istio.io/VirtualService", {"validationMessages": [{"level": "ERROR"}]}, ("Degraded", " istiod reports an error")),
        ("security.istio.io/AuthorizationPolicy", {"validationMessages": [{"level": "WARNING"}]}, ("Healthy", "accepted by the API")),
        ("monitoring.coreos.com/PrometheusRule", accepted("False"), ("Degraded", "other: unknown function ratee")),
        ("monitoring.coreos.com/ServiceMonitor", accepted("False"), ("Degraded", "other: unknown function ratee")),
        ("monitoring.coreos.com/PodMonitor", accepted("Unknown"), ("Healthy", "accepted by the API")),
        (
            "autoscaling.k8s.io/VerticalPodAutoscaler",
            {"conditions": [{"type": "ConfigUnsupported", "status": "True", "message": "no such target"}]},
            ("Degraded", "no such target"),
        ),
        (
            "autoscaling.k8s.io/VerticalPodAutoscaler",
            {"conditions": [{"type": "RecommendationProvided", "status": "False"}]},
            ("Healthy", "accepted by the API"),
        ),
    ],
)
def test_what_a_controller_refuses_is_degraded(kind: str, status: dict[str, Any], expected: tuple[str, str]) -> None:
    assert health(kind, status) == expected


@pytest.mark.parametrize(
    "kind", ["monitoring.coreos.com/Prometheus", "monitoring.coreos.com/Alertmanager", "external-secrets.io/ExternalSecret"]
)
def test_a_health_that_argo_cd_knows_is_not_replaced(kind: str) -> None:
    assert not [pattern for pattern in SCRIPTS if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), kind)]


# Notifications


def test_triggers_and_templates_are_those_that_applications_subscribe_to(objects: dict[str, dict[str, Any]]) -> None:
    named = {
        key.partition("subscribe.")[2].rpartition(".")[::2]
        for name in ("environments", "add-ons", "plain-folders")
        for key in objects[f"ApplicationSet {name}"]["spec"]["template"]["metadata"]["annotations"]
        if "/subscribe." in key
    }
    assert {trigger for trigger, _ in named} == set(TRIGGERS) == set(TEMPLATES)
    assert {service for _, service in named} == {key.rpartition(".")[2] for key in NOTIFICATIONS if key.startswith("service.")}
    assert {template for each in TRIGGERS.values() for one in each for template in one["send"]} == set(TEMPLATES)


def test_a_deployment_is_told_once_and_lost_health_each_time() -> None:
    once = {name: [each.get("oncePer") for each in conditions] for name, conditions in TRIGGERS.items()}
    assert once == {"deployed": ["app.status?.operationState?.syncResult?.revision"], "degraded": [None], "sync-failed": [None]}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_texts_from_clusters_cannot_leave_their_place_in_a_message(name: str) -> None:
    """Each value is JSON by itself, and what may be missing is looked up with a default."""
    template = TEMPLATES[name]
    for text in (template["slack"]["attachments"], template["webhook"]["bot"]["body"]):
        assert all(action.strip().endswith("| toJson") for action in ACTION.findall(text))
        assert not re.search(r"\.app\.status", text)
        json.loads(ACTION.sub('"any"', text))
    value = re.search(r'"value": \{\{(.*)\}\}\}\]', template["slack"]["attachments"])
    assert value
    assert 'replace "<" "&lt;"' in value[1], "a message could call a channel"


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_the_bot_is_told_what_happened_to_which_application_at_which_commit(name: str) -> None:
    webhook = TEMPLATES[name]["webhook"]["bot"]
    body = json.loads(ACTION.sub('"any"', webhook["body"]))
    assert (webhook["method"], body["event"]) == ("POST", name)
    assert set(body) == {"event", "application", "project", "revision", "health", "message"}


# Links


@pytest.mark.parametrize("place", ["project", "application", "resource"])
def test_links_go_to_places_that_exist(place: str) -> None:
    for link in read_text(SETTINGS[f"{place}.links"]):
        assert set(link) <= {"title", "url", "description", "icon.class", "if"}
        found = re.match(r"https://github\.com/dpdpdpdp0987/context-foundation/(?:blob|commits)/main/([^{]*)", link["url"])
        assert found is None or (ROOT / found[1]).exists(), link["url"]
        assert all("urlquery" in action or action.strip() == ".app.spec.source.path" for action in ACTION.findall(link["url"]))


def test_a_project_is_where_its_link_says() -> None:
    (link,) = read_text(SETTINGS["project.links"])
    for project in (*(f"context-{name}" for name in NAMES), "platform"):
        path = ACTION.sub(project, link["url"]).partition("/blob/main/")[2]
        assert (ROOT / path).is_file()
