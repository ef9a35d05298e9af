"""What sync waits for and whom it blames: decisions on values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.adapters.git_command import GitRunner
from bot.adapters.git_objects import GitObjects
from bot.environments import parse_environment
from bot.model import Release
from bot.observations import ApplicationSeen, Operation, PodSeen, ResourceFault, SyncWindow, Unseen
from bot.setup import PROBLEM, UNKNOWN, WARNING, ApplicationSetSeen
from bot.workflows.sync_troubles import missing, set_troubles, troubles, version_trouble, window_trouble
from bot.workflows.sync_waiting import Aim, faults, has_failed, needs_a_start, waiting_for
from tests.bot.argocd_situations import ENVIRONMENT, environment_files
from tests.bot.repositories import BOT, make_repositories

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROD = parse_environment("prod", ENVIRONMENT.format(name="prod") + "promotesFrom: dev\n")
URL = "https://github.com/acme/stack.git"
IMAGE = "example/api:v2"
DONE = Operation("Succeeded", "ok", NOON - timedelta(minutes=2), NOON - timedelta(minutes=1), None)
WELL = ApplicationSeen(
    name="context-prod",
    path="environments/prod",
    target_revision="main",
    sync="Synced",
    revision=None,
    health="Healthy",
    healthy_since=NOON,
    reconciled=NOON,
    operation=DONE,
    history=(),
    conditions=(),
    pods=(PodSeen("api-1", (IMAGE,), "Healthy", of_job=False),),
    repository=URL,
)
CRASH = ResourceFault("Pod", "api-1", "Degraded", "back-off 5m0s restarting failed container")
DIFFERS = ResourceFault("ConfigMap", "settings", "OutOfSync", "")
HOOK = ResourceFault("Job", "smoke", "Failed", "backoff limit")
AGAIN = replace(DONE, phase="Running", message="tasks failed. Retrying attempt #1", faults=(HOOK,))  # as Argo CD says it between attempts


class Commits:
    """A repository: prod at v1, at v2, and a later commit that changes nothing in it."""

    def __init__(self, folder: Path) -> None:
        repositories = make_repositories(folder)
        release = "environments/prod/release/api/images.yaml"
        self.old = repositories.commit({**environment_files("prod", "v1"), release: "v1\n"})
        self.main = repositories.commit({release: "v2\n"})
        self.later = repositories.commit({"README.md": "2\n"})
        self.objects = GitObjects(GitRunner(repositories.bare), BOT)
        entry = self.objects.entry(self.main, "environments/prod/release/api")
        assert entry
        self.aim = Aim(PROD, self.main, (Release("api", entry.sha, "v2"),), frozenset({IMAGE}))


@pytest.fixture(scope="module")
def commits(tmp_path_factory: pytest.TempPathFactory) -> Commits:
    return Commits(tmp_path_factory.mktemp("commits"))


def test_another_commit_with_the_same_trees_is_live(commits: Commits) -> None:
    for revision in (commits.main, commits.later):
        assert waiting_for(commits.objects, replace(WELL, revision=revision), commits.aim) is None


def test_an_old_release_is_not_live_however_synced_and_healthy(commits: Commits) -> None:
    for revision in (commits.old, None, "f" * 40):
        told = waiting_for(commits.objects, replace(WELL, revision=revision), commits.aim)
        assert told
        assert told.startswith("api v2 (Argo CD is at ")


LACKING = {
    "a sync that runs": (replace(WELL, operation=replace(DONE, finished=None, message="wave 1")), "the running operation: wave 1"),
    "a sync that is tried again": (
        replace(WELL, operation=AGAIN),
        "the running operation: tasks failed. Retrying attempt #1; Job smoke: Failed backoff limit",
    ),
    "out of sync": (replace(WELL, sync="OutOfSync", faults=(DIFFERS,)), "sync (OutOfSync); ConfigMap settings: OutOfSync"),
    "no Pod with the image": (replace(WELL, pods=()), f"Pods with {IMAGE}"),
    "a Job's Pod alone": (replace(WELL, pods=(PodSeen("j", (IMAGE,), "Healthy", of_job=True),)), f"Pods with {IMAGE}"),
    "crashing": (replace(WELL, health="Degraded", faults=(CRASH,)), f"health (Degraded); Pod api-1: Degraded {CRASH.message}"),
    "health of before the sync": (replace(WELL, reconciled=NOON - timedelta(hours=1)), "health that is newer than the last sync"),
    "never looked": (replace(WELL, reconciled=None), "health that is newer than the last sync"),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_is_waited_for_names_the_resources_at_fault(commits: Commits, case: str) -> None:
    app, told = LACKING[case]
    assert waiting_for(commits.objects, replace(app, revision=commits.main), commits.aim) == told


def test_a_failed_sync_of_these_trees_is_final_and_one_of_others_is_not(commits: Commits) -> None:
    def failed(operation: str, seen: str, phase: str = "Failed") -> bool:
        app = replace(WELL, revision=seen, operation=replace(DONE, phase=phase, revision=operation))
        return has_failed(commits.objects, app, commits.aim)

    assert failed(commits.main, commits.main)
    assert failed(commits.later, commits.later, "Error")
    assert not failed(commits.main, commits.main, "Succeeded")
    assert not failed(commits.old, commits.old)  # the bad release of before
    assert not failed(commits.main, commits.later)  # Argo CD tries a newer commit again
    assert not has_failed(commits.objects, replace(WELL, revision=commits.main, operation=None), commits.aim)


CAUGHT = replace(DONE, phase="Running", finished=None, message="Sync operation blocked by sync window")
STARTS: dict[str, tuple[ApplicationSeen, bool]] = {
    "nothing differs": (WELL, False),
    "nothing runs": (replace(WELL, sync="OutOfSync"), True),
    "nothing ever ran": (replace(WELL, sync="OutOfSync", operation=None), True),
    "a sync runs": (replace(WELL, sync="OutOfSync", operation=replace(CAUGHT, message="wave 1")), False),
    "a sync that the window caught": (replace(WELL, sync="OutOfSync", operation=CAUGHT), True),
    "a sync that is tried again": (replace(WELL, sync="OutOfSync", operation=AGAIN), False),
    "compared before the last sync ended": (replace(WELL, sync="OutOfSync", reconciled=DONE.finished), False),
}


@pytest.mark.parametrize("case", STARTS)
def test_a_sync_window_matters_when_nothing_else_will_sync(case: str) -> None:
    """Else it would be blamed while a rollback's sync runs."""
    app, expected = STARTS[case]
    assert needs_a_start(app) is expected


def test_a_sync_window_is_told_with_what_passes_meanwhile() -> None:
    window = SyncWindow("deny", ("schedule 0 0 24 12 *, duration 192h",), allows_manual=True)
    told = [window_trouble("prod", each) for each in (window, replace(window, allows_manual=False), Unseen("argocd-forbidden", "403"))]
    assert [each.state for each in told if each] == [WARNING, WARNING, UNKNOWN]
    assert ["schedule 0 0 24 12 *" in each.what for each in told if each] == [True, True, False]
    assert ["`bot rollback` starts" in each.fix for each in told if each] == [True, False, False]
    assert window_trouble("prod", None) is None


def test_what_the_sync_could_not_apply_comes_before_what_only_differs() -> None:
    failed = replace(DONE, phase="Failed", faults=(HOOK,))
    app = replace(WELL, operation=failed, faults=(DIFFERS, CRASH), conditions=("ComparisonError: x",))
    assert faults(app) == [
        "ComparisonError: x",
        "Job smoke: Failed backoff limit",
        f"Pod api-1: Degraded {CRASH.message}",
        "ConfigMap settings: OutOfSync",
    ]
    assert faults(replace(WELL, operation=replace(DONE, faults=(HOOK,)))) == []  # of a sync that was tried again and succeeded


TROUBLES = {
    "several sources": ({"sources": 2}, "has 2 sources", "one `source`"),
    "no source": ({"sources": 0}, "has 0 sources", "one `source`"),
    "another folder": ({"path": "environments/dev"}, "follows environments/dev on main", "environments/prod on main"),
    "another branch": ({"target_revision": ""}, "on HEAD", "environments/prod on main"),
    "another repository": ({"repository": "https://git.test/other/stack"}, "https://git.test/other/stack", "repoURL"),
    "a missing project": ({"conditions": ("InvalidSpecError: project context-prod does not exist",)}, "does not exist", "kubectl apply -k"),
    "no auto-sync": ({"is_automated": False}, "does not sync by itself", "syncPolicy.automated"),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_what_no_waiting_mends_is_named_with_the_remedy(case: str) -> None:
    change, what, fix = TROUBLES[case]
    (found,) = troubles(replace(WELL, **change), PROD, URL)  # type: ignore[arg-type]  # fields of the dataclass
    assert (found.state, found.place) == (PROBLEM, "prod")
    assert what in found.what
    assert fix in found.fix


@pytest.mark.parametrize("same", [URL, "git@github.com:Acme/stack.git", "https://github.com/acme/stack/", "file:///srv/acme/stack.git"])
def test_a_repository_has_several_addresses(same: str) -> None:
    assert list(troubles(replace(WELL, repository=same), PROD, URL)) == []


def test_a_secret_in_an_address_is_not_told() -> None:
    (found,) = troubles(replace(WELL, repository="https://bot:sesame@git.test/x/y"), PROD, "https://a:sesame@git.test/acme/stack")
    assert "sesame" not in found.what


@pytest.mark.parametrize(
    ("version", "word"), [("v2.14.3+abc", "older"), ("v3.1.9", "older"), ("v3.6.0-rc1+x", "newer"), ("v4.0.0", "newer")]
)
def test_an_argo_cd_that_was_not_tried_is_a_warning(version: str, word: str) -> None:
    found = version_trouble("prod", "https://argocd.test", version)
    assert found
    assert found.state == WARNING
    assert f"{word} than tested (3.2 to 3.5)" in found.what


def test_a_tested_version_is_no_trouble_and_an_odd_one_is_unknown() -> None:
    for tried in ("v3.2.11+abc", "v3.5.1"):
        assert version_trouble("prod", "https://argocd.test", tried) is None
    odd = version_trouble("prod", "https://argocd.test", "latest")
    assert odd
    assert odd.state == "unknown"


def test_a_missing_application_of_an_environment_that_is_not_live_says_so() -> None:
    assert "live: false" in missing(replace(PROD, live=False)).fix
    assert "ApplicationSet" in missing(PROD).fix


def test_the_error_of_an_application_set_is_told_on_one_line() -> None:
    (found,) = set_troubles("prod", (ApplicationSetSeen("environments", ("line\n two",)), ApplicationSetSeen("fine", ())))
    assert found.what == "ApplicationSet environments: line two"
