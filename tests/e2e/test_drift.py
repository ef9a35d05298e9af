"""What somebody changes in the cluster by hand is put back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.world import API

if TYPE_CHECKING:
    from tests.e2e.world import World

NAMESPACE = "context-staging"


def test_drift_is_healed(world: World) -> None:
    before = world.releases("staging")
    container = {"name": "api", "image": f"{API}:v0.0.1"}
    drifted = {"spec": {"template": {"spec": {"containers": [container]}}}}
    world.cluster.kubectl("patch", "deployment", "context-api", "-n", NAMESPACE, "--patch", json.dumps(drifted))
    world.cluster.delete("service", "context-api", namespace=NAMESPACE)
    world.cluster.delete("networkpolicies", "--all", namespace=NAMESPACE)
    world.wait_for("a difference to be seen", lambda: world.application("staging")["status"]["sync"]["status"] == "OutOfSync")
    world.wait_until_synced()
    assert world.releases("staging") == before
    assert world.cluster.get(f"/api/v1/namespaces/{NAMESPACE}/services/context-api")
    assert world.cluster.items(f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies")
