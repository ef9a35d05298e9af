"""Reading and making Git objects without a checkout; blobs are fetched in one batch where a clone lacks them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.adapters.git_command import GitError, GitRunner
from bot.adapters.git_memory import Blobs
from bot.adapters.git_records import FORMAT, kind_of, parsed_commit, parsed_tree, utf8_text, write_entry
from bot.model import BotError
from bot.ports import FOLDER, LINK, REGULAR, Commit, Entry
from bot.releases import SHA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MOST_LISTS = 4096
Tree = dict[str, "Tree | Entry | None"]  # a node of changes: folders, replaced entries, removals


class GitObjects:
    """The Objects port on a repository's object store."""

    def __init__(self, runner: GitRunner, author: str) -> None:
        self.git = runner
        self._known_lists = lru_cache(maxsize=MOST_LISTS)(self._list)
        self._blobs_known = Blobs()
        name, _, email = author.partition(" <")
        self._identity = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", email.rstrip(">")))
        }

    def entry(self, commit: str, path: str) -> Entry | None:
        """What lies at a path: its mode and hash."""
        listed = self._ls(commit, path.rstrip("/"))
        return next(iter(listed), None)

    def trees(self, commits: Iterable[str], path: str) -> dict[str, str | None]:
        """The hash of the folder at a path in each of many commits, looked up in one batch; None where there is none."""
        asked = tuple(dict.fromkeys(commits))
        names = "".join(f"{commit}:{path}\n" for commit in asked)
        lines = self.git.text("cat-file", "--batch-check=%(objecttype) %(objectname)", stdin=names.encode()).splitlines()
        found = (line.split() for line in lines)
        return {commit: parts[1] if parts[0] == "tree" else None for commit, parts in zip(asked, found, strict=True)}

    def entries(self, commit: str, path: str) -> dict[str, Entry]:
        """A folder's own entries, by name; empty when there is no such folder."""
        prefix = path.rstrip("/") + "/" if path else ""
        listed = self._ls(commit, prefix) if prefix else self._ls(commit)
        named = ((entry.path.removeprefix(prefix), entry) for entry in listed)
        return {name: Entry(name, entry.mode, entry.sha) for name, entry in named}

    def walk(self, tree: str) -> tuple[Entry, ...]:
        """Every file below a tree (or commit), with its path; needs no blobs."""
        return self._listed(tree, None)

    def _ls(self, commit: str, *paths: str) -> tuple[Entry, ...]:
        return self._listed(commit, paths)

    def _listed(self, commit: str, paths: tuple[str, ...] | None) -> tuple[Entry, ...]:
        """What git lists, of no paths everything below; remembered where it is asked by a hash: what that names never changes."""
        return self._known_lists(commit, paths) if SHA.fullmatch(commit) else self._list(commit, paths)

    def _list(self, commit: str, paths: tuple[str, ...] | None) -> tuple[Entry, ...]:
        words = ("-r", "-z", commit) if paths is None else ("-z", commit, "--", *paths)
        return tuple(parsed_tree(self.git.run("--literal-pathspecs", "ls-tree", *words)))

    def read(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """The texts of those paths that are files, read in one batch; one that is not UTF-8 is a BotError."""
        wanted = sorted(set(paths))
        if not wanted:
            return {}
        listed = {entry.path: entry for entry in self._ls(commit, *wanted) if entry.mode not in {FOLDER, "160000"}}
        blobs = self.blobs({entry.sha for entry in listed.values()})
        return {path: utf8_text(blobs[entry.sha], path) for path, entry in listed.items()}

    def blobs(self, shas: Iterable[str]) -> dict[str, bytes]:
        """The contents of blobs, those that the clone lacks fetched first, in one request."""
        asked = set(shas)
        known = self._blobs_known.known(asked)
        found = self._read_blobs(sorted(asked - known.keys()))
        self._blobs_known.remember(found)
        return known | found

    def _read_blobs(self, wanted: list[str]) -> dict[str, bytes]:
        if not wanted:
            return {}
        self.fetch_blobs(wanted)
        output = self.git.run("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in wanted).encode())
        found: dict[str, bytes] = {}
        while output:
            head, _, rest = output.partition(b"\n")
            sha, kind, size = [*head.decode().split(), "", ""][:3]
            if kind != "blob":
                raise BotError(f"object {sha} cannot be read", "the clone is damaged: remove it and run this again")
            found[sha], output = rest[: int(size)], rest[int(size) + 1 :]
        return found

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
            node[name] = self._blob(change) if isinstance(change, str) else change
        tree = self._tree(parent, "", root)
        runner = replace(self.git, environment={**self.git.environment, **self._identity})
        options = ("-c", "commit.gpgSign=false", "commit-tree", tree or self._empty_tree(), "-p", parent)
        return runner.text(*options, stdin=message.encode())

    def _blob(self, text: str) -> Entry:
        sha = self.git.text("hash-object", "-w", "--stdin", "--no-filters", stdin=text.encode())
        return Entry("", REGULAR, sha)

    def _empty_tree(self) -> str:
        return self.git.text("mktree", stdin=b"")

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
                entries[name] = Entry(name, change.mode, change.sha)
        if not entries:
            return None
        lines = (f"{entry.mode} {kind_of(entry.mode)} {entry.sha}\t{name}\0" for name, entry in entries.items())
        return self.git.text("mktree", "-z", "--missing", stdin="".join(lines).encode("utf-8", errors="surrogateescape"))

    def materialize(self, commit: str, paths: Iterable[str], into: Path) -> None:
        """Writes these paths of a commit below a folder, links as links, blobs fetched in one batch."""
        found: list[Entry] = []
        for path in paths:
            top = self.entry(commit, path)
            if top is None:
                continue
            files = self.walk(top.sha) if top.mode == FOLDER else (Entry("", top.mode, top.sha),)
            found += [Entry(f"{path}/{file.path}".rstrip("/"), file.mode, file.sha) for file in files]
        blobs = self.blobs({entry.sha for entry in found if entry.mode != "160000"})
        for entry in sorted(found, key=lambda entry: (entry.mode == LINK, entry.path)):
            if entry.mode != "160000":
                write_entry(into, entry, blobs[entry.sha])
