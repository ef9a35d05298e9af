"""The sandbox's OCI registry: the read part of the distribution specification, in memory."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.adapters.registry import split

if TYPE_CHECKING:
    from starlette.requests import Request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


@dataclass
class RegistryStandIn:
    """Images by repository, without the registry's host in front: mirrors are asked by path alone."""

    tags: dict[str, dict[str, str]] = field(default_factory=dict)  # repository -> tag -> digest
    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)  # by repository and digest
    lock: threading.Lock = field(default_factory=threading.Lock)

    def push(self, repository: str, tag: str, *, config: bytes | None = None) -> str:
        """Makes an image of this name, the same each time unless it gets another config; answers its digest."""
        path = split(repository)[1]
        config = config or json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"image": f"{path}:{tag}"}}}).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": _sha(config), "size": len(config)},
                "layers": [],
            }
        ).encode()
        digest = _sha(manifest)
        with self.lock:
            self.tags.setdefault(path, {})[tag] = digest
            self.manifests[path, digest] = manifest
        return digest

    def app(self) -> Starlette:
        """Serves /v2/, manifests by tag or digest, and lists of tags."""
        return Starlette(
            routes=[
                Route("/v2/", lambda _request: JSONResponse({}, headers=VERSION)),
                Route("/v2/{repository:path}/manifests/{reference}", self._manifest, methods=["GET", "HEAD"]),
                Route("/v2/{repository:path}/tags/list", self._tags),
            ]
        )

    def _manifest(self, request: Request) -> Response:
        repository, reference = request.path_params["repository"], request.path_params["reference"]
        with self.lock:
            digest = self.tags.get(repository, {}).get(reference, reference)
            body = self.manifests.get((repository, digest))
        if body is None:
            return _missing("MANIFEST_UNKNOWN" if repository in self.tags else "NAME_UNKNOWN")
        return Response(body, media_type=MANIFEST, headers={**VERSION, "Docker-Content-Digest": digest})

    def _tags(self, request: Request) -> Response:
        repository = request.path_params["repository"]
        with self.lock:
            found = self.tags.get(repository)
            if found is None:
                return _missing("NAME_UNKNOWN")
            return JSONResponse({"name": repository, "tags": list(found)}, headers=VERSION)


def _missing(code: str) -> Response:
    return JSONResponse({"errors": [{"code": code, "message": "not here", "detail": {}}]}, 404, headers=VERSION)


def _sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
