"""Commands on the checkout: init, validate, render, diff, history, trace; offline, on the files as they are."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.repositories import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Answered, Bot, Town

EMPTY = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
STRAY_PATCH = (
    "\npatches:\n  - target:\n      kind: Deployment\n      name: nobody\n    patch: |-\n      - op: remove\n        path: /spec/strategy\n"
)


def problems(answered: Answered) -> dict[str, str]:
    return {problem["file"]: problem["what"] for problem in answered.result["problems"] if problem["is_error"]}


def test_the_repository_is_valid(checkout: Path, bot: Bot) -> None:
    assert problems(bot.bot("validate")) == {}


def test_files_that_are_not_committed_are_validated(checkout: Path, bot: Bot) -> None:
    (checkout / "environments/prod/release/context-api/base/settings.env").write_text("EVIL=1\n")
    found = problems(bot.bot("validate"))
    assert "edited by hand" in found["environments/prod/release/context-api"]
    assert problems(bot.bot("validate", "--ref", "HEAD")) == {}


def commit(checkout: Path) -> None:
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "change")


def edit(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def replace_link(path: Path) -> None:
    path.unlink()
    edit(path / "x.yaml", "")


def replace_folder(path: Path) -> None:
    shutil.rmtree(path)
    path.symlink_to("../../apps")


FORBIDDEN: dict[str, tuple[Any, str]] = {
    "a link in a release": (lambda r: (r / "apps/qdrant/base/shadow").symlink_to("/etc/passwd"), "symbolic link"),
    "a remote base": (lambda r: append(r / "apps/qdrant/base/kustomization.yaml", "crds: [https://example.com/x.yaml]\n"), "is not in"),
    "a path that escapes": (lambda r: append(r / "apps/qdrant/base/kustomization.yaml", "crds: [../../neo4j/base/x.yaml]\n"), "leads out"),
    "Helm": (lambda r: append(r / "apps/qdrant/base/kustomization.yaml", "helmCharts: []\n"), "helmCharts"),
    "a plugin": (lambda r: append(r / "apps/qdrant/base/kustomization.yaml", "generators: []\n"), "generators"),
    "attributes of all": (lambda r: edit(r / ".gitattributes", "* text\n"), "changes what a checkout holds"),
    "attributes": (lambda r: edit(r / "apps/qdrant/.gitattributes", "* text\n"), "changes what Git"),
    "an override of Argo CD": (lambda r: edit(r / "environments/prod/.argocd-source.yaml", "{}\n"), "changes what Git"),
    "images in an overlay": (
        lambda r: append(r / "environments/prod/qdrant/kustomization.yaml", "images:\n  - {name: docker.io/qdrant/qdrant, newTag: v0}\n"),
        "sets images",
    ),
    "a patch that matches nothing": (
        lambda r: append(r / "environments/prod/monitoring/kustomization.yaml", STRAY_PATCH),
        "matches nothing",
    ),
    "an images entry that matches nothing": (
        lambda r: append(r / "apps/context-api/images/kustomization.yaml", '  - name: ghcr.io/nobody/nothing\n    newTag: "v1"\n'),
        "matches no image",
    ),
    "dev's release as a folder": (lambda r: replace_link(r / "environments/dev/release"), "must be a link"),
    "a release that is a link": (lambda r: replace_folder(r / "environments/prod/release"), "must be a folder"),
    "a record without a release": (lambda r: edit(r / "environments/prod/release/ghost.yaml", "tree: 1\n"), "not there"),
    "a broken hold": (lambda r: edit(r / "environments/prod/holds/x.yaml", "kind: odd\n"), "holds"),
    "an overlay that does not fit": (
        lambda r: append(r / "environments/prod/qdrant/kustomization.yaml", "crds: [nothing.yaml]\n"),
        "nothing.yaml",
    ),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_is_forbidden_is_named(checkout: Path, bot: Bot, name: str) -> None:
    plant, wanted = FORBIDDEN[name]
    plant(checkout)
    answered = bot.bot("validate")
    assert answered.code == 1
    found = [f"{problem['file']} {problem['what']}" for problem in answered.result["problems"]]
    assert any(wanted in each for each in found), found


def test_a_base_change_that_breaks_an_overlay_is_known_before_it_is_promoted(checkout: Path, bot: Bot) -> None:
    """Prod's overlay patches what the new base no longer has: a warning now, an error when it is promoted."""
    path = checkout / "apps/context-api/base/deployment.yaml"
    path.write_text(path.read_text().replace("topologyKey: topology.kubernetes.io/zone", "topologyKey: topology.kubernetes.io/region"))
    answered = bot.bot("validate", "prod")
    (warned,) = answered.result["problems"]
    assert (answered.code, warned["file"], warned["is_error"]) == (0, "environments/prod", False)
    assert "will not fit the head of apps/, so that nothing else was checked" in warned["what"]
    assert "widen the overlay" in warned["hint"]


def test_init_copies_what_is_missing_and_nothing_twice(checkout: Path, bot: Bot) -> None:
    shutil.rmtree(checkout / "environments/staging/release/context-api")
    (checkout / "environments/staging/release/context-api.yaml").unlink()
    commit(checkout)
    assert bot.bot("init", "staging", "--dry-run").outcome == "planned"
    done = bot.bot("init", "staging")
    assert done.result["written"] == ["staging/context-api"]
    assert "from: init@" in (checkout / "environments/staging/release/context-api.yaml").read_text()
    commit(checkout)
    tree = git(checkout, "rev-parse", "HEAD:apps/context-api")
    assert git(checkout, "rev-parse", "HEAD:environments/staging/release/context-api") == tree
    assert bot.bot("init", "staging").outcome == "already"
    assert problems(bot.bot("validate")) == {}


def test_a_live_environment_is_not_replaced(checkout: Path, bot: Bot) -> None:
    path = checkout / "environments/prod/environment.yaml"
    path.write_text(path.read_text().replace("live: false", "live: true"))
    commit(checkout)
    refused = bot.bot("init", "prod", "--replace", "because")
    assert refused.code == 2
    assert "promoted, not replaced" in refused.document["error"]["message"]


def unpin(checkout: Path) -> None:
    path = checkout / "apps/context-api/images/kustomization.yaml"
    path.write_text(re.sub("@sha256:[0-9a-f]{64}", "", path.read_text()))
    commit(checkout)


def take_anew(checkout: Path, bot: Bot) -> None:
    for environment in ("staging", "prod"):
        assert bot.bot("init", environment, "--replace", "a test").code == 0
        commit(checkout)


def go_live(checkout: Path) -> None:
    path = checkout / "environments/prod/environment.yaml"
    path.write_text(path.read_text().replace("live: false", "live: true"))
    commit(checkout)


def test_a_live_environment_that_requires_digests_takes_no_image_without_one(checkout: Path, bot: Bot) -> None:
    unpin(checkout)
    assert bot.bot("init", "staging", "--replace", "a test").code == 0
    shutil.rmtree(checkout / "environments/prod/release/context-api")
    (checkout / "environments/prod/release/context-api.yaml").unlink()
    go_live(checkout)
    refused = bot.bot("init", "prod")
    assert refused.code == 1
    assert "context-api:v1.4.2 of context-api has none" in refused.document["error"]["message"]
    assert "bot pin context-api" in refused.document["error"]["hint"]
    assert not (checkout / "environments/prod/release/context-api.yaml").exists()


def test_what_admission_refuses_is_no_way_back(checkout: Path, bot: Bot) -> None:
    """In every hurry: the forge is down, too."""
    pinned = git(checkout, "rev-parse", "HEAD:apps/context-api")
    good = (checkout / "apps/context-api/images/kustomization.yaml").read_text()
    unpin(checkout)
    take_anew(checkout, bot)
    loose = git(checkout, "rev-parse", "HEAD:apps/context-api")
    (checkout / "apps/context-api/images/kustomization.yaml").write_text(good.replace("v1.4.2", "v1.4.3"))
    commit(checkout)
    take_anew(checkout, bot)
    for words in ((), ("--to", loose)):
        refused = bot.bot("rollback", "prod", "context-api", "--print", *words)
        assert refused.code == 1
        assert "context-api:v1.4.2 of context-api v1.4.2 has no digest" in refused.document["error"]["message"]
        assert "bot pin context-api" in refused.document["error"]["hint"]
    assert bot.bot("rollback", "prod", "context-api", "--print", "--to", pinned).code == 0
    assert bot.bot("rollback", "staging", "context-api", "--print", "--to", loose).code == 0


def test_an_image_that_runs_elsewhere_alone_keeps_nobody_from_going_back(checkout: Path, bot: Bot) -> None:
    images = checkout / "apps/context-api/images/kustomization.yaml"
    images.write_text(f'{images.read_text().rstrip()}\n  - name: docker.io/library/other\n    newTag: "1.0.0"\n')
    commit(checkout)
    take_anew(checkout, bot)
    good = git(checkout, "rev-parse", "HEAD:apps/context-api")
    images.write_text(images.read_text().replace("v1.4.2", "v1.4.3"))
    commit(checkout)
    take_anew(checkout, bot)
    assert bot.bot("rollback", "prod", "context-api", "--print", "--to", good).code == 0


def test_size_says_at_least_and_at_most(checkout: Path, bot: Bot) -> None:
    assert (checkout / "apps").is_dir()
    size = bot.bot("size", "prod").result["environments"]["prod"]
    (api,) = [each for each in size["workloads"] if each["name"] == "context-api"]
    assert (api["replicas"], api["most_replicas"]) == (5, 20)
    assert size["at_most"]["cpu"] - size["total"]["cpu"] == 15 * api["each"]["cpu"]
    _, out, _ = bot.say("size", "prod")
    rows = {line[13:50].strip(): line.split() for line in out.splitlines()}
    assert float(rows["in all, at most"][5]) > float(rows["in all, at least"][5])
    assert "20" in rows["Deployment context-api, at most"]


def test_render_prints_what_kustomize_makes(checkout: Path, bot: Bot) -> None:
    code, out, _ = bot.say("render", "prod")
    assert code == 0
    assert "kind: Deployment" in out
    assert "namespace: context-prod" in out


def test_diff_shows_how_prod_differs(checkout: Path, bot: Bot) -> None:
    found = bot.bot("diff", "staging", "prod")
    assert found.outcome == "differs"
    assert any("replicas" in text or "minReplicas" in text for text in found.result["diff"])
    assert bot.bot("diff", "prod", "prod").outcome == "same"


def test_diff_leaves_out_what_only_names_the_environment_and_says_so(checkout: Path, bot: Bot) -> None:
    found = bot.bot("diff", "staging", "prod").result
    assert not any("+  namespace: context-prod" in text or "+    environment: prod" in text for text in found["diff"])
    everything = bot.bot("diff", "staging", "prod", "--all").result["diff"]
    assert len(everything) == len(found["diff"]) + found["alike"]
    assert any("+  namespace: context-prod" in text for text in everything)
    assert f"({found['alike']} objects); --all shows it" in bot.say("diff", "staging", "prod")[1]


def test_history_and_trace_tell_where_a_release_came_from(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.new_release()
    town.promote("dev", "staging")
    town.promote("staging", "prod")
    monkeypatch.chdir(town.clone())
    runs = town.bot("history", "prod", "context-api").result["runs"]
    assert [run["version"] for run in runs][:2] == ["v1.5.0", "v1.4.2"]
    (trace,) = town.bot("trace", "prod", "context-api").result["traces"]
    assert [step["environment"] for step in trace["steps"]] == ["prod", "staging", "dev"]
    assert all(step["pull"] for step in trace["steps"])
    assert any("v1.4.2 -> v1.5.0" in commit["subject"] for commit in trace["commits"])
