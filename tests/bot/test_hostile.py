"""People who may push, and files that are broken: what they cannot get merged, believed, or stopped."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.model import MovedRefError
from bot.wiring import build_world
from bot.workflows.promote import promote
from bot.workflows.rollback import roll_back
from bot.workflows.rollback_plan import Request
from tests.bot.conftest import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bot.conftest import Town

RELEASE = "environments/prod/release/context-api"
ROLLBACK = Request("prod", ("context-api",), "errors")


class Meddled:
    """A forge at which somebody does something just before each pull request is read."""

    def __init__(self, forge: Any, meddle: Callable[[], None]) -> None:
        self._forge, self._meddle = forge, meddle

    def __getattr__(self, name: str) -> Any:
        if name == "pull":
            self._meddle()
        return getattr(self._forge, name)


def meddle(town: Town, branch_prefix: str) -> Callable[[], None]:
    """Pushes a commit to the branch that the bot has just opened."""

    def push() -> None:
        for branch in town.git("branch", "--list", f"{branch_prefix}*", "--format=%(refname:short)").split():
            town.push({"environments/prod/evil.txt": f"{town.git('rev-parse', branch)}\n", ".github/CODEOWNERS": "* @ben\n"}, branch=branch)

    return push


def test_a_commit_pushed_to_the_rollback_meanwhile_is_not_merged(prod_ahead: Town) -> None:
    world = build_world(repo=None, progress=Quiet())
    main = prod_ahead.git("rev-parse", "main")
    meddled = replace(world, forge=Meddled(world.forge, meddle(prod_ahead, "rollback.")))
    with pytest.raises(Exception, match=r"moved while|somebody else's commits"):
        roll_back(meddled, ROLLBACK)
    assert prod_ahead.git("rev-parse", "main") == main
    heads = prod_ahead.git("for-each-ref", "--format=%(objectname)", "refs/heads/rollback.*").split()
    assert all("promotion/gate" not in prod_ahead.sandbox.forge.newest_statuses(head) for head in heads)


def test_a_commit_pushed_to_the_promotion_meanwhile_gets_no_green(dev_ahead: Town) -> None:
    world = build_world(repo=None, progress=Quiet())
    meddled = replace(world, forge=Meddled(world.forge, meddle(dev_ahead, "promote.")))
    with pytest.raises(MovedRefError):
        promote(meddled, "dev", "staging")
    head = dev_ahead.git("rev-parse", "promote.staging")
    assert "promotion/gate" not in dev_ahead.sandbox.forge.newest_statuses(head)


def test_a_refused_rollback_leaves_no_green_behind(prod_ahead: Town) -> None:
    prod_ahead.sandbox.forge.required = frozenset({"somebody/else"})
    refused = prod_ahead.bot("rollback", "prod", "context-api", "--reason", "errors")
    assert refused.code == 1
    (branch,) = (branch for branch in prod_ahead.open_pulls() if branch.startswith("rollback."))
    status = prod_ahead.sandbox.forge.newest_statuses(prod_ahead.git("rev-parse", branch))["promotion/gate"]
    assert status.state == "pending"
    prod_ahead.sandbox.forge.required = frozenset()
    assert prod_ahead.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "merged"


def test_a_verified_status_of_somebody_else_is_not_believed(prod_ahead: Town) -> None:
    sha = prod_ahead.git("rev-parse", "main")
    forged = {"state": "success", "context": "promotion/verified/prod", "description": "trust me"}
    prod_ahead.sandbox.ben.call("POST", f"/statuses/{sha}", forged)
    prod_ahead.errors("prod", on=True)
    assert prod_ahead.bot("verify", "prod").outcome == "failure"
    status = prod_ahead.sandbox.forge.newest_statuses(sha)["promotion/verified/prod"]
    assert (status.state, status.author) == ("failure", "context-bot")
    prod_ahead.errors("prod", on=False)


def test_an_alert_that_fired_and_ended_during_the_watch_is_a_failure(town: Town) -> None:
    path = "environments/dev/environment.yaml"  # of dev: no other test here lets its alerts fire shortly before
    town.push({path: town.git("show", f"main:{path}").replace("watch: 2s", "watch: 60s")}, "a longer watch")
    town.has_release()
    town.wait_until_synced()
    assert town.bot("verify", "dev").outcome == "pending"
    town.errors("dev", on=True)
    town.errors("dev", on=False)
    judged = town.bot("verify", "dev")
    assert judged.code == 3
    assert judged.codes == {"alert-fired"}


def test_a_broken_file_of_another_app_does_not_stop_a_rollback(prod_ahead: Town) -> None:
    before = prod_ahead.tree(RELEASE, "main~1")
    broken = {"apps/qdrant/images/kustomization.yaml": "images: 7\n", "apps/Foo_Bar/x.yaml": "x\n"}
    prod_ahead.push({**broken, "environments/staging/holds/odd.yaml": "kind: odd\n"}, "broken")
    assert prod_ahead.bot("status").code == 0
    assert prod_ahead.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "merged"
    assert prod_ahead.tree(RELEASE) == before


def test_a_release_that_is_gone_can_be_rolled_back(prod_ahead: Town) -> None:
    before = prod_ahead.tree(RELEASE)
    clone = prod_ahead.clone()
    prod_ahead.push({}, "start")
    shutil.rmtree(clone / RELEASE)
    prod_ahead.sandbox.ada.push_all(clone, "gone")
    done = prod_ahead.bot("rollback", "prod", "context-api", "--reason", "it is gone")
    assert done.outcome == "merged"
    assert prod_ahead.tree(RELEASE) == before
    assert prod_ahead.git("ls-tree", "--name-only", "main", "environments/prod/holds/") == ""


def test_a_record_that_does_not_follow_mains_is_not_promoted(staging_ahead: Town) -> None:
    opened = staging_ahead.bot("promote", "staging", "prod").pull
    text = staging_ahead.git("show", f"{opened['branch']}:{RELEASE}.yaml")
    staging_ahead.push({f"{RELEASE}.yaml": re.sub("number: .*", "number: 77", text)}, "odd", branch=opened["branch"])
    judged = staging_ahead.bot("gate", "--pr", str(opened["number"]))
    assert judged.result["gate"]["verdict"] == "FAIL"
    assert "not-promoted" in judged.codes


def test_a_mistyped_hold_is_not_already_lifted(town: Town) -> None:
    refused = town.bot("unquarantine", "prod", "quarantine-typo", "--reason", "over")
    assert refused.code == 2
    assert "quarantine-typo" in refused.document["error"]["message"]


def test_an_approval_and_a_dead_forge_leave_nothing_merged(staging_ahead: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    number = staging_ahead.bot("promote", "staging", "prod").pull["number"]
    staging_ahead.sandbox.ada.approve(number)
    monkeypatch.setenv("BOT_GITHUB_URL", "http://127.0.0.1:9/api/v3")
    dead = staging_ahead.bot("merge", str(number))
    assert dead.code == 1
    assert "reach" in dead.document["error"]["message"]
    assert staging_ahead.open_pulls() == {"promote.prod": number}


def test_a_push_that_nobody_judged_is_found(prod_ahead: Town) -> None:
    """Plain git put it there, past the forge."""
    problem = prod_ahead.bot("status").result["environments"][-1]["problem"]
    assert "came by no pull request: nobody judged it" in problem


def test_what_the_gate_let_pass_is_not_called_unjudged(staging_ahead: Town) -> None:
    staging_ahead.promote("staging", "prod")
    assert "nobody judged it" not in staging_ahead.bot("status").result["environments"][-1]["problem"]
