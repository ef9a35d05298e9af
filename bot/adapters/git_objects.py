"""Reading and making Git objects without a checkout; blobs are fetched in one batch where a clone lacks them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.adapters.git_command import GitError, GitRunner
from bot.adapters.git_records import FORMAT, SHA_LENGTH, parsed_commit, parsed_tree, utf8_text, write_entry, written_tree
from bot.adapters.git_store import Store
from bot.model import BotError
from bot.ports import FOLDER, LINK, REGULAR, SUBMODULE, Commit, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MOST_DEPTH = 64
Tree = dict[str, "Tree | Entry | None"]  # a node of changes: folders, replaced entries, removals


class GitObjects:
    """The Objects port on a repository's object store."""

    def __init__(self, runner: GitRunner, author: str) -> None:
        self.git = runner
        self._store = Store(runner)
        name, _, email = author.partition(" <")
        self._identity = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", email.rstrip(">")))
        }

    def entry(self, commit: str, path: str) -> Entry | None:
        """What lies at a path: its mode and hash."""
        folder, _, name = path.rstrip("/").rpartition("/")
        found = self._folder(commit, folder).get(name)
        return found and replace(found, path=path.rstrip("/"))

    def find(self, name: str) -> str | None:
        """The hash that a name such as a branch has now; None when there is none."""
        found = self._store.read(name)
        return found[0] if found else None

    def tree(self, commit: str, path: str) -> str | None:
        """The hash of the folder at a path; None where there is none."""
        found = self.entry(commit, path)
        return found.sha if found and found.mode == FOLDER else None

    def entries(self, commit: str, path: str) -> dict[str, Entry]:
        """A folder's own entries, by name; empty when there is no such folder."""
        return dict(self._folder(commit, path))

    def _folder(self, commit: str, path: str) -> Mapping[str, Entry]:
        found = self._tree_of(commit)
        for name in path.rstrip("/").split("/") if path else ():
            folder = found.get(name)
            if folder is None or folder.mode != FOLDER:
                return {}
            found = self._tree_of(folder.sha)
        return found

    def walk(self, tree: str) -> tuple[Entry, ...]:
        """Every file below a tree (or commit), with its path; needs no blobs."""
        return tuple(self._below(tree, "", depth=0))

    def _below(self, tree: str, prefix: str, *, depth: int) -> Iterator[Entry]:
        if depth > MOST_DEPTH:
            raise BotError(f"{prefix[:80]}… lies deeper than {MOST_DEPTH} folders", "nobody means that: remove the commit")
        for entry in self._tree_of(tree).values():
            if entry.mode == FOLDER:
                yield from self._below(entry.sha, f"{prefix}{entry.path}/", depth=depth + 1)
            else:
                yield replace(entry, path=f"{prefix}{entry.path}")

    def _tree_of(self, name: str) -> Mapping[str, Entry]:
        """The entries of a tree, or of a commit's."""
        found = self._store.read(name)
        if found and found[1] == "commit":
            found = self._store.read(found[2][len("tree ") :][:SHA_LENGTH].decode())
        if found is None or found[1] != "tree":
            raise BotError(f"{name} names no tree here", "is it a commit of this repository?")
        return parsed_tree(found[2])

    def read(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """The texts of those paths that are files, read in one batch; one that is not UTF-8 is a BotError."""
        found = {path: self.entry(commit, path) for path in sorted(set(paths))}
        listed = {path: entry.sha for path, entry in found.items() if entry and entry.mode not in {FOLDER, SUBMODULE}}
        blobs = self.blobs(listed.values())
        return {path: utf8_text(blobs[sha], path) for path, sha in listed.items()}

    def blobs(self, shas: Iterable[str]) -> dict[str, bytes]:
        """The contents of blobs, those that the clone lacks fetched first, in one request."""
        asked = set(shas)
        unknown = {sha for sha in asked if not self._store.knows(sha)}
        if unknown:
            self.fetch_blobs(unknown)
        return {sha: self._blob(sha) for sha in asked}

    def _blob(self, sha: str) -> bytes:
        found = self._store.read(sha)
        if found is None or found[1] != "blob":
            raise BotError(f"object {sha} cannot be read", "the clone is damaged: remove it and run this again")
        return found[2]

    def fetch_blobs(self, shas: Iterable[str]) -> None:
        """Nothing to fetch in a full repository."""

    def commit(self, sha: str) -> Commit:
        """One commit."""
        return self._commits("log", "-1", sha)[0]

    def history(self, commit: str, path: str, *, limit: int = 1000) -> tuple[Commit, ...]:
        """First-parent commits that changed what lies at a path, newest first, the one that created it included."""
        options = ("--first-parent", "--no-renames", f"--max-count={limit}", "--full-history", "--diff-merges=first-parent", "--no-patch")
        return self._commits("log", *options, commit, "--", path)

    def log(self, base: str, head: str, path: str = "") -> tuple[Commit, ...]:
        """Commits reachable from head and not from base that touch path, newest first."""
        return self._commits("log", "--no-renames", head, f"^{base}", *(("--", path) if path else ()))

    def _commits(self, *arguments: str) -> tuple[Commit, ...]:
        command, *rest = arguments
        output = self.git.text("--literal-pathspecs", command, FORMAT, "--encoding=UTF-8", *rest)
        return tuple(parsed_commit(record) for record in output.split("\x01") if record.strip("\n"))

    def changed_paths(self, before: str, after: str) -> tuple[str, ...]:
        """Paths of files that differ between two commits or trees; needs no blobs."""
        output = self.git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", before, after)
        return tuple(path.decode("utf-8", errors="surrogateescape") for path in output.split(b"\0") if path)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is in the history of another (or is it)."""
        return self.merge_base(ancestor, descendant) == ancestor

    def merge_base(self, one: str, other: str) -> str | None:
        """Their best common ancestor."""
        try:
            return self.git.text("merge-base", one, other) or None
        except GitError:
            return None  # no common history, or a commit that we do not have

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree that merging two commits gives, or None if they conflict."""
        try:
            return self.git.text("merge-tree", "--write-tree", ours, theirs).splitlines()[0]
        except GitError as error:
            if error.words == "exit 1":
                return None
            raise

    def make_commit(self, parent: str, changes: Mapping[str, Entry | str | None], message: str) -> str:
        """A commit on parent with these paths replaced: by an object, by a text file, or removed; no checkout."""
        root: Tree = {}
        for path, change in changes.items():
            node, (*folders, name) = root, path.split("/")
            for folder in folders:
                node = node.setdefault(folder, {})  # type: ignore[assignment]  # paths do not overlap
            node[name] = Entry("", REGULAR, self._store.write("blob", change.encode())) if isinstance(change, str) else change
        tree = self._tree(parent, "", root)
        runner = replace(self.git, environment={**self.git.environment, **self._identity})
        options = ("-c", "commit.gpgSign=false", "commit-tree", tree or self._store.write("tree", b""), "-p", parent)
        return runner.text(*options, stdin=message.encode())

    def _tree(self, parent: str, path: str, changes: Tree) -> str | None:
        """The tree of one folder with its changes; None when nothing is left in it."""
        entries = self.entries(parent, path)
        for name, change in changes.items():
            if isinstance(change, dict):
                below = self._tree(parent, f"{path}/{name}".lstrip("/"), change)
                change = None if below is None else Entry("", FOLDER, below)  # noqa: PLW2901 - the folder's new tree
            if change is None:
                entries.pop(name, None)
            else:
                entries[name] = replace(change, path=name)
        if not entries:
            return None
        return self._store.write("tree", written_tree(entries.values()))

    def materialize(self, commit: str, paths: Iterable[str], into: Path) -> None:
        """Writes these paths of a commit below a folder, links as links, blobs fetched in one batch."""
        found: list[Entry] = []
        for path in paths:
            top = self.entry(commit, path)
            if top is None:
                continue
            files = self.walk(top.sha) if top.mode == FOLDER else (Entry("", top.mode, top.sha),)
            found += [Entry(f"{path}/{file.path}".rstrip("/"), file.mode, file.sha) for file in files]
        blobs = self.blobs({entry.sha for entry in found if entry.mode != SUBMODULE})
        for entry in sorted(found, key=lambda entry: (entry.mode == LINK, entry.path)):
            if entry.mode != SUBMODULE:
                write_entry(into, entry, blobs[entry.sha])
