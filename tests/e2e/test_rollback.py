"""A rollback makes the previous release live, whatever Argo CD is doing: a sync that hangs, a database that is down, a sync window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.conftest import APP

if TYPE_CHECKING:
    from tests.e2e.cluster import Object
    from tests.e2e.world import World

GOOD = "v2.2.0"
WAITS = "waiting for healthy state of apps/Deployment/context-api"
WINDOW = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "manualSync": True}


def rolled_back(world: World, before: set[str], reason: str) -> None:
    """Rolls staging's API back; the previous release is live, auto-sync is on, and the databases were not touched."""
    databases = world.generations("staging")
    done = world.bot("rollback", "staging", APP, "--reason", reason)
    assert (done.code, done.outcome) == (0, "merged"), done
    world.wait_for("the previous release to be live", lambda: world.releases("staging") == before)
    application = world.application("staging")
    assert application["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    assert world.generations("staging") == databases


def goes_to_staging(world: World, tag: str) -> str:
    """A release is in dev and promoted to staging on main, whose commit is answered; Argo CD is told."""
    world.has_release(tag)
    world.has_promoted("dev", "staging")
    world.look_at_git()
    return world.git("rev-parse", "main")


def operation(world: World) -> Object:
    """Staging's last or running sync; nothing while one begins."""
    found: Object = world.application("staging")["status"].get("operationState") or {}
    return found


@pytest.mark.carries_on
def test_a_sync_that_hangs_on_a_bad_release_is_ended(world: World) -> None:
    """Healthy in dev, crashing in staging: Argo CD waits for the Deployment for ever, and for nothing that main says."""
    before = world.releases("staging")
    bad = goes_to_staging(world, "v2.0.0-crashes-in-context-staging")
    world.wait_for("staging's new Pods to crash", lambda: world.crashing("staging"))
    world.wait_for("the sync to wait for them", lambda: WAITS in operation(world).get("message", ""))
    stuck = world.bot("sync", "staging", "--timeout", "2")
    assert stuck.code == 1
    told = " ".join(stuck.document["error"].values())
    assert WAITS in told
    assert "Degraded back-off 40s restarting failed container" in told
    assert (operation(world)["phase"], operation(world)["syncResult"]["revision"]) == ("Running", bad)
    rolled_back(world, before, "it crashes")
    synced = world.bot("sync", "staging")
    assert synced.code == 0, synced
    assert world.crashing("staging") == []
    again = world.bot("gate", "dev", "staging")
    assert (again.code, "release-quarantined" in again.codes) == (3, True)


@pytest.mark.carries_on
def test_a_sync_whose_smoke_hook_fails_has_failed_and_can_be_rolled_back(world: World) -> None:
    before = world.releases("staging")
    goes_to_staging(world, "v2.1.0-breaks-its-contract-in-context-staging")
    world.wait_for("the hook to fail", lambda: "finishedAt" in operation(world) and operation(world).get("phase") == "Running")
    broken = world.bot("sync", "staging", "--timeout", "2")
    assert broken.code == 1, broken
    assert "Job context-api-smoke" in " ".join(broken.document["error"].values())
    judged = world.bot("gate", "staging", "prod")
    assert judged.code == 3
    assert judged.codes & {"operation-running", "operation-failed"}
    rolled_back(world, before, "it breaks its contract")
    synced = world.bot("sync", "staging")
    assert synced.code == 0, synced


@pytest.mark.carries_on
def test_in_a_sync_window_a_promotion_waits_and_a_rollback_is_live_with_a_database_down(world: World) -> None:
    """Neither the window nor the wave of a database that is not healthy holds it up."""
    before = world.releases("staging")
    goes_to_staging(world, GOOD)
    world.wait_until_synced()
    assert world.releases("staging") == {GOOD}
    for project in ("context-staging", "context-prod"):
        world.argocd.windows(project, [WINDOW])
    held = world.bot("gate", "staging", "prod")
    assert (held.code, held.result["gate"]["verdict"], "argocd-sync-window" in held.codes) == (3, "HOLD", True)
    world.crash("staging", "qdrant")
    world.wait_for("staging to be unwell", lambda: world.application("staging")["status"]["health"]["status"] != "Healthy")
    rolled_back(world, before, "it answers with errors")
    world.wait_for("the sync to end", lambda: operation(world).get("phase") == "Succeeded")
    assert all(name.startswith("qdrant-") for name in world.crashing("staging"))
    assert world.crashing("staging")
