"""The gate of pull requests that promote nothing: each is judged by what it reaches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from bot.sandbox.running import TEAM

if TYPE_CHECKING:
    from tests.bot.conftest import Answered, Town

RELEASE = "environments/prod/release/context-api"
SIZE = "environments/prod/context-api/size.yaml"


def judged(town: Town, number: int) -> Answered:
    return town.bot("gate", "--pr", str(number))


def approved(town: Town, number: int) -> None:
    """By one of those who may, and not its author."""
    town.sandbox.ada.approve(number)


def status(town: Town, branch: str = "theirs") -> str:
    head = town.git("rev-parse", branch)
    return town.sandbox.forge.statuses[head][-1].state


def text(town: Town, path: str) -> str:
    return town.git("show", f"main:{path}") + "\n"


def test_what_reaches_no_gated_environment_passes(town: Town) -> None:
    path = "apps/context-api/base/service.yaml"
    done = judged(town, town.proposed({path: text(town, path) + "# more\n", "docs/NOTES.md": "x\n"}))
    assert (done.code, done.result["gate"]["verdict"]) == (0, "PASS")
    assert status(town) == "success"


def test_an_overlay_is_judged_by_validity_and_freezes_and_alerts_are_only_shown(town: Town) -> None:
    number = town.proposed({SIZE: text(town, SIZE) + "# more\n"})
    town.errors("prod", on=True)
    done = judged(town, number)
    assert (done.code, done.result["gate"]["verdict"]) == (0, "PASS")
    shown = [finding for finding in done.result["gate"]["findings"] if finding["code"] == "alert-firing"]
    assert "shown, not blocking: FAIL" in shown[0]["summary"]
    assert status(town) == "pending"  # the bot merges what prod runs
    assert town.bot("freeze", "prod", "--reason", "audit").outcome == "merged"
    assert "frozen" in judged(town, number).codes
    broken = town.proposed({SIZE: "kind: [\n"}, "broken")
    assert "overlay-does-not-fit" in judged(town, broken).codes
    waits = town.bot("merge", str(broken))
    assert (waits.code, waits.outcome) == (3, "waiting")


def test_an_image_without_a_digest_does_not_come_by_an_overlay(town: Town) -> None:
    """Though the release of another app declares it, for another environment."""
    overlay = "environments/prod/context-api/kustomization.yaml"
    container = '{"name": "x", "image": "docker.io/library/neo4j:5.26.29-community"}'
    added = f'[{{"op": "add", "path": "/spec/template/spec/containers/-", "value": {container}}}]'
    patch = f"  - target: {{kind: Deployment, name: context-api}}\n    patch: '{added}'\n"
    changed = re.sub("^patches:\n", f"patches:\n{patch}", text(town, overlay), flags=re.MULTILINE)
    assert changed != text(town, overlay)
    assert "image-unpinned" in judged(town, town.proposed({overlay: changed})).codes


def test_the_law_changes_only_when_a_second_person_approves(town: Town) -> None:
    policy = "environments/staging/environment.yaml"
    number = town.proposed({policy: text(town, policy) + "# soak less\n", "CODEOWNERS": "* @eve\n", "clusters/x.yaml": "a: b\n"})
    done = judged(town, number)
    assert (done.code, done.codes) == (3, {"law-changed"})
    assert sum(finding["verdict"] == "HOLD" for finding in done.result["gate"]["findings"]) == 2
    approved(town, number)
    assert judged(town, number).code == 0
    assert status(town) == "success"


def test_blocking_alerts_do_not_vanish_unseen(town: Town) -> None:
    """Neither in what dev runs, which is the source of what is judged next."""
    path = "apps/monitoring/base/prometheus-rules.yaml"
    rules = text(town, path)
    assert "promotion_gate: block" in rules
    number = town.proposed({path: rules.replace("promotion_gate: block", "promotion_gate: ignore", 1)})
    done = judged(town, number)
    assert (done.code, done.codes) == (3, {"alerts-weakened"})
    approved(town, number)
    assert judged(town, number).code == 0


def test_lifting_a_hold_needs_its_people_and_nothing_else(town: Town) -> None:
    hold = town.bot("freeze", "prod", "--reason", "audit").result["hold"]
    town.errors("prod", on=True)
    number = town.bot("unfreeze", "prod", hold, "--reason", "over").pull["number"]
    assert judged(town, number).codes == {"hold-lifted"}
    waits = town.bot("merge", str(number))
    head = town.sandbox.forge.pulls[number].head[:12]
    assert (waits.code, waits.outcome, waits.result["missing"]) == (3, "waiting", f"it needs an approval of {head} by @{TEAM}")
    assert f"a second person must approve: @{TEAM}" in town.say("gate", "--pr", str(number))[1]
    assert town.sandbox.forge.pulls[number].teams == [TEAM]
    town.sandbox.ada.approve(number)
    assert town.bot("merge", str(number)).outcome == "merged"


def test_a_revert_on_the_forge_is_a_rollback(prod_ahead: Town) -> None:
    town = prod_ahead
    before = town.tree(RELEASE, "main~1")
    town.errors("prod", on=True)
    record_before = {f"{RELEASE}.yaml": town.git("show", f"main~1:{RELEASE}.yaml") + "\n"}
    town.git("branch", "theirs", "main")
    reverted = town.sandbox.objects.make_commit(
        town.git("rev-parse", "main"), {RELEASE: town.sandbox.objects.entry("main~1", RELEASE), **record_before}, "Revert"
    )
    town.git("update-ref", "refs/heads/theirs", reverted)
    number = town.opened("theirs")
    done = judged(town, number)
    assert (done.code, done.result["gate"]["verdict"]) == (0, "PASS"), done.codes
    assert "release-returned" in {finding["code"] for finding in done.result["gate"]["findings"]}
    approved(town, number)
    assert town.bot("merge", str(number)).outcome == "merged"
    assert town.tree(RELEASE) == before


def test_an_old_tree_under_a_made_up_record_is_no_rollback(prod_ahead: Town) -> None:
    town = prod_ahead
    record = text(town, f"{RELEASE}.yaml")
    old = town.sandbox.objects.entry("main~1", RELEASE)
    assert old
    tree = record.replace(town.tree(RELEASE), old.sha)
    made = town.sandbox.objects.make_commit(town.git("rev-parse", "main"), {RELEASE: old, f"{RELEASE}.yaml": tree}, "Revert?")
    town.git("branch", "theirs", made)
    number = town.opened("theirs")
    assert "not-promoted" in judged(town, number).codes


def test_a_hotfix_waits_for_a_second_person_and_is_not_lost_unsaid(staging_ahead: Town) -> None:
    town = staging_ahead
    town.sandbox.registry.push("ghcr.io/dpdpdpdp0987/context-api", "v1.4.3")
    before = town.tree(f"{RELEASE}/base")
    done = town.bot("hotfix", "prod", "context-api", "v1.4.3", "--image", "ghcr.io/dpdpdpdp0987/context-api", "--reason", "leak")
    assert (done.code, done.outcome) == (0, "opened"), done
    number = done.pull["number"]
    assert [len(env["promotions"]) for env in town.bot("status").result["environments"]] == [0, 0, 1]
    assert judged(town, number).codes == {"hotfix-declared"}
    again = town.bot("hotfix", "prod", "context-api", "v1.4.3", "--image", "ghcr.io/dpdpdpdp0987/context-api", "--reason", "leak")
    assert again.outcome == "unchanged"
    town.sandbox.ada.approve(number)
    merged = town.bot("merge", str(number), "--wait")
    assert merged.outcome == "merged", merged
    assert town.tree(f"{RELEASE}/base") == before
    assert "v1.4.3" in town.git("show", f"main:{RELEASE}.yaml")
    town.wait_until_synced()
    refused = town.bot("promote", "staging", "prod")
    assert (refused.code, "hotfix" in refused.document["error"]["message"]) == (1, True)
    told = town.bot("promote", "staging", "prod", "--drop-hotfix", "v1.5.0 has it")
    assert told.outcome == "opened", told
    assert "Drops-Hotfix: v1.5.0 has it" in town.git("log", "-1", "--format=%B", "promote.prod")
    assert "hotfix-dropped" not in judged(town, told.pull["number"]).codes


def test_a_hotfix_that_changes_more_than_images_is_not_one(town: Town) -> None:
    town.sandbox.registry.push("ghcr.io/dpdpdpdp0987/context-api", "v1.4.3")
    done = town.bot("hotfix", "prod", "context-api", "v1.4.3", "--image", "ghcr.io/dpdpdpdp0987/context-api", "--reason", "leak")
    branch = done.pull["branch"]
    path = f"{RELEASE}/base/settings.env"
    town.push({path: text(town, path) + "EVIL=1\n"}, "more", branch=branch)
    assert "not-promoted" in judged(town, done.pull["number"]).codes


@pytest.mark.parametrize("path", [".gitattributes", "environments/.gitattributes", "docs/.gitmodules"])
def test_what_changes_a_checkout_is_refused_wherever_it_lies(town: Town, path: str) -> None:
    """We render objects, Argo CD a checkout: `*.sh text eol=crlf` would give it other scripts than were judged."""
    done = judged(town, town.proposed({path: "*.sh text eol=crlf\n"}))
    assert (done.code, done.result["gate"]["verdict"]) == (3, "FAIL")


def test_what_alerts_rest_on_does_not_vanish_unseen(town: Town) -> None:
    """A recording rule that an overlay makes nothing, a target that is scraped in another way."""
    overlay = "environments/prod/monitoring/kustomization.yaml"
    rules = [item for item in YAML(typ="safe").load_all(town.render("prod")) if item["kind"] == "PrometheusRule"]
    name, group, place = next(
        (item["metadata"]["name"], group, place)
        for item in rules
        for group, each in enumerate(item["spec"]["groups"])
        for place, rule in enumerate(each["rules"])
        if "record" in rule
    )
    change = f"{{op: replace, path: /spec/groups/{group}/rules/{place}/expr, value: vector(0)}}"
    patch = f"patches:\n  - target: {{kind: PrometheusRule, name: {name}}}\n    patch: |-\n      - {change}\n"
    number = town.proposed({overlay: text(town, overlay) + patch})
    assert "alerts-weakened" in judged(town, number).codes
    monitor = "apps/monitoring/base/service-monitors.yaml"
    slower = town.proposed({monitor: text(town, monitor).replace("interval: ", "interval: 1", 1)}, "slower")
    assert "alerts-weakened" in judged(town, slower).codes


def test_a_revert_takes_no_other_edit_through_a_freeze(prod_ahead: Town) -> None:
    town = prod_ahead
    before = {f"{RELEASE}.yaml": town.git("show", f"main~1:{RELEASE}.yaml") + "\n", RELEASE: town.sandbox.objects.entry("main~1", RELEASE)}
    assert town.bot("freeze", "prod", "--reason", "audit").outcome == "merged"
    for name, extra, codes in (("plain", {}, set()), ("more", {SIZE: text(town, SIZE) + "# more\n"}, {"frozen"})):
        made = town.sandbox.objects.make_commit(town.git("rev-parse", "main"), {**before, **extra}, "Revert")
        town.git("branch", name, made)
        number = town.opened(name)
        assert judged(town, number).codes == codes


def test_a_hotfix_changes_tags_and_nothing_else_of_its_file(town: Town) -> None:
    """A patch, or another repository, in the images file would come as a hotfix, too."""
    town.sandbox.registry.push("ghcr.io/dpdpdpdp0987/context-api", "v1.4.3")
    done = town.bot("hotfix", "prod", "context-api", "v1.4.3", "--image", "ghcr.io/dpdpdpdp0987/context-api", "--reason", "leak")
    number, branch = done.pull["number"], done.pull["branch"]
    declared = [each["summary"] for each in judged(town, number).result["gate"]["findings"] if each["code"] == "hotfix-declared"]
    assert "context-api:v1.4.2@sha256:" in declared[0]
    assert "-> ghcr.io/dpdpdpdp0987/context-api:v1.4.3@sha256:" in declared[0]
    path = f"{RELEASE}/images/kustomization.yaml"
    patched = town.git("show", f"{branch}:{path}") + "\npatches: []\n"
    made = town.sandbox.objects.make_commit(town.git("rev-parse", branch), {path: patched}, "more")
    tree = town.git("rev-parse", f"{made}:{RELEASE}")
    record = re.sub("tree: .*", f"tree: {tree}", town.git("show", f"{branch}:{RELEASE}.yaml")) + "\n"
    made = town.sandbox.objects.make_commit(made, {f"{RELEASE}.yaml": record}, "and its record")
    town.git("update-ref", f"refs/heads/{branch}", made)
    assert "not-promoted" in judged(town, number).codes


def test_a_new_environment_is_approved_by_those_of_the_others_and_brings_no_release(town: Town) -> None:
    new = text(town, "environments/prod/environment.yaml").replace("context-prod", "context-qa")
    number = town.proposed({"environments/qa/environment.yaml": new, "environments/qa/kustomization.yaml": "resources: []\n"})
    assert "law-changed" in judged(town, number).codes
    files = {f"environments/qa/release/{each}": text(town, f"environments/prod/release/{each}") for each in ("context-api.yaml",)}
    assert "not-promoted" in judged(town, town.proposed({"environments/qa/environment.yaml": new, **files}, "release")).codes


def test_an_environment_does_not_go_unsaid(town: Town) -> None:
    gone = dict.fromkeys(town.git("ls-tree", "-r", "--name-only", "main", "environments/prod").splitlines())
    left = judged(town, town.proposed({**gone}))
    assert {"environment-contents", "law-changed"} <= left.codes  # its project is still there
    done = judged(town, town.proposed({**gone, "argocd/projects/context-prod.yaml": None}, "whole"))
    assert {"environment-gone", "law-changed"} <= done.codes


def test_stray_files_among_holds_and_releases_are_refused_and_a_readme_is_not(town: Town) -> None:
    note, stray = "environments/prod/holds/note.txt", "environments/prod/release/notes.txt"
    assert "hold-unreadable" in judged(town, town.proposed({note: "x\n"})).codes
    assert judged(town, town.proposed({stray: "x\n"}, "stray")).result["gate"]["verdict"] == "FAIL"
    readme = "environments/README.md"
    assert judged(town, town.proposed({readme: text(town, readme) + "more\n"}, "readme")).code == 0
    town.push({note: "x\n"}, "past the forge")
    assert "hold-lifted" in judged(town, town.proposed({note: None}, "lifted")).codes
