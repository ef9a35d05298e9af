"""One node of Qdrant by its REST API, with nothing but the standard library: the image brings nothing else."""
# ruff: noqa: INP001 - mounted beside snapshots.py, not a package

from __future__ import annotations

import hashlib
import http.client
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 20
BOUNDARY = "qdrant-snapshot-7f1c0e52b9"


class NodeError(Exception):
    """What a node refused or did wrong; the message names the node and, where there is one, the collection."""


@dataclass(frozen=True)
class Node:
    """Where a node is, and how to talk to it."""

    address: str
    key: str
    timeout: float


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that lies on a node."""

    name: str
    size: int
    sha256: str


def version(node: Node) -> str:
    """The version that the node runs."""
    return str(_json(node, "GET", "/")["version"])


def collections(node: Node) -> list[str]:
    """The names of the collections that the node knows."""
    return sorted(each["name"] for each in _result(node, "GET", "/collections")["collections"])


def aliases(node: Node) -> list[dict[str, str]]:
    """Other names of collections, which no snapshot holds."""
    return list(_result(node, "GET", "/aliases")["aliases"])


def peers(node: Node) -> int:
    """How many members the node counts in its cluster."""
    cluster = _result(node, "GET", "/cluster")
    return len(cluster["peers"]) if cluster["status"] == "enabled" else 1


def unsettled(node: Node, collection: str) -> list[str]:
    """The shards of a collection that are not active or are on their way, in words."""
    state = _result(node, "GET", _path(collection, "cluster"))
    shards = [*state["local_shards"], *state["remote_shards"]]
    waiting = [f"shard {each['shard_id']} is {each['state']}" for each in shards if each["state"] != "Active"]
    return waiting + [f"shard {each['shard_id']} is in transfer" for each in state["shard_transfers"]]


def create_snapshot(node: Node, collection: str) -> Snapshot:
    """A new snapshot of the node's shards of a collection."""
    made = _result(node, "POST", _path(collection, "snapshots"))
    if not made.get("checksum"):
        raise NodeError(f"{node.address}: collection {collection}: Qdrant gives no checksum of {made['name']}")
    return Snapshot(made["name"], int(made["size"]), made["checksum"])


def snapshots(node: Node, collection: str) -> list[str]:
    """The names of a collection's snapshots that lie on the node."""
    return sorted(each["name"] for each in _result(node, "GET", _path(collection, "snapshots")))


def delete_snapshot(node: Node, collection: str, name: str) -> None:
    """Frees the node's snapshot volume."""
    _result(node, "DELETE", _path(collection, "snapshots", name))


def download(node: Node, collection: str, snapshot: Snapshot, target: Path) -> None:
    """Fetches a snapshot and compares its size and checksum with those that the node gave."""
    size, digest = 0, hashlib.sha256()
    with _reply(node, "GET", _path(collection, "snapshots", snapshot.name)) as reply, target.open("wb") as file:
        while chunk := reply.read(CHUNK):
            size += file.write(chunk)
            digest.update(chunk)
    where = f"{node.address}: collection {collection}: snapshot {snapshot.name}"
    if size != snapshot.size:
        raise NodeError(f"{where} has {size} bytes, not {snapshot.size}")
    if digest.hexdigest() != snapshot.sha256:
        raise NodeError(f"{where} has checksum {digest.hexdigest()}, not {snapshot.sha256}")


def upload(node: Node, collection: str, file: Path, sha256: str) -> None:
    """Recovers a collection's shards on the node from a file, which counts more than what other nodes have."""
    query = urlencode({"wait": "true", "priority": "snapshot", "checksum": sha256})
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="snapshot"; filename="{file.name}"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = str(len(head) + file.stat().st_size + len(tail))
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": length}
    _result(node, "POST", f"{_path(collection, 'snapshots', 'upload')}?{query}", body=_parts(head, file, tail), headers=headers)


def create_aliases(node: Node, wanted: list[dict[str, str]]) -> None:
    """Gives collections their other names."""
    body = json.dumps({"actions": [{"create_alias": each} for each in wanted]}).encode()
    _result(node, "POST", "/collections/aliases", body=body, headers={"Content-Type": "application/json"})


def _parts(head: bytes, file: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk
    yield tail


def _path(collection: str, *rest: str) -> str:
    return "/".join(["/collections", *(quote(part, safe="") for part in (collection, *rest))])


def _result(node: Node, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 - Qdrant's JSON
    return _json(node, method, path, **sent)["result"]


def _json(node: Node, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 - as above
    with _reply(node, method, path, **sent) as reply:
        return json.loads(reply.read())


@contextmanager
def _reply(
    node: Node, method: str, path: str, *, body: bytes | Iterator[bytes] | None = None, headers: dict[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(node.address, timeout=node.timeout)
    try:
        connection.request(method, path, body=body, headers={"api-key": node.key, **(headers or {})})
        reply = connection.getresponse()
        if reply.status != http.HTTPStatus.OK:
            said = reply.read(500).decode(errors="replace")
            raise NodeError(f"{node.address}: {method} {path}: HTTP {reply.status}: {said}")
        yield reply
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NodeError(f"{node.address}: {method} {path}: {error or type(error).__name__}") from error
    finally:
        connection.close()
