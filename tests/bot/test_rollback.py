"""Deciding a rollback: which earlier tree comes back, and what is quarantined."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.holds import hold_path
from bot.model import ArgoCDAddress, BotError, Environment, Hold, Image, Origin, Policy, Record, Release
from bot.rollback import branch_of, choose_run, held, is_rolled_back, quarantine, refuse_following_main
from bot.runs import Run

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENT = datetime(2026, 11, 24, tzinfo=UTC)
BAD, GOOD, OLDER, OLDEST = ("bad0" * 10, "90d1" * 10, "01d2" * 10, "01d3" * 10)
HOLD = Hold("x", "prod", "api", GOOD, ("sha256:1",), "ada", "2026-11-24T10:00:00Z", "leaks")


def runs(*trees: str | None) -> list[Run]:
    """Newest first, each begun by a commit of its own."""
    return [Run(tree, f"commit-{index}", MOMENT, None) for index, tree in enumerate(trees)]


def verified(*commits: str) -> Callable[[str], bool]:
    return lambda commit: commit in commits


@pytest.mark.parametrize(
    ("trees", "good", "chosen", "warned"),
    [
        ((BAD, GOOD, OLDER), ("commit-1",), "commit-1", False),
        ((BAD, GOOD, OLDER), ("commit-2",), "commit-2", False),
        ((BAD, GOOD, OLDER), (), "commit-1", True),
        ((BAD, BAD, OLDER), ("commit-1", "commit-2"), "commit-2", False),
        ((BAD, None, OLDER), (), "commit-2", True),
        ((BAD, GOOD, BAD, OLDER), ("commit-2",), "commit-1", True),
    ],
    ids=["the last verified", "an older verified", "the previous, unverified", "another tree", "not its absence", "not itself again"],
)
def test_the_last_good_release_comes_back(trees: tuple[str | None, ...], good: tuple[str, ...], chosen: str, *, warned: bool) -> None:
    choice = choose_run("api", runs(*trees), holds=[], verified=verified(*good))
    assert choice is not None
    assert choice.run.commit == chosen
    assert (choice.warning is not None) is warned


def test_a_quarantined_release_never_comes_back() -> None:
    choice = choose_run("api", runs(BAD, GOOD, OLDER), holds=[HOLD], verified=verified("commit-1"))
    assert choice is not None
    assert choice.run.tree == OLDER


def test_a_hold_on_another_app_does_not_count() -> None:
    choice = choose_run("api", runs(BAD, GOOD), holds=[replace(HOLD, app="qdrant")], verified=verified())
    assert choice is not None
    assert choice.run.tree == GOOD


@pytest.mark.parametrize("trees", [(), (BAD,), (BAD, BAD), (BAD, GOOD)], ids=["never ran", "the first", "the same", "all quarantined"])
def test_without_an_earlier_release_there_is_no_way_back(trees: tuple[str, ...]) -> None:
    with pytest.raises(BotError, match="api has no earlier release"):
        choose_run("api", runs(*trees), holds=[HOLD], verified=verified())


def test_a_named_tree_comes_back_by_its_first_digits() -> None:
    choice = choose_run("api", runs(BAD, GOOD, OLDER, OLDER), holds=[], verified=verified("commit-1"), wanted=OLDER[:7])
    assert choice is not None
    assert choice.run.commit == "commit-2"
    assert choose_run("api", runs(BAD, GOOD), holds=[], verified=verified(), wanted=BAD) is None


SIMILAR = OLDER[:20] + "f" * 20


@pytest.mark.parametrize(
    ("wanted", "words", "usage"),
    [
        (OLDER[:6], "too short", True),
        ("f" * 12, "is not a tree that ran here", True),
        (OLDER[:10], "names several trees", True),
        (GOOD[:10], "is quarantined", False),
    ],
    ids=["too short", "unknown", "of several", "quarantined"],
)
def test_a_wrong_name_of_a_tree_is_refused(wanted: str, words: str, *, usage: bool) -> None:
    with pytest.raises(BotError, match=words) as refused:
        choose_run("api", runs(BAD, GOOD, OLDER, SIMILAR), holds=[HOLD], verified=verified(), wanted=wanted)
    assert refused.value.usage is usage


def release(tree: str, *images: Image, place: str = "staging") -> Release:
    return Release("api", tree, "v1", images, Record(tree, "v1", Origin(place, "c" * 40), 1))


def test_what_is_left_behind_is_held_by_its_tree_and_its_new_digests() -> None:
    bad = release(BAD, Image("a", "v2", "sha256:2"), Image("b", "v1", "sha256:1"), Image("c", "v1"), Image("d", "v2", "sha256:0"))
    good = release(GOOD, Image("a", "v1", "sha256:9"), Image("b", "v1", "sha256:1"))
    hold = quarantine(bad, good, environment="prod", who="ada", when="2026-11-24T10:00:00Z", why="leaks")
    assert hold == Hold("quarantine-api-bad0bad0bad0", "prod", "api", BAD, ("sha256:0", "sha256:2"), "ada", "2026-11-24T10:00:00Z", "leaks")
    assert hold_path(hold) == "environments/prod/holds/quarantine-api-bad0bad0bad0.yaml"
    assert quarantine(bad, good, environment="prod", who="ben", when="later", why="again").id == hold.id


@pytest.mark.parametrize(
    ("found", "is_held"),
    [
        (release(GOOD), True),
        (release(OLDER, Image("a", "v3", "sha256:1")), True),
        (release(OLDER, Image("a", "v3", "sha256:2")), False),
        (release(OLDER, Image("a", "v3")), False),
        (replace(release(GOOD), app="qdrant"), False),
    ],
    ids=["by its tree", "by a digest", "other digest", "no digest", "other app"],
)
def test_a_hold_covers_a_tree_and_whatever_runs_its_digests(found: Release, *, is_held: bool) -> None:
    assert (held(found, [HOLD]) == HOLD) is is_held


def test_a_rollback_is_known_by_its_record() -> None:
    assert is_rolled_back(release(GOOD, place="rollback"))
    assert not is_rolled_back(release(GOOD))
    assert not is_rolled_back(replace(release(GOOD), record=None))


def test_an_environment_that_follows_main_is_not_rolled_back() -> None:
    dev = Environment("dev", "https://cluster", "dev", ArgoCDAddress("https://argocd", "dev", "dev"), (), Policy())
    with pytest.raises(BotError, match="dev cannot be rolled back") as refused:
        refuse_following_main(dev)
    assert "git revert" in refused.value.hint
    refuse_following_main(replace(dev, promotes_from="staging"))


def test_a_branch_says_what_it_rolls_back() -> None:
    moves = [("qdrant", BAD, GOOD), ("api", GOOD, OLDER)]
    assert branch_of("prod", moves) == "rollback.prod.api.90d190d1-01d201d2.qdrant.bad0bad0-90d190d1"
    assert branch_of("prod", reversed(moves)) == branch_of("prod", moves)
