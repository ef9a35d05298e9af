"""The repository that is promoted in: a persistent bare partial clone, fetched when it moved, pushed with a lease."""

from __future__ import annotations

import hashlib
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from bot.adapters.git_command import NETWORK_SECONDS, GitError, GitRunner, credentials
from bot.adapters.git_objects import GitObjects
from bot.model import MAIN, BotError, MovedRefError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

READY = "bot-ready"  # a file that says the clone was made to its end
OFFLINE = "offline.git"  # a repository without remotes, to look at the clone's objects through
LOCK_SECONDS = 600
PASSING = re.compile(r"returned error: 5\d\d|Connection reset|early EOF|unexpected disconnect|RPC failed|timed out", re.IGNORECASE)
MOVED = ("stale info", "cannot lock ref", "fetch first", "non-fast-forward", "reference already exists")


def open_origin(url: str, cache: Path, *, token: str | None, author: str) -> GitOrigin:
    """The clone of a repository below a cache folder, made when it is not there; one that was half made is made anew."""
    environment, secrets = credentials(url, token)
    folder = cache / clone_name(url)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BotError(f"the folder for clones {cache} cannot be made: {error.strerror}", "set BOT_CACHE to a folder that can") from error
    with _locked(folder):
        if not (folder / READY).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _clone(GitRunner(folder, environment, secrets, subject=bare_url(url)), url)
            (folder / READY).touch()
    return GitOrigin(GitRunner(folder, environment, secrets, subject=bare_url(url)), author, url)


def bare_url(url: str) -> str:
    """An address without the credentials in it."""
    return re.sub(r"://[^/@\s]+@", "://", url)


def clone_name(url: str) -> str:
    """A readable folder name that differs for different addresses; credentials in the address are no part of it."""
    parts = urlsplit(url)
    bare = f"{parts.hostname or ''}{':' + str(parts.port) if parts.port else ''}{parts.path}" if parts.scheme else url
    words = re.sub(r"[^A-Za-z0-9]+", "-", bare).strip("-")[-60:]
    return f"{words}-{hashlib.sha256(bare.encode()).hexdigest()[:8]}.git"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise BotError(f"{folder} is in use by another bot", "wait for it to end") from error


def _clone(git: GitRunner, url: str) -> None:
    """A bare clone without blobs; a server that knows no filters gives a full one, which does as well."""
    git.run("init", "--quiet", "--bare", "--template=", "--initial-branch", MAIN, ".")
    git.run("init", "--quiet", "--bare", "--template=", OFFLINE)
    for key, value in (
        ("remote.origin.url", url),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("core.hooksPath", "/dev/null"),
        ("gc.auto", "0"),
        ("pack.useSparse", "false"),  # otherwise a push fetches every blob of a moved tree (tried)
    ):
        git.run("config", key, value)
    _fetch(git, MAIN)


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, GitError) and bool(PASSING.search(error.words))


_again = retry(retry=retry_if_exception(_is_passing), stop=stop_after_attempt(4), wait=wait_random_exponential(0.2, max=5), reraise=True)


@_again
def _fetch(git: GitRunner, branch: str) -> None:
    refspec = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--recurse-submodules=no")
    try:
        git.run("fetch", *options, "origin", refspec, seconds=NETWORK_SECONDS)
    except GitError as error:
        if "couldn't find remote ref" not in error.words:
            raise
        raise BotError(f"the repository has no branch {branch}", "push it first") from None


@_again
def _ls_remote(git: GitRunner, branch: str) -> str | None:
    listed = git.text("ls-remote", "origin", f"refs/heads/{branch}", seconds=NETWORK_SECONDS)
    return listed.split()[0] if listed else None


class GitOrigin(GitObjects):
    """The Origin port; holds nothing but the folder of its clone."""

    def __init__(self, runner: GitRunner, author: str, url: str) -> None:
        super().__init__(runner, author)
        self.url = url

    def fetch_main(self) -> str:
        """Main's present commit on origin, fetched; one request when nothing is new."""
        found = self.fetch_branch(MAIN)
        if found is None:
            raise BotError(f"the repository has no branch {MAIN}", "push it first")
        return found

    def fetch_branch(self, branch: str) -> str | None:
        """A branch's present commit on origin, fetched; None when there is no such branch."""
        there = _ls_remote(self.git, branch)
        if there is not None and not self._has(there):
            with _locked(self.git.folder):
                _fetch(self.git, branch)
        return there

    def _has(self, sha: str) -> bool:
        """Whether a commit was fetched; asked without fetching it."""
        return self._store.knows(sha) or not self._missing([sha])

    def fetch_blobs(self, shas: Iterable[str]) -> None:
        """Fetches blobs that the clone lacks, all in one request."""
        missing = self._missing(sorted(set(shas)))
        if missing:
            with _locked(self.git.folder):
                self._fetch_objects(missing)

    def _missing(self, shas: list[str]) -> list[str]:
        """Which objects are not here; asked beside the clone, where git knows no remote to fetch each one from."""
        asked = "".join(f"{sha}\n" for sha in shas).encode()
        beside = GitRunner(self.git.folder / OFFLINE, {"GIT_OBJECT_DIRECTORY": str(self.git.folder / "objects")})
        output = beside.text("cat-file", "--batch-check", stdin=asked)
        return [line.split()[0] for line in output.splitlines() if line.endswith(" missing")]

    @_again
    def _fetch_objects(self, shas: list[str]) -> None:
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
        command = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "origin", *quiet)
        self.git.run(*command, stdin="".join(f"{sha}\n" for sha in shas).encode(), seconds=NETWORK_SECONDS)

    def push(self, commit: str, branch: str, *, expected: str | None) -> None:
        """Moves a branch on origin from expected (None: must not exist) to commit; MovedRefError when it was elsewhere."""
        self._push(f"{commit}:refs/heads/{branch}", branch, expected=expected, wanted=commit)

    def delete_branch(self, branch: str, *, expected: str) -> None:
        """Removes a branch on origin if it is where expected; one that is gone is a success."""
        self._push(f":refs/heads/{branch}", branch, expected=expected, wanted=None)

    def _push(self, refspec: str, branch: str, *, expected: str | None, wanted: str | None) -> None:
        """Pushes with a lease; when the answer is lost, the ref itself says whether it happened."""
        lease = f"--force-with-lease=refs/heads/{branch}:{expected or ''}"
        try:
            self.git.run("push", "--quiet", "--no-verify", lease, "origin", refspec, seconds=NETWORK_SECONDS)
        except GitError as error:
            there = _ls_remote(self.git, branch)
            if there == wanted:
                return
            if there != expected or any(word in error.words for word in MOVED):
                raise MovedRefError(f"branch {branch} moved while this ran", "run the command again") from None
            if "rejected" in error.words or "declined" in error.words:
                raise BotError(f"the repository refused branch {branch}: {error.words}", "is the branch protected?") from None
            raise
