"""The tables of the image's contract, from the data that the program checks a process against."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.docs.markdown import code, table
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from tests.docs.stack import Stack

DATA = ROOT / "apps" / "context-api" / "features" / "smoke" / "contract.json"
DOCUMENT = "../apps/context-api/CONTRACT.md"  # from docs/; in the app's folder, so that a release brings its own


def contract() -> dict[str, Any]:
    """What the image must do."""
    loaded: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    return loaded


def process(_: Stack) -> str:
    """How it is started, as whom, and how it ends."""
    found = contract()
    user, port = found["user"], found["port"]
    rows = (
        ("command", f"{code(' '.join(found['command']))}, with `--host=0.0.0.0 --port={port['number']} --workers=1`"),
        ("port", f"{port['number']}, HTTP/1.1, called {code(port['name'])}"),
        ("user", f"uid {user['uid']}, gid {user['gid']}; no capability, no privilege"),
        ("files", f"the root is read-only; written are {', '.join(map(code, found['writable']))}, which are empty at each start"),
        ("SIGTERM", f"takes no new connection, ends its requests, exits within {found['shutdown_seconds']} s"),
    )
    return table(("what", "how"), rows)


def paths(_: Stack) -> str:
    """What is asked of it by Kubernetes, Prometheus and the check."""
    rows = ((code(f"GET {each['path']}"), each["content"], each["what"]) for each in contract()["paths"].values())
    return table(("path", "content", "promise"), rows)


def variables(_: Stack) -> str:
    """What it reads; secrets come from Secrets."""
    rows = (
        (code(each["name"]), "yes" if each.get("required") else "", "yes" if each.get("secret") else "", each["what"])
        for each in contract()["variables"]
    )
    return table(("variable", "required", "secret", "what"), rows)


def metrics(_: Stack) -> str:
    """What alerts, dashboards and the autoscaler rest on."""
    rows = (
        (code(each["name"]), each["type"], ", ".join(map(code, each["labels"])), each["series"], _what(each))
        for each in contract()["metrics"]
    )
    return table(("metric", "type", "labels", "has series", "what"), rows)


def _what(metric: dict[str, Any]) -> str:
    buckets = metric.get("buckets")
    return f"{metric['what']}; buckets {' '.join(f'{each:g}' for each in buckets)}" if buckets else str(metric["what"])
