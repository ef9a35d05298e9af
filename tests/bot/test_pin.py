"""Pins: every tag gets its digest from the registry, in one pull request, or nothing is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.conftest import Town

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")


def images(app: str) -> str:
    return f"apps/{app}/images/kustomization.yaml"


def unpin(town: Town, *apps: str) -> dict[str, str]:
    """Takes the digests away; gives the texts as they were."""
    before = {images(app): town.git("show", f"main:{images(app)}") + "\n" for app in apps}
    town.push({path: DIGEST.sub("", text) for path, text in before.items()}, "tags alone")
    return before


def test_a_pin_restores_each_digest_and_changes_nothing_else(town: Town) -> None:
    before = unpin(town, "context-api", "qdrant")
    done = town.bot("pin")
    assert (done.code, done.outcome) == (0, "opened")
    assert sorted(done.result["pinned"]) == ["context-api", "qdrant"]
    assert town.git("diff", "--name-only", "main", "pin").split() == sorted(before)
    assert {path: town.git("show", f"pin:{path}") + "\n" for path in before} == before
    writes = town.writes()
    assert town.bot("pin").outcome == "unchanged"
    assert town.writes() == writes
    town.sandbox.ada.merge(done.pull["number"])
    assert town.bot("pin").outcome == "already"


def test_a_dry_run_and_one_app_alone(town: Town) -> None:
    unpin(town, "context-api", "qdrant")
    writes = town.writes()
    planned = town.bot("pin", "qdrant", "--dry-run")
    assert (planned.outcome, sorted(planned.result["pinned"])) == ("planned", ["qdrant"])
    assert town.writes() == writes
    assert town.bot("pin", "qdrant").pull["branch"] == "pin.qdrant"


def test_a_tag_that_the_registry_lacks_is_named_and_nothing_is_written(town: Town) -> None:
    before = unpin(town, "context-api", "qdrant")
    text = DIGEST.sub("", before[images("context-api")])
    town.push({images("context-api"): text.replace("v1.4.2", "v9.9.9")}, "a tag that is nowhere")
    writes = town.writes()
    failed = town.bot("pin")
    assert failed.code == 1
    assert "v9.9.9" in failed.document["error"]["message"]
    assert town.writes() == writes


def test_an_app_that_is_not_there_is_a_wrong_use(town: Town) -> None:
    failed = town.bot("pin", "nowhere")
    assert failed.code == 2
    assert "'nowhere'" in failed.document["error"]["message"]


def test_an_unpinned_image_is_not_promoted_to_prod(town: Town) -> None:
    unpin(town, "context-api")
    town.has_promoted("dev", "staging")
    town.wait_until_synced()
    judged = town.bot("gate", "staging", "prod")
    assert judged.code == 3
    assert "image-unpinned" in judged.codes
