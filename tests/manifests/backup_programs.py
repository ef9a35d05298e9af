"""The programs of the backup features, run as the manifests run them: the same command lines, the same files."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.manifests.renders import Item, Render

QDRANT = ROOT / "apps" / "qdrant" / "features" / "backup"
NEO4J = ROOT / "apps" / "neo4j" / "features" / "backup"


@dataclass(frozen=True)
class Done:
    """How a program ended, and what it said."""

    code: int
    said: str


def run(command: list[str], variables: Mapping[str, str], *, programs: Path | None = None) -> Done:
    """Runs a command with these variables alone; `programs` come first on its path."""
    path = os.pathsep.join(filter(None, [str(programs or ""), os.environ["PATH"]]))
    environment = {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", "RCLONE_CONFIG": "/notfound", **variables, "PATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    return Done(done.returncode, done.stdout + done.stderr)


def pod_of(cron_job: Item) -> Item:
    """The Pod that a CronJob's Jobs make."""
    spec: Item = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


def containers_of(cron_job: Item) -> Iterator[Item]:
    """Its containers, those that run first included."""
    spec = pod_of(cron_job)
    yield from spec["initContainers"]
    yield from spec["containers"]


def command_of(render: Render, cron_job: str, container: str, folder: Path) -> list[str]:
    """What a container of a CronJob runs, with its programs where they are in the tree."""
    (found,) = (each for each in containers_of(render.one("CronJob", cron_job)) if each["name"] == container)
    return [sys.executable if word == "python3" else word.replace("/programs", str(folder)) for word in found["command"]]
