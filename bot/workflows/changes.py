"""Writing a change as one branch and one pull request: kept when it is right, never over people's commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bot.holds import parse_hold, stops
from bot.model import MAIN, BotError, MovedRefError
from bot.ports import Entry
from bot.promotion import strangers

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.ports import PullRequest, World

Changes = dict[str, Entry | str | None]
TRIES = 3
Done = TypeVar("Done")


@dataclass(frozen=True)
class Proposal:
    """What a pull request is to hold: changed paths, and the texts that go with them."""

    branch: str
    main: str
    changes: Changes
    message: str
    title: str
    body: str
    allowed: tuple[str, ...]  # prefixes that people's own commits on the branch may touch
    holds: tuple[str, ...] = ()  # paths of holds: who, when and why may differ from an earlier try


def anew(world: World, action: Callable[[], Done], *, saying: str = "") -> Done:
    """Does something again, from the reading on, when a ref moved meanwhile; a few times, then the MovedRefError stands."""
    for _ in range(TRIES - 1):
        try:
            return action()
        except MovedRefError:
            if saying:
                world.progress.say(saying)
    return action()


def placed(world: World, proposal: Proposal, head: str) -> bool:
    """Whether a head holds every change of a proposal."""
    for path, wanted in proposal.changes.items():
        found = world.origin.entry(head, path)
        if isinstance(wanted, Entry):
            right = found is not None and (found.mode, found.sha) == (wanted.mode, wanted.sha)
        elif wanted is None or found is None:
            right = (wanted is None) == (found is None)
        else:
            text = world.origin.read(head, [path]).get(path, "")
            right = text == wanted or (path in proposal.holds and _same_hold(text, wanted, path))
        if not right:
            return False
    return True


def _same_hold(one: str, other: str, path: str) -> bool:
    try:
        return stops(parse_hold(one, file=path)) == stops(parse_hold(other, file=path))
    except BotError:
        return False


def is_right(world: World, proposal: Proposal, head: str) -> bool:
    """Whether a head can be kept: right trees and records, nothing else touched, merges with main."""
    base = world.origin.merge_base(proposal.main, head)
    if base is None or not placed(world, proposal, head):
        return False
    foreign = strangers(world.origin.changed_paths(base, head), proposal.allowed)
    return not foreign and world.origin.merged_tree(proposal.main, head) is not None


def candidate(world: World, proposal: Proposal) -> str:
    """The commit to judge: the branch's head if it can be kept, else a new commit (not pushed yet)."""
    head = world.origin.fetch_branch(proposal.branch)
    if head is not None and is_right(world, proposal, head):
        return head
    parent = proposal.main if head is None or only_ours(world, proposal.main, head) else head
    commit = world.origin.make_commit(parent, proposal.changes, proposal.message)
    _check_nothing_else(world, proposal, parent=parent, commit=commit)
    return commit


def only_ours(world: World, main: str, head: str) -> bool:
    """Whether every commit of a branch was made by the bot, so that it may be replaced."""
    email = world.author.rsplit("<", 1)[-1].rstrip(">")
    return all(commit.author_email == email for commit in world.origin.log(main, head))


def _check_nothing_else(world: World, proposal: Proposal, *, parent: str, commit: str) -> None:
    """A made commit differs from its parent in what was asked alone; anything else is a bug."""
    asked = tuple(path + "/" if isinstance(to, Entry) else path for path, to in proposal.changes.items())
    extra = strangers(world.origin.changed_paths(parent, commit), asked)
    if extra:
        raise BotError(f"the commit would also change {extra[0]}", "nothing was written; please report this")
    if parent != proposal.main and world.origin.merged_tree(proposal.main, commit) is None:
        raise BotError(
            f"branch {proposal.branch} has people's commits that conflict with {MAIN}",
            "merge main into the branch, or delete the branch, and run this again",
        )


def push(world: World, proposal: Proposal, commit: str) -> bool:
    """Puts the branch at a commit; False when it is there already. A lost race is a MovedRefError."""
    head = world.origin.fetch_branch(proposal.branch)
    if head == commit:
        return False
    keep = head is None or only_ours(world, proposal.main, head) or world.origin.is_ancestor(head, commit)
    if not keep:
        raise MovedRefError(f"branch {proposal.branch} moved while this ran", "run the command again")
    world.origin.push(commit, proposal.branch, expected=head)
    return True


def ensure_pull(world: World, proposal: Proposal, labels: tuple[str, ...]) -> PullRequest:
    """The one open pull request of the branch, with this title, body and these labels."""
    pull = world.forge.pull_of_branch(proposal.branch)
    if pull is None:
        pull = world.forge.open_pull(proposal.branch, proposal.title, proposal.body)
    if (pull.title, pull.body) != (proposal.title, proposal.body):
        world.forge.edit_pull(pull.number, title=proposal.title, body=proposal.body)
    missing = [label for label in labels if label not in pull.labels]
    if missing:
        world.forge.add_labels(pull.number, missing)
    return pull
