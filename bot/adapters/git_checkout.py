"""The working tree that the user stands in."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from bot.adapters.git_command import GitError, GitRunner
from bot.adapters.git_objects import GitObjects
from bot.model import BotError

ORIGIN_HINT = "name the repository with --repo, or add it: `git remote add origin URL`"


def open_checkout(folder: Path, author: str) -> GitCheckout:
    """The checkout that a folder lies in; BotError when it lies in none."""
    try:
        top = GitRunner(folder).text("rev-parse", "--show-toplevel")
    except GitError:
        raise BotError(
            f"{folder} is not in a Git repository", "run this in a clone of the repository; commands on origin also take --repo"
        ) from None
    return GitCheckout(GitRunner(Path(top)), author)


def origin_url(folder: Path) -> str:
    """The address of the checkout's origin; BotError when there is no repository or no origin."""
    checkout = open_checkout(folder, "nobody <nobody@localhost>")
    try:
        return checkout.git.text("config", "--get", "remote.origin.url")
    except GitError:
        raise BotError(f"{checkout.folder} has no remote named origin", ORIGIN_HINT) from None


class GitCheckout(GitObjects):
    """The Checkout port."""

    @property
    def folder(self) -> Path:
        """The top of the working tree."""
        return self.git.folder

    def head(self) -> str:
        """The commit that is checked out."""
        return self.resolve("HEAD")

    def resolve(self, ref: str) -> str:
        """The commit that a ref names; BotError when none."""
        try:
            return self.git.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        except GitError:
            raise BotError(f"{ref} names no commit here", "see `git log`", usage=True) from None

    def snapshot(self) -> str:
        """A commit of the files as they are now, ignored ones aside; moves no ref and leaves the index alone."""
        head = self.head()
        with tempfile.TemporaryDirectory(prefix="bot-index-") as scratch:
            index = Path(scratch) / "index"
            self.git.run("read-tree", head, index=index)
            self.git.run("-c", "core.autocrlf=false", "-c", "core.safecrlf=false", "add", "--all", ".", index=index)
            tree = self.git.text("write-tree", index=index)
        if tree == self.git.text("rev-parse", f"{head}^{{tree}}"):
            return head
        return self._commit_of(tree, head)

    def _commit_of(self, tree: str, parent: str) -> str:
        runner = GitRunner(self.folder, {**self.git.environment, **self._identity})
        return runner.text("commit-tree", tree, "-p", parent, stdin=b"files as they are")

    def place(self, commit: str, source: str, destination: str) -> None:
        """Replaces a folder of the working tree by a folder of a commit."""
        target = self.folder / destination
        with tempfile.TemporaryDirectory(prefix=".bot-place-", dir=self.folder) as scratch:
            self.materialize(commit, [source], Path(scratch))
            if target.is_symlink() or target.is_file():
                target.unlink()
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            (Path(scratch) / source).rename(target)

    def write(self, path: str, text: str) -> None:
        """Writes one text file of the working tree atomically."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.new")
        temporary.write_bytes(text.encode())
        os.replace(temporary, target)  # noqa: PTH105 - says what it is: an atomic replacement
