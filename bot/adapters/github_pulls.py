"""Pull requests on GitHub: those of this very repository, opened once and merged once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from github import GithubException

from bot.adapters.github_errors import CONFLICT, NOT_ALLOWED, UNPROCESSABLE, refusal
from bot.model import MAIN, BotError, MergeRefusedError
from bot.ports import PullRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from github.PullRequest import PullRequest as Pull
    from github.Repository import Repository

OPEN = "open"
NOBODY = "ghost"  # GitHub's own name for an account that is gone


def is_ours(pull: Pull, repository: Repository) -> bool:
    """Whether its head lies in this repository: by its id, since a fork can copy every name."""
    return pull.head.repo is not None and pull.head.repo.id == repository.id


def seen(pull: Pull) -> PullRequest:
    """What we read of a pull request."""
    return PullRequest(
        number=pull.number,
        title=pull.title,
        body=pull.body or "",
        branch=pull.head.ref,
        head=pull.head.sha,
        base=pull.base.ref,
        author=pull.user.login if pull.user else NOBODY,
        url=pull.html_url,
        is_open=pull.state == OPEN,
        merge_commit=pull.merge_commit_sha if pull.merged_at else None,  # before the merge GitHub puts a trial merge there
        labels=tuple(label.name for label in pull.labels),
    )


def own_pull(repository: Repository, number: int) -> Pull:
    """One pull request, as it is now."""
    pull = repository.get_pull(number).complete()
    if not is_ours(pull, repository):
        raise BotError(f"pull request {number} comes from a fork", "the bot works on branches of this repository alone")
    return pull


def open_pulls(repository: Repository, branch: str | None = None) -> tuple[PullRequest, ...]:
    """Those into main, or of them those of a branch, oldest first."""
    if branch is None:
        found: Iterable[Pull] = repository.get_pulls(state=OPEN, base=MAIN, sort="created", direction="asc")
    else:
        head = f"{repository.owner.login}:{branch}"
        found = repository.get_pulls(state=OPEN, base=MAIN, head=head, sort="created", direction="asc")
    # Asked of GitHub, and checked: it ignores a filter that it does not understand
    ours = [seen(pull) for pull in found if is_ours(pull, repository)]
    kept = (pull for pull in ours if pull.is_open and pull.base == MAIN and branch in {None, pull.branch})
    return tuple(sorted({pull.number: pull for pull in kept}.values(), key=lambda pull: pull.number))


def pull_of_branch(repository: Repository, branch: str) -> PullRequest | None:
    """The open one of a branch; the oldest of several."""
    return next(iter(open_pulls(repository, branch)), None)


def pull_of_commit(repository: Repository, sha: str) -> PullRequest | None:
    """The merged one that brought a commit to main; rather the one whose merge it is."""
    ours = [seen(pull) for pull in repository.get_commit(sha).get_pulls() if is_ours(pull, repository)]
    merged = [pull for pull in ours if pull.merge_commit and pull.base == MAIN]
    return min(merged, key=lambda pull: (pull.merge_commit != sha, pull.number), default=None)


def open_pull(repository: Repository, branch: str, *, title: str, body: str) -> PullRequest:
    """Opens one, or finds it."""
    found = pull_of_branch(repository, branch)
    if found:
        return found
    try:
        return seen(repository.create_pull(MAIN, branch, title=title, body=body))
    except GithubException as error:
        # Another bot was faster, or the reply that it is open was lost
        found = pull_of_branch(repository, branch) if error.status == UNPROCESSABLE else None
        if found is None:
            raise
        return found


def edit_pull(repository: Repository, number: int, *, title: str, body: str) -> None:
    """Replaces title and body where they differ."""
    pull = own_pull(repository, number)
    if (pull.title, pull.body or "") != (title, body):
        pull.edit(title=title, body=body)


def close_pull(repository: Repository, number: int) -> None:
    """Closes it unless it is closed."""
    pull = own_pull(repository, number)
    if pull.state == OPEN:
        pull.edit(state="closed")


def add_labels(repository: Repository, number: int, labels: Iterable[str]) -> None:
    """Adds those that are missing; GitHub's labels do not differ by letter case alone."""
    there = {label.name.lower() for label in own_pull(repository, number).labels}
    missing = [label for label in dict.fromkeys(labels) if label.lower() not in there]
    if missing:
        # Not Issue.add_to_labels, which sends a bare list: GitHub's description knows this form alone
        repository.requester.requestJsonAndCheck("POST", f"{repository.url}/issues/{number}/labels", input={"labels": missing})


def merge(repository: Repository, number: int, *, head: str, subject: str, message: str) -> str:
    """Merges the pinned head, or finds it merged; answers the merge commit."""
    merged = _merged(repository, number, head=head)
    if merged:
        return merged
    try:
        done = repository.get_pull(number).merge(commit_message=message, commit_title=subject, merge_method="merge", sha=head)
    except GithubException as error:
        if error.status not in {NOT_ALLOWED, CONFLICT}:
            raise
        merged = _merged(repository, number, head=head)  # a repeated request is refused as not mergeable
        if merged is None:
            raise MergeRefusedError(f"the forge did not merge pull request {number}: {refusal(error)}", REFUSED_HINT) from error
        return merged
    return done.sha


REFUSED_HINT = "look at the pull request: conflicts, required checks and reviews; then run this again"


def _merged(repository: Repository, number: int, *, head: str) -> str | None:
    """The merge commit of this very head; None when it may be merged now."""
    pull = seen(own_pull(repository, number))
    if pull.head != head:
        told = f"its head is {pull.head[:12]}, not {head[:12]}"
        raise MergeRefusedError(f"the forge did not merge pull request {number}: {told}", "judge the new head: run this again")
    if pull.merge_commit is None and not pull.is_open:
        raise MergeRefusedError(f"pull request {number} was closed without a merge", "open it again, or promote anew")
    return pull.merge_commit
