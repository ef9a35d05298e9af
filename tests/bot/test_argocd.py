"""The Argo CD adapter on the stand-in that follows a repository: every field, every switch, every write."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.model import BotError, UnobservableError
from bot.observations import ResourceFault
from bot.sandbox.argocd import SIDECAR
from bot.sandbox.serving import Fault
from tests.bot.argocd_situations import API, NEO4J, PROXY, Land, environment_files, running_land, stack
from tests.bot.repositories import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATIONS = "/api/v1/applications/"


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Land]:
    with running_land(tmp_path) as running:
        yield running


def test_a_live_release_is_seen_in_full(land: Land) -> None:
    seen, main = land.seen(), git(land.repositories.bare, "rev-parse", "main")
    assert (seen.name, seen.path, seen.target_revision, seen.sources) == ("context-prod", "environments/prod", "main", 1)
    assert (seen.sync, seen.health, seen.revision, seen.conditions, seen.faults) == ("Synced", "Healthy", main, (), ())
    operation = seen.operation
    assert operation
    assert (operation.phase, operation.revision, operation.message) == ("Succeeded", main, "successfully synced (all tasks run)")
    assert operation.started
    assert operation.finished
    assert seen.healthy_since
    assert seen.reconciled
    assert operation.started <= operation.finished <= seen.reconciled
    assert abs(seen.healthy_since - datetime.now(UTC)) < timedelta(seconds=30)
    assert [entry.revision for entry in seen.history] == [main]
    assert seen.history[0].at == operation.finished


def test_pods_have_the_images_of_their_workloads(land: Land) -> None:
    images = {pod.name.rsplit("-", 1)[0].rsplit("-", 1)[0]: pod.images for pod in land.seen().pods if pod.name.startswith("context-api")}
    assert images == {"context-api": (PROXY, f"{API}:v1")}
    assert [(pod.name, pod.images) for pod in land.seen().pods[1:]] == [("neo4j-0", (NEO4J,)), ("neo4j-1", (NEO4J,))]
    assert {pod.health for pod in land.seen().pods} == {"Healthy"}
    assert land.stand_in.pods("prod") == land.seen().pods


def test_the_pod_of_a_job_is_told_apart(land: Land) -> None:
    land.stand_in.jobs("prod", on=True)
    assert [pod.images for pod in land.seen().pods if pod.of_job] == [("ghcr.io/example/backup:2",)]


HOOK = {"annotations": {"argocd.argoproj.io/hook": "PostSync"}}


def test_a_hook_is_no_part_of_what_is_live(land: Land) -> None:
    """It has run and is gone: neither its absence nor another one is a difference."""
    before = land.seen()
    work = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "check", "image": f"{API}:v1"}]}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "check", **HOOK}, "spec": work}
    files = {"environments/prod/stack.yaml": f"{stack('v1')}---\n{json.dumps(job)}\n"}
    commit = land.repositories.commit(files)
    land.argocd().refresh()
    land.stand_in.jobs("prod", on=True)
    after = land.seen()
    assert (after.sync, after.health, after.revision, after.history) == ("Synced", "Healthy", commit, before.history)
    assert not any(pod.name.startswith("check") for pod in after.pods)


def test_an_injected_sidecar_is_seen(land: Land) -> None:
    land.stand_in.sidecar = SIDECAR
    assert all(SIDECAR in pod.images for pod in land.seen().pods)


def test_a_commit_goes_live_and_counts_as_one_sync(land: Land) -> None:
    before = land.seen()
    commit = land.release("prod", "v2")
    after = land.synced(commit)
    assert any(f"{API}:v2" in pod.images for pod in after.pods)
    assert not any(f"{API}:v1" in pod.images for pod in after.pods)
    assert [entry.revision for entry in after.history] == [before.revision, commit]
    assert after.healthy_since
    assert before.healthy_since
    assert after.healthy_since >= before.healthy_since


def test_a_sync_runs_before_it_succeeds(land: Land) -> None:
    land.stand_in.duration = 1.0
    land.release("prod", "v2")
    running = land.until(lambda seen: seen.operation is not None and seen.operation.phase == "Running")
    assert (running.sync, running.health) == ("OutOfSync", "Progressing")
    assert running.operation
    assert running.operation.finished is None
    assert ResourceFault("Deployment", "context-api", "OutOfSync", "") in running.faults


def test_a_commit_elsewhere_moves_the_revision_alone(land: Land) -> None:
    before = land.seen()
    commit = land.release("dev", "v2")
    after = land.synced(commit)
    assert after.history == before.history
    assert after.operation == before.operation


def test_only_ten_syncs_are_remembered(land: Land) -> None:
    for number in range(11):
        commit = land.release("prod", f"v1.{number}")
        land.argocd().refresh()
        seen = land.synced(commit)
    assert len(seen.history) == 10
    assert seen.history[-1].revision == commit
    assert [entry.at for entry in seen.history] == sorted(entry.at for entry in seen.history)


def test_what_does_not_render_is_unknown_and_stays_healthy(land: Land) -> None:
    commit = land.repositories.commit({"environments/prod/kustomization.yaml": "resources: [nowhere.yaml]\n"})
    seen = land.until(lambda seen: seen.sync == "Unknown")
    assert (seen.health, seen.revision, len(seen.history)) == ("Healthy", commit, 1)
    assert "ComparisonError: " in seen.conditions[0]
    assert "nowhere.yaml" in seen.conditions[0]
    assert seen.pods


def test_a_deleted_folder_goes_on_being_synced_at_the_old_commit(land: Land) -> None:
    before = land.seen()
    land.repositories.commit(dict.fromkeys(environment_files("prod", "v1")))
    land.argocd().refresh()
    after = land.seen()
    assert (after.sync, after.health, after.revision, after.pods) == ("Synced", "Healthy", before.revision, before.pods)


def test_a_malformed_environment_file_keeps_its_application(land: Land) -> None:
    land.repositories.commit({"environments/prod/environment.yaml": "{nonsense"})
    land.synced(land.release("prod", "v2"))


def test_a_new_environment_gets_an_application(land: Land) -> None:
    assert land.argocd("staging", project="context-prod").application() is None
    commit = land.repositories.commit(environment_files("staging", "v1"))
    land.post("/api/webhook")
    land.synced(commit, "staging")


def test_degraded_names_the_pod_that_crashes(land: Land) -> None:
    assert land.post("/switch/prod/degrade/on").status_code == 200
    seen = land.seen()
    assert seen.health == "Degraded"
    (pod,) = (pod for pod in seen.pods if pod.health == "Degraded")
    (fault,) = seen.faults
    assert (fault.kind, fault.name, fault.status) == ("Pod", pod.name, "Degraded")
    assert "CrashLoopBackOff" in fault.message
    land.stand_in.degrade("prod", on=False)
    cured = land.seen()
    assert cured.health == "Healthy"
    assert cured.healthy_since
    assert seen.healthy_since
    assert cured.healthy_since >= seen.healthy_since


def test_drift_is_out_of_sync_and_healthy(land: Land) -> None:
    land.stand_in.drift("prod", on=True)
    seen = land.seen()
    assert (seen.sync, seen.health) == ("OutOfSync", "Healthy")
    assert [fault.status for fault in seen.faults] == ["OutOfSync"]


def test_a_hanging_sync_blocks_until_it_is_terminated_and_a_sync_is_asked_for(land: Land) -> None:
    argocd = land.argocd()
    land.stand_in.hang("prod", on=True)
    bad = land.release("prod", "v2")
    land.until(lambda seen: seen.health == "Progressing")
    land.stand_in.hang("prod", on=False)
    good = land.release("prod", "v1")
    hanging = land.until(lambda seen: seen.revision == good)
    assert hanging.operation
    assert (hanging.operation.phase, hanging.operation.revision) == ("Running", bad)
    argocd.sync()  # is refused, and that is a success: a sync runs
    argocd.terminate()
    ended = land.seen()
    assert ended.operation
    assert (ended.operation.phase, ended.operation.message, ended.sync) == ("Failed", "Operation terminated", "OutOfSync")
    assert ended.operation.finished
    argocd.refresh()
    assert land.seen().operation == ended.operation
    argocd.sync()
    assert land.synced(good).history[-1].revision == good


def test_a_newer_commit_starts_what_a_terminated_sync_left(land: Land) -> None:
    land.stand_in.hang("prod", on=True)
    land.release("prod", "v2")
    land.until(lambda seen: seen.health == "Progressing")
    land.stand_in.hang("prod", on=False)
    land.argocd().terminate()
    land.synced(land.release("prod", "v3"))


def test_ending_what_does_not_run_is_a_success(land: Land) -> None:
    before = land.seen()
    land.argocd().terminate()
    assert land.seen().operation == before.operation


def test_a_sync_that_is_asked_for_is_one_more_in_the_history(land: Land) -> None:
    land.argocd().sync()
    assert len(land.until(lambda seen: len(seen.history) > 1).history) == 2


def test_in_a_sync_window_only_what_somebody_starts_is_synced(land: Land) -> None:
    argocd, before = land.argocd(), land.seen()
    assert argocd.sync_window() is None
    land.stand_in.switch("prod", "strict-window", on=True)
    commit = land.release("prod", "v2")
    argocd.refresh()
    waiting = land.seen()
    assert (waiting.sync, waiting.revision, waiting.operation) == ("OutOfSync", commit, before.operation)
    with pytest.raises(UnobservableError, match="blocked by sync window") as refused:
        argocd.sync()
    assert "manualSync" in refused.value.hint
    land.stand_in.switch("prod", "window", on=True)
    land.stand_in.switch("prod", "strict-window", on=False)
    window = argocd.sync_window()
    assert window
    assert (window.kind, window.times, window.allows_manual) == ("deny", ("schedule 0 0 24 12 *, duration 192h",), True)
    argocd.sync()
    land.synced(commit)
    later = land.release("prod", "v3")
    argocd.refresh()
    assert land.seen().sync == "OutOfSync"
    land.stand_in.switch("prod", "window", on=False)
    land.synced(later)


def test_refresh_and_webhook_look_at_once(land: Land) -> None:
    land.stand_in.stop()
    first = land.release("prod", "v2")
    land.argocd().refresh()
    assert land.seen().revision == first
    second = land.release("prod", "v3")
    assert land.post("/api/webhook").status_code == 200
    assert land.seen().revision == second


def test_what_no_longer_follows_says_when_it_last_looked(land: Land) -> None:
    before = land.seen()
    land.stand_in.stop_following()
    land.release("prod", "v2")
    land.argocd().refresh()
    assert land.seen().revision == before.revision


@pytest.mark.parametrize(("token", "project"), [(None, ""), ("wrong", ""), ("argo-sesame", "another")])
def test_without_the_right_token_or_project_the_hint_names_the_variable(land: Land, token: str | None, project: str) -> None:
    with pytest.raises(UnobservableError, match="refuses") as refused:
        land.argocd(token=token, project=project).application()
    assert refused.value.code == "argocd-forbidden"
    assert "BOT_ARGOCD_TOKEN_FILE_<ENV>" in refused.value.hint
    assert "wrong" not in refused.value.message


@pytest.mark.parametrize("write", ["sync", "terminate", "refresh"])
def test_writing_to_an_application_that_is_missing_is_an_error(land: Land, write: str) -> None:
    with pytest.raises(BotError, match="not found"):
        getattr(land.argocd("staging", project="context-prod"), write)()


def test_an_application_of_another_project_is_missing(land: Land) -> None:
    assert land.argocd(project="context-dev").application() is None


def test_a_lost_reply_to_a_sync_is_asked_again_and_to_a_terminate_is_not(land: Land) -> None:
    faults, calls = land.server.observed.faults, land.server.observed.calls
    calls.clear()
    faults.append(Fault("POST", APPLICATIONS, times=1))
    land.argocd().sync()
    assert sum(call.method == "POST" for call in calls) == 2
    land.until(lambda seen: len(seen.history) >= 2)  # the sync that was asked for again may be one more
    faults.append(Fault("DELETE", APPLICATIONS, times=1, status=502))
    with pytest.raises(UnobservableError) as unseen:
        land.argocd().terminate()
    assert unseen.value.code == "argocd-status"
    assert sum(call.method == "DELETE" for call in calls) == 1


def test_a_server_that_stumbles_is_asked_again(land: Land) -> None:
    land.server.observed.faults.append(Fault("GET", APPLICATIONS, times=2, status=503))
    assert land.seen().sync == "Synced"


def test_people_find_a_page_and_wrong_switches_are_named(land: Land) -> None:
    page = httpx.get(f"{land.server.url}/applications/context-prod", trust_env=False)
    assert "Synced" in page.text
    assert httpx.get(f"{land.server.url}/applications/none", trust_env=False).status_code == 404
    assert land.post("/switch/prod/degrade/maybe").status_code == 400
    assert land.post("/switch/prod/nothing/on").status_code == 400
    assert land.post("/switch/nowhere/degrade/on").status_code == 404


def test_what_never_syncs_is_named(land: Land) -> None:
    land.stand_in.degrade("prod", on=True)
    with pytest.raises(BotError, match="prod: Synced, Degraded"):
        land.stand_in.wait_until_synced(0.2)
    assert any("v1" in str(item) for item in land.stand_in.rendered("prod"))


def test_the_server_says_what_it_is_and_what_the_token_may(land: Land) -> None:
    theirs, account, wrong = (land.argocd(token=token) for token in ("argo-sesame@context-prod", "argo-sesame", "wrong"))
    assert theirs.version() == account.version() == wrong.version() == "v3.2.11+f6a5e91"
    assert (theirs.user(), account.user(), wrong.user()) == ("proj:context-prod:bot", "bot", None)
    assert [theirs.may(action) for action in ("get", "sync", "delete")] == [True, True, False]
    assert theirs.has_project()
    assert not land.argocd(project="context-none").has_project()
    other = land.argocd("dev", token="argo-sesame@context-prod")
    assert not other.may("get")
    with pytest.raises(UnobservableError, match="permission denied"):
        other.has_project()


def test_the_error_of_an_application_set_is_seen_by_who_may_see_it(land: Land) -> None:
    assert [(each.name, each.errors) for each in land.argocd().application_sets()] == [("environments", ())]
    land.repositories.commit({"environments/dev/environment.yaml": "surprise: 1\n"})
    land.argocd().refresh()
    (found,) = land.argocd().application_sets()
    assert len(found.errors) == 1
    assert "environments/dev" in found.errors[0]
    assert land.argocd(token="argo-sesame@context-prod").application_sets() == ()


def test_a_token_of_a_project_that_is_gone_is_told_apart(land: Land) -> None:
    with pytest.raises(UnobservableError, match=r"context-gone.*not found") as refused:
        land.argocd(token="argo-sesame@context-gone").application()
    assert "apply `argocd/projects`" in refused.value.hint
