"""Mistakes in `environments/` on main: a folder that is gone, a file that is no YAML; and their repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.cluster import Object
    from tests.e2e.world import World

NEXT = "v1.4.9"
ENVIRONMENTS = ("dev", "staging", "prod")
FILE = "environments/staging/environment.yaml"


def problems(world: World) -> dict[str, str]:
    """What `bot status` says is wrong, by environment."""
    rows = world.bot("status").result["environments"]
    told = {row["environment"]: row["problem"] for row in rows}
    return {name: problem for name, problem in told.items() if problem and "nobody judged it" not in problem}  # the start over is a push


def identities(world: World) -> dict[str, str]:
    """What would differ, had Argo CD deleted and made anew: Applications, and the API's Deployments."""
    applications = {name: app["metadata"]["uid"] for name, app in world.argocd.applications().items()}
    workloads: dict[str, Object] = {name: world.live(name, "deployments", "context-api") for name in ENVIRONMENTS}
    return applications | {name: each["metadata"]["uid"] for name, each in workloads.items()}


def test_a_deleted_folder_takes_nothing_with_it_and_is_named(world: World) -> None:
    before, main = identities(world), world.git("rev-parse", "main")
    files = world.git("ls-tree", "-r", "--name-only", "main", "environments/prod").split()
    removed = world.push(dict.fromkeys(files), "prod is not needed any more")
    world.argocd.look()
    world.look_at_git()
    world.wait_for("the others at main", lambda: world.application("staging")["status"]["sync"].get("revision") == removed)
    assert identities(world) == before
    assert "environments/prod is gone from main" in problems(world)["prod"]
    for words in (("gate", "staging", "prod"), ("promote", "staging", "prod"), ("rollback", "prod", "context-api", "--reason", "x")):
        refused = world.bot(*words)
        assert refused.code == 1
        assert "environments/prod is gone from main" in refused.document["error"]["message"]
        assert "revert the commit" in refused.document["error"]["hint"]
    world.restore("environments/prod", main)
    world.argocd.look()
    world.wait_until_synced()
    assert identities(world) == before
    assert problems(world) == {}
    assert world.bot("gate", "staging", "prod").outcome == "already"


def test_a_malformed_file_stops_nobody_else_and_is_named(world: World) -> None:
    before, main = identities(world), world.git("rev-parse", "main")
    world.push({FILE: "cluster: [\n"}, "staging: a slip of the pen")
    world.argocd.look()
    assert world.argocd.set_conditions()["ErrorOccurred"] == "True"
    assert FILE in problems(world)["staging"]
    world.has_release(NEXT)
    world.wait_until_synced()
    assert world.releases("dev") == {NEXT}
    assert identities(world) == before
    world.restore(FILE, main)
    world.argocd.look()
    world.wait_for("the ApplicationSet to be well", lambda: world.argocd.set_conditions()["ErrorOccurred"] == "False")
    assert problems(world) == {}
