"""A stand-in for Qdrant nodes: the part of the REST API of 1.19 that takes and restores snapshots, with faults."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.manifests.backup_programs import Done, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "a-key-of-this-test"
LONGEST = 3600  # seconds that a run may take
FILE = re.compile(rb'filename="[^"]*"\r\n\r\n(.*)\r\n--[^\r]+--\r\n$', re.DOTALL)


@dataclass
class StandIn:
    """One node: what it holds, and what goes wrong on it."""

    collections: dict[str, bytes]
    aliases: dict[str, str] = field(default_factory=dict)
    version: str = "1.19.0"
    peers: int = 3
    wrong_checksum: str = ""  # the collection that it gives a wrong checksum of
    truncated: str = ""  # the collection whose snapshots break off
    refuses_snapshots: bool = False
    replica_state: str = "Active"
    snapshots: dict[str, bytes] = field(default_factory=dict)
    restored: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""


@contextmanager
def running(nodes: list[StandIn]) -> Iterator[None]:
    """Serves each node on a loopback address of its own."""
    servers = [ThreadingHTTPServer((f"127.0.0.{number}", 0), _handler(node)) for number, node in enumerate(nodes, 1)]
    for node, server in zip(nodes, servers, strict=True):
        node.address = f"{server.server_address[0]!s}:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _handler(node: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def do_DELETE(self) -> None:
            self._answer("DELETE")

        def log_message(self, *_: Any) -> None:
            """Nothing: the test reads what the program says."""

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = urlsplit(self.path)
            parts = [unquote(part) for part in url.path.split("/")[1:]]
            if parts != [""] and self.headers.get("api-key") != KEY:
                self._send(HTTPStatus.UNAUTHORIZED, b"Must provide an API key", length=23)
                return
            status, reply = respond(node, method, parts, query=parse_qs(url.query), body=body)
            breaks_off = bool(node.truncated) and method == "GET" and parts[1:3] == [node.truncated, "snapshots"] and parts[3:] != []
            self._send(status, reply[: len(reply) // 2] if breaks_off else reply, length=len(reply))

        def _send(self, status: HTTPStatus, reply: bytes, *, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(reply)

    return Handler


def respond(node: StandIn, method: str, parts: list[str], *, query: dict[str, list[str]], body: bytes) -> tuple[HTTPStatus, bytes]:
    """What a node answers: status and body."""
    match method, parts:
        case "GET", [""]:
            return HTTPStatus.OK, json.dumps({"title": "qdrant - vector search engine", "version": node.version}).encode()
        case "GET", ["collections"]:
            return _ok({"collections": [{"name": name} for name in node.collections]})
        case "GET", ["aliases"]:
            return _ok({"aliases": [{"alias_name": alias, "collection_name": name} for alias, name in node.aliases.items()]})
        case "GET", ["cluster"]:
            return _ok({"status": "enabled", "peer_id": 1, "peers": {str(number): {} for number in range(node.peers)}})
        case "POST", ["collections", "aliases"]:
            created = [action["create_alias"] for action in json.loads(body)["actions"]]
            node.aliases |= {each["alias_name"]: each["collection_name"] for each in created}
            return _ok(result=True)
    return _of_collection(node, method, parts[1], parts[2:], query=query, body=body)


def _of_collection(
    node: StandIn, method: str, collection: str, rest: list[str], *, query: dict[str, list[str]], body: bytes
) -> tuple[HTTPStatus, bytes]:
    match method, rest:
        case "POST", ["snapshots", "upload"]:
            return _upload(node, collection, query, body)
        case "GET", ["cluster"]:
            shard = {"shard_id": 0, "points_count": 1, "state": node.replica_state}
            return _ok({"peer_id": 1, "shard_count": 1, "local_shards": [shard], "remote_shards": [], "shard_transfers": []})
        case "POST", ["snapshots"] if collection in node.collections and not node.refuses_snapshots:
            return _create(node, collection)
        case "GET", ["snapshots"]:
            return _ok([{"name": name, "size": len(node.snapshots[name])} for name in node.snapshots if name.startswith(collection)])
        case _, ["snapshots", name] if name in node.snapshots:
            return _of_snapshot(node, method, name)
    error = {"status": {"error": f"Not found: Collection `{collection}` doesn't exist!"}}
    return HTTPStatus.NOT_FOUND, json.dumps(error).encode()


def _of_snapshot(node: StandIn, method: str, name: str) -> tuple[HTTPStatus, bytes]:
    if method == "GET":
        return HTTPStatus.OK, node.snapshots[name]
    assert method == "DELETE"
    del node.snapshots[name]
    return _ok(result=True)


def _create(node: StandIn, collection: str) -> tuple[HTTPStatus, bytes]:
    name, content = f"{collection}-{len(node.snapshots)}-2026-11-23-02-15-00.snapshot", node.collections[collection]
    node.snapshots[name] = content
    checksum = "0" * 64 if node.wrong_checksum == collection else hashlib.sha256(content).hexdigest()
    return _ok({"name": name, "creation_time": "2026-11-23T02:15:00", "size": len(content), "checksum": checksum})


def _upload(node: StandIn, collection: str, query: dict[str, list[str]], body: bytes) -> tuple[HTTPStatus, bytes]:
    found = FILE.search(body)
    content = found[1] if found else b""
    if hashlib.sha256(content).hexdigest() != query["checksum"][0]:
        return HTTPStatus.BAD_REQUEST, b"Snapshot checksum mismatch"
    node.collections[collection] = content
    node.restored.append({"collection": collection, "priority": query["priority"][0]})
    return _ok(result=True)


def _ok(result: Any) -> tuple[HTTPStatus, bytes]:
    return HTTPStatus.OK, json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()


@dataclass(frozen=True)
class Snapshots:
    """The manifest's command lines for snapshots.py, and the folder that it works in."""

    backup: list[str]
    restore: list[str]
    folder: Path

    def run(self, command: list[str], nodes: list[StandIn], key: str = KEY) -> Done:
        addresses = ",".join(node.address for node in nodes)
        settings = {"QDRANT_TIMEOUT_SECONDS": "1", "BACKUP_FOLDER": str(self.folder), "BACKUP_LONGEST_SECONDS": str(LONGEST)}
        return run(command, {"QDRANT_NODES": addresses, "QDRANT_API_KEY": key, **settings})

    def manifests(self) -> list[Path]:
        return sorted(self.folder.glob("*/manifest.json"))
