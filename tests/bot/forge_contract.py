"""GitHub's own description of its API, and what was said between the adapter and the stand-in, held against it."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
MEMBER = "package/generated/api.github.com.json"
SERVER, MOUNT = "https://api.github.com", "/api/v3"
PATHS = (
    "/app",
    "/app/installations/{installation_id}/access_tokens",
    "/orgs/{org}/teams/{team_slug}/members",
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/branches/{branch}",
    "/repos/{owner}/{repo}/branches/{branch}/protection",
    "/repos/{owner}/{repo}/codeowners/errors",
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "/repos/{owner}/{repo}/commits/{ref}/status",
    "/repos/{owner}/{repo}/commits/{ref}/statuses",
    "/repos/{owner}/{repo}/hooks",
    "/repos/{owner}/{repo}/installation",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/issues/{issue_number}/labels",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/pulls/{pull_number}/merge",
    "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals",
    "/repos/{owner}/{repo}/rules/branches/{branch}",
    "/repos/{owner}/{repo}/statuses/{sha}",
    "/user",
)


@dataclass(frozen=True)
class Exchange:
    """One request and its reply."""

    method: str
    path: str  # below the API's prefix
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    status: int
    content_type: str
    reply: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status}"


@dataclass
class Recorder:
    """An app with what it is asked and answers written down."""

    app: ASGIApp
    exchanges: list[Exchange] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, answered = bytearray(), bytearray()
        start: dict[str, Any] = {}

        async def hear() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            answered.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, hear, say)
        headers, told = ({name.decode(): value.decode() for name, value in each["headers"]} for each in (scope, start))
        path, query = scope["path"].removeprefix(MOUNT), parse_qs(scope["query_string"].decode())
        content_type = told.get("content-type", "")
        self.exchanges.append(Exchange(scope["method"], path, query, headers, bytes(asked), start["status"], content_type, bytes(answered)))


def description() -> OpenAPI:
    """GitHub's description, cut down to what is used; fetched once."""
    whole = json.loads(_file().read_text())
    paths = {path: whole["paths"][path] for path in PATHS}
    kept: dict[str, dict[str, Any]] = {}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = whole["components"][kind][name]
            waiting += _references(kept[kind][name])
    cut = {key: whole[key] for key in ("openapi", "info", "servers")} | {"paths": paths, "components": kept}
    return OpenAPI.from_dict(cut, config=Config(spec_validator_cls=None))


def violations(api: OpenAPI, exchange: Exchange) -> list[str]:
    """What of one exchange GitHub's description does not allow."""
    content_type = exchange.headers.get("content-type", "application/json")
    request = MockRequest(
        SERVER, exchange.method.lower(), exchange.path, args=exchange.query, data=exchange.body or None, content_type=content_type
    )
    response = MockResponse(exchange.reply, exchange.status, content_type=exchange.content_type)
    found = [*api.iter_request_errors(request), *api.iter_apicall_response_errors(request, response)]
    return [f"{exchange}: {cause}" for error in found for cause in _causes(error)]


def _causes(error: BaseException) -> list[str]:
    """The innermost reasons."""
    inner = getattr(error, "schema_errors", None)
    if inner:
        return [f"{'/'.join(map(str, each.absolute_path))}: {each.message[:300]}" for each in inner]
    if error.__cause__ is not None:
        return _causes(error.__cause__)
    return [f"{type(error).__name__}: {error}"[:300]]


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            elif key not in {"examples", "example"}:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _file() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitops-bot"
    kept = cache / f"github-api-{VERSION}.json"
    if kept.exists():
        return kept
    npm = require_peer("npm")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        packed = subprocess.run(
            [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=folder, capture_output=True, text=True, timeout=110, check=False
        )
        if packed.returncode:
            pytest.skip(f"npm cannot fetch {PACKAGE}@{VERSION}: {packed.stderr.strip()[-200:]}")
        with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
            member = archive.extractfile(MEMBER)
            assert member
            written = Path(folder) / "whole.json"
            written.write_bytes(member.read())
        written.replace(kept)
    return kept
