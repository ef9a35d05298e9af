"""What the gate needs of a source: that it stands still, and was healthy for long enough, by a clock that nothing sets wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.bot.conftest import APP
from tests.e2e.running import SOAK

if TYPE_CHECKING:
    from tests.bot.conftest import Answered
    from tests.e2e.world import World

LAW, IMAGE = "environments/staging/environment.yaml", f"apps/{APP}/base/deployment.yaml"


def soaked_since(judged: Answered) -> datetime:
    """Since when the gate holds the release of the API in the source to be healthy."""
    (found,) = (each for each in judged.result["gate"]["findings"] if each["facts"].get("since") and f"release {APP}" in each["subject"])
    return datetime.fromisoformat(found["facts"]["since"])


def renders_the_same(world: World, words: str) -> datetime:
    """A release that differs in a comment alone is merged: nothing is to be synced; answers when main got it."""
    commit = world.push({IMAGE: f"{world.git('show', f'main:{IMAGE}')}\n# {words}\n"}, f"{APP}: a comment")
    world.wait_until_synced()
    return datetime.fromtimestamp(int(world.git("show", "--no-patch", "--format=%ct", commit)), UTC)


def test_the_soak_of_a_release_that_renders_the_same_begins_at_its_merge(world: World) -> None:
    """No sync brought it, so Argo CD's history has none."""
    history = world.application("dev")["status"]["history"]
    merged = renders_the_same(world, "no difference")
    assert world.application("dev")["status"]["history"] == history
    judged = world.bot("gate", "dev", "staging")
    assert judged.result["gate"]["verdict"] == "PASS", judged
    assert soaked_since(judged) == merged


@pytest.mark.carries_on
def test_the_soak_begins_anew_with_an_application_that_was_deleted_and_made_anew(world: World) -> None:
    """Its history is gone, and with it all that could tell of the time before."""
    renders_the_same(world, "once more")
    old = world.application("dev")["metadata"]["uid"]
    world.cluster.delete("applications.argoproj.io", "context-dev", namespace="argocd")
    deleted = datetime.now(UTC).replace(microsecond=0)
    world.argocd.look()
    world.wait_for("dev's Application to be there again", lambda: "context-dev" in world.argocd.applications())
    world.wait_until_synced()
    anew = world.application("dev")
    assert anew["metadata"]["uid"] != old
    assert "history" not in anew["status"]
    judged = world.bot("gate", "dev", "staging")
    assert soaked_since(judged) == datetime.fromisoformat(anew["status"]["health"]["lastTransitionTime"]) >= deleted
    assert judged.codes <= {"soak-not-over"}


@pytest.mark.carries_on
def test_a_source_that_is_behind_main_is_moving(world: World) -> None:
    """Its release would be promotable, had it soaked; Argo CD has not seen what comes next."""
    law = world.git("show", f"main:{LAW}")
    world.push({LAW: law.replace(f"soak: {SOAK.seconds}s", "soak: 1h") + "\n"}, "staging: an hour of soak")
    world.has_release()
    world.wait_until_synced()
    with world.stopped("argocd-application-controller"):
        world.push({IMAGE: f"{world.git('show', f'main:{IMAGE}')}\n# next\n"}, f"{APP}: what comes next")
        judged = world.bot("gate", "dev", "staging")
    assert judged.code == 3
    said = {each["code"]: each["verdict"] for each in judged.result["gate"]["findings"]}
    assert (said.get("source-moving"), said.get("soak-not-over")) == ("HOLD", "HOLD"), said
