"""The forge stand-in's pull requests: found, opened, edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox import forge_git
from bot.sandbox.forge_http import RefusedError, Reply, invalid, page, route
from bot.sandbox.forge_pull_replies import pull_in_full, pull_in_list
from bot.sandbox.forge_pushes import close
from bot.sandbox.forge_state import ALIVE, Pull

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Forge

MOST_CHARACTERS = 65536


def pull_routes(forge: Forge) -> list[Route]:
    """The endpoints."""
    pulls = "/repos/{owner}/{repo}/pulls"
    return [
        route(forge, "GET", pulls, _list),
        route(forge, "POST", pulls, _create),
        route(forge, "GET", f"{pulls}/{{number:int}}", lambda asked: Reply(pull_in_full(asked, pull_of(asked)))),
        route(forge, "PATCH", f"{pulls}/{{number:int}}", _edit),
        route(forge, "GET", "/repos/{owner}/{repo}/commits/{sha}/pulls", _of_commit),
    ]


def pull_of(asked: Asked) -> Pull:
    """The pull request that the path names."""
    found = asked.forge.pulls.get(int(asked.where["number"]))
    if found is None:
        raise RefusedError(404, "Not Found")
    return found


def known_commit(asked: Asked, name: str) -> str:
    """A commit that exists."""
    found = forge_git.commit_named(asked.forge.git_dir, name)
    if found is None:
        raise RefusedError(422, f"No commit found for SHA: {name}")
    return found


def bounded(text: str, resource: str) -> str:
    """A text that is not longer than GitHub takes."""
    if len(text) > MOST_CHARACTERS:
        invalid(resource, "body", code="custom", message=f"body is too long (maximum is {MOST_CHARACTERS} characters)")
    return text


def _list(asked: Asked) -> Reply:
    query = asked.query
    state, base, head = query.get("state", ALIVE), query.get("base"), query.get("head", "")
    found = [
        pull
        for pull in asked.forge.pulls.values()
        if state in {"all", pull.state} and base in {None, "", pull.base} and (":" not in head or head == f"{pull.owner}:{pull.branch}")
    ]
    ascending = query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "asc"
    key = "updated" if query.get("sort") == "updated" else "created"
    found.sort(key=lambda pull: (getattr(pull, key), pull.number), reverse=not ascending)
    return page(asked, [pull_in_list(asked, pull) for pull in found])


def _create(asked: Asked) -> Reply:
    forge = asked.forge
    title, head, base = (asked.text(field) or invalid("PullRequest", field, code="missing_field") for field in ("title", "head", "base"))
    owner, branch = head.split(":", 1) if ":" in head else (forge.owner, head)
    base_commit = forge_git.branches(forge.git_dir).get(base) or invalid("PullRequest", "base", code="invalid")
    commit = _head_commit(forge, owner, branch=branch)
    if any((pull.state, pull.owner, pull.branch, pull.base) == (ALIVE, owner, branch, base) for pull in forge.pulls.values()):
        invalid("PullRequest", "head", code="custom", message=f"A pull request already exists for {owner}:{branch}.")
    if forge_git.is_ancestor(forge.git_dir, commit, descendant=base_commit):
        invalid("PullRequest", "head", code="custom", message=f"No commits between {base} and {branch}")
    now = forge.now()
    body = bounded(asked.text("body") or "", "PullRequest") or None
    number = next(forge.ids)
    pull = Pull(number, asked.login, title, body, branch, base, commit, base_commit, now, now, owner)
    forge.pulls[number] = pull
    return Reply(pull_in_full(asked, pull), 201)


def _head_commit(forge: Forge, owner: str, *, branch: str) -> str:
    repository: Path | None = forge.git_dir if owner == forge.owner else forge.forks.get(owner)
    commit = forge_git.branches(repository).get(branch) if repository else None
    if commit is None or repository is None:
        invalid("PullRequest", "head", code="invalid")
    if owner in forge.forks:
        forge_git.bring(forge.git_dir, repository, branch=branch)
    return commit


def _edit(asked: Asked) -> Reply:
    pull = pull_of(asked)
    title, body, state = asked.text("title"), asked.text("body"), asked.text("state")
    if title == "":
        invalid("PullRequest", "title", code="missing_field")
    if state == ALIVE != pull.state:
        _reopen(asked, pull)
    if title is not None:
        pull.title = title
    if body is not None:
        pull.body = bounded(body, "PullRequest")
    pull.updated = asked.forge.now()
    if state == "closed" and pull.state == ALIVE:
        close(asked.forge, pull)
    return Reply(pull_in_full(asked, pull))


def _reopen(asked: Asked, pull: Pull) -> None:
    repository = asked.forge.repository_of(pull)
    if pull.merge_commit or repository is None or pull.branch not in forge_git.branches(repository):
        invalid("PullRequest", "state", code="custom", message="state cannot be changed. The pull request cannot be reopened.")
    pull.state, pull.closed = ALIVE, None


def _of_commit(asked: Asked) -> Reply:
    """The merged pull request that brought a commit to main; for one that is not there the open ones that would."""
    forge, sha = asked.forge, known_commit(asked, asked.where["sha"])

    def contains(commit: str) -> bool:
        return forge_git.is_ancestor(forge.git_dir, sha, descendant=commit)

    landed = contains("main")
    found = [
        pull
        for pull in forge.pulls.values()
        if (pull.merge_commit is not None if landed else pull.state == ALIVE)
        and contains(pull.merge_commit or pull.head)
        and not contains(pull.base_commit)
    ]
    return page(asked, [pull_in_list(asked, pull) for pull in found])
