"""A merge queue's group is judged as the very trees that would land, each on the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.conftest import Town

STAGING, PROD, DOC = "environments/staging/context-api/size.yaml", "environments/prod/context-api/size.yaml", "docs/COSTS.md"


def longer(town: Town, branch: str, path: str) -> int:
    """A pull request of one more line."""
    text = town.git("show", f"main:{path}")
    return town.proposed({path: f"{text}\n# {branch}\n"}, branch)


def queued(town: Town, *branches: str, base: str = "main", tree: str | None = None) -> str:
    """What a queue would make of branches: merge commits, one on the other; answers its branch."""
    for branch in branches:
        merged = tree or town.git("merge-tree", "--write-tree", base, branch)
        base = town.merge_commit(merged, base, branch)
    name = f"gh-readonly-queue/main/pr-1-{base[:12]}"
    town.git("branch", "-f", name, base)
    return name


def test_a_group_is_judged_entry_by_entry(town: Town) -> None:
    first, second = longer(town, "one", STAGING), longer(town, "two", DOC)
    group = queued(town, "one", "two")
    done = town.bot("gate", "--merge-group", f"refs/heads/{group}")
    assert (done.code, done.result["gate"]["verdict"]) == (0, "PASS")
    assert [pull["number"] for pull in done.result["pull_requests"]] == [first, second]
    assert town.sandbox.forge.statuses[town.git("rev-parse", group)][-1].state == "success"
    assert town.bot("freeze", "staging", "--reason", "audit").outcome == "merged"
    stale = town.bot("gate", "--merge-group", group)
    assert (stale.code, "does not follow main" in stale.document["error"]["message"]) == (1, True)
    group = queued(town, "one", "two")
    held = town.bot("gate", "--merge-group", group)
    assert (held.code, held.codes) == (3, {"frozen"})
    assert {finding["subject"].split()[0] for finding in held.result["gate"]["findings"]} == {f"#{first}", f"#{second}"}
    assert town.sandbox.forge.statuses[town.git("rev-parse", group)][-1].state == "pending"


def test_what_the_bot_alone_merges_has_no_place_in_a_queue(town: Town) -> None:
    number = longer(town, "one", PROD)
    done = town.bot("gate", "--merge-group", queued(town, "one"))
    assert (done.code, done.codes) == (3, {"merge-group-not-allowed"})
    assert f"bot merge {number}" in str(done.result["gate"])


def test_an_entry_that_is_not_a_plain_merge_is_unknown(town: Town) -> None:
    longer(town, "one", DOC)
    town.git("branch", "-f", "nobodys", "main")
    town.push({DOC: "x\n"}, "nobody asked", branch="nobodys")
    squashed = queued(town, "one")
    tree = town.git("rev-parse", f"{squashed}^{{tree}}")
    town.git("branch", "-f", squashed, town.merge_commit(tree, "main"))
    other_tree = queued(town, "one", tree=town.git("rev-parse", "main^{tree}"))
    for odd in (squashed, other_tree, queued(town, "nobodys")):
        done = town.bot("gate", "--merge-group", odd)
        assert (done.code, done.codes) == (3, {"merge-group-unknown"})
        assert town.sandbox.forge.statuses[town.git("rev-parse", odd)][-1].state == "error"
    gone = town.bot("gate", "--merge-group", "gh-readonly-queue/main/pr-1-abc")
    assert (gone.code, "pr-1-abc" in gone.document["error"]["message"]) == (2, True)
