"""Deciding a promotion: which trees move, under which records, on which branch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.model import ArgoCDAddress, BotError, Environment, Image, Origin, Policy, Record, Release
from bot.promotion import (
    allowed_paths,
    branch_of,
    contained_branches,
    next_record,
    overlapping_branch,
    plan_promotion,
    read_branch,
    record_files,
    strangers,
    verified_status,
)
from bot.runs import Run


def environment(name: str, source: str | None) -> Environment:
    return Environment(name, "https://cluster", name, ArgoCDAddress("https://argocd", name, name), (), Policy(), source)


STAGING, PROD = environment("staging", "dev"), environment("prod", "staging")
OLD, NEW, COMMIT = "1" * 40, "2" * 40, "c" * 40
RUN = Run(NEW, COMMIT, datetime(2026, 11, 24, tzinfo=UTC), None)


def release(app: str, tree: str = NEW, tag: str = "v2", number: int | None = None) -> Release:
    record = None if number is None else Record(tree, tag, Origin("staging", "d" * 40), number)
    return Release(app, tree, tag, (Image(app, tag),), record)


OFFERED = {app: release(app) for app in ("api", "neo4j", "qdrant")}
APPS = ("api", "neo4j", "qdrant")
RUNS = dict.fromkeys(APPS, RUN)


def test_every_app_that_differs_moves_with_its_next_record() -> None:
    current = {"api": release("api", OLD, "v1", 7), "qdrant": release("qdrant", number=3)}
    plan = plan_promotion(STAGING, PROD, offered=OFFERED, current=current, overlays=APPS, runs=RUNS)
    assert plan is not None
    assert (plan.source, plan.target, plan.apps) == ("staging", "prod", ("api", "neo4j"))
    assert [change.record for change in plan.changes] == [
        Record(NEW, "v2", Origin("staging", COMMIT), 8),
        Record(NEW, "v2", Origin("staging", COMMIT), 1),
    ]
    assert [change.before for change in plan.changes] == [current["api"], None]


def test_one_app_moves_and_the_others_that_differ_are_named() -> None:
    plan = plan_promotion(STAGING, PROD, offered=OFFERED, current={}, overlays=APPS, runs=RUNS, asked=("neo4j",))
    assert plan is not None
    assert (plan.apps, plan.asked, plan.left_behind) == (("neo4j",), ("neo4j",), ("api", "qdrant"))


def test_an_app_without_an_overlay_is_skipped_and_named() -> None:
    plan = plan_promotion(STAGING, PROD, offered=OFFERED, current={}, overlays=("api",), runs=RUNS)
    assert plan is not None
    assert (plan.apps, plan.without_overlay) == (("api",), ("neo4j", "qdrant"))


@pytest.mark.parametrize("asked", [(), ("api",)], ids=["the whole stack", "one app"])
def test_what_is_already_there_is_no_plan(asked: tuple[str, ...]) -> None:
    current = OFFERED if not asked else {"api": OFFERED["api"]}
    assert plan_promotion(STAGING, PROD, offered=OFFERED, current=current, overlays=APPS, runs=RUNS, asked=asked) is None


def test_an_app_that_the_source_does_not_run_stays() -> None:
    current = {**OFFERED, "old": release("old")}
    assert plan_promotion(STAGING, PROD, offered=OFFERED, current=current, overlays=(*APPS, "old"), runs=RUNS) is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [("redis", "staging runs no app 'redis'"), ("qdrant", "prod has no overlay for qdrant")],
    ids=["unknown", "no overlay"],
)
def test_an_app_that_cannot_be_promoted_is_a_wrong_use(asked: str, message: str) -> None:
    with pytest.raises(BotError, match=message) as refused:
        plan_promotion(STAGING, PROD, offered=OFFERED, current={}, overlays=("api",), runs=RUNS, asked=(asked,))
    assert refused.value.usage


@pytest.mark.parametrize(
    ("before", "number"),
    [(None, 1), (release("api", OLD), 1), (release("api", OLD, number=17), 18)],
    ids=["the first", "after one without a record", "the next"],
)
def test_a_records_number_differs_from_its_predecessors(before: Release | None, number: int) -> None:
    assert next_record(release("api"), before, Origin("staging", COMMIT)).number == number


@pytest.mark.parametrize(
    ("target", "asked", "branch"),
    [("prod", (), "promote.prod"), ("prod", ("qdrant", "api"), "promote.prod.api.qdrant")],
    ids=["the whole stack", "some apps, in any order"],
)
def test_a_branch_says_what_it_promotes(target: str, asked: tuple[str, ...], branch: str) -> None:
    assert branch_of(target, asked) == branch
    assert read_branch(branch) == (target, frozenset(asked))


@pytest.mark.parametrize("branch", ["main", "bump.api", "rollback.prod.api.1-2", "promote", "promoted.prod"])
def test_other_branches_promote_nothing(branch: str) -> None:
    assert read_branch(branch) is None


OPEN = ["promote.prod", "promote.prod.api", "promote.prod.api.qdrant", "promote.prod.neo4j", "promote.staging.api", "main"]


@pytest.mark.parametrize(
    ("branch", "contained", "overlapping"),
    [
        ("promote.prod", ("promote.prod.api", "promote.prod.api.qdrant", "promote.prod.neo4j"), None),
        ("promote.prod.api.qdrant", ("promote.prod.api",), "promote.prod"),
        ("promote.prod.api", (), "promote.prod"),
        ("promote.staging", ("promote.staging.api",), None),
        ("promote.dev", (), None),
    ],
)
def test_a_wider_promotion_contains_the_narrower(branch: str, contained: tuple[str, ...], overlapping: str | None) -> None:
    assert contained_branches(branch, OPEN) == contained
    assert overlapping_branch(branch, OPEN) == overlapping


def test_promotions_that_share_an_app_overlap() -> None:
    assert overlapping_branch("promote.prod.api.neo4j", ["promote.prod.api.qdrant"]) == "promote.prod.api.qdrant"
    assert overlapping_branch("promote.prod.neo4j", ["promote.prod.api.qdrant"]) is None


def test_records_lie_beside_their_releases() -> None:
    plan = plan_promotion(STAGING, PROD, offered=OFFERED, current={}, overlays=("api",), runs=RUNS)
    assert plan is not None
    text = f'tree: "{NEW}"\nversion: v2\nfrom: staging@{COMMIT}\nnumber: 1\n'
    assert record_files(PROD, plan.changes) == {"environments/prod/release/api.yaml": text}


@pytest.mark.parametrize(
    ("path", "strange"),
    [
        ("environments/prod/release/api/base/deployment.yaml", False),
        ("environments/prod/release/api.yaml", False),
        ("environments/prod/api/size.yaml", False),
        ("environments/prod/api", False),
        ("environments/prod/release/api.yaml.orig", True),
        ("environments/prod/release/api-v2/base/deployment.yaml", True),
        ("environments/prod/release/qdrant.yaml", True),
        ("environments/prod/environment.yaml", True),
        ("environments/prod/holds/x.yaml", True),
        ("environments/staging/api/size.yaml", True),
        ("apps/api/base/deployment.yaml", True),
        (".github/workflows/ci.yaml", True),
    ],
)
def test_a_promotion_touches_its_apps_alone(path: str, *, strange: bool) -> None:
    assert strangers([path], allowed_paths(PROD, ["api"])) == ((path,) if strange else ())


def test_a_folder_that_is_allowed_may_be_written_without_a_slash() -> None:
    assert strangers(["a/b/c", "a/b", "a/bc"], ("a/b",)) == ("a/bc",)


def test_the_result_of_a_verification_has_a_name_for_each_environment() -> None:
    assert verified_status("prod") == "promotion/verified/prod"
