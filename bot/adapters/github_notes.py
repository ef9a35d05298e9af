"""What the bot leaves on GitHub for others to read: its sticky comments and its commit statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from github.CommitStatus import CommitStatus
from github.PaginatedList import PaginatedList

from bot.adapters.github_pulls import NOBODY
from bot.ports import Status

if TYPE_CHECKING:
    from github.IssueComment import IssueComment
    from github.Repository import Repository

MOST_CHARACTERS = 140  # of a status' description


def own_comment(repository: Repository, number: int, marker: str, *, login: str) -> IssueComment | None:
    """Our comment that begins with a marker; the oldest of several."""
    comments = repository.get_issue(number).get_comments()
    ours = [comment for comment in comments if comment.user and comment.user.login == login and (comment.body or "").startswith(marker)]
    return min(ours, key=lambda comment: comment.id, default=None)


def write_comment(repository: Repository, number: int, marker: str, *, text: str, login: str) -> None:
    """Makes our comment, or changes it where it differs."""
    found = own_comment(repository, number, marker, login=login)
    if found is None:
        repository.get_issue(number).create_comment(text)
    elif found.body != text:
        found.edit(text)


def newest_statuses(repository: Repository, sha: str) -> dict[str, Status]:
    """The newest of each context; GitHub lists the newest first."""
    # Not Commit.get_statuses, which first fetches the commit; nor the combined status, which does not say who set it
    path = f"{repository.get_commit(sha).url}/statuses"
    newest: dict[str, Status] = {}
    for status in PaginatedList(CommitStatus, repository.requester, path):
        author = status.creator.login if status.creator else NOBODY
        newest.setdefault(status.context, Status(status.context, status.state, status.description or "", author))
    return newest


def set_status(repository: Repository, sha: str, context: str, *, state: str, description: str) -> None:
    """Sets a status where state or description differ: GitHub takes 1,000 of a commit and context."""
    short = description if len(description) <= MOST_CHARACTERS else f"{description[: MOST_CHARACTERS - 1]}…"
    newest = newest_statuses(repository, sha).get(context)
    if newest is None or (newest.state, newest.description) != (state, short):
        path = f"{repository.url}/statuses/{sha}"  # not Commit.create_status, which first fetches the commit
        wanted = {"state": state, "description": short, "context": context}
        repository.requester.requestJsonAndCheck("POST", path, input=wanted)
