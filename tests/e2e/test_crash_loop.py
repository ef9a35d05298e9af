"""Pods that crash: what the gate says of a release that has them, and of an environment that has come to have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.conftest import APP

if TYPE_CHECKING:
    from tests.e2e.world import World

BROKEN = "v2.0.0-crashes"  # the tag says so to the simulated kubelet


def test_an_environment_whose_pods_have_come_to_crash_is_not_promoted_to(world: World) -> None:
    world.has_release()
    world.wait_until_synced()
    world.crash("staging", APP)
    world.wait_for("staging to be unwell", lambda: world.application("staging")["status"]["health"]["status"] != "Healthy")
    assert world.crashing("staging")
    judged = world.bot("gate", "dev", "staging")
    assert judged.code == 3
    assert "not-healthy" in judged.codes
    assert judged.codes <= {"not-healthy", "alert-pending", "alert-firing"}  # whether Prometheus has seen the Pods by now is its business


@pytest.mark.carries_on
def test_a_release_whose_pods_crash_is_not_promoted(world: World) -> None:
    world.sandbox.registry.push(f"ghcr.io/dpdpdpdp0987/{APP}", BROKEN)
    bumped = world.bot("bump", APP, BROKEN)
    world.sandbox.ada.merge(bumped.result["pull_request"]["number"])
    world.argocd.refresh("context-dev")
    world.wait_for("dev's new Pods to crash", lambda: world.crashing("dev"))
    world.wait_for("Argo CD to know it", lambda: world.application("dev")["status"]["health"]["status"] != "Healthy")
    judged = world.bot("gate", "dev", "staging")
    assert judged.code == 3
    assert {"not-healthy", "operation-running", "soak-not-begun"} <= judged.codes
