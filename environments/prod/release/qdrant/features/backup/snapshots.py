"""Backs up every collection of every Qdrant node to a folder, and restores it: `snapshots.py backup|restore`."""
# ruff: noqa: INP001 - a program of its own, not a package

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import node as qdrant
from node import Node, NodeError

MANIFEST = "manifest.json"
POLL_SECONDS = 2.0
NAME = "%Y-%m-%dT%H-%M-%SZ"  # of a backup
# What a node calls a snapshot that it was asked for: collection, its own id, and when, in UTC.
NODES_NAME = r"{collection}-\d+-(\d{{4}}(?:-\d{{2}}){{5}})\.snapshot"

Entry = dict[str, Any]  # of the manifest


class BackupError(Exception):
    """Why there is no backup, or no restore."""


def back_up(nodes: list[Node], folder: Path, *, now: datetime, longest_run: timedelta) -> None:
    """A folder named by the time, with a snapshot for each collection and node; its manifest is written last, when all are right."""
    name = now.strftime(NAME)
    shutil.rmtree(folder, ignore_errors=True)  # what an attempt before this one left
    target = folder / name
    target.mkdir(parents=True)
    versions = {node.address: qdrant.version(node) for node in nodes}
    names = _collections(nodes)
    for node in nodes:
        for each in names:
            _remove_left_over(node, each, before=now - longest_run)
    collections = {each: [_take(node, each, target) for node in nodes] for each in names}
    manifest = {"made_at": name, "nodes": versions, "collections": collections, "aliases": qdrant.aliases(nodes[0])}
    partial = target / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    partial.rename(target / MANIFEST)
    _say(f"backed up {len(names)} collections of {len(nodes)} nodes as {name}")


def _collections(nodes: list[Node]) -> list[str]:
    """The collections; every node must know all of them, and no member may be missing from the list of nodes."""
    known = {node.address: set(qdrant.collections(node)) for node in nodes}
    every = set().union(*known.values())
    for node in nodes:
        if missing := sorted(every - known[node.address]):
            raise BackupError(f"{node.address}: collection {missing[0]}: this node does not know it, others do")
        if (peers := qdrant.peers(node)) != len(nodes):
            raise BackupError(f"{node.address}: the cluster has {peers} members, QDRANT_NODES names {len(nodes)}")
    return sorted(every)


def _remove_left_over(node: Node, collection: str, *, before: datetime) -> None:
    """Frees the volume of what runs left that were killed: a younger one may be of a run that goes on, another name is a person's."""
    for name in qdrant.snapshots(node, collection):
        found = re.fullmatch(NODES_NAME.format(collection=re.escape(collection)), name)
        if found and datetime.strptime(found[1], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC) < before:
            _say(f"{node.address}: collection {collection}: removing {name}, which a run before this one left")
            qdrant.delete_snapshot(node, collection, name)


def _take(node: Node, collection: str, target: Path) -> Entry:
    _say(f"{node.address}: collection {collection}: snapshot")
    file = f"collections/{quote(f'{collection}@{node.address}', safe='@')}.snapshot"
    (target / file).parent.mkdir(exist_ok=True)
    snapshot = qdrant.create_snapshot(node, collection)
    try:
        qdrant.download(node, collection, snapshot, target / file)
    except BaseException:
        with suppress(NodeError):  # the first error is the one to tell
            qdrant.delete_snapshot(node, collection, snapshot.name)
        raise
    qdrant.delete_snapshot(node, collection, snapshot.name)
    return {"node": node.address, "file": file, "size": snapshot.size, "sha256": snapshot.sha256}


def restore(nodes: list[Node], folder: Path, *, timeout: float) -> None:
    """Puts the one backup of the folder back, node by node; nothing is changed before all of its files are proven right."""
    source, manifest = _read(folder)
    _fits(nodes, manifest)
    entries = [(name, entry) for name, of_nodes in manifest["collections"].items() for entry in of_nodes]
    for name, entry in entries:
        _prove(source / entry["file"], entry, f"{entry['node']}: collection {name}")
    by_address = {node.address: node for node in nodes}
    for name, entry in entries:
        _say(f"{entry['node']}: collection {name}: restoring")
        qdrant.upload(by_address[entry["node"]], name, source / entry["file"], entry["sha256"])
        _settle(nodes, name, timeout=timeout)
    if manifest["aliases"]:
        qdrant.create_aliases(nodes[0], manifest["aliases"])
    _say(f"restored {len(manifest['collections'])} collections of {manifest['made_at']}")


def _read(folder: Path) -> tuple[Path, Entry]:
    found = list(folder.glob(f"*/{MANIFEST}"))
    if len(found) != 1:
        raise BackupError(f"{folder} has {len(found)} whole backups, not one")
    return found[0].parent, json.loads(found[0].read_text("utf-8"))


def _fits(nodes: list[Node], manifest: Entry) -> None:
    """A snapshot goes back to the node that it is of, and to the minor version that made it."""
    then, now = sorted(manifest["nodes"]), sorted(node.address for node in nodes)
    if then != now:
        raise BackupError(f"the backup is of {', '.join(then)}, the cluster is {', '.join(now)}")
    for node in nodes:
        made, runs = manifest["nodes"][node.address], qdrant.version(node)
        if made.split(".")[:2] != runs.split(".")[:2]:
            raise BackupError(f"{node.address}: the backup is of Qdrant {made}, this node runs {runs}")


def _prove(file: Path, entry: Entry, where: str) -> None:
    if not file.is_file():
        raise BackupError(f"{where}: {entry['file']} is missing")
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != entry["sha256"]:
        raise BackupError(f"{where}: {entry['file']} has checksum {found}, not {entry['sha256']}")


def _settle(nodes: list[Node], collection: str, *, timeout: float) -> None:
    """Waits for every replica: the next upload into a running transfer would leave one partial (qdrant issue 7851)."""
    deadline = time.monotonic() + timeout
    while waiting := [f"{node.address}: {each}" for node in nodes for each in qdrant.unsettled(node, collection)]:
        if time.monotonic() > deadline:
            raise BackupError(f"collection {collection}: not settled after {timeout:g} s: {'; '.join(waiting)}")
        time.sleep(min(POLL_SECONDS, timeout))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the Job's log


def main(arguments: list[str], environment: dict[str, str]) -> None:
    """Does what the first argument says, as the environment's variables describe it."""
    for name in ("QDRANT_NODES", "QDRANT_API_KEY", "QDRANT_TIMEOUT_SECONDS", "BACKUP_FOLDER", "BACKUP_LONGEST_SECONDS"):
        if not environment.get(name):
            raise BackupError(f"{name} is not set")
    timeout = float(environment["QDRANT_TIMEOUT_SECONDS"])
    nodes = [Node(address, environment["QDRANT_API_KEY"], timeout) for address in environment["QDRANT_NODES"].split(",")]
    folder = Path(environment["BACKUP_FOLDER"])
    if arguments == ["backup"]:
        back_up(nodes, folder, now=datetime.now(UTC), longest_run=timedelta(seconds=int(environment["BACKUP_LONGEST_SECONDS"])))
    elif arguments == ["restore"]:
        restore(nodes, folder, timeout=timeout)
    else:
        raise BackupError("usage: snapshots.py backup|restore")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: ended before it was done"))  # so that no snapshot stays on a node
    try:
        main(sys.argv[1:], dict(os.environ))
    except (BackupError, NodeError, OSError) as error:
        sys.exit(f"error: {error}")
