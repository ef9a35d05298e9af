"""Real Git repositories for tests: a bare origin served over HTTP, and a folder to commit in."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters.git_command import ISOLATED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PERSON = "Ada <ada@example.com>"
BOT = "bot <bot@example.com>"


def git(folder: Path, *arguments: str) -> str:
    """Plain git, as a person would type it."""
    identity = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
    identity |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}
    environment = {**ISOLATED, **identity, "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@dataclass(frozen=True)
class Repositories:
    """A bare repository and a working clone of it."""

    bare: Path
    work: Path

    def commit(self, files: Mapping[str, str | bytes | None], subject: str = "change", *, branch: str = "main") -> str:
        """Commits and pushes files (None removes one); answers the commit."""
        git(self.work, "checkout", "-q", "-B", branch)
        for path, content in files.items():
            target = self.work / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", subject)
        git(self.work, "push", "-q", "origin", branch)
        return git(self.work, "rev-parse", "HEAD")


def make_repositories(folder: Path) -> Repositories:
    """An empty bare repository that serves filters and pushes, and its working clone."""
    bare, work = folder / "served" / "repo.git", folder / "work"
    bare.mkdir(parents=True)
    git(bare, "init", "-q", "--bare", "--initial-branch=main", ".")
    for key in ("http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(bare, "config", key, "true")
    git(folder, "clone", "-q", str(bare), str(work))
    return Repositories(bare, work)
