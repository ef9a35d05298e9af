"""Storage classes: each rule with the class of this repository that keeps it and a change that breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.clusters import CLUSTER_POLICIES
from bot.policies.manifests import Manifests, Violation

GOOD = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "ctx-fast-ssd"},
    "provisioner": "ebs.csi.aws.com",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowVolumeExpansion": True,
}
BAD: dict[str, dict[str, Any]] = {
    "volumeBindingMode": {"volumeBindingMode": "Immediate"},
    "allowVolumeExpansion": {"allowVolumeExpansion": False},
    "provisioner": {"provisioner": "kubernetes.io/aws-ebs"},
    "metadata.name": {"metadata": {"name": "standard"}},
}


def violations(item: dict[str, Any]) -> list[Violation]:
    return [each for policy in CLUSTER_POLICIES for each in policy(Manifests("production", "", (item,)))]


def test_the_class_of_this_repository_passes() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize("field", BAD)
def test_each_rule_names_its_field(field: str) -> None:
    (found,) = violations(GOOD | BAD[field])
    assert (found.kind, found.field, found.is_error) == ("StorageClass", field, True)
    assert found.hint


def test_every_rule_has_an_example() -> None:
    assert len(BAD) == len(CLUSTER_POLICIES)
