"""OCI registries through oras: which digest a tag names now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oras.provider
import requests
from oras.auth import AuthenticationException
from requests.adapters import HTTPAdapter
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.ports import Registry

HUB, HUB_REGISTRY = "docker.io", "registry-1.docker.io"
MOST_BYTES = 4 * 1024 * 1024  # of a manifest (OCI distribution specification, "Pushing Manifests")
MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ASK_AGAIN = (requests.ConnectionError, requests.Timeout)
SERVER_ERROR = 500


def open_registry(*, mirrors: Mapping[str, str], timeout: float) -> Registry:
    """All registries; `mirrors` gives the address to ask instead of a registry's host, `timeout` is in seconds a request."""
    return OciRegistries(mirrors, timeout)


@dataclass(frozen=True)
class OciRegistries:
    """The Registry port. Asks as anybody would, without credentials."""

    mirrors: Mapping[str, str]
    timeout: float

    def digest(self, repository: str, tag: str) -> str:
        """The manifest (or index) digest of a tag; BotError when there is no such tag."""
        host, path = split(repository)
        client, address = self._client(host)
        try:
            reply = _ask(client, f"{address}/v2/{path}/manifests/{tag}")
        except (AuthenticationException, requests.RequestException, ValueError, TypeError) as error:
            reason = "does not answer without a login" if isinstance(error, AuthenticationException | ValueError) else "cannot be reached"
            raise BotError(f"registry {host} {reason}: {type(error).__name__}", _hint(tag)) from None
        return _digest(reply, f"{repository}:{tag}", host=host)

    def _client(self, host: str) -> tuple[oras.provider.Registry, str]:
        address = self.mirrors.get(host, f"https://{HUB_REGISTRY if host == HUB else host}").rstrip("/")
        client = oras.provider.Registry(insecure=address.startswith("http://"))
        client.session.trust_env = False  # no proxies, no ~/.netrc
        for scheme in ("http://", "https://"):
            client.session.mount(scheme, _InTime(self.timeout))
        return client, address


def split(repository: str) -> tuple[str, str]:
    """The registry's host and the path there; `neo4j` and `docker.io/neo4j` are both `library/neo4j` of the hub."""
    first, slash, rest = repository.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = HUB, repository
    return first, f"library/{rest}" if first == HUB and "/" not in rest else rest


class _InTime(HTTPAdapter):
    """Gives every request of a session the same time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override] # noqa: ANN401
        return super().send(request, **{**options, "timeout": self._seconds})


@retry(retry=retry_if_exception_type(ASK_AGAIN), stop=stop_after_attempt(3), wait=wait_exponential(0.2, max=2), reraise=True)
def _ask(client: oras.provider.Registry, url: str) -> requests.Response:
    """One GET with oras' answer to a login challenge, without its own repetitions, which take minutes."""
    once = oras.provider.Registry.do_request.__wrapped__
    reply: requests.Response = once(client, url, "GET", headers={"Accept": ", ".join(MEDIA_TYPES)}, stream=True)
    if reply.status_code >= SERVER_ERROR:
        raise requests.ConnectionError(f"HTTP {reply.status_code}")
    return reply


def _digest(reply: requests.Response, reference: str, *, host: str) -> str:
    if reply.status_code == requests.codes.not_found:
        raise BotError(f"{reference} is not in the registry {host}", "is it built and pushed? `--unpinned` bumps without a digest")
    if reply.status_code != requests.codes.ok:
        raise BotError(f"registry {host} answers {reference} with HTTP {reply.status_code}", _hint(reference))
    body = _bounded(reply, host)
    computed = f"sha256:{hashlib.sha256(body).hexdigest()}"
    told = reply.headers.get("Docker-Content-Digest", computed)
    if not _is_manifest(body) or told != computed:
        raise BotError(f"registry {host} answers {reference} with what is not its manifest", "is there a login or a proxy in front of it?")
    return computed


def _bounded(reply: requests.Response, host: str) -> bytes:
    body = b""
    try:
        for chunk in reply.iter_content(64 * 1024):
            body += chunk
            if len(body) > MOST_BYTES:
                raise BotError(f"registry {host} answers with more than 4 MiB", "this is no manifest")
    except requests.RequestException as error:
        raise BotError(f"registry {host} broke off its answer: {type(error).__name__}", "run the command again") from None
    return body


def _is_manifest(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("schemaVersion") == 2  # noqa: PLR2004 - of every manifest and index that is accepted


def _hint(tag: str) -> str:
    return f"check the network, or give the digest yourself: {tag.rsplit(':', 1)[-1]}@sha256:…"
