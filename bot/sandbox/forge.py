"""A stand-in for GitHub: the part of its REST API that the bot uses, with its rules, and a page for each pull request."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.sandbox.forge_apps import app_routes
from bot.sandbox.forge_comments import comment_routes
from bot.sandbox.forge_http import is_here
from bot.sandbox.forge_merges import merge_routes
from bot.sandbox.forge_pulls import pull_routes
from bot.sandbox.forge_pushes import follow_pushes
from bot.sandbox.forge_reviews import review_routes
from bot.sandbox.forge_setup import setup_routes
from bot.sandbox.forge_statuses import status_routes

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.forge_state import Forge, Pull


def forge_app(forge: Forge) -> Starlette:
    """Serves the API below /api/v3, and pages for people at GitHub's addresses."""

    async def show(request: Request) -> HTMLResponse:
        return await run_in_threadpool(_page, forge, request)

    return Starlette(
        routes=[
            *app_routes(forge),
            *setup_routes(forge),
            *pull_routes(forge),
            *merge_routes(forge),
            *review_routes(forge),
            *comment_routes(forge),
            *status_routes(forge),
            Route("/{owner}/{repo}/pull/{number:int}", show),
        ]
    )


def _page(forge: Forge, request: Request) -> HTMLResponse:
    where = request.path_params
    with forge.lock:
        follow_pushes(forge)
        pull = forge.pulls.get(where["number"]) if is_here(forge, where["owner"], where["repo"]) else None
        return HTMLResponse(_text(forge, pull)) if pull else HTMLResponse("<h1>Not found</h1>", 404)


def _text(forge: Forge, pull: Pull) -> str:
    """A pull request for people; whatever somebody wrote is escaped."""
    title = f"{escape(pull.title)} (#{pull.number})"
    state = "merged" if pull.merge_commit else pull.state
    said = [("body", pull.author, pull.body or ""), *((f"comment {each.id}", each.author, each.body) for each in pull.comments)]
    texts = "".join(f"<h2>{escape(author)}: {kind}</h2><pre>{escape(text)}</pre>" for kind, author, text in said)
    reviews = [f"{review.author}: {review.state} {review.commit[:12]}" for review in pull.reviews]
    statuses = [f"{each.context}: {each.state}, {each.description or ''}" for each in forge.newest_statuses(pull.head).values()]
    lists = "".join(f"<li>{escape(line)}</li>" for line in [*statuses, *reviews])
    summary = f"{state}: {escape(pull.owner)}:{escape(pull.branch)} at {pull.head[:12]} into {escape(pull.base)}"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}<h1>{title}</h1><p>{summary}</p><ul>{lists}</ul>{texts}"
