"""Projects of Argo CD allow what is rendered, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.projects import Kind, needless_kinds, refused_kinds, rendered_kinds

OBJECTS = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "context-prod"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "qdrant", "namespace": "context-prod"}},
    {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "qdrant", "namespace": "context-prod"}},
)
RENDERED = rendered_kinds(OBJECTS)
ELSEWHERE = RENDERED | {Kind("namespaceResourceWhitelist", "batch", "CronJob")}
CLUSTER = [{"group": "", "kind": "Namespace", "name": "context-prod"}]
MADE = [{"group": "", "kind": "Pod"}, {"group": "", "kind": "PersistentVolumeClaim"}]
ALLOWED = [{"group": "", "kind": "Service"}, {"group": "apps", "kind": "StatefulSet"}, *MADE]


def project(cluster: Any = CLUSTER, namespaced: Any = ALLOWED) -> dict[str, Any]:
    spec = {"clusterResourceWhitelist": cluster, "namespaceResourceWhitelist": namespaced}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "context-prod"}, "spec": spec}


def test_a_project_that_allows_what_is_rendered_is_good() -> None:
    assert not list(refused_kinds(project(), RENDERED))
    assert not list(needless_kinds(project(), RENDERED, RENDERED))


@pytest.mark.parametrize(
    ("cluster", "namespaced", "where", "words"),
    [
        (CLUSTER, [ALLOWED[0], *MADE], "spec.namespaceResourceWhitelist", "apps/StatefulSet"),
        (CLUSTER, [ALLOWED[0], *MADE, {"group": "batch", "kind": "StatefulSet"}], "spec.namespaceResourceWhitelist", "apps/StatefulSet"),
        (CLUSTER, [*ALLOWED[:2], MADE[1]], "spec.namespaceResourceWhitelist", "Pod"),
        ([{"group": "", "kind": "Namespace", "name": "context-dev"}], ALLOWED, "spec.clusterResourceWhitelist", "Namespace context-prod"),
        ([], [*ALLOWED, {"group": "", "kind": "Namespace"}], "spec.clusterResourceWhitelist", "Namespace context-prod"),
        (None, ALLOWED, "spec.clusterResourceWhitelist", "Namespace context-prod"),
    ],
    ids=[
        "a kind",
        "a kind of another group",
        "what a controller makes",
        "a Namespace of another name",
        "in the wrong list",
        "no list at all",
    ],
)
def test_what_argo_cd_would_refuse_is_named(cluster: Any, namespaced: Any, where: str, words: str) -> None:
    (violation,) = refused_kinds(project(cluster, namespaced), RENDERED)
    assert (violation.name, violation.field, violation.is_error) == ("context-prod", where, True)
    assert words in violation.what


@pytest.mark.parametrize(
    ("cluster", "namespaced", "words"),
    [
        (CLUSTER, [*ALLOWED, {"group": "", "kind": "Secret"}], "Secret, which nothing renders"),
        (CLUSTER, [*ALLOWED, {"group": "*", "kind": "*"}], "a pattern"),
        ([*CLUSTER, {"group": "", "kind": "Namespace", "name": "context-dev"}], ALLOWED, "Namespace, which nothing renders"),
        (CLUSTER, [*ALLOWED, {}], "which nothing renders"),
    ],
    ids=["a kind", "a pattern", "another Namespace", "an odd entry"],
)
def test_what_is_allowed_and_not_rendered_is_named(cluster: Any, namespaced: Any, words: str) -> None:
    (violation,) = needless_kinds(project(cluster, namespaced), RENDERED, RENDERED)
    assert words in violation.what


def test_what_another_environment_renders_may_be_allowed_here_as_well() -> None:
    with_cron_jobs = project(CLUSTER, [*ALLOWED, {"group": "batch", "kind": "CronJob"}])
    assert not list(needless_kinds(with_cron_jobs, RENDERED, ELSEWHERE))
    assert list(needless_kinds(with_cron_jobs, RENDERED, RENDERED))
