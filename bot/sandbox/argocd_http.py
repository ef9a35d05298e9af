"""The Argo CD stand-in over HTTP: the part of the API that the bot uses, the push webhook, a page, and the switches."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.sandbox.argocd_account import account
from bot.sandbox.argocd_api import answer
from bot.sandbox.argocd_state import SWITCHES

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.argocd import ArgoCDStandIn
    from bot.sandbox.argocd_state import Application


def argocd_app(stand_in: ArgoCDStandIn) -> Starlette:
    """Serves the stand-in."""

    async def api(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(answer, stand_in, request, body)

    async def told(request: Request) -> Response:
        return await run_in_threadpool(account, stand_in, request)

    async def webhook(_request: Request) -> Response:
        await run_in_threadpool(stand_in.look)
        return Response()

    def page(request: Request) -> Response:
        app = stand_in.find(request.path_params["name"])
        return HTMLResponse(_page(app) if app else "<p>No such Application.</p>", status_code=200 if app else 404)

    def switch(request: Request) -> Response:
        return _switch(stand_in, **request.path_params)

    return Starlette(
        routes=[
            Route("/api/v1/applications/{name}", api),
            Route("/api/v1/applications/{name}/resource-tree", api),
            Route("/api/v1/applications/{name}/syncwindows", api),
            Route("/api/v1/applications/{name}/sync", api, methods=["POST"]),
            Route("/api/v1/applications/{name}/operation", api, methods=["DELETE"]),
            Route("/api/version", told),
            Route("/api/v1/session/userinfo", told),
            Route("/api/v1/account/can-i/{resource}/{action}/{subresource:path}", told),
            Route("/api/v1/projects/{name}", told),
            Route("/api/v1/applicationsets", told),
            Route("/api/webhook", webhook, methods=["POST"]),
            Route("/applications/{name}", page),
            Route("/switch/{environment}/{name}/{setting}", switch, methods=["POST"]),
        ]
    )


def _switch(stand_in: ArgoCDStandIn, environment: str, name: str, setting: str) -> Response:
    if setting not in {"on", "off"} or name not in SWITCHES:
        return PlainTextResponse(f"write /switch/ENVIRONMENT/{'|'.join(SWITCHES)}/on|off\n", status_code=400)
    try:
        stand_in.switch(environment, name, on=setting == "on")
    except KeyError as error:
        return PlainTextResponse(f"no {error}\n", status_code=404)
    return PlainTextResponse(f"{environment}: {name} {setting}\n")


def _page(app: Application) -> str:
    """For people who follow a link out of a message."""
    operation = f"{app.operation.phase}: {app.operation.message}" if app.operation else "none yet"
    facts = {"sync": app.sync, "health": app.health, "revision": app.desired.revision, "operation": operation, "error": app.desired.error}
    rows = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in facts.items() if text)
    title = html.escape(app.environment.argocd.application)
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><table>{rows}</table>"
