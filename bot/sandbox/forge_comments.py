"""The forge stand-in's comments and labels; GitHub keeps those of a pull request as an issue's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.forge_http import RefusedError, Reply, invalid, page, route
from bot.sandbox.forge_pull_replies import comment_reply, label
from bot.sandbox.forge_pulls import bounded, pull_of
from bot.sandbox.forge_state import Comment

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Forge, Pull


def comment_routes(forge: Forge) -> list[Route]:
    """The endpoints."""
    issues = "/repos/{owner}/{repo}/issues"
    return [
        route(forge, "GET", f"{issues}/{{number:int}}/comments", _list),
        route(forge, "POST", f"{issues}/{{number:int}}/comments", _create),
        route(forge, "GET", f"{issues}/comments/{{comment:int}}", lambda asked: Reply(comment_reply(asked, *_found(asked)))),
        route(forge, "PATCH", f"{issues}/comments/{{comment:int}}", _edit),
        route(forge, "GET", f"{issues}/{{number:int}}/labels", _labels),
        route(forge, "POST", f"{issues}/{{number:int}}/labels", _add_labels),
    ]


def _list(asked: Asked) -> Reply:
    pull = pull_of(asked)
    return page(asked, [comment_reply(asked, pull, comment) for comment in pull.comments])


def _create(asked: Asked) -> Reply:
    pull, now = pull_of(asked), asked.forge.now()
    comment = Comment(next(asked.forge.ids), asked.login, _body(asked), now, now)
    pull.comments.append(comment)
    pull.updated = now
    return Reply(comment_reply(asked, pull, comment), 201)


def _edit(asked: Asked) -> Reply:
    pull, comment = _found(asked)
    comment.body, comment.updated = _body(asked), asked.forge.now()
    return Reply(comment_reply(asked, pull, comment))


def _found(asked: Asked) -> tuple[Pull, Comment]:
    for pull in asked.forge.pulls.values():
        for comment in pull.comments:
            if comment.id == int(asked.where["comment"]):
                return pull, comment
    raise RefusedError(404, "Not Found")


def _body(asked: Asked) -> str:
    return bounded(asked.text("body") or invalid("IssueComment", "body", code="missing_field"), "IssueComment")


def _labels(asked: Asked) -> Reply:
    return page(asked, [label(asked, name) for name in pull_of(asked).labels])


def _add_labels(asked: Asked) -> Reply:
    pull = pull_of(asked)
    given = asked.body if isinstance(asked.body, list) else asked.texts("labels")
    if not all(isinstance(name, str) and name for name in given):
        invalid("Label", "name", code="invalid")
    pull.labels = list(dict.fromkeys([*pull.labels, *given]))
    return Reply([label(asked, name) for name in pull.labels])
