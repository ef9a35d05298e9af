"""Merge queues: the group that the forge made is judged as the very trees that would land, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import messages
from bot.gate import judgement_of
from bot.model import MAIN, BotError, Verdict
from bot.observations import Finding
from bot.workflows.cases import judge_landing
from bot.workflows.judging import STATES, write_news
from bot.workflows.stack import read_stack
from bot.workflows.statuses import set_gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.observations import Judgement
    from bot.ports import Commit, PullRequest, World

MOST_ENTRIES = 100  # GitHub's own limit of a group


@dataclass(frozen=True)
class MergeGroup:
    """What a queue would land: its pull requests in order, and the verdict on all of them."""

    branch: str
    head: str
    pulls: tuple[PullRequest, ...]
    judgement: Judgement


def judge_group(world: World, branch: str) -> MergeGroup:
    """Judges each entry on the one before it, and writes the worst verdict on the group's head, the evidence on the pull requests."""
    branch = branch.removeprefix("refs/heads/")
    main, head = world.origin.fetch_main(), world.origin.fetch_branch(branch)
    if head is None:
        raise BotError(f"there is no branch {branch}", "the forge has taken the group apart; it makes a new one", usage=True)
    if head == main:
        raise BotError(f"{branch} is main", "name a branch of the queue: gh-readonly-queue/main/pr-…", usage=True)
    pulls = {pull.head: pull for pull in world.forge.open_pulls()}
    seen: list[PullRequest] = []
    findings: list[Finding] = []
    for entry in _entries(world, main, head):
        pull = pulls.get(entry.parents[1]) if entry.parents[1:] else None
        if pull is None or not _is_plain(world, entry):
            what = f"{entry.sha[:12]} is not what merging an open pull request gives: let the queue merge by merge commits"
            findings.append(Finding(12, "merge-group-unknown", Verdict.UNKNOWN, branch, what))
            continue
        world.progress.say(f"judging #{pull.number}")
        seen.append(pull)
        findings += _entry(world, pull, entry)
    judgement = judgement_of(findings, now=world.now())
    set_gate(world, head, state=STATES[judgement.verdict], description=messages.status_description(judgement))
    return MergeGroup(branch, head, tuple(seen), judgement)


def _is_plain(world: World, entry: Commit) -> bool:
    """Whether a merge commit holds what merging its parents gives, and nothing else."""
    tree = world.origin.merged_tree(entry.parents[0], entry.parents[1])
    return tree is not None and not world.origin.changed_paths(tree, entry.sha)


def _entries(world: World, main: str, head: str) -> list[Commit]:
    """Oldest first, along first parents: what the queue puts on top of main."""
    found = [world.origin.commit(head)]
    while found[0].parents[:1] != (main,):
        if not found[0].parents or len(found) >= MOST_ENTRIES or not world.origin.is_ancestor(main, found[0].parents[0]):
            raise BotError(f"{head[:12]} does not follow {MAIN}", f"{MAIN} moved; the forge makes a new group of it, judge that one")
        found.insert(0, world.origin.commit(found[0].parents[0]))
    return found


def _entry(world: World, pull: PullRequest, entry: Commit) -> Iterator[Finding]:
    """What is found of one pull request on the tree that the entries before it make."""
    case = judge_landing(world, pull, read_stack(world.origin, entry.parents[0]), entry.sha)
    write_news(world, pull, case.judgement)
    for finding in case.judgement.findings:
        yield replace(finding, subject=f"#{pull.number} {finding.subject}")
    for target in case.targets:
        if target.merge == "bot":
            what = f"{target.name} is merged by the bot alone: take it out of the queue, and `bot merge {pull.number}`"
            yield Finding(12, "merge-group-not-allowed", Verdict.FAIL, f"#{pull.number}", what)
