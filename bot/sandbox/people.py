"""What people do on the sandbox's forge, over the same HTTP API as the bot."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from bot.adapters.git_command import ISOLATED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 30


@dataclass(frozen=True)
class Person:
    """Someone with a token."""

    url: str
    repository: str
    token: str

    @property
    def address(self) -> str:
        """The repository's address with the person's token in it, for Git."""
        return f"{self.url.replace('http://', f'http://x-access-token:{self.token}@')}/{self.repository}.git"

    def approve(self, number: int, words: str = "") -> None:
        """Approves the head of a pull request."""
        self.call("POST", f"/pulls/{number}/reviews", {"event": "APPROVE", "body": words})

    def merge(self, number: int) -> str:
        """Presses the merge button; answers the merge commit."""
        merged: str = self.call("PUT", f"/pulls/{number}/merge", {"merge_method": "merge"})["sha"]
        return merged

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """One request about the repository."""
        url = f"{self.url}/api/v3/repos/{self.repository}{path}"
        answer = httpx.request(method, url, json=body, headers={"Authorization": f"token {self.token}"}, timeout=SECONDS, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def clone(self, folder: Path) -> Path:
        """A working clone, made once."""
        if not folder.exists():
            _git(folder.parent, "clone", "--quiet", self.address, str(folder))
        return folder

    def push(self, folder: Path, files: Mapping[str, str | None], subject: str, *, branch: str = "main") -> str:
        """Commits files (None removes one) on top of a branch and pushes it; answers the commit."""
        _git(folder, "fetch", "--quiet", "origin")
        _git(folder, "checkout", "--quiet", "-B", branch, f"origin/{branch}")
        for path, text in files.items():
            if text is None:
                (folder / path).unlink()
                continue
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return self.push_all(folder, subject, branch=branch)

    def push_all(self, folder: Path, subject: str, *, branch: str = "main") -> str:
        """Commits everything as it is in the folder, and pushes it; answers the commit."""
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
        _git(folder, "push", "--quiet", "origin", branch)
        return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in (("NAME", "ada"), ("EMAIL", "ada@localhost"))
    }
    environment = {**ISOLATED, **identity, "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=SECONDS)
    return done.stdout.strip()
