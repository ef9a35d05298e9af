"""Row 12 of the gate's table, shown by the sandbox's Argo CD, which contract tests hold to the real one (tests/e2e runs that)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from bot.gate import judge
from bot.model import Image, Release, Verdict
from bot.workflows.observe import attempt
from tests.bot.argocd_situations import API, TOKEN, Land, environment_files, running_land
from tests.bot.gate_situations import NOON, environment_seen, promotion_ready
from tests.bot.gate_violations import VIOLATIONS
from tests.bot.repositories import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UNKNOWN, HOLD, PASS = Verdict.UNKNOWN, Verdict.HOLD, Verdict.PASS
STACK = "environments/prod/stack.yaml"


@dataclass(frozen=True)
class Case:
    """A clause of row 12, and how prod comes to violate it."""

    codes: str
    verdict: Verdict
    switch: str = ""  # turned on, and off again
    happens: Callable[[Land], object] | None = None
    tag: str = "v1"  # that main declares
    application: str = "prod"
    token: str = TOKEN


def hangs(land: Land) -> None:
    land.stand_in.hang("prod", on=True)
    land.release("prod", "v2")
    land.until(lambda seen: seen.health == "Progressing")


def was_ended(land: Land) -> None:
    hangs(land)
    land.argocd().terminate()


def stands_still(land: Land) -> None:
    land.stand_in.stop_following()
    land.release("prod", "v2")
    land.argocd().refresh()


def loses_its_folder(land: Land) -> None:
    land.repositories.commit(dict.fromkeys(environment_files("prod", "v1")))
    land.argocd().refresh()


def does_not_render(land: Land) -> None:
    land.repositories.commit({"environments/prod/kustomization.yaml": "resources: [nowhere.yaml]\n"})
    land.until(lambda seen: seen.sync == "Unknown")


HANGING = "not-healthy out-of-sync image-not-running image-other-version"  # its new Pods do not come
CASES = {
    "row-12-live": Case("", PASS),
    "row-12-jobs-of-other-versions": Case("", PASS, switch="jobs"),
    "row-12-application-missing": Case("application-missing", UNKNOWN, application="staging"),
    "row-12-token-refused": Case("argocd-forbidden", UNKNOWN, token="another"),
    "row-12-application-elsewhere": Case("application-elsewhere sync-unknown tree-not-synced", UNKNOWN, switch="sources"),
    "row-12-out-of-sync": Case("out-of-sync", HOLD, switch="drift"),
    "row-12-not-healthy": Case("not-healthy", HOLD, switch="degrade"),
    "row-12-sync-window": Case("argocd-sync-window", HOLD, switch="window"),
    "row-12-images": Case("image-not-running image-other-version", HOLD, tag="v3"),
    "row-12-folder-gone": Case("folder-gone", UNKNOWN, happens=loses_its_folder),
    "row-12-sync-unknown": Case("sync-unknown", UNKNOWN, happens=does_not_render),
    "row-12-operation-running": Case(f"operation-running {HANGING}", HOLD, happens=hangs, tag="v2"),
    "row-12-operation-failed": Case(f"operation-failed {HANGING}", HOLD, happens=was_ended, tag="v2"),
    "row-12-tree-not-synced": Case("tree-not-synced image-not-running image-other-version", HOLD, happens=stands_still, tag="v2"),
}
ONLY_VALUES = {  # reason codes of the row that this Argo CD never shows, and why
    "environment-not-live": "of environment.yaml",
    "tree-unseen": "main has what Argo CD synced",
    "health-outdated": "it looks at its workloads whenever it is asked",
    "edited-by-hand": "of records, in Git",
    "gone": "whatever a test cannot see",
}


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    with running_land(tmp_path_factory.mktemp("land")) as running:
        yield running


def hash_of(land: Land, commit: str, path: str) -> str:
    """What lies at a path of a commit, if anything."""
    return git(land.repositories.bare, "ls-tree", "--object-only", commit, path)


@pytest.mark.parametrize("clause", CASES)
def test_row_12(clause: str, lasting: Land, tmp_path: Path) -> None:
    """The clause's verdict, for its own reasons and no others."""
    case = CASES[clause]
    if case.happens:
        with running_land(tmp_path) as land:
            declared = hash_of(land, "main", STACK)
            case.happens(land)
            prove(case, land, hash_of(land, "main", STACK) or declared)
    else:
        if case.switch:
            lasting.stand_in.switch("prod", case.switch, on=True)
        try:
            prove(case, lasting, hash_of(lasting, "main", STACK))
        finally:
            if case.switch:
                lasting.stand_in.switch("prod", case.switch, on=False)


def prove(case: Case, land: Land, tree: str) -> None:
    argocd = land.argocd(case.application, project="context-prod", token=case.token)
    application = attempt(argocd.application)
    revision = getattr(application, "revision", None)
    release = Release("context-api", tree, case.tag, (Image(API, case.tag),))
    ready = promotion_ready()
    target = replace(
        environment_seen("prod", "target", releases=(release,)),
        folder_exists=bool(hash_of(land, "main", "environments/prod/environment.yaml")),
        application=application,
        synced_trees={"context-api": hash_of(land, revision, STACK) if revision else None},
        sync_window=land.argocd().sync_window(),
    )
    judgement = judge(replace(ready, target=target), now=NOON)
    assert {reason.code for reason in judgement.reasons} == set(case.codes.split()), judgement.reasons
    assert judgement.verdict is case.verdict
    assert {reason.row for reason in judgement.reasons} <= {12}


def test_every_clause_of_row_12_is_in_the_table() -> None:
    shown = {code for case in CASES.values() for code in case.codes.split()}
    possible = {code for each in VIOLATIONS for code in each.codes[:1] if each.row == 12}
    assert possible - shown == set(ONLY_VALUES)
