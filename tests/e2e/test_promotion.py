"""A release travels from dev to prod on the real Argo CD, moved by the bot's own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.conftest import APP, NEW

if TYPE_CHECKING:
    from tests.e2e.world import World

REPOSITORY = f"ghcr.io/dpdpdpdp0987/{APP}"
STATEFUL = ("qdrant", "neo4j")


def api_image(world: World, environment: str) -> str:
    """The image that the environment's API really runs."""
    (found,) = {image for image in world.images(environment) if image.startswith(f"{REPOSITORY}:")}
    return found


def generations(world: World, environment: str) -> dict[str, int]:
    """How often the databases' objects were changed."""
    return {name: world.live(environment, "statefulsets", name)["metadata"]["generation"] for name in STATEFUL}


def test_a_bump_is_live_in_dev_at_the_new_digest_and_nowhere_else(world: World) -> None:
    before = {name: world.images(name) for name in ("staging", "prod")}
    digest = world.sandbox.registry.push(REPOSITORY, NEW)
    bumped = world.bot("bump", APP, NEW)
    merged = world.sandbox.ada.merge(bumped.result["pull_request"]["number"])
    synced = world.bot("sync", "dev")
    assert (synced.code, synced.result["revision"]) == (0, merged), synced
    assert api_image(world, "dev") == f"{REPOSITORY}:{NEW}@{digest}"
    world.wait_until_synced()
    assert {name: world.images(name) for name in before} == before


def test_a_promotion_reaches_staging_then_prod_and_leaves_the_databases_alone(world: World) -> None:
    databases = {name: generations(world, name) for name in ("dev", "staging", "prod")}
    old = api_image(world, "prod")
    world.new_release()
    released = api_image(world, "dev")
    assert released != old
    world.promote("dev", "staging")
    assert (api_image(world, "staging"), api_image(world, "prod")) == (released, old)
    world.promote("staging", "prod")
    assert api_image(world, "prod") == released
    assert world.tree("environments/prod/release/context-api") == world.tree("apps/context-api")
    assert {name: generations(world, name) for name in databases} == databases
    assert world.application("prod")["status"]["sync"]["revision"] == world.git("rev-parse", "main")


def test_status_tells_what_runs_where(world: World) -> None:
    world.new_release()
    rows = {row["environment"]: row for row in world.bot("status").result["environments"]}
    assert {name: (row["sync"], row["health"]) for name, row in rows.items()} == dict.fromkeys(rows, ("Synced", "Healthy"))
