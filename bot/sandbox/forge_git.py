"""What the forge stand-in does with its bare repository, by plain git."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters.git_command import ISOLATED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 60


@dataclass(frozen=True)
class Size:
    """How much a pull request changes."""

    commits: int
    files: int
    additions: int
    deletions: int


class GitFailedError(Exception):
    """Git said no; its words."""


def branches(repository: Path) -> dict[str, str]:
    """All branches with their commits."""
    lines = _git(repository, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").splitlines()
    return {name: commit for commit, _, name in (line.partition(" ") for line in lines)}


def commit_named(repository: Path, name: str) -> str | None:
    """The full hash of a commit that exists, or None."""
    try:
        return _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except GitFailedError:
        return None


def bring(repository: Path, fork: Path, *, branch: str) -> None:
    """Copies the objects of a fork's branch."""
    _git(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(fork), f"refs/heads/{branch}")


def size(repository: Path, base: str, *, head: str) -> Size:
    """What lies between the merge base and a head."""
    commits = int(_git(repository, "rev-list", "--count", f"{base}..{head}"))
    lines = [line.split("\t") for line in _git(repository, "diff", "--numstat", f"{base}...{head}").splitlines()]
    added, removed = (sum(int(line[column]) for line in lines if line[column].isdigit()) for column in (0, 1))
    return Size(commits, len(lines), added, removed)


def is_ancestor(repository: Path, ancestor: str, *, descendant: str) -> bool:
    """Whether a commit is in the history of another."""
    try:
        _git(repository, "merge-base", "--is-ancestor", ancestor, descendant)
    except GitFailedError:
        return False
    return True


def merged_tree(repository: Path, base: str, *, head: str) -> str | None:
    """The tree that a merge gives, or None when it conflicts."""
    try:
        return _git(repository, "merge-tree", "--write-tree", "--no-messages", base, head)
    except GitFailedError:
        return None


def merge(repository: Path, branch: str, *, parents: tuple[str, str], tree: str, login: str, message: str) -> str:
    """Makes a merge commit in someone's name and moves the branch to it; GitFailedError when that has moved."""
    commit = merge_commit(repository, parents=parents, tree=tree, login=login, message=message)
    _git(repository, "update-ref", f"refs/heads/{branch}", commit, parents[0])
    return commit


def merge_commit(repository: Path, *, parents: tuple[str, ...], tree: str, login: str, message: str) -> str:
    """A merge commit in someone's name, on no branch yet."""
    email = f"{login}@users.noreply.localhost"
    person = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in (("NAME", login), ("EMAIL", email))}
    named = [word for parent in parents for word in ("-p", parent)]
    return _git(repository, "commit-tree", tree, *named, "-F", "-", text=message, environment=person)


def _git(repository: Path, *arguments: str, text: str = "", environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env={**os.environ, **ISOLATED, **(environment or {})},
        input=text,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise GitFailedError(done.stderr.strip())
    return done.stdout.strip()
