"""Asking a registry through oras: one whole, bounded reply within one deadline, or the reason why not."""

from __future__ import annotations

import io
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oras.provider
import requests
from oras.auth import AuthenticationException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bot.adapters.retries import retrying
from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_SECONDS = 0.01
MOST_BYTES = 4 * 1024 * 1024  # of a manifest (OCI distribution specification, "Pushing Manifests")
CHUNK = 64 * 1024
SERVER_ERROR = 500
MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True)
class Reply:
    """What a registry answered, with the digest that it says this has."""

    status: int
    body: bytes
    digest: str | None


def ask(url: str, *, host: str, hint: str, timeout: float) -> Reply:
    """Asks within `timeout` seconds, repetitions and login challenge included; BotError says why there is no reply."""
    client = _client(url, time.monotonic() + timeout)
    repeated = retrying(_may_pass, seconds=timeout)
    try:
        reply = repeated(_once, client, url)
    except (requests.RequestException, AuthenticationException, ValueError, TypeError, AttributeError) as error:
        # the last three are oras' own: about challenges and tokens that it does not understand
        raise BotError(f"registry {host} {_reason(error)}", hint) from None
    return Reply(reply.status_code, reply.content, reply.headers.get("Docker-Content-Digest"))


def _client(url: str, deadline: float) -> oras.provider.Registry:
    """What oras offers, without its user's logins (it reads them only when told), proxies and ~/.netrc."""
    client = oras.provider.Registry(insecure=url.startswith("http://"))
    client.session.trust_env = False
    for scheme in ("http://", "https://"):
        client.session.mount(scheme, _Bounded(deadline))
    return client


def _once(client: oras.provider.Registry, url: str) -> requests.Response:
    """One GET with oras' answer to a login challenge, without its own repetitions, which take minutes."""
    once = oras.provider.Registry.do_request.__wrapped__
    reply: requests.Response = once(client, url, "GET", headers={"Accept": ", ".join(MEDIA_TYPES), "Accept-Encoding": "identity"})
    if reply.status_code >= SERVER_ERROR:
        raise requests.HTTPError(f"answers with HTTP {reply.status_code}", response=reply)
    return reply


class _Bounded(HTTPAdapter):
    """Reads every reply of a session, tokens included, within one size and one deadline: requests' timeout is for each read."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - what requests passes on
        """Trusts the authorities of this machine, too, not only requests' own."""
        super().init_poolmanager(*arguments, ssl_context=ssl.create_default_context(), **options)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override] # noqa: ANN401
        remaining = max(self._deadline - time.monotonic(), LEAST_SECONDS)
        reply = super().send(request, **{**options, "stream": True, "timeout": remaining})
        try:
            body = b"".join(self._chunks(reply))
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except HTTPError as error:
            raise requests.ConnectionError(error, request=request) from error
        finally:
            reply.close()
        reply.raw = io.BytesIO(body)
        return reply

    def _chunks(self, reply: requests.Response) -> Iterator[bytes]:
        size = 0
        while chunk := reply.raw.read1(CHUNK, decode_content=True):
            size += len(chunk)
            if size > MOST_BYTES:
                raise requests.HTTPError("answers with more than 4 MiB")
            if time.monotonic() > self._deadline:
                raise requests.ReadTimeout("a drip")
            yield chunk


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, requests.HTTPError):
        return error.response is not None
    return isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout | requests.exceptions.SSLError)


def _reason(error: Exception) -> str:
    """What the registry did, without foreign text: it may hold a token."""
    if isinstance(error, requests.HTTPError):
        return str(error)
    if isinstance(error, requests.Timeout):
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "cannot be trusted: its certificate is not valid for this host"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return "does not answer without a login, and the bot has none for it"
