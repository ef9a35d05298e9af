"""Patches: the file of an overlay is named where it is certain to say a field, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.patches import patch_of, resolved

HERE = "environments/prod"
CONTAINER = {"name": "api", "image": "api:1", "resources": {"limits": {"cpu": "2"}}, "env": [{"name": "A", "value": "1"}]}
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "api", "labels": {"app.kubernetes.io/name": "api"}},
    "spec": {"replicas": 3, "paused": True, "template": {"spec": {"containers": [{"name": "proxy", "image": "p"}, CONTAINER]}}},
}
QUOTA = {"kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": {"requests.storage": "60Gi", "pods": "4"}}}
POLICY = {"kind": "NetworkPolicy", "metadata": {"name": "api"}, "spec": {"ingress": [{"from": []}], "egress": [{"to": [1]}]}}
CLAIM = {"metadata": {"name": "data"}, "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "20Gi"}}}}
STATEFUL_SET = {"kind": "StatefulSet", "metadata": {"name": "api"}, "spec": {"volumeClaimTemplates": [CLAIM]}}
AUTOSCALER = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "api"}, "spec": {"metrics": [{"pods": {"metric": {"name": "rate"}}}]}}
TEXTS = {
    f"{HERE}/kustomization.yaml": "resources: [api]\n",
    f"{HERE}/api/kustomization.yaml": (
        "patches:\n  - path: size.yaml\n  - path: broken.yaml\n  - path: gone.yaml\n"
        "  - target: {kind: StatefulSet, name: api|web}\n    patch: |-\n"
        "      - {op: test, path: /spec/volumeClaimTemplates/0/spec/storageClassName, value: fast}\n"
        "      - {op: replace, path: /spec/volumeClaimTemplates/0/spec/resources/requests, value: {storage: 20Gi}}\n"
        "  - target: {kind: Deployment, name: api, labelSelector: a=b}\n    patch: |-\n"
        "      - {op: add, path: /spec/template/spec/containers/1/image, value: 'api:1'}\n"
        "  - target: {name: api}\n    patch: |-\n      - {op: add, path: /metadata/labels/app.kubernetes.io~1name, value: api}\n"
        "  - target: {kind: NetworkPolicy, name: api}\n    path: rules.json\n"
    ),
    f"{HERE}/api/size.yaml": (
        "kind: Deployment\nmetadata: {name: api}\nspec:\n  replicas: 3\n  paused: false\n  template:\n    spec:\n      containers:\n"
        "        - name: api\n          resources: {limits: {cpu: '2'}}\n"
        "---\nkind: HorizontalPodAutoscaler\nmetadata: {name: api}\nspec: {maxReplicas: 4}\n"
        "---\nkind: ResourceQuota\nmetadata: {name: quota}\nspec:\n  hard: {requests.storage: 60Gi}\n"
    ),
    f"{HERE}/api/broken.yaml": "kind: Deployment\nmetadata: {name: api}\nspec: [\n",
    f"{HERE}/api/rules.json": '[{"op": "add", "path": "/spec/ingress/0/from", "value": []}, {"op": "remove", "path": "/spec/egress/0"}]',
    f"{HERE}/release/api/base/kustomization.yaml": "patches:\n  - path: image.yaml\n",
    f"{HERE}/release/api/base/image.yaml": (
        "kind: Deployment\nmetadata: {name: api}\nspec: {template: {spec: {containers: [{name: api, image: 'api:1'}]}}}\n"
    ),
}


@pytest.mark.parametrize(
    ("item", "field", "file"),
    [
        (DEPLOYMENT, "spec.replicas", "size.yaml"),
        (DEPLOYMENT, "spec.template.spec.containers[api].resources.limits.cpu", "size.yaml"),
        (DEPLOYMENT, "spec.template.spec.containers[api].resources", "size.yaml"),
        (QUOTA, "spec.hard[requests.storage]", "size.yaml"),
        (QUOTA, "spec.hard.requests.storage", "size.yaml"),
        (STATEFUL_SET, "spec.volumeClaimTemplates[data].spec.resources.requests.storage", "kustomization.yaml"),
        (STATEFUL_SET, "spec.volumeClaimTemplates[0].spec.resources.requests", "kustomization.yaml"),
        (POLICY, "spec.ingress[0].from", "rules.json"),
        # what another patch or a base says
        (DEPLOYMENT, "spec.paused", None),
        (DEPLOYMENT, "metadata.name", None),
        (DEPLOYMENT, "kind", None),
        (DEPLOYMENT, "spec.template.spec.containers[api].name", None),
        (DEPLOYMENT, "metadata.labels.app.kubernetes.io/name", None),
        (DEPLOYMENT, "spec.template.spec.containers[api].image", None),
        (DEPLOYMENT, "spec.template.spec.containers[api]", None),
        (DEPLOYMENT, "spec.template.spec.containers[proxy].image", None),
        (DEPLOYMENT, "spec.template.spec.containers[api].env[A]", None),
        (DEPLOYMENT, "spec.template.spec.containers[api].env[B]", None),
        (DEPLOYMENT, "spec.absent", None),
        (DEPLOYMENT, "", None),
        (QUOTA, "spec.hard", None),
        (QUOTA, "spec.hard[pods]", None),
        (STATEFUL_SET, "spec.volumeClaimTemplates", None),
        (STATEFUL_SET, "spec.volumeClaimTemplates[data].spec.storageClassName", None),
        (POLICY, "spec.ingress[0]", None),
        (POLICY, "spec.egress[0]", None),
        (AUTOSCALER, "spec.metrics[0].pods.metric.name", None),
    ],
)
def test_an_overlay_is_named_where_it_says_the_field_as_it_is_rendered(item: dict[str, Any], field: str, file: str | None) -> None:
    assert patch_of(TEXTS, HERE, item, field) == (file and f"{HERE}/api/{file}")


def test_a_list_that_a_patch_replaces_is_compared_as_a_whole() -> None:
    texts = {f"{HERE}/kustomization.yaml": "patches:\n  - path: rules.yaml\n"}
    written = "kind: NetworkPolicy\nmetadata: {name: api}\nspec: {ingress: [{from: []}], egress: [{to: [2]}]}\n"
    texts[f"{HERE}/rules.yaml"] = written
    assert patch_of(texts, HERE, POLICY, "spec.ingress[0].from") == f"{HERE}/rules.yaml"
    assert patch_of(texts, HERE, POLICY, "spec.egress[0].to") is None


@pytest.mark.parametrize(
    "patch",
    [
        "[{op: replace, path: /spec/template/spec/containers/1/image, value: 'api:0'}]",  # which a later one has changed
        "{kind: Deployment, metadata: {name: api}, spec: {template: {spec: {containers: [{name: api, image: 'api:1'}, {name: api}]}}}}",
    ],
)
def test_a_patch_that_may_not_have_made_the_value_is_not_to_blame(patch: str) -> None:
    target = "{kind: Deployment, name: api}"
    texts = {f"{HERE}/kustomization.yaml": f'patches:\n  - target: {target}\n    patch: "{patch}"\n'}
    assert patch_of(texts, HERE, DEPLOYMENT, "spec.template.spec.containers[api].image") is None


def test_the_last_of_several_patches_counts() -> None:
    texts = TEXTS | {
        f"{HERE}/kustomization.yaml": "patches:\n  - patch: '{kind: Deployment, metadata: {name: api}, spec: {replicas: 3}}'\n"
    }
    assert patch_of(texts, HERE, DEPLOYMENT, "spec.replicas") == f"{HERE}/kustomization.yaml"


@pytest.mark.parametrize("field", ["a[x]", "a[2]", "b[0]", "c.d"])
def test_a_field_that_may_be_one_of_several_or_is_not_there_has_no_path(field: str) -> None:
    assert resolved({"a": [{"name": "x"}, {"name": "x"}], "b": 1, "c": {}}, field) is None
