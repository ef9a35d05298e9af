"""Projects allow the repositories and places that their Applications use, and the bot its two rights: nothing less, nothing more."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.application_sets import Made
from bot.policies.project_limits import (
    made_namespaces,
    needless_limits,
    platform_takes_no_applications,
    refused_applications,
    refused_by_platform,
    the_bot_may_get_and_sync,
    windows_can_be_read,
    windows_let_a_rollback_pass,
)
from bot.policies.projects import rendered_kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.policies.manifests import Violation

HERE, CLUSTER, NAME = "https://example.com/stack.git", "https://prod", "context-prod"
RIGHTS = [f"p, proj:{NAME}:bot, applications, {right}, {NAME}/{NAME}, allow" for right in ("get", "sync")]
WINDOW = {"kind": "deny", "schedule": "0 0 24 12 *", "duration": "192h", "applications": ["*"], "manualSync": True}
GOOD: dict[str, Any] = {
    "kind": "AppProject",
    "metadata": {"name": NAME},
    "spec": {
        "sourceRepos": [HERE],
        "destinations": [{"server": CLUSTER, "namespace": NAME}],
        "roles": [{"name": "bot", "policies": RIGHTS}],
        "syncWindows": [WINDOW],
    },
}
PLATFORM: dict[str, Any] = {
    "kind": "AppProject",
    "metadata": {"name": "platform"},
    "spec": {
        "sourceRepos": [HERE, "https://charts"],
        "destinations": [{"server": CLUSTER, "namespace": "istio-system"}, {"server": CLUSTER, "namespace": "kube-system"}],
        "clusterResourceWhitelist": [
            {"group": "", "kind": "Namespace", "name": "istio-system"},
            {"group": "storage.k8s.io", "kind": "StorageClass"},
        ],
        "namespaceResourceBlacklist": [{"group": "argoproj.io", "kind": "*"}],
    },
}


def made(name: str, *repositories: str, server: str = CLUSTER, namespace: str = NAME, options: tuple[str, ...] = ()) -> Made:
    spec: dict[str, Any] = {"sources": [{"repoURL": each} for each in repositories], "syncPolicy": {"syncOptions": list(options)}}
    spec["destination"] = {"server": server, "namespace": namespace}
    return Made("a/b.yaml", {"metadata": {"name": name}, "spec": spec})


PROD = (made(NAME, HERE),)
ADD_ONS = (
    made("prod-istiod", "https://charts", HERE, namespace="istio-system", options=("CreateNamespace=true",)),
    made("prod-metrics-server", "https://charts", HERE, namespace="kube-system", options=("CreateNamespace=true",)),
)
RENDERED = (
    {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "ctx-standard"}},
    {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "tls", "namespace": "istio-system"}},
)


def of_environment(project: dict[str, Any], *, application: str = NAME) -> list[Violation]:
    return [
        *refused_applications(project, PROD),
        *needless_limits(project, PROD),
        *the_bot_may_get_and_sync(project, application),
        *windows_let_a_rollback_pass(project, application, (CLUSTER, NAME)),
        *windows_can_be_read(project),
    ]


def of_platform(project: dict[str, Any]) -> list[Violation]:
    return [
        *refused_applications(project, ADD_ONS),
        *needless_limits(project, ADD_ONS),
        *made_namespaces(project, ADD_ONS),
        *platform_takes_no_applications(project),
        *refused_by_platform(project, rendered_kinds(RENDERED), CLUSTER, ["istio-system"]),
    ]


def changed(base: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    project = deepcopy(base)
    change(project["spec"])
    return project


def test_exact_projects_pass() -> None:
    assert of_environment(GOOD) == []
    assert of_platform(PLATFORM) == []


def policies(*lines: str) -> Callable[[dict[str, Any]], object]:
    return lambda spec: spec["roles"][0].update(policies=list(lines))


def window(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda spec: spec["syncWindows"][0].update(fields)


ENVIRONMENT: dict[str, tuple[Callable[[dict[str, Any]], object], list[tuple[str, str]]]] = {
    "another repository": (
        lambda spec: spec.update(sourceRepos=["https://example.com/stack"]),
        [
            ("spec.sourceRepos", f"lacks {HERE}, from which {NAME} comes"),
            ("spec.sourceRepos[0]", "allows https://example.com/stack, which none"),
        ],
    ),
    "any repository": (
        lambda spec: spec.update(sourceRepos=[HERE, "*"]),
        [("spec.sourceRepos[1]", "allows *, which none")],
    ),
    "another cluster": (
        lambda spec: spec["destinations"][0].update(server="https://nonprod"),
        [
            ("spec.destinations", f"lack the namespace {NAME} of {CLUSTER}"),
            ("spec.destinations[0]", f"allows the namespace {NAME} of https://nonprod"),
        ],
    ),
    "a neighbour's namespace, too": (
        lambda spec: spec["destinations"].append({"server": CLUSTER, "namespace": "context-staging"}),
        [("spec.destinations[1]", "allows the namespace context-staging")],
    ),
    "no role": (lambda spec: spec.pop("roles"), [("spec.roles", "has no role bot")]),
    "no right to sync": (policies(RIGHTS[0]), [("spec.roles[0].policies", f"lacks the right to sync {NAME}")]),
    "the right to delete": (
        policies(*RIGHTS, f"p, proj:{NAME}:bot, applications, delete, {NAME}/{NAME}, allow"),
        [("spec.roles[0].policies", "says p, proj:context-prod:bot, applications, delete")],
    ),
    "every right": (
        policies(f"p, proj:{NAME}:bot, applications, *, {NAME}/*, allow"),
        [
            ("spec.roles[0].policies", "lacks the right to get"),
            ("spec.roles[0].policies", "lacks the right to sync"),
            ("spec.roles[0].policies", "more than to get and sync"),
        ],
    ),
    "other Applications": (
        policies(*RIGHTS, f"p, proj:{NAME}:bot, applications, get, {NAME}/*, allow"),
        [("spec.roles[0].policies", f"says p, proj:{NAME}:bot, applications, get, {NAME}/*, allow")],
    ),
    "a denial": (
        policies(RIGHTS[0], RIGHTS[1].replace("allow", "deny")),
        [("spec.roles[0].policies", "lacks the right to sync"), ("spec.roles[0].policies", "deny: more than")],
    ),
    "people in the bot's role": (
        lambda spec: spec["roles"][0].update(groups=["team"]),
        [("spec.roles[0].groups", "are team")],
    ),
    "a window that stops a rollback": (window(manualSync=False), [("spec.syncWindows[0].manualSync", "does not say manualSync: true")]),
    "a window that does not say": (
        lambda spec: spec["syncWindows"].append({key: value for key, value in WINDOW.items() if key != "manualSync"}),
        [("spec.syncWindows[1].manualSync", "does not say manualSync: true")],
    ),
    "a window of no time zone": (window(timeZone="Europe/Berln"), [("spec.syncWindows[0].timeZone", "is Europe/Berln, which is no")]),
    "a window of no month": (window(schedule="0 0 24 13 *"), [("spec.syncWindows[0].schedule", "is 0 0 24 13 *: bad month")]),
    "a window of a macro": (window(schedule="@daily"), [("spec.syncWindows[0].schedule", "is @daily: not five fields")]),
    "a window of no schedule": (window(schedule=None), [("spec.syncWindows[0].schedule", "is not set: not five fields")]),
    "a window of days": (window(duration="8d"), [("spec.syncWindows[0].duration", "is 8d, which is no length of time")]),
    "a window of no length": (window(duration=None), [("spec.syncWindows[0].duration", "is not set, which is no length")]),
    "a window of nothing": (window(applications=["context-dev"]), [("spec.syncWindows[0]", f"is for nothing that {NAME} is")]),
    "a window of two conditions": (
        window(andOperator=True, namespaces=["context-dev"]),
        [("spec.syncWindows[0]", "is for nothing")],
    ),
}
OF_PLATFORM: dict[str, tuple[Callable[[dict[str, Any]], object], list[tuple[str, str]]]] = {
    "a chart's repository": (
        lambda spec: spec.update(sourceRepos=[HERE]),
        [("spec.sourceRepos", "lacks https://charts, from which prod-istiod, prod-metrics-server comes")],
    ),
    "a repository of no chart": (lambda spec: spec["sourceRepos"].append("oci://old"), [("spec.sourceRepos[2]", "allows oci://old")]),
    "an add-on's namespace": (
        lambda spec: spec["destinations"].pop(0),
        [
            ("spec.destinations", "lack the namespace istio-system of https://prod, where prod-istiod goes"),
            ("spec.destinations", "where a cluster's folder has an object"),
        ],
    ),
    "a namespace of no add-on": (
        lambda spec: spec["destinations"].append({"server": CLUSTER, "namespace": "argocd"}),
        [("spec.destinations[2]", "allows the namespace argocd")],
    ),
    "a Namespace that is made": (
        lambda spec: spec["clusterResourceWhitelist"].pop(0),
        [("spec.clusterResourceWhitelist", "does not allow Namespace istio-system")],
    ),
    "a Namespace of any name": (
        lambda spec: spec["clusterResourceWhitelist"].append({"group": "", "kind": "Namespace"}),
        [("spec.clusterResourceWhitelist[2]", "allows Namespace of any name")],
    ),
    "a kind that a folder renders": (
        lambda spec: spec["clusterResourceWhitelist"].pop(),
        [("spec.clusterResourceWhitelist", "refuses storage.k8s.io/StorageClass ctx-standard")],
    ),
    "a kind that is refused": (
        lambda spec: spec["namespaceResourceBlacklist"].append({"group": "cert-manager.io", "kind": "Certificate"}),
        [("spec.namespaceResourceBlacklist", "refuses cert-manager.io/Certificate")],
    ),
    "every kind": (
        lambda spec: spec["clusterResourceWhitelist"].append({"group": "*", "kind": "*"}),
        [("spec.clusterResourceWhitelist[2]", "allows */*, a pattern")],
    ),
    "Applications": (
        lambda spec: spec.pop("namespaceResourceBlacklist"),
        [("spec.namespaceResourceBlacklist", "does not refuse the kinds of argoproj.io")],
    ),
}


def check(found: list[Violation], expected: list[tuple[str, str]]) -> None:
    assert [each.field for each in found] == [field for field, _ in expected]
    assert all(words in each.what for each, (_, words) in zip(found, expected, strict=True)), found
    assert all(each.hint and each.is_error for each in found)


@pytest.mark.parametrize(("change", "expected"), ENVIRONMENT.values(), ids=ENVIRONMENT.keys())
def test_what_an_environments_project_lacks_or_allows_beyond_it_is_named(
    change: Callable[[dict[str, Any]], object], expected: list[tuple[str, str]]
) -> None:
    check(of_environment(changed(GOOD, change)), expected)


@pytest.mark.parametrize(("change", "expected"), OF_PLATFORM.values(), ids=OF_PLATFORM.keys())
def test_what_the_platforms_project_lacks_or_allows_beyond_it_is_named(
    change: Callable[[dict[str, Any]], object], expected: list[tuple[str, str]]
) -> None:
    check(of_platform(changed(PLATFORM, change)), expected)


def test_a_window_is_of_the_application_by_its_name_cluster_or_namespace() -> None:
    for applies in ({"applications": ["context-*"]}, {"clusters": [CLUSTER]}, {"namespaces": ["context-p*"], "timeZone": "Europe/Berlin"}):
        project = deepcopy(GOOD)
        project["spec"]["syncWindows"] = [{**{key: value for key, value in WINDOW.items() if key != "applications"}, **applies}]
        assert of_environment(project) == []


@pytest.mark.parametrize("spec", [None, {"sourceRepos": 1, "destinations": [None, 1], "roles": [{"name": "bot", "policies": [1]}]}])
def test_objects_of_any_shape_are_survived(spec: Any) -> None:
    project = {"kind": "AppProject", "metadata": {"name": NAME}, "spec": spec}
    assert of_environment(project)
    assert of_platform(project)
