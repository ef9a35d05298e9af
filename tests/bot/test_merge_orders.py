"""Two promotions, a hotfix and a rollback of one app, opened together: in every order, what lands was judged, or conflicts."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

from bot.workflows.stack import read_stack
from tests.bot.conftest import APP

if TYPE_CHECKING:
    from bot.model import Release
    from bot.workflows.changes import Changes
    from tests.bot.conftest import Town

IMAGE = "ghcr.io/dpdpdpdp0987/context-api"
RELEASE = f"environments/prod/release/{APP}"


def opened_together(town: Town) -> dict[str, int]:
    """Branches of one main, each with its open pull request: nobody has seen the others'."""
    town.has_release("v1.6.0")
    town.has_promoted("dev", "staging")
    town.wait_until_synced()
    assert town.bot("verify", "staging", "--watch").code == 0
    older = town.tree("environments/staging/release/context-api")
    town.has_release("v1.7.0")
    town.has_promoted("dev", "staging")
    town.wait_until_synced()
    pulls = {}
    first = town.bot("promote", "staging", "prod", APP, "--release", older)
    assert first.outcome == "opened", first
    pulls["older"] = reopened_elsewhere(town, first.pull, "older")
    pulls["newer"] = town.bot("promote", "staging", "prod", APP).pull["number"]
    town.sandbox.registry.push(IMAGE, "v1.5.1")
    pulls["hotfix"] = town.bot("hotfix", "prod", APP, "v1.5.1", "--image", IMAGE, "--reason", "leak").pull["number"]
    pulls["rollback"] = reverted(town)
    return pulls


def reopened_elsewhere(town: Town, pull: dict[str, Any], branch: str) -> int:
    """The bot keeps one open promotion per app; a person may open the same commits once more."""
    head = town.sandbox.forge.pulls[pull["number"]].branch
    town.git("branch", branch, head)
    return town.opened(branch)


def reverted(town: Town) -> int:
    """GitHub's Revert button on the promotion that brought what prod runs."""
    run = town.git("log", "-1", "--format=%H", "--first-parent", "main", "--", RELEASE)
    objects = town.sandbox.objects
    record = town.git("show", f"{run}~1:{RELEASE}.yaml") + "\n"
    changes: Changes = {RELEASE: objects.entry(f"{run}~1", RELEASE), f"{RELEASE}.yaml": record}
    town.git("branch", "revert", objects.make_commit(town.git("rev-parse", "main"), changes, "Revert"))
    return town.opened("revert")


def releases(town: Town, commit: str) -> dict[str, dict[str, Release]]:
    return {name: dict(found) for name, found in read_stack(town.sandbox.objects, commit).releases.items()}


def merged_in_order(town: Town, main: str, heads: list[str]) -> list[str | None]:
    """What main becomes by each in turn, as the forge merges; None for one that conflicts, which is left out."""
    landed: list[str | None] = []
    for head in heads:
        tree = town.sandbox.objects.merged_tree(main, head)
        if tree is not None:
            main = town.merge_commit(tree, main, head)
        landed.append(main if tree else None)
    return landed


def test_in_every_order_what_lands_was_judged_or_conflicts(prod_ahead: Town) -> None:
    town = prod_ahead
    pulls = opened_together(town)
    main = town.git("rev-parse", "main")
    heads = {name: town.git("rev-parse", town.sandbox.forge.pulls[number].branch) for name, number in pulls.items()}
    judged = {name: releases(town, head)["prod"][APP] for name, head in heads.items()}
    assert len({release.tree for release in judged.values()}) == len(heads)
    for order in permutations(heads):
        before = main
        for name, landed in zip(order, merged_in_order(town, main, [heads[name] for name in order]), strict=True):
            if landed is None:
                continue
            found, was = releases(town, landed), releases(town, before)
            assert found["prod"].pop(APP) == judged[name], order
            was["prod"].pop(APP)
            assert found == was, order
            before = landed
        assert before != main, order

    town.sandbox.ada.approve(pulls["newer"])
    assert town.bot("merge", str(pulls["newer"]), "--wait").outcome == "merged"
    for name in ("older", "hotfix", "rollback"):
        town.sandbox.ada.approve(pulls[name])
        late = town.bot("merge", str(pulls[name]))
        assert (late.code, late.outcome, late.codes) == (3, "refused", {"conflict"}), name
        (told,) = (finding["summary"] for finding in late.result["gate"]["findings"])
        assert f"bot {'hotfix' if name == 'hotfix' else 'promote'}" in told
    assert releases(town, town.git("rev-parse", "main"))["prod"][APP] == judged["newer"]
