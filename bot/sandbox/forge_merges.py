"""The forge stand-in's merge button, with GitHub's reasons not to merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox import forge_git
from bot.sandbox.forge_http import RefusedError, Reply, route
from bot.sandbox.forge_pulls import pull_of
from bot.sandbox.forge_pushes import close
from bot.sandbox.forge_state import ALIVE

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Forge, Pull

NOT_ALLOWED, CONFLICT = 405, 409


def merge_routes(forge: Forge) -> list[Route]:
    """The endpoint."""
    return [route(forge, "PUT", "/repos/{owner}/{repo}/pulls/{number:int}/merge", _merge)]


def _merge(asked: Asked) -> Reply:
    forge, pull = asked.forge, pull_of(asked)
    tree = _mergeable_tree(asked, pull)
    title = asked.text("commit_title") or f"Merge pull request #{pull.number} from {pull.owner}/{pull.branch}"
    text = asked.text("commit_message")
    body = pull.title if text is None else text
    parents = (pull.base_commit, pull.head)
    try:
        message = f"{title}\n\n{body}".rstrip() + "\n"
        commit = forge_git.merge(forge.git_dir, pull.base, parents=parents, tree=tree, login=asked.login, message=message)
    except forge_git.GitFailedError as error:
        raise RefusedError(NOT_ALLOWED, "Base branch was modified. Review and try the merge again.") from error
    pull.merge_commit, pull.merged_by = commit, asked.login
    close(forge, pull)
    return Reply({"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


def _mergeable_tree(asked: Asked, pull: Pull) -> str:
    """The tree of the merge, unless something speaks against it."""
    forge, method = asked.forge, asked.text("merge_method") or "merge"
    if method != "merge":
        raise RefusedError(NOT_ALLOWED, f"{method.capitalize()} merges are not allowed on this repository.")
    if pull.state != ALIVE:
        raise RefusedError(NOT_ALLOWED, "Pull Request is not mergeable")
    if asked.text("sha") not in {None, "", pull.head}:
        raise RefusedError(CONFLICT, "Head branch was modified. Review and try the merge again.")
    newest = forge.newest_statuses(pull.head)
    for context in sorted(forge.required):
        state = newest[context].state if context in newest else "expected"
        if state != "success":
            told = {"failure": "failing", "error": "failing"}.get(state, state)
            raise RefusedError(NOT_ALLOWED, f'Required status check "{context}" is {told}.')
    tree = forge_git.merged_tree(forge.git_dir, pull.base_commit, head=pull.head)
    if tree is None:
        raise RefusedError(NOT_ALLOWED, "Pull Request is not mergeable")
    return tree
