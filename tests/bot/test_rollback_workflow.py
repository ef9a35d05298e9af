"""Rollback: an earlier tree on top of main, the bad one quarantined, databases left alone, once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.sandbox.serving import Fault

if TYPE_CHECKING:
    from tests.bot.conftest import Town

RELEASE = "environments/prod/release/context-api"


@pytest.fixture
def prod_broken(prod_ahead: Town) -> Town:
    """Prod runs v1.5.0, which answers with errors."""
    return prod_ahead


def test_the_release_from_before_comes_back_and_the_bad_one_is_quarantined(prod_broken: Town) -> None:
    town = prod_broken
    bad, before = town.tree(RELEASE), town.tree(RELEASE, "main~1")
    databases = {app: town.tree(f"environments/prod/release/{app}") for app in ("qdrant", "neo4j")}
    done = town.bot("rollback", "prod", "context-api", "--reason", "errors")
    assert (done.code, done.outcome) == (0, "merged")
    assert town.tree(RELEASE) == before
    assert {app: town.tree(f"environments/prod/release/{app}") for app in databases} == databases
    record = town.git("show", f"main:{RELEASE}.yaml")
    assert "from: rollback@" in record
    hold = town.git("show", f"main:environments/prod/holds/quarantine-context-api-{bad[:12]}.yaml")
    assert bad in hold
    assert hold.count("sha256:") == 1
    assert town.bot("sync", "prod").code == 0
    assert town.git("rev-list", "--merges", "--count", "main~1..main") == "1"


def test_a_quarantined_release_is_not_promoted_again(prod_broken: Town) -> None:
    prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    prod_broken.bot("sync", "prod")
    refused = prod_broken.bot("promote", "staging", "prod")
    assert refused.code == 3
    assert "release-quarantined" in refused.codes
    bumped = prod_broken.bot("bump", "context-api", "v1.5.0", "--image", "ghcr.io/dpdpdpdp0987/context-api")
    assert bumped.code == 1
    assert "quarantined" in bumped.document["error"]["message"]
    where_it_runs = prod_broken.bot("verify", "staging")
    assert (where_it_runs.code, where_it_runs.outcome) == (3, "pending")
    assert "runs-quarantined" in where_it_runs.codes
    assert "runs-quarantined" not in prod_broken.bot("verify", "prod").codes
    prod_broken.push({"apps/qdrant/README.md": "# better\n"}, "qdrant: a word")
    prod_broken.has_promoted("dev", "staging", "qdrant")
    prod_broken.wait_until_synced()
    assert "runs-quarantined" not in prod_broken.bot("verify", "staging").codes  # it is the other app that is proved now


def test_nor_in_another_tree_with_the_same_image(prod_broken: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asked in another process, which has read nothing yet."""
    prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    prod_broken.push({"apps/context-api/README.md": "# as before, said better\n"}, "a README alone")
    prod_broken.wait_until_synced()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = [sys.executable, "-m", "bot", "gate", "dev", "staging", "--json"]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False)
    (refused,) = (finding for finding in json.loads(done.stdout)["result"]["gate"]["findings"] if finding["code"] == "release-quarantined")
    assert (done.returncode, refused["verdict"]) == (3, "FAIL")
    assert (refused["facts"]["hold"][:22], "errors" in refused["summary"]) == ("quarantine-context-api", True)


def test_the_same_rollback_again_is_already_done(prod_broken: Town) -> None:
    prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    main = prod_broken.git("rev-parse", "main")
    again = prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    assert (again.code, again.outcome) == (0, "already")
    assert prod_broken.git("rev-parse", "main") == main


def test_lifting_the_quarantine_lets_it_be_promoted_again(prod_broken: Town) -> None:
    prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    prod_broken.bot("sync", "prod")
    listed = prod_broken.bot("status").result["environments"]
    noted = [row["note"] for env in listed for row in env["rows"] if "quarantined" in row["note"]]
    assert noted
    hold = prod_broken.git("ls-tree", "--name-only", "main", "environments/prod/holds/").rsplit("/", 1)[-1].removesuffix(".yaml")
    assert prod_broken.bot("unquarantine", "staging", hold, "--reason", "no").document["error"]["hint"] == "prod has it: name that"
    lifted = prod_broken.bot("unquarantine", "prod", hold, "--reason", "it was the network")
    assert lifted.outcome == "opened"
    prod_broken.sandbox.ada.merge(lifted.pull["number"])
    assert prod_broken.bot("unquarantine", "prod", hold, "--reason", "again").outcome == "already"
    assert "release-quarantined" not in prod_broken.bot("gate", "staging", "prod").codes


def test_an_open_promotion_of_the_app_is_closed(prod_broken: Town) -> None:
    prod_broken.has_release("v1.6.0")
    prod_broken.has_promoted("dev", "staging")
    prod_broken.wait_until_synced()
    prod_broken.bot("promote", "staging", "prod")
    assert list(prod_broken.open_pulls()) == ["promote.prod"]
    faults = prod_broken.sandbox.forge_server.observed.faults
    faults.append(Fault("PATCH", "/api/v3/repos", times=99, status=503))
    told = prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    faults.clear()
    assert (told.code, told.document["error"]["hint"][:24]) == (1, "the rollback is on main;")
    assert prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "already"
    assert prod_broken.open_pulls() == {}


def test_a_hanging_sync_is_ended_and_the_old_release_goes_live(staging_ahead: Town) -> None:
    town = staging_ahead
    town.sandbox.argocd.hang("prod", on=True)
    number = town.bot("promote", "staging", "prod").pull["number"]
    town.sandbox.ada.approve(number)
    assert town.bot("merge", str(number), "--wait").outcome == "merged"
    stuck = town.bot("sync", "prod", "--timeout", "2")
    assert stuck.code == 1
    assert "prod is not at main" in stuck.document["error"]["message"]
    town.sandbox.argocd.hang("prod", on=False)
    assert town.bot("rollback", "prod", "context-api", "--reason", "it hangs").code == 0
    assert town.bot("sync", "prod").code == 0


def test_an_argocd_that_cannot_be_told_is_named_with_what_is_done(prod_broken: Town) -> None:
    """The rollback is on main by then; the same command finishes it."""
    faults = prod_broken.sandbox.argocd_server.observed.faults
    faults.append(Fault("POST", "/api/v1/applications/context-prod/sync", times=9, status=503))
    told = prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors")
    faults.clear()
    assert told.code == 1
    assert "HTTP 503" in told.document["error"]["message"]
    assert told.document["error"]["hint"].startswith("the rollback is on main; run the command again")
    assert prod_broken.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "already"
    assert prod_broken.bot("sync", "prod").code == 0


def test_in_a_sync_window_a_promotion_waits_and_a_rollback_is_synced(prod_broken: Town) -> None:
    """Argo CD syncs nothing by itself meanwhile: the rollback starts its sync, and what was merged else waits."""
    town = prod_broken
    bad, before = town.tree(RELEASE), town.tree(RELEASE, "main~1")
    town.has_release("v1.6.0")
    town.has_promoted("dev", "staging")
    town.wait_until_synced()
    town.sandbox.argocd.switch("prod", "window", on=True)
    held = town.bot("promote", "staging", "prod")
    assert (held.code, held.outcome, held.result["gate"]["verdict"]) == (0, "opened", "HOLD")
    assert "argocd-sync-window" in held.codes
    done = town.bot("rollback", "prod", "context-api", "--reason", "errors")
    assert (done.code, done.outcome) == (0, "merged")
    assert "192h" in done.result["sync_window"]
    assert town.bot("sync", "prod").code == 0
    assert town.tree(RELEASE) == before != bad
    town.has_promoted("staging", "prod")
    stuck = town.bot("sync", "prod", "--timeout", "60")
    assert stuck.code == 1
    assert "nothing will be synced until that is over" in stuck.document["error"]["message"]
    (problem,) = (each["problem"] for each in town.bot("status").result["environments"] if each["environment"] == "prod")
    assert "a sync window denies syncs (schedule 0 0 24 12 *, duration 192h)" in problem
    told = [check["what"] for check in town.bot("doctor", "prod").result["checks"] if check["state"] == "warning"]
    assert any("a sync window denies syncs" in what for what in told)
    town.sandbox.argocd.switch("prod", "window", on=False)
    assert town.bot("sync", "prod").code == 0


def test_databases_are_fenced(town: Town) -> None:
    refused = town.bot("rollback", "prod", "qdrant", "--reason", "x", "--to", town.tree("environments/prod/release/qdrant"))
    assert refused.outcome == "already"
    path = "apps/qdrant/base/kustomization.yaml"
    town.push({path: town.git("show", f"main:{path}") + "\n# a change\n"}, "qdrant: a change")
    town.has_promoted("dev", "staging", "qdrant")
    town.wait_until_synced()
    fenced = town.bot("rollback", "staging", "qdrant", "--reason", "slow")
    assert fenced.code == 2
    assert "keeps data" in fenced.document["error"]["message"]
    told = town.bot("rollback", "staging", "qdrant", "--reason", "read and understood", "--include-stateful")
    assert told.outcome == "merged"


def test_dev_is_not_rolled_back(town: Town) -> None:
    refused = town.bot("rollback", "dev", "context-api", "--reason", "x")
    assert refused.code == 2
    assert "git revert" in refused.document["error"]["hint"]


def test_a_verified_release_is_preferred(prod_ahead: Town) -> None:
    """Of two earlier releases the one that passed verification comes back."""
    town = prod_ahead
    assert town.bot("verify", "prod", "--watch").outcome == "success"
    assert town.bot("verify", "prod").result["recorded"] == "success"
    verified = town.tree(RELEASE)
    for tag in ("v1.6.0", "v1.7.0"):
        town.has_release(tag)
        town.has_promoted("dev", "staging")
        town.has_promoted("staging", "prod")
    assert town.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "merged"
    assert town.tree(RELEASE) == verified


def test_without_the_forge_the_way_back_is_printed(prod_broken: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = prod_broken.clone()
    monkeypatch.chdir(clone)
    prod_broken.sandbox.ada.push(clone, {"note.md": "a\n"}, "a note")
    monkeypatch.setenv("BOT_GITHUB_URL", "http://127.0.0.1:9/api/v3")
    code, out, err = prod_broken.say("rollback", "prod", "context-api", "--print")
    assert code == 0
    assert "v1.4.2" in out
    assert "v1.5.0" not in out
    assert "sync-policy none" in err
    assert err.count("--reason") == 1
