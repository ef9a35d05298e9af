"""The forge stand-in's GitHub Apps: they show a JWT signed by their key, and get a token of their installation."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import jwt

from bot.sandbox.forge_http import RefusedError, Reply, route
from bot.sandbox.forge_replies import FOUNDED, api, oneself, person, stamp

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import App, Forge

LIFE = timedelta(hours=1)
MOST_SECONDS = 660  # GitHub: at most 10 minutes, and a minute for clocks
PERMISSIONS = {"contents": "write", "issues": "write", "members": "read", "metadata": "read", "pull_requests": "write", "statuses": "write"}


def app_routes(forge: Forge) -> list[Route]:
    """The endpoints of Apps, and the one that they may not use."""
    return [
        route(forge, "GET", "/user", _user),
        route(forge, "GET", "/app", _app, who=_slug),
        route(forge, "GET", "/repos/{owner}/{repo}/installation", _installation, who=_slug),
        route(forge, "POST", "/app/installations/{installation:int}/access_tokens", _token, who=_slug),
    ]


def _user(asked: Asked) -> Reply:
    if asked.login.endswith("[bot]"):
        raise RefusedError(403, "Resource not accessible by integration")
    return Reply(oneself(asked))


def _slug(forge: Forge, token: str) -> str:
    for app in forge.apps:
        try:
            claims = jwt.decode(token, app.public_key, algorithms=["RS256"], options={"require": ["exp", "iat", "iss"]})
        except jwt.InvalidTokenError:
            continue
        if claims["iss"] == str(app.id) and claims["exp"] - claims["iat"] <= MOST_SECONDS:
            return app.slug
    raise RefusedError(401, "A JSON web token could not be decoded")


def _which(asked: Asked) -> App:
    return next(app for app in asked.forge.apps if app.slug == asked.login)


def _app(asked: Asked) -> Reply:
    app = _which(asked)
    html = f"{asked.root}/apps/{app.slug}"
    return Reply(
        {
            "id": app.id,
            "node_id": f"A_{app.id}",
            "slug": app.slug,
            "name": app.slug,
            "owner": person(asked, asked.forge.owner),
            "description": None,
            "external_url": html,
            "html_url": html,
            "created_at": FOUNDED,
            "updated_at": FOUNDED,
            "permissions": PERMISSIONS,
            "events": [],
        }
    )


def _installation(asked: Asked) -> Reply:
    app = _which(asked)
    account = person(asked, asked.forge.owner)
    return Reply(
        {
            "id": app.id,
            "app_id": app.id,
            "app_slug": app.slug,
            "account": account,
            "target_id": account["id"],
            "target_type": "User",
            "single_file_name": None,
            "repository_selection": "selected",
            "access_tokens_url": api(asked, f"/app/installations/{app.id}/access_tokens"),
            "html_url": f"{asked.root}/settings/installations/{app.id}",
            "repositories_url": api(asked, "/installation/repositories"),
            "events": [],
            "permissions": PERMISSIONS,
            "created_at": FOUNDED,
            "updated_at": FOUNDED,
            "suspended_by": None,
            "suspended_at": None,
        }
    )


def _token(asked: Asked) -> Reply:
    app = _which(asked)
    if int(asked.where["installation"]) != app.id:
        raise RefusedError(404, "Not Found")
    token = f"ghs_{secrets.token_hex(18)}"
    asked.forge.users[token] = app.login
    expiry = stamp(asked.forge.now() + LIFE)
    return Reply({"token": token, "expires_at": expiry, "permissions": PERMISSIONS, "repository_selection": "selected"}, 201)
