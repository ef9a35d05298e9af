"""Generated settings: the file that has the value of a variable."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.generated import setting_file

HERE = "environments/prod"
WHERE = "spec.template.spec.containers[api]"
CONTAINER = {
    "name": "api",
    "envFrom": [{"configMapRef": {"name": "settings-6d572t28mm"}}, {"configMapRef": {"name": "others"}, "prefix": "P_"}],
    "env": [
        {"name": "OWN", "value": "1"},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "others", "key": "K"}}},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "others", "key": "K"}}},
    ],
}
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "api"},
    "spec": {"template": {"spec": {"containers": [CONTAINER]}}},
}
DATA = {"A": "overlay", "B": "base", "C": "feature", "D": "literal", "E": "patch", "F": "nobody", "OWN": "2"}
SETTINGS: dict[str, Any] = {"kind": "ConfigMap", "metadata": {"name": "settings-6d572t28mm"}, "data": DATA}
OTHERS: dict[str, Any] = {"kind": "ConfigMap", "metadata": {"name": "others"}, "data": {"K": "k"}}
ITEMS = {(each["kind"], each["metadata"]["name"]): each for each in (DEPLOYMENT, SETTINGS, OTHERS)}
TEXTS = {
    f"{HERE}/api/kustomization.yaml": (
        "configMapGenerator:\n  - {name: settings, behavior: merge, envs: [settings.env], literals: [D=literal]}\n"
        "  - {name: another, envs: [another.env]}\n"
        "patches:\n  - target: {kind: ConfigMap, name: settings}\n    patch: '[{op: replace, path: /data/E, value: patch}]'\n"
    ),
    f"{HERE}/api/settings.env": "# of prod\nA=overlay\n",
    f"{HERE}/api/another.env": "F=nobody\n",
    "apps/api/base/kustomization.yaml": "configMapGenerator:\n  - {name: settings, envs: [settings.env]}\n",
    "apps/api/base/settings.env": "A=base\nB=base\nC=base\nE=patch\nF=1\nOWN=2\n",
    "apps/api/a-feature/kustomization.yaml": "configMapGenerator:\n  - {name: settings, behavior: merge, envs: [a.env]}\n",
    "apps/api/a-feature/a.env": "B=base\n",
    "apps/api/features/more/kustomization.yaml": (
        "configMapGenerator:\n  - {name: settings, behavior: merge, envs: [more.env]}\n  - {name: others, envs: [others.env]}\n"
    ),
    "apps/api/features/more/more.env": "B=base\nC=feature\n",
    "apps/api/features/more/others.env": "K=k\n",
}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("A", f"{HERE}/api/settings.env"),
        ("B", "apps/api/base/settings.env"),
        ("C", "apps/api/features/more/more.env"),
        ("D", f"{HERE}/api/kustomization.yaml"),
        ("E", f"{HERE}/api/kustomization.yaml"),
        ("KEY", "apps/api/features/more/others.env"),
        ("P_K", "apps/api/features/more/others.env"),
        ("F", None),
        ("OWN", None),
        ("PASSWORD", None),
        ("ABSENT", None),
    ],
)
def test_a_variable_is_said_by_the_file_that_has_its_value(name: str, file: str | None) -> None:
    assert setting_file(TEXTS, HERE, ITEMS, DEPLOYMENT, f"{WHERE}.env[{name}]") == file


def test_a_key_of_a_config_map_is_said_by_the_file_that_has_its_value() -> None:
    assert setting_file(TEXTS, HERE, ITEMS, SETTINGS, "data[B]") == "apps/api/base/settings.env"
    assert setting_file(TEXTS, HERE, ITEMS, SETTINGS, "data.A") == f"{HERE}/api/settings.env"


@pytest.mark.parametrize("field", ["spec.template.spec.containers[gone].env[A]", f"{WHERE}.image", "metadata.name", ""])
def test_other_fields_are_of_no_file_of_settings(field: str) -> None:
    assert setting_file(TEXTS, HERE, ITEMS, DEPLOYMENT, field) is None
    assert setting_file(TEXTS, HERE, ITEMS, SETTINGS, field) is None
