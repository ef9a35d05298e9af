"""The forge stand-in's commit statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.sandbox.forge_http import RefusedError, Reply, chosen_page, invalid, page, route
from bot.sandbox.forge_pulls import known_commit
from bot.sandbox.forge_replies import api, person, repository, repository_path, stamp
from bot.sandbox.forge_state import Status

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Forge

STATES = {"error", "failure", "pending", "success"}
MOST, MOST_CHARACTERS = 1000, 140


def status_routes(forge: Forge) -> list[Route]:
    """The endpoints."""
    here = "/repos/{owner}/{repo}"
    return [
        route(forge, "POST", f"{here}/statuses/{{sha}}", _create),
        route(forge, "GET", f"{here}/commits/{{sha}}/statuses", _list),
        route(forge, "GET", f"{here}/commits/{{sha}}/status", _combined),
    ]


def _create(asked: Asked) -> Reply:
    forge, sha = asked.forge, known_commit(asked, asked.where["sha"])
    state, description, context = asked.text("state"), asked.text("description"), asked.text("context") or "default"
    if state not in STATES:
        invalid("Status", "state", code="inclusion")
    if description and len(description) > MOST_CHARACTERS:
        invalid("Status", "description", code="custom", message=f"description is too long (maximum is {MOST_CHARACTERS} characters)")
    kept = forge.statuses.setdefault(sha, [])
    if sum(status.context == context for status in kept) >= MOST:
        raise RefusedError(422, "Validation failed", ["This SHA and context has reached the maximum number of statuses."])
    kept.append(Status(next(forge.ids), asked.login, context, state or "", description, asked.text("target_url"), forge.now()))
    return Reply(_reply(asked, kept[-1], sha=sha), 201)


def _list(asked: Asked) -> Reply:
    sha = known_commit(asked, asked.where["sha"])
    return page(asked, [_reply(asked, status, sha=sha) for status in reversed(asked.forge.statuses.get(sha, ()))])


def _combined(asked: Asked) -> Reply:
    sha = known_commit(asked, asked.where["sha"])
    newest = [_reply(asked, status, sha=sha) for status in asked.forge.newest_statuses(sha).values()]
    for status in newest:
        del status["creator"]
    shown, links = chosen_page(asked, newest)
    commit = api(asked, f"{repository_path(asked)}/commits/{sha}")
    content = {
        "state": _together({status["state"] for status in newest}),
        "sha": sha,
        "total_count": len(newest),
        "statuses": list(shown),
        "repository": repository(asked),
        "commit_url": commit,
        "url": f"{commit}/status",
    }
    return Reply(content, headers={"Link": links} if links else {})


def _together(states: set[str]) -> str:
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def _reply(asked: Asked, status: Status, *, sha: str) -> dict[str, Any]:
    creator = person(asked, status.author)
    return {
        "id": status.id,
        "node_id": f"SC_{status.id}",
        "url": api(asked, f"{repository_path(asked)}/statuses/{sha}"),
        "avatar_url": creator["avatar_url"],
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created),
        "updated_at": stamp(status.created),
        "creator": creator,
    }
