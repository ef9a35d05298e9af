"""A release travels from dev to prod on the real Argo CD, moved by the bot's own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.sandbox.running import LATER
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
def test_a_release_travels_to_staging_then_prod_and_leaves_the_databases_alone(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    """Live where it has come to, and nowhere else. How long each way takes is recorded: docs/DEPLOYMENT_CHECKLIST.md names it."""
    old = {name: world.images(name) for name in ("staging", "prod")}
    databases = {name: world.generations(name) for name in ("dev", "staging", "prod")}
    released = is_bumped(world)
    world.wait_until_synced()
    assert {name: world.images(name) for name in old} == old
    before = world.running.main()
    world.argocd.tell(before=before, after=world.land("dev", "staging"))
    record_property("from merge to Synced and Healthy, with webhook, in seconds", f"{world.seconds_until_well('staging'):.1f}")
    world.wait_until_synced()
    assert (api_image(world, "staging"), world.images("prod")) == (released, old["prod"])
    world.land("staging", "prod")
    seconds = world.seconds_until_well("prod")
    record_property(f"from merge to Synced and Healthy, looking every {POLL} s, in seconds", f"{seconds:.1f}")
    world.wait_until_synced()
    assert api_image(world, "prod") == released
    assert world.tree("environments/prod/release/context-api") == world.tree("apps/context-api")
    assert {name: world.generations(name) for name in databases} == databases
    assert world.application("prod")["status"]["sync"]["revision"] == world.running.main()


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


@pytest.mark.carries_on
def test_one_app_is_promoted_alone_and_a_base_change_of_another_stays_in_dev(world: World) -> None:
    """A change of `apps/` reaches dev at once, and from there only what is promoted."""
    old = {name: limits(world, name) for name in ("dev", "staging", "prod")}
    assert old["dev"] == old["staging"]
    world.has_release(LATER)
    world.push({LIMITS: world.git("show", f"main:{LIMITS}").replace("memory: 512Mi", "memory: 500Mi") + "\n"}, "foundation: less memory")
    world.wait_until_synced()
    assert limits(world, "dev") != old["dev"]
    world.promote("dev", "staging", APP)
    assert api_image(world, "staging") == api_image(world, "dev")
    assert {name: limits(world, name) for name in ("staging", "prod")} == {name: old[name] for name in ("staging", "prod")}
    assert world.tree("environments/staging/release/foundation") != world.tree("apps/foundation")


def limits(world: World, environment: str) -> Object:
    """What a container gets there that asks for nothing."""
    (found,) = world.cluster.items(f"/api/v1/namespaces/context-{environment}/limitranges")
    spec: Object = found["spec"]
    return spec


@pytest.mark.carries_on
def test_status_tells_what_runs_where(world: World) -> None:
    rows = {row["environment"]: row for row in world.bot("status").result["environments"]}
    assert {name: (row["sync"], row["health"]) for name, row in rows.items()} == dict.fromkeys(rows, ("Synced", "Healthy"))
