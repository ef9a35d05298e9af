"""Git over HTTP: `git http-backend` behind a small ASGI bridge."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

SECONDS = 300


def git_app(root: Path, *, tokens: Container[str] | None = None) -> ASGIApp:
    """Serves the bare repositories below a folder; with tokens, only to those who send one as password."""

    async def serve(request: Request) -> Response:
        if tokens is not None and _password(request) not in tokens:
            return PlainTextResponse("who are you?", 401, {"WWW-Authenticate": 'Basic realm="git"'})
        return await _backend(request, root)

    return Router([Route("/{path:path}", serve, methods=["GET", "POST"])])


def _password(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


async def _backend(request: Request, root: Path) -> Response:
    process = await asyncio.create_subprocess_exec(
        shutil.which("git") or "git",
        "http-backend",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(request, root),
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(await request.body()), SECONDS)
    except TimeoutError:
        process.kill()
        return PlainTextResponse("git took too long", 504)
    return _response(output)


def _environment(request: Request, root: Path) -> dict[str, str]:
    """What CGI/1.1 (RFC 3875) and git-http-backend want to know."""
    headers = request.headers
    return {
        "PATH": os.defpath + os.pathsep + str(os.environ.get("PATH", "")),
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.url.path,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "REMOTE_USER": "sandbox",
        "REMOTE_ADDR": "127.0.0.1",
    }


def _response(output: bytes) -> Response:
    head, _, body = output.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return Response(body, status, headers)
