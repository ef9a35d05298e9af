"""Causes: a label that Pods lack is named, what follows from it is not, what does not follow is."""

from __future__ import annotations

from typing import Any

from bot.policies.causes import FOLDED, without_consequences
from bot.policies.labels import pods_have_names
from bot.policies.manifests import Manifests, Violation, wrong
from bot.policies.selectors import services_select_one_workload, workloads_select_themselves

NAME = "app.kubernetes.io/name"


def judge(manifests: Manifests) -> list[Violation]:
    policies = (services_select_one_workload, workloads_select_themselves, pods_have_names)
    found = [each for policy in policies for each in policy(manifests)]
    return [*found, *(wrong(item, "spec.type", "is wrong in any case", hint="none") for item in manifests.of("Service"))]


def workload(name: str, *, kind: str = "Deployment", labels: Any = None) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    selector = {"matchLabels": {NAME: name}}
    spec = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template, "selector": selector}
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def service(name: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"selector": {NAME: name}}}


def found(*objects: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    violations = without_consequences(Manifests("prod", "context-prod", objects), judge)
    return [(each.kind, each.name, each.field, each.what.endswith(FOLDED)) for each in violations]


ANYWAY = ("Service", "api", "spec.type", False)
LABEL = f"spec.template.metadata.labels.{NAME}"


def test_what_follows_from_a_missing_label_is_left_out_and_what_does_not_is_kept() -> None:
    assert found(workload("api", labels={}), service("api")) == [("Deployment", "api", LABEL, True), ANYWAY]
    assert found(workload("api"), service("api")) == [("Deployment", "api", LABEL, True), ANYWAY]


def test_a_label_of_another_value_is_the_selectors_error() -> None:
    assert found(workload("api", labels={NAME: "apy"}), service("api")) == [
        ("Deployment", "api", "spec.selector.matchLabels", True),
        ANYWAY,
    ]


def test_a_label_that_nothing_else_goes_by_is_named_alone() -> None:
    path = f"spec.jobTemplate.spec.template.metadata.labels.{NAME}"
    assert found(workload("backup", kind="CronJob", labels={})) == [("CronJob", "backup", path, False)]


def test_each_workload_has_its_own_cause() -> None:
    both = found(workload("api", labels={}), workload("qdrant", labels={}), service("api"), service("qdrant"))
    assert both == [
        ("Deployment", "api", LABEL, True),
        ("Deployment", "qdrant", LABEL, True),
        ANYWAY,
        ("Service", "qdrant", "spec.type", False),
    ]


def test_where_all_have_their_labels_all_is_kept() -> None:
    kept = found(workload("api", labels={NAME: "api"}), service("api"), service("db"))
    assert kept == [("Service", "db", "spec.selector", False), ANYWAY, ("Service", "db", "spec.type", False)]


def test_objects_of_any_shape_are_survived() -> None:
    odd: tuple[dict[str, Any], ...] = ({"kind": "Deployment"}, {"kind": "Deployment", "metadata": None, "spec": {"template": 7}})
    assert {field for _, _, field, _ in found(*odd)} == {"spec.selector.matchLabels", LABEL}
