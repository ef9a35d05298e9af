"""Promotion: what was observed moves as a tree, through one pull request, judged until it merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Origin, Record
from bot.ports import FOLDER, Entry
from bot.releases import record_text
from bot.sandbox.serving import Fault

if TYPE_CHECKING:
    from tests.bot.conftest import Town

RELEASE = "release/context-api"


def test_a_release_travels_to_prod_as_the_same_tree(staging_ahead: Town) -> None:
    town = staging_ahead
    merged = town.promote("staging", "prod")
    record = town.git("show", "main:environments/prod/release/context-api.yaml")
    fields = dict(line.split(": ", 1) for line in record.splitlines())
    place, commit = fields["from"].split("@")
    assert place == "staging"
    assert town.tree(f"environments/staging/{RELEASE}", commit) == town.tree(f"environments/prod/{RELEASE}") == fields["tree"]
    assert fields["version"] == "v1.5.0"
    assert merged.result["commit"] == town.git("rev-parse", "main")
    assert "Evidence-SHA256: " in town.git("log", "-1", "--format=%B", "main")


def test_a_merged_bump_and_a_base_change_reach_dev_alone(town: Town) -> None:
    before = {env: town.tree(f"environments/{env}") for env in ("staging", "prod")}
    town.new_release()
    path = "apps/context-api/base/settings.env"
    town.push({path: town.git("show", f"main:{path}") + "\nLOG_EXTRA=1\n"}, "base change")
    assert {env: town.tree(f"environments/{env}") for env in ("staging", "prod")} == before
    assert town.bot("sync", "dev").code == 0
    rendered = town.render("dev")
    assert "LOG_EXTRA" in rendered
    assert "v1.5.0" in rendered
    assert "LOG_EXTRA" not in town.render("staging") + town.render("prod")


def test_promoting_twice_writes_nothing_the_second_time(dev_ahead: Town) -> None:
    first = dev_ahead.bot("promote", "dev", "staging")
    assert first.outcome == "opened"
    dev_ahead.bot("gate", "--pr", str(first.pull["number"]))  # the verdict settles: PASS after the soak
    dev_ahead.bot("merge", str(first.pull["number"]), "--dry-run")
    while dev_ahead.bot("gate", "--pr", str(first.pull["number"])).code:
        pass
    before = dev_ahead.writes()
    second = dev_ahead.bot("promote", "dev", "staging")
    assert second.outcome == "unchanged"
    assert second.pull == first.pull
    assert dev_ahead.writes() == before


def test_nothing_to_promote_is_a_quiet_success(town: Town) -> None:
    done = town.bot("promote", "dev", "staging")
    assert (done.code, done.outcome) == (0, "already")
    assert town.open_pulls() == {}


def test_with_nothing_to_promote_the_gate_still_judges_what_runs(town: Town) -> None:
    while (calm := town.bot("gate", "dev", "staging")).code:
        assert calm.outcome == "already"
        assert calm.result["gate"]["verdict"] in {"HOLD", "UNKNOWN"}  # the soak, which a busy Prometheus has not seen at once
    assert calm.result["gate"]["verdict"] == "PASS"
    town.errors("staging", on=True)
    fired = town.bot("gate", "dev", "staging")
    assert (fired.code, fired.outcome) == (3, "already")
    assert "alert-firing" in fired.codes


def test_a_dry_run_writes_nothing(dev_ahead: Town) -> None:
    before = dev_ahead.writes()
    planned = dev_ahead.bot("promote", "dev", "staging", "--dry-run")
    assert planned.outcome == "planned"
    assert planned.result["plan"]["changes"][0]["after"]["version"] == "v1.5.0"
    assert "v1.5.0" in planned.result["plan"]["diff"][0]
    assert dev_ahead.writes() == before


def test_a_firing_alert_refuses_and_nothing_is_written(staging_ahead: Town) -> None:
    staging_ahead.errors("staging", on=True)
    before = staging_ahead.writes()
    refused = staging_ahead.bot("promote", "staging", "prod")
    assert (refused.code, refused.outcome) == (3, "refused")
    assert "alert-firing" in refused.codes
    assert staging_ahead.writes() == before
    staging_ahead.errors("staging", on=False)
    assert staging_ahead.bot("promote", "staging", "prod").outcome == "opened"


def test_a_firing_alert_in_the_target_refuses(staging_ahead: Town) -> None:
    staging_ahead.errors("prod", on=True)
    assert "alert-firing" in staging_ahead.bot("gate", "staging", "prod").codes
    staging_ahead.errors("prod", on=False)


def test_a_degraded_source_holds(dev_ahead: Town) -> None:
    dev_ahead.sandbox.argocd.degrade("dev", on=True)
    held = dev_ahead.bot("gate", "dev", "staging")
    assert held.code == 3
    assert "not-healthy" in held.codes


def test_prometheus_that_cannot_be_reached_is_unknown(dev_ahead: Town) -> None:
    path = "environments/dev/environment.yaml"
    text = dev_ahead.git("show", f"main:{path}")
    url = dev_ahead.sandbox.monitoring.prometheus["dev"].url
    dev_ahead.push({path: text.replace(url, "http://127.0.0.1:9")}, "a wrong address")
    judged = dev_ahead.bot("promote", "dev", "staging")
    assert judged.code == 3
    assert judged.result["gate"]["verdict"] == "UNKNOWN"
    assert "prometheus-unreachable" in judged.codes
    assert "promote.staging" not in dev_ahead.open_pulls()


def test_one_app_alone_says_that_the_combination_was_not_seen(dev_ahead: Town) -> None:
    path = "apps/qdrant/base/kustomization.yaml"
    dev_ahead.push({path: dev_ahead.git("show", f"main:{path}") + "\n# a change\n"}, "qdrant: a change")
    dev_ahead.bot("sync", "dev")
    done = dev_ahead.bot("promote", "dev", "staging", "context-api")
    assert done.pull["branch"] == "promote.staging.context-api"
    assert done.result["plan"]["left_behind"] == ["qdrant"]
    pull = dev_ahead.sandbox.forge.pulls[done.pull["number"]]
    assert "not seen together" in (pull.body or "")
    assert "- environments/staging/release/context-api/features/autoscaling/horizontal-pod-autoscaler.yaml\n" in (pull.body or "")
    assert "environments/staging/qdrant" not in (pull.body or "")  # read today as well, whatever comes of this


def test_a_wider_promotion_closes_the_narrower_with_a_link(dev_ahead: Town) -> None:
    narrow = dev_ahead.bot("promote", "dev", "staging", "context-api").pull["number"]
    wide = dev_ahead.bot("promote", "dev", "staging").pull["number"]
    assert dev_ahead.open_pulls() == {"promote.staging": wide}
    assert f"#{wide}" in dev_ahead.sandbox.forge.pulls[narrow].comments[-1].body


def test_a_narrower_promotion_beside_a_wider_one_is_refused(dev_ahead: Town) -> None:
    dev_ahead.bot("promote", "dev", "staging")
    refused = dev_ahead.bot("promote", "dev", "staging", "context-api")
    assert refused.code == 1
    assert "already promotes" in refused.document["error"]["message"]
    assert list(dev_ahead.open_pulls()) == ["promote.staging"]


def test_a_pull_request_waits_at_pending_until_the_bot_merges(staging_ahead: Town) -> None:
    opened = staging_ahead.bot("promote", "staging", "prod").pull
    statuses = staging_ahead.sandbox.forge.newest_statuses(opened["head"])
    assert statuses["promotion/gate"].state == "pending"
    unapproved = staging_ahead.bot("merge", str(opened["number"]))
    assert (unapproved.code, unapproved.outcome) == (3, "waiting")
    assert "approval" in unapproved.result["missing"]
    assert staging_ahead.sandbox.forge.pulls[opened["number"]].teams == ["dpdpdpdp0987/platform-team"]


def test_an_approval_of_someone_else_does_not_count(staging_ahead: Town) -> None:
    number = staging_ahead.bot("promote", "staging", "prod").pull["number"]
    staging_ahead.sandbox.ben.approve(number)
    assert staging_ahead.bot("merge", str(number)).outcome == "waiting"


def test_an_alert_after_the_approval_keeps_it_from_merging_until_it_is_over(staging_ahead: Town) -> None:
    town, policy = staging_ahead, "environments/prod/environment.yaml"
    town.push({policy: town.git("show", f"main:{policy}").replace("count: 1", "count: 3") + "\n"}, "prod: three samples")
    town.wait_until_synced()
    opened = town.bot("promote", "staging", "prod").pull
    town.sandbox.ada.approve(opened["number"])
    town.errors("prod", on=True)
    assert town.bot("gate", "--pr", str(opened["number"])).result["gate"]["verdict"] == "FAIL"
    status = town.sandbox.forge.newest_statuses(opened["head"])["promotion/gate"]
    assert (status.state, (status.description or "")[:6]) == ("pending", "FAIL: ")
    refused = town.bot("merge", str(opened["number"]))
    assert (refused.code, refused.outcome, refused.codes) == (3, "refused", {"alert-firing"})
    assert town.bot("merge", str(opened["number"]), "--wait").outcome == "refused"  # waiting does not mend what failed
    town.errors("prod", on=False)
    merged = town.bot("merge", str(opened["number"]), "--wait")
    assert merged.outcome == "merged"
    taken = [finding["summary"] for finding in merged.result["gate"]["findings"] if finding["code"] == "samples-taken"]
    assert taken == ["3 samples were taken"] * 2


def test_a_lost_reply_of_the_merge_is_one_merge(staging_ahead: Town) -> None:
    number = staging_ahead.bot("promote", "staging", "prod").pull["number"]
    staging_ahead.sandbox.ada.approve(number)
    while staging_ahead.bot("gate", "--pr", str(number)).code:
        pass
    before = staging_ahead.git("rev-parse", "main")
    staging_ahead.sandbox.forge_server.observed.faults.append(Fault("PUT", "/api/v3/repos", 1))
    merged = staging_ahead.bot("merge", str(number))
    assert merged.outcome == "merged"
    assert staging_ahead.git("rev-list", "--first-parent", "--count", f"{before}..main") == "1"


def test_an_error_of_the_forge_while_opening_is_one_pull_request(dev_ahead: Town) -> None:
    dev_ahead.sandbox.forge_server.observed.faults += [Fault("POST", "/api/v3/repos", 1, status=502), Fault("POST", "/api/v3/repos", 1)]
    assert dev_ahead.bot("promote", "dev", "staging").code == 0
    assert len(dev_ahead.open_pulls()) == 1


def test_a_release_edited_by_hand_is_refused_by_validate_and_gate(town: Town) -> None:
    path = "environments/prod/release/context-api/base/settings.env"
    town.push({path: town.git("show", f"main:{path}") + "\nEVIL=1\n"}, "by hand")
    judged = town.bot("verify", "prod")
    assert judged.code == 3
    town.has_release()
    town.has_promoted("dev", "staging")
    town.wait_until_synced()
    refused = town.bot("promote", "staging", "prod")
    assert refused.code == 3
    assert "release-not-recorded" in refused.codes


def test_a_pull_request_with_a_hand_made_release_is_not_promoted(town: Town) -> None:
    town.push({}, branch="main")
    clone = town.clone()
    town.sandbox.ada.push(clone, {}, "start")
    path = "environments/prod/release/context-api/base/settings.env"
    town.git("branch", "sneaky", "main")
    town.push({path: town.git("show", f"main:{path}") + "\nEVIL=1\n"}, "by hand", branch="sneaky")
    pull = town.sandbox.ada.call("POST", "/pulls", {"title": "small fix", "head": "sneaky", "base": "main", "body": ""})
    judged = town.bot("gate", "--pr", str(pull["number"]))
    assert judged.code == 3
    assert judged.result["gate"]["verdict"] == "FAIL"
    assert "not-promoted" in judged.codes


def test_two_promotions_of_one_release_conflict(dev_ahead: Town) -> None:
    """Even in different files: the record's lines are the same."""
    opened = dev_ahead.bot("promote", "dev", "staging").pull
    head = dev_ahead.git("rev-parse", opened["branch"])
    dev_ahead.git("branch", "other", head)
    path = "apps/context-api/base/service.yaml"
    dev_ahead.push({path: dev_ahead.git("show", f"main:{path}") + "\n# other\n"}, "another change of other lines")
    dev_ahead.bot("sync", "dev")
    again = dev_ahead.bot("promote", "dev", "staging").pull
    assert again["number"] == opened["number"]
    first, second = dev_ahead.git("rev-parse", "other"), dev_ahead.git("rev-parse", opened["branch"])
    assert first != second
    assert dev_ahead.sandbox.objects.merged_tree(first, second) is None


def test_people_push_an_overlay_change_to_the_promotion_and_it_is_kept(dev_ahead: Town) -> None:
    opened = dev_ahead.bot("promote", "dev", "staging").pull
    path = "environments/staging/context-api/size.yaml"
    text = dev_ahead.git("show", f"main:{path}") + "\n# more\n"
    theirs = dev_ahead.push({path: text}, "staging: room for the new release", branch=opened["branch"])
    again = dev_ahead.bot("promote", "dev", "staging")
    assert again.outcome == "unchanged"
    assert dev_ahead.git("rev-parse", opened["branch"]) == theirs
    while (judged := dev_ahead.bot("gate", "--pr", str(opened["number"]))).code:
        pass
    assert [finding["summary"] for finding in judged.result["gate"]["findings"] if finding["code"] == "overlay-edited"] == [
        f"it changes files that no promotion moves, too: {path}"
    ]


def test_anything_else_on_the_promotion_branch_is_a_foreign_change(dev_ahead: Town) -> None:
    opened = dev_ahead.bot("promote", "dev", "staging").pull
    dev_ahead.push({"environments/prod/context-api/size.yaml": "{}\n"}, "smuggled", branch=opened["branch"])
    judged = dev_ahead.bot("gate", "--pr", str(opened["number"]))
    assert judged.result["gate"]["verdict"] == "FAIL"
    assert "foreign-change" in judged.codes


def test_a_tree_that_only_the_pull_requests_own_branch_had_is_not_promoted(town: Town) -> None:
    """Its first commit puts a release into staging, its second takes it back and says that prod has it from there."""
    objects, main, staging = town.sandbox.objects, town.git("rev-parse", "main"), "environments/staging/release/context-api"
    path = f"{staging}/base/settings.env"
    first = objects.make_commit(main, {path: town.git("show", f"main:{path}") + "\nEVIL=1\n"}, "first")
    evil, honest = town.tree(staging, first), town.tree(staging)
    record = record_text(Record(evil, "v1.4.2", Origin("staging", first), 2))
    placed: dict[str, Entry | str | None] = {staging: Entry("", FOLDER, honest)}
    placed |= {"environments/prod/release/context-api": Entry("", FOLDER, evil), "environments/prod/release/context-api.yaml": record}
    second = objects.make_commit(first, placed, "second")
    town.git("update-ref", "refs/heads/sneaky", second)
    judged = town.bot("gate", "--pr", str(town.opened("sneaky")))
    assert judged.result["gate"]["verdict"] == "FAIL"
    summaries = [finding["summary"] for finding in judged.result["gate"]["findings"] if finding["code"] == "not-promoted"]
    assert any("is not what began to run at" in summary for summary in summaries)


def test_the_cure_of_an_alert_in_the_target_may_pass(staging_ahead: Town) -> None:
    town = staging_ahead
    town.errors("prod", on=True)
    assert "alert-firing" in town.bot("promote", "staging", "prod").codes
    assert town.bot("promote", "staging", "prod", "--fixes", "not an alert").code == 2
    firing = {name for name, state in town.sandbox.monitoring.alerts("prod") if state == "firing"}
    words = [word for name in sorted(firing) for word in ("--fixes", name)]
    opened = town.bot("promote", "staging", "prod", *words)
    assert opened.outcome == "opened", opened
    judged = town.bot("gate", "--pr", str(opened.pull["number"]))
    assert "alert-firing" not in judged.codes
    assert "alert-to-be-ended" in {finding["code"] for finding in judged.result["gate"]["findings"]}
