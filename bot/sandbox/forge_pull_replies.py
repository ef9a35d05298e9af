"""How the forge stand-in describes a pull request and what hangs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.sandbox import forge_git
from bot.sandbox.forge_replies import api, id_of, person, repository, repository_path, stamp, team
from bot.sandbox.forge_state import ALIVE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Comment, Pull, Review

ASSOCIATION = "COLLABORATOR"


def pull_page(asked: Asked, number: int) -> str:
    """Where people read a pull request."""
    return f"{asked.root}/{asked.forge.full_name}/pull/{number}"


def pull_in_list(asked: Asked, pull: Pull) -> dict[str, Any]:
    """A pull request as lists show it."""
    links = _links(asked, pull)
    return {
        "id": pull.number,
        "node_id": f"PR_{pull.number}",
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "draft": False,
        "title": pull.title,
        "body": pull.body,
        "user": person(asked, pull.author),
        "labels": [label(asked, name) for name in pull.labels],
        "requested_reviewers": [person(asked, login) for login in pull.reviewers],
        "requested_teams": [team(asked, name) for name in pull.teams],
        "head": _end(asked, pull.branch, sha=pull.head, owner=pull.owner),
        "base": _end(asked, pull.base, sha=pull.base_commit, owner=asked.forge.owner),
        "created_at": stamp(pull.created),
        "updated_at": stamp(pull.updated),
        "closed_at": _stamp(pull.closed),
        "merged_at": _stamp(pull.closed) if pull.merge_commit else None,
        "merge_commit_sha": pull.merge_commit,
        "author_association": ASSOCIATION,
        "_links": {name: {"href": url} for name, url in links.items()},
        **{f"{name}_url": url for name, url in links.items() if name != "self"},
        "url": links["self"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        **dict.fromkeys(("assignee", "milestone", "auto_merge")),
    }


def pull_in_full(asked: Asked, pull: Pull) -> dict[str, Any]:
    """A pull request as it shows itself."""
    size = forge_git.size(asked.forge.git_dir, pull.base_commit, head=pull.head)
    mergeable = None if pull.state != ALIVE else forge_git.merged_tree(asked.forge.git_dir, pull.base_commit, head=pull.head) is not None
    return {
        **pull_in_list(asked, pull),
        "merged": pull.merge_commit is not None,
        "merged_by": person(asked, pull.merged_by) if pull.merged_by else None,
        "mergeable": mergeable,
        "mergeable_state": {None: "unknown", True: "clean", False: "dirty"}[mergeable],
        "maintainer_can_modify": False,
        "comments": len(pull.comments),
        "review_comments": 0,
        "commits": size.commits,
        "changed_files": size.files,
        "additions": size.additions,
        "deletions": size.deletions,
    }


def comment_reply(asked: Asked, pull: Pull, comment: Comment) -> dict[str, Any]:
    """A comment."""
    issue = f"{repository_path(asked)}/issues"
    return {
        "id": comment.id,
        "node_id": f"IC_{comment.id}",
        "url": api(asked, f"{issue}/comments/{comment.id}"),
        "html_url": f"{pull_page(asked, pull.number)}#issuecomment-{comment.id}",
        "issue_url": api(asked, f"{issue}/{pull.number}"),
        "user": person(asked, comment.author),
        "body": comment.body,
        "created_at": stamp(comment.created),
        "updated_at": stamp(comment.updated),
        "author_association": ASSOCIATION,
    }


def review_reply(asked: Asked, pull: Pull, review: Review) -> dict[str, Any]:
    """A review."""
    html = f"{pull_page(asked, pull.number)}#pullrequestreview-{review.id}"
    url = api(asked, f"{repository_path(asked)}/pulls/{pull.number}")
    return {
        "id": review.id,
        "node_id": f"PRR_{review.id}",
        "user": person(asked, review.author),
        "body": review.body,
        "state": review.state,
        "commit_id": review.commit,
        "submitted_at": stamp(review.submitted),
        "html_url": html,
        "pull_request_url": url,
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        "author_association": ASSOCIATION,
    }


def label(asked: Asked, name: str) -> dict[str, Any]:
    """A label."""
    url = api(asked, f"{repository_path(asked)}/labels/{name}")
    return {
        "id": id_of(name),
        "node_id": f"LA_{id_of(name)}",
        "url": url,
        "name": name,
        "description": "",
        "color": "ededed",
        "default": False,
    }


def _end(asked: Asked, branch: str, *, sha: str, owner: str) -> dict[str, Any]:
    there = owner == asked.forge.owner or owner in asked.forge.forks
    described = repository(asked, owner) if there else None  # GitHub: null once a fork is deleted
    return {"label": f"{owner}:{branch}", "ref": branch, "sha": sha, "user": person(asked, owner), "repo": described}


def _links(asked: Asked, pull: Pull) -> Mapping[str, str]:
    here = repository_path(asked)
    url, issue = api(asked, f"{here}/pulls/{pull.number}"), api(asked, f"{here}/issues/{pull.number}")
    return {
        "self": url,
        "html": pull_page(asked, pull.number),
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": api(asked, f"{here}/pulls/comments{{/number}}"),
        "commits": f"{url}/commits",
        "statuses": api(asked, f"{here}/statuses/{pull.head}"),
    }


def _stamp(time: datetime | None) -> str | None:
    return stamp(time) if time else None
