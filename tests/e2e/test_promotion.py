"""A release travels from dev to prod on the real Argo CD, moved by the bot's own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.conftest import APP, NEW
from tests.e2e.argocd_start import POLL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.cluster import Object
    from tests.e2e.world import World

LIMITS = "apps/foundation/base/limit-range.yaml"
REPOSITORY = f"ghcr.io/dpdpdpdp0987/{APP}"


def api_image(world: World, environment: str) -> str:
    """The image that the environment's API really runs."""
    (found,) = {image for image in world.images(environment) if image.startswith(f"{REPOSITORY}:")}
    return found


@pytest.mark.carries_on
def test_a_release_travels_alone_to_staging_then_prod_and_touches_nothing_else(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    """Live where it has come to, and nowhere else. How long each way takes is recorded: docs/DEPLOYMENT_CHECKLIST.md names it."""
    old = {name: world.images(name) for name in ("staging", "prod")}
    databases = {name: world.generations(name) for name in ("dev", "staging", "prod")}
    limited = base_changes(world)
    released = is_bumped(world)
    world.wait_until_synced()
    assert {name: world.images(name) for name in old} == old
    assert limits(world, "dev") != limited["dev"]
    before = world.running.main()
    world.argocd.tell(before=before, after=world.land(world.propose("dev", "staging", APP)))
    record_property("from merge to Synced and Healthy, with webhook, in seconds", f"{world.seconds_until_well('staging'):.1f}")
    world.wait_until_synced()
    assert (api_image(world, "staging"), world.images("prod")) == (released, old["prod"])
    assert world.tree("environments/staging/release/foundation") != world.tree("apps/foundation")
    lands_when_no_alert_fires(world, world.propose("staging", "prod"))
    seconds = world.seconds_until_well("prod")
    record_property(f"from merge to Synced and Healthy, looking every {POLL} s, in seconds", f"{seconds:.1f}")
    world.wait_until_synced()
    assert api_image(world, "prod") == released
    assert world.tree("environments/prod/release/context-api") == world.tree("apps/context-api")
    assert {name: limits(world, name) for name in old} == {name: limited[name] for name in old}
    assert {name: world.generations(name) for name in databases} == databases
    assert world.application("prod")["status"]["sync"]["revision"] == world.running.main()


def lands_when_no_alert_fires(world: World, number: str) -> None:
    """An alert that begins after the approval turns the verdict; it is merged when that is over."""
    before = world.running.main()
    world.errors("staging", on=True)
    judged = world.bot("gate", "--pr", number)
    assert (judged.code, judged.result["gate"]["verdict"], "alert-firing" in judged.codes) == (3, "FAIL", True)
    refused = world.bot("merge", number, "--wait")
    assert (refused.code, refused.outcome, world.running.main()) == (3, "refused", before)
    world.errors("staging", on=False)
    world.land(number)


def base_changes(world: World) -> dict[str, Object]:
    """Another app changes in `apps/`, where dev alone follows it; answers what was live before."""
    old = {name: limits(world, name) for name in ("dev", "staging", "prod")}
    assert old["dev"] == old["staging"]
    world.push({LIMITS: world.git("show", f"main:{LIMITS}").replace("memory: 512Mi", "memory: 500Mi") + "\n"}, "foundation: less memory")
    return old


def is_bumped(world: World) -> str:
    """A new image comes to dev by the bot's pull request; answers it, when it is live there at its digest."""
    digest = world.sandbox.registry.push(REPOSITORY, NEW)
    bumped = world.bot("bump", APP, NEW)
    merged = world.sandbox.ada.merge(bumped.result["pull_request"]["number"])
    synced = world.bot("sync", "dev")
    assert (synced.code, synced.result["revision"]) == (0, merged), synced
    released = f"{REPOSITORY}:{NEW}@{digest}"
    assert api_image(world, "dev") == released
    return released


def limits(world: World, environment: str) -> Object:
    """What a container gets there that asks for nothing."""
    (found,) = world.cluster.items(f"/api/v1/namespaces/context-{environment}/limitranges")
    spec: Object = found["spec"]
    return spec


@pytest.mark.carries_on
def test_status_tells_what_runs_where(world: World) -> None:
    rows = {row["environment"]: row for row in world.bot("status").result["environments"]}
    assert {name: (row["sync"], row["health"]) for name, row in rows.items()} == dict.fromkeys(rows, ("Synced", "Healthy"))
