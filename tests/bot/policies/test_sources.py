"""Source files: no deprecated fields, no files that nothing reads."""

from __future__ import annotations

import pytest

from bot.policies.sources import deprecated_fields, unread_files, unreadable_files

GOOD = {
    "base/kustomization.yaml": "resources:\n  - service.yaml\nconfigMapGenerator:\n  - name: settings\n    envs:\n      - settings.env\n",
    "base/service.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\n",
    "base/settings.env": "LOG_LEVEL=INFO\n",
    "features/mesh/kustomization.yaml": "kind: Component\npatches:\n  - path: retries.yaml\n",
    "features/mesh/retries.yaml": "kind: Service\nmetadata:\n  name: api\n",
    "README.md": "kind: not a manifest\n",
    "release/api.yaml": "tree: 0123\n",
    "environment.yaml": "namespace: context-dev\n",
}


def test_good_files_pass() -> None:
    assert not list(deprecated_fields(GOOD))
    assert not list(unread_files(GOOD))
    assert not list(unreadable_files(GOOD))


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("bases", "resources"),
        ("commonLabels", "labels"),
        ("imageTags", "images"),
        ("patchesJson6902", "patches"),
        ("patchesStrategicMerge", "patches"),
        ("secretGenerator", "ExternalSecret"),
        ("vars", "replacements"),
    ],
)
def test_a_deprecated_field_is_named(field: str, hint: str) -> None:
    (violation,) = deprecated_fields(GOOD | {"base/kustomization.yaml": f"{field}:\n  - x\n"})
    assert (violation.name, violation.field) == ("base/kustomization.yaml", field)
    assert hint in violation.hint


def test_a_field_of_a_manifest_may_have_any_name() -> None:
    assert not list(deprecated_fields({"base/service.yaml": "bases: []\n"}))


def test_a_manifest_that_no_kustomization_reads_is_named() -> None:
    (violation,) = unread_files(GOOD | {"base/pod-disruption-budget.yaml": "kind: PodDisruptionBudget\n"})
    assert violation.name == "base/pod-disruption-budget.yaml"
    assert "manifest" in violation.what


def test_an_unreadable_kustomization_is_left_to_the_check_of_contents() -> None:
    assert [each.name for each in unread_files({"kustomization.yaml": "[", "a.yaml": "kind: A\n"})] == ["a.yaml"]


def test_a_manifest_that_is_no_yaml_is_named_with_its_line() -> None:
    (problem,) = unreadable_files(GOOD | {"features/mesh/unused.yaml": "kind: Service\nspec: [1\nports: 2\n"})
    assert problem.file == "features/mesh/unused.yaml:3"
    assert problem.what.startswith("is not YAML that can be read")


def test_texts_that_are_no_manifests_need_not_be_yaml() -> None:
    assert not list(unreadable_files({"base/settings.env": "A: [", "base/store.sh": "\t[", "base/kustomization.yaml": "["}))
