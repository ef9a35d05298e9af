"""Parts of a promotion's decision: trailers of its commit, alerts that it is to end, hotfixes that it drops, branches that it contains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import Image, Origin, Record, Release
from bot.promotion import Change, Plan, check_alert_names, contained_branches, overlapping_branch, plan_promotion, strangers, trailers
from tests.bot.test_promotion import OFFERED, PROD, RUNS, STAGING

APPS = {app: replace(OFFERED[app], version="v3") for app in ("neo4j", "qdrant")}


def test_what_comes_is_what_is_offered() -> None:
    plan = plan_promotion(STAGING, PROD, offered=APPS, current={}, overlays=APPS, runs=RUNS)
    assert plan is not None
    assert [(change.app, change.after) for change in plan.changes] == list(APPS.items())


MESSAGE = """staging -> prod: api

Fixes-Alert: SlowSearch
Fixes-Alert:
Fixes-Alert : Spaced
fixes-alert: lower
Drops-Hotfix: later: it is in v2
Fixes-Alert: SlowSearch
Fixes-Alert:   HighErrors  """


def test_the_values_of_a_trailer_come_once_in_their_order() -> None:
    assert trailers(MESSAGE, "Fixes-Alert") == ("SlowSearch", "HighErrors")
    assert trailers(MESSAGE, "Drops-Hotfix") == ("later: it is in v2",)
    assert trailers(MESSAGE, "Missing") == ()


def test_names_of_alerts_are_sorted_and_come_once() -> None:
    assert check_alert_names(["Slow", "_a1", "Slow", "High"]) == ("High", "Slow", "_a1")
    assert check_alert_names([]) == ()


OLD, FIX, NEW = Image("api", "v1"), Image("api", "v1-fix"), Image("api", "v2")


def release(*images: Image, place: str | None = None) -> Release:
    record = None if place is None else Record("1" * 40, "v", Origin(place, "c" * 40), 2)
    return Release("api", "1" * 40, "v", images, record)


@pytest.mark.parametrize(
    ("before", "after", "is_dropped"),
    [
        (None, release(NEW), False),
        (release(FIX), release(NEW), False),
        (release(FIX, place="staging"), release(NEW), False),
        (release(FIX, place="hotfix"), release(NEW), True),
        (release(FIX, place="hotfix"), release(NEW, FIX), False),
        (release(FIX, OLD, place="hotfix"), release(FIX, NEW), True),
    ],
    ids=["the first release", "no record", "no hotfix", "another image", "the same image and more", "one of two images"],
)
def test_a_hotfix_is_dropped_where_one_of_its_images_is_not_in_what_comes(
    before: Release | None, after: Release, *, is_dropped: bool
) -> None:
    record = Record("2" * 40, "v2", Origin("staging", "c" * 40), 3)
    kept = Change("kept", release(NEW, place="hotfix"), release(NEW), record)
    plan = Plan("staging", "prod", (Change("api", before, after, record), kept))
    assert plan.dropped == (("api",) if is_dropped else ())
    assert replace(plan, changes=()).dropped == ()


def test_the_same_apps_in_another_order_are_contained() -> None:
    """Only somebody's own branch is called so; it must not stay open beside the bot's."""
    assert contained_branches("promote.prod.api.qdrant", ["promote.prod.qdrant.api"]) == ("promote.prod.qdrant.api",)
    assert overlapping_branch("promote.prod.api.qdrant", ["promote.prod.qdrant.api"]) is None


@pytest.mark.parametrize("folder", ["a/X", "a/X/"])
def test_of_a_folder_only_slashes_are_stripped(folder: str) -> None:
    assert strangers(["a/X/c", "a/c", "a/Xc"], (folder,)) == ("a/c", "a/Xc")
