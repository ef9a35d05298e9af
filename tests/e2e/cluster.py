"""A cluster's API as its administrator: kubectl for what people do with it, plain HTTP for looking often."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import httpx

Object = dict[str, Any]
MERGE = {"Content-Type": "application/merge-patch+json"}
SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    """The API server's address, its administrator, and kubectl."""

    client: httpx.Client
    kubectl_path: Path
    kubeconfig: Path

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """What kubectl prints; BotError has what it complains of."""
        command = [str(self.kubectl_path), "--kubeconfig", str(self.kubeconfig), *words]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.kubeconfig.parent)}  # its discovery cache is in HOME
        done = subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            raise BotError(f"kubectl {' '.join(words)}: {done.stderr.strip()}", "see the API server's log")
        return done.stdout

    def apply(self, objects: Iterable[Object]) -> None:
        """Server-side apply, as a field manager that takes what it says."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "--filename", "-", stdin=_text(objects))

    def apply_known(self, objects: Iterable[Object]) -> None:
        """Applies the fields that the API server knows: server-side apply would refuse the others."""
        self.kubectl("apply", "--validate=warn", "--filename", "-", stdin=_text(objects))

    def delete(self, kind: str, name: str, *, namespace: str) -> None:
        """Deletes an object and waits until it is gone; none there is a success."""
        self.kubectl("delete", kind, name, "--namespace", namespace, "--ignore-not-found", "--timeout", f"{SECONDS}s")

    def get(self, path: str) -> Object:
        """What the API answers at a path; BotError when it refuses."""
        answer = self.client.get(path)
        if not answer.is_success:
            raise BotError(f"{path}: {answer.status_code} {answer.text[:500]}", "see the API server's log")
        found: Object = answer.json()
        return found

    def items(self, path: str) -> list[Object]:
        """The items of a list."""
        found: list[Object] = self.get(path)["items"]
        return found

    def patch(self, path: str, change: Object) -> None:
        """A JSON merge patch."""
        self.client.patch(path, content=json.dumps(change), headers=MERGE).raise_for_status()

    def try_out(self, item: Object, path: str) -> str | None:
        """Server-side apply of an object as a dry run, unknown fields refused; what the API server says when it refuses."""
        parameters = {"dryRun": "All", "fieldManager": "end-to-end", "fieldValidation": "Strict", "force": "true"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        answer = self.client.patch(path, params=parameters, content=json.dumps(item, default=str), headers=headers)
        return None if answer.is_success else answer.text  # plain where there is no such API


def _text(objects: Iterable[Object]) -> str:
    return "\n---\n".join(json.dumps(item, default=str) for item in objects)


def path_of(item: Object, resources: dict[tuple[str, str], tuple[str, bool]]) -> str:
    """The API path of an object; `resources` are the plural and whether it is namespaced, by apiVersion and kind."""
    version, kind = item["apiVersion"], item["kind"]
    plural, namespaced = resources[version, kind]
    where = f"/namespaces/{item['metadata'].get('namespace', 'default')}" if namespaced else ""
    return f"/{'apis' if '/' in version else 'api'}/{version}{where}/{plural}/{item['metadata']['name']}"


def discovered(cluster: Cluster, versions: Sequence[str]) -> dict[tuple[str, str], tuple[str, bool]]:
    """The resources that the API server has in these API versions."""
    found = {}
    for version in versions:
        for resource in cluster.get(f"/{'apis' if '/' in version else 'api'}/{version}")["resources"]:
            if "/" not in resource["name"]:
                found[version, resource["kind"]] = (resource["name"], resource["namespaced"])
    return found
